/* pidfile.c - made once and never overwritten, like every lock */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/drop.h"
#include "launch/pidfile.h"

bool pidfile_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int pidfile_write(const char *path, pid_t pid)
{
	DROP_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%d\n", (int)pid) < 0) {
		int error = -errno;

		unlink(path);
		return error;
	}
	return 0;
}
