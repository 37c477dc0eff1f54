/* pidfd.c - the structure is the kernel's first one (Linux 6.13), which the C library may not know */
#include <errno.h>
#include <sys/ioctl.h>

#include "base/pidfd.h"

struct pidfd_info {
	uint64_t mask; /* asked for, and then: told */
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid, uids_and_gids[8];
	int32_t exit_code;
};

enum { TELL_PID = 1, TELL_CGROUP = 4 };

_Static_assert(_IOWR(0xff, 11, struct pidfd_info) == PIDFD_ASK, "the size is part of the number");

int pidfd_ask(int pidfd, struct pidfd_facts *ret)
{
	struct pidfd_info info = {.mask = TELL_PID | TELL_CGROUP};

	if (ioctl(pidfd, PIDFD_ASK, &info) < 0)
		return -errno;
	if (!(info.mask & TELL_PID))
		return -ENOTSUP;
	*ret = (struct pidfd_facts){
		.pid = (pid_t)info.pid, .cgroup = info.mask & TELL_CGROUP ? info.cgroupid : 0};
	return 0;
}
