/*
 * daemon.c - the caller of a bus in the background waits until the bus is ready, and sees on its own
 * stderr why it did not become so.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/log.h"
#include "launch/daemon.h"

#define ROOT_FILES 65536

int daemon_guard_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

void daemon_raise_limits(struct rlimit *ret_before)
{
	struct rlimit now, want;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return;
	*ret_before = now;
	want = now;
	if (geteuid() == 0 && want.rlim_max < ROOT_FILES)
		want.rlim_max = ROOT_FILES;
	want.rlim_cur = want.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &want) == 0)
		return;
	log_warning("cannot raise the number of open files from %llu to %llu: %s",
		(unsigned long long)now.rlim_cur, (unsigned long long)want.rlim_cur,
		strerror(errno));
	now.rlim_cur = now.rlim_max;
	setrlimit(RLIMIT_NOFILE, &now);
}

/* In the parent: does not return. */
static void wait_for_child(int release)
{
	char ready;
	ssize_t n;

	do
		n = read(release, &ready, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? 0 : 1);
}

int daemon_fork(bool keep_umask, int *ret_release)
{
	DROP_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pair[2];
	pid_t pid;

	if (null < 0 || pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		int error = -errno;

		close(pair[0]);
		close(pair[1]);
		return error;
	}
	if (pid > 0) {
		close(pair[1]);
		wait_for_child(pair[0]);
	}
	close(pair[0]);
	if (setsid() < 0 || chdir("/") < 0 || dup2(null, STDIN_FILENO) < 0) {
		close(pair[1]);
		return -errno;
	}
	if (!keep_umask)
		umask(022);
	*ret_release = pair[1];
	return 0;
}

int daemon_release(int release)
{
	DROP_FD int pipe_end = release;
	DROP_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return -errno;
	return write(pipe_end, "", 1) == 1 ? 0 : -errno;
}
