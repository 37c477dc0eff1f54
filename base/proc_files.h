/*
 * proc_files.h - files of /proc/PID that stay open for when the same process connects again, as some do
 * for each of their calls. An open one is its process's for ever: once that has been reaped reading it
 * fails, whoever has the pid by then. So nothing that is read is old, and none of it is another's.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define PROC_PROCESSES 16 /* that came last */

enum proc_file { PROC_COMM, PROC_LOGINUID, PROC_SESSIONID, PROC_CGROUP, PROC_FILES };

/* Zero-initialised: none. */
struct proc_files {
	struct proc_process {
		pid_t pid; /* 0: nobody's */
		int fds[PROC_FILES]; /* 0: not open */
	} known[PROC_PROCESSES];
	unsigned int next;
};

void proc_files_fini(struct proc_files *files);
/*
 * The whole file, which has less than `size` bytes, without its last newline, NUL-terminated; `files`
 * may be NULL. The number of bytes, or -errno (-E2BIG where it is longer: half a text is none).
 */
ssize_t proc_files_read(
	struct proc_files *files, pid_t pid, enum proc_file which, char *buf, size_t size);
