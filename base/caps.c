/*
 * caps.c - order matters: the bounding set and the user can be changed only while there are still
 * capabilities to change them with. The system calls themselves, as all is to be dropped and nothing
 * to be chosen.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/caps.h"

#define NONE UINT_MAX

/* Without CAP_SETPCAP the set stays: no_new_privs makes it meaningless then. */
static int empty_bounding_set(unsigned int but)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (cap != but && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EPERM ? 0 : -errno;
	}
	return 0;
}

int caps_become(const struct caps_user *user)
{
	if (setgroups(user->groups_n, user->groups) < 0 ||
		setresgid(user->gid, user->gid, user->gid) < 0 ||
		setresuid(user->uid, user->uid, user->uid) < 0)
		return -errno;
	return 0;
}

static int caps_set(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (capability != NONE) {
		sets[CAP_TO_INDEX(capability)] =
			(struct __user_cap_data_struct){.effective = CAP_TO_MASK(capability),
				.permitted = CAP_TO_MASK(capability),
				.inheritable = CAP_TO_MASK(capability)};
	}
	if (syscall(SYS_capset, &header, sets) < 0)
		return -errno;
	/* the only kind that a program without file capabilities is executed with */
	if (capability != NONE && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
		return -errno;
	return 0;
}

static bool caps_have(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capget, &header, sets) == 0 &&
	       (sets[CAP_TO_INDEX(capability)].permitted & CAP_TO_MASK(capability)) &&
	       prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1;
}

static int give_up(const struct caps_user *user, unsigned int but)
{
	int r = empty_bounding_set(but);

	/* a change of user takes all capabilities away, unless asked not to */
	if (r == 0 && user && but != NONE && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r == 0 && user)
		r = caps_become(user);
	if (r == 0)
		r = caps_set(but);
	if (r == 0 && (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ||
			      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0))
		r = -errno;
	return r;
}

int caps_give_up(const struct caps_user *user)
{
	return give_up(user, NONE);
}

int caps_give_up_but(const struct caps_user *user, unsigned int capability)
{
	return give_up(user, caps_have(capability) ? capability : NONE);
}
