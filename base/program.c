/*
 * program.c - a pidfd stands for one process for ever, its pid does not: the link is believed only if
 * the process was still there after it was read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/pidfd.h"
#include "base/program.h"

#define PID_KEY "\nPid:\t"

/* The kernel's word on whose pidfd it is; anything else has no such line. */
static int pid_of(int pidfd)
{
	char path[64], text[1024], *line;
	struct pidfd_facts facts;
	DROP_FD int fd = -1;
	ssize_t n;
	long pid;

	if (pidfd_ask(pidfd, &facts) == 0 && facts.pid > 0)
		return facts.pid;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	line = strstr(text, PID_KEY);
	if (!line)
		return -EBADF;
	pid = strtol(line + strlen(PID_KEY), NULL, 10);
	/* -1: it has ended; 0: it is in no namespace of ours */
	return pid > 0 ? (int)pid : -ESRCH;
}

int program_of(int pidfd, char *buf, size_t size)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int pid = pid_of(pidfd);
	char path[64];
	ssize_t n;

	if (pid < 0)
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, buf, size - 1);
	if (n < 0)
		return -errno;
	if (poll(&ended, 1, 0) != 0)
		return -ESRCH;
	buf[n] = '\0';
	return (int)n;
}
