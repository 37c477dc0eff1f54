/* daemon.h - what a process does to itself at its start: standard descriptors, limits, background */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>

/* Opens /dev/null for those of 0, 1, 2 that the caller left closed, so that no socket of ours can
 * ever be taken for one of them. 0 or -errno. */
int daemon_guard_stdio(void);
/* Raises the number of descriptors: to the hard limit, for root to 65536 at least. A failure is
 * only logged. *ret_before is for programs that are not ours. */
void daemon_raise_limits(struct rlimit *ret_before);

/*
 * Goes to the background. Returns in the child, with a descriptor for daemon_release() in
 * *ret_release; the parent stays until then and never returns: it exits with status 0 when the child
 * is released, with 1 when it ends before. -errno if there is no child.
 */
int daemon_fork(bool keep_umask, int *ret_release);
/* Lets go of the caller's stdout and stderr and of the waiting parent; closes `release`. */
int daemon_release(int release);
