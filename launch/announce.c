/* announce.c - two lines, address first, whole or not at all */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "launch/announce.h"

int announce_check(int address_fd, int pid_fd, int *ret_bad)
{
	int fds[] = {address_fd, pid_fd};

	for (int i = 0; i < 2; i++) {
		int fd = fds[i];

		if (fd < 0)
			continue;
		if (fcntl(fd, F_GETFD) < 0 ||
			(fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)) {
			*ret_bad = fd;
			return -errno;
		}
	}
	return 0;
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

int announce(int address_fd, const char *address, int pid_fd, pid_t pid)
{
	char number[16];
	int r = 0;

	snprintf(number, sizeof(number), "%d\n", (int)pid);
	if (address_fd >= 0)
		r = write_all(address_fd, address);
	if (r == 0 && address_fd >= 0)
		r = write_all(address_fd, "\n");
	if (r == 0 && pid_fd >= 0)
		r = write_all(pid_fd, number);
	if (address_fd > STDERR_FILENO)
		close(address_fd);
	if (pid_fd > STDERR_FILENO && pid_fd != address_fd)
		close(pid_fd);
	return r;
}
