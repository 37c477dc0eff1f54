/* pidfd.h - what the kernel says of a process to whoever holds a descriptor for it */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct pidfd_facts {
	pid_t pid; /* in our namespace */
	uint64_t
		cgroup; /* in the unified hierarchy: no other one ever has this number; 0: not said */
};

/* The one ioctl of it, PIDFD_GET_INFO. */
#define PIDFD_ASK 0xc040ff0bu

/* 0: the process had not been reaped, so until now nobody else had its pid; -ESRCH: it had; -ENOTTY and
 * the like: Linux before 6.13. */
int pidfd_ask(int pidfd, struct pidfd_facts *ret);
