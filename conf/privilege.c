/*
 * privilege.c - the parsers are where hostile bytes arrive first, so they run without the rights of
 * whoever started them. In a user namespace that maps only one user there is no other to become:
 * there its root has no rights outside anyway, and loses what it has inside.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/privilege.h"
#include "conf/users.h"

#define UID_NOBODY 65534

static int user_switch(const char *name)
{
	uint32_t uid = UID_NOBODY, gid = UID_NOBODY;
	int e = users_find_user(name, &uid, &gid);

	if (e < 0 && e != -ENOENT)
		return e;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	/* EPERM: setgroups is switched off in a user namespace; EINVAL below: the id is not mapped */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return -errno;
	if ((setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) && errno != EINVAL)
		return -errno;
	return 0;
}

static int capabilities_keep(unsigned int cap)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
	uint32_t bit = 1u << (cap % 32);

	if (syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	for (unsigned int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		sets[i].permitted &= i == cap / 32 ? bit : 0;
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

int privilege_drop(const char *name)
{
	int e = 0;

	if (geteuid() == 0)
		e = user_switch(name);
	if (e == 0)
		e = capabilities_keep(CAP_DAC_READ_SEARCH);
	if (e == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		e = -errno;
	return e;
}
