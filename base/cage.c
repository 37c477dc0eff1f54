/*
 * cage.c - the order: files, then limits, then calls, as each step needs what the next one takes away:
 * a thread has of Landlock what its maker had, system calls are taken from all. It goes on without
 * what the kernel lacks: dbus-warden says at its start what that is.
 */
#include <errno.h>
#include <sys/prctl.h>

#include "base/cage.h"
#include "base/landlock.h"
#include "base/calls.h"

unsigned int cage_has(void)
{
	return (calls_is_there() ? CAGE_HAS_CALLS : 0u) |
	       (landlock_version() > 0 ? CAGE_HAS_FILES : 0u);
}

static int limit(const struct cage *cage)
{
	for (int i = 0; i < cage->limits_n; i++) {
		struct rlimit now, want = {cage->limits[i].value, cage->limits[i].value};

		if (getrlimit(cage->limits[i].resource, &now) < 0)
			return -errno;
		/* never more than there was */
		if (want.rlim_max > now.rlim_max)
			want.rlim_cur = want.rlim_max = now.rlim_max;
		if (setrlimit(cage->limits[i].resource, &want) < 0)
			return -errno;
	}
	return 0;
}

int cage_files(const struct cage *cage)
{
	int r = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0 && (cage_has() & CAGE_HAS_FILES))
		r = landlock_enter(cage);
	return r;
}

int cage_calls(const struct cage *cage)
{
	int r = limit(cage);

	if (r == 0 && (cage_has() & CAGE_HAS_CALLS))
		r = calls_enter(cage);
	return r;
}

int cage_enter(const struct cage *cage)
{
	int r = cage_files(cage);

	return r < 0 ? r : cage_calls(cage);
}
