/*
 * process.h - who is at the other end of a socket, from the kernel: credentials of the socket and
 * what /proc says of its process. Read once, at connect; what cannot be had is left unknown.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cgroups.h"
#include "base/proc_files.h"

struct process {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	uint32_t *groups; /* ascending, no doubles, primary included; owned */
	uint32_t groups_n;
	int pidfd; /* SO_PEERPIDFD, or what process_hear has proved; -1: unknown; owned */
	/* Before Linux 6.5 the kernel has no SO_PEERPIDFD, and `pid` may be somebody else's by now. What
	 * is sent after `candidate` was opened comes with its writer's pid: if that is the peer's and
	 * the candidate is still alive, the candidate is the peer. Until then nothing is read of it. */
	bool doubted; /* it is for process_doubt and process_hear to find out */
	int candidate; /* a pidfd; owned; -1 */
	size_t unheard; /* bytes that may have been sent before */
	char *label; /* SO_PEERSEC without its final NUL; NULL where there is none; owned */
	size_t label_size;
	/* from /proc/PID, kept only if the pidfd says that the process was still the same after
	 * reading; NULL or UINT32_MAX where unknown; owned */
	char *comm, *unit; /* unit: from the cgroup, e.g. "ssh.service", see process_unit */
	char *slices; /* see process_slices */
	uint32_t loginuid, sessionid;
};

/* What is remembered from one to the next. Zero-initialised: nothing. */
struct processes {
	struct cgroups cgroups;
	struct proc_files files;
};

void processes_fini(struct processes *known);
/* 0, or -errno if SO_PEERCRED or SO_PEERGROUPS fail: then there is nobody to judge. Failures of
 * the others (SO_PEERPIDFD: EMFILE, ESRCH, ENODATA ...) leave them unknown. `known`
 * may be NULL. */
int process_of_socket(int fd, struct processes *known, struct process *ret);
void process_fini(struct process *p);
/* Begins to listen for who `p->pid` is, where process_of_socket could not find out. */
void process_doubt(struct process *p, int fd);
/* Of a doubted peer `n` bytes were read from `fd`, all written by `writer` (SCM_CREDENTIALS; 0: not
 * said). True: who it is is known now, and read. */
bool process_hear(struct process *p, int fd, pid_t writer, size_t n);
/*
 * The unit named by a /proc/PID/cgroup text (cgroup v2 line "0::..."), without systemd's escape for
 * cgroup names: "ssh.service", "session-3.scope". Units of a user's own manager are named after
 * it, "user@1000.service/app-x.service": users choose those names, and none may pass for a unit of
 * the system. Returns a copy, or NULL where the text names none or memory is short.
 */
char *process_unit(const char *cgroup);
/*
 * The slices above the unit, outermost first, with a blank between them: "system.slice
 * system-getty.slice". Those of a user's own manager are named after it, as its units are:
 * "user.slice user-1000.slice user@1000.service/app.slice". A copy, or NULL as above.
 */
char *process_slices(const char *cgroup);
