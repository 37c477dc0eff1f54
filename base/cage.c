/*
 * cage.c - the order: limits, then files, then calls, as each step needs calls that the last one takes
 * away. It goes on without what the kernel lacks: dbus-warden says at its start what that is.
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

int cage_enter(const struct cage *cage)
{
	unsigned int has = cage_has();
	int r = limit(cage);

	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0 && (has & CAGE_HAS_FILES))
		r = landlock_enter(cage);
	if (r == 0 && (has & CAGE_HAS_CALLS))
		r = calls_enter(cage);
	return r;
}
