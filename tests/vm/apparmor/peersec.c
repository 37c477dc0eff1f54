/*
 * peersec.c - SO_PEERSEC on unix sockets for buses that are tested, where the kernel's AppArmor does
 * not answer it: the label that the peer's process has at that moment. For tests only: what a kernel
 * answers is the label at connect.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size)
{
	int r = (int)syscall(SYS_getsockopt, fd, level, name, value, size), file;
	char path[64], label[1024];
	struct ucred cred;
	socklen_t room = sizeof(cred);
	ssize_t n;

	if (r == 0 || level != SOL_SOCKET || name != SO_PEERSEC || errno != ENOPROTOOPT)
		return r;
	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &cred, &room) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/attr/apparmor/current", cred.pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	n = file < 0 ? -1 : read(file, label, sizeof(label));
	if (file >= 0)
		close(file);
	if (n > 0 && label[n - 1] == '\n')
		n--;
	if (n <= 0) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (*size < (socklen_t)n) {
		*size = (socklen_t)n;
		errno = ERANGE;
		return -1;
	}
	memcpy(value, label, (size_t)n);
	*size = (socklen_t)n;
	return 0;
}
