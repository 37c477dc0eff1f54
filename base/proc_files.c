/* proc_files.c - to open a file of /proc/PID and to close it costs many times what reading does */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/proc_files.h"

static void process_drop(struct proc_process *p)
{
	for (int i = 0; i < PROC_FILES; i++) {
		if (p->fds[i] > 0)
			close(p->fds[i]);
	}
	*p = (struct proc_process){.pid = 0};
}

void proc_files_fini(struct proc_files *files)
{
	for (int i = 0; i < PROC_PROCESSES; i++)
		process_drop(&files->known[i]);
}

static struct proc_process *process_find(struct proc_files *files, pid_t pid)
{
	for (int i = 0; files && i < PROC_PROCESSES; i++) {
		if (files->known[i].pid == pid)
			return &files->known[i];
	}
	return NULL;
}

static struct proc_process *process_add(struct proc_files *files, pid_t pid)
{
	struct proc_process *p = &files->known[files->next++ % PROC_PROCESSES];

	process_drop(p);
	p->pid = pid;
	return p;
}

static int file_open(pid_t pid, enum proc_file which)
{
	static const char *const names[PROC_FILES] = {
		[PROC_COMM] = "comm",
		[PROC_LOGINUID] = "loginuid",
		[PROC_SESSIONID] = "sessionid",
		[PROC_CGROUP] = "cgroup",
	};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, names[which]);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static ssize_t file_read(int fd, char *buf, size_t size)
{
	ssize_t n;

	do
		n = pread(fd, buf, size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -E2BIG;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

ssize_t proc_files_read(
	struct proc_files *files, pid_t pid, enum proc_file which, char *buf, size_t size)
{
	struct proc_process *p = process_find(files, pid);
	DROP_FD int fd = -1;
	ssize_t n;

	if (p && p->fds[which] > 0) {
		n = file_read(p->fds[which], buf, size);
		if (n != -ESRCH)
			return n;
		/* it was another's, and so are its others */
		process_drop(p);
		p = NULL;
	}
	fd = file_open(pid, which);
	if (fd < 0)
		return fd;
	n = file_read(fd, buf, size);
	if (n < 0 || !files || fd == 0)
		return n;
	if (!p)
		p = process_add(files, pid);
	p->fds[which] = TAKE_FD(fd);
	return n;
}
