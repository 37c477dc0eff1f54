/* users.c - resolves users and groups once, here: the processes of the bus never ask NSS */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/drop.h"
#include "conf/users.h"

#define ENTRY_MAX (1u << 20)

/* The C library words "not found" in several ways (getpwnam_r(3)). */
static int find_error(int error)
{
	switch (error) {
	case 0:
	case ENOENT:
	case ESRCH:
	case EBADF:
	case EPERM:
		return -ENOENT;
	default:
		return -error;
	}
}

/* Calls `lookup` (which sets r) with a buffer that grows until the entry fits in. */
#define LOOKUP(lookup)                                                                             \
	do {                                                                                       \
		DROP_HEAP char *buf = NULL;                                                        \
		int r = ERANGE;                                                                    \
                                                                                                   \
		for (size_t size = 1024; r == ERANGE && size <= ENTRY_MAX; size *= 4) {            \
			free(buf);                                                                 \
			buf = malloc(size);                                                        \
			if (!buf)                                                                  \
				return -ENOMEM;                                                    \
			r = lookup;                                                                \
		}                                                                                  \
		if (!found)                                                                        \
			return find_error(r);                                                      \
	} while (0)

int users_find_user(const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	struct passwd entry, *found = NULL;

	LOOKUP(getpwnam_r(name, &entry, buf, size, &found));
	*ret_uid = entry.pw_uid;
	*ret_gid = entry.pw_gid;
	return 0;
}

int users_find_uid(uint32_t uid, uint32_t *ret_gid)
{
	struct passwd entry, *found = NULL;

	LOOKUP(getpwuid_r(uid, &entry, buf, size, &found));
	*ret_gid = entry.pw_gid;
	return 0;
}

int users_find_group(const char *name, uint32_t *ret_gid)
{
	struct group entry, *found = NULL;

	LOOKUP(getgrnam_r(name, &entry, buf, size, &found));
	*ret_gid = entry.gr_gid;
	return 0;
}

/* UINT32_MAX is no id: it means "unknown" everywhere. */
static bool decimal_read(const char *text, uint32_t *ret)
{
	uint64_t v = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (uint64_t)(*text - '0');
		if (v >= UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)v;
	return true;
}

int user_resolve(const struct site *site, const char *text, uint32_t *ret_uid)
{
	uint32_t gid;

	if (decimal_read(text, ret_uid))
		return 0;
	return *text ? site->find_user(text, ret_uid, &gid) : -ENOENT;
}

int group_resolve(const struct site *site, const char *text, uint32_t *ret_gid)
{
	if (decimal_read(text, ret_gid))
		return 0;
	return *text ? site->find_group(text, ret_gid) : -ENOENT;
}

int account_resolve(const struct site *site, const char *text, uint32_t *ret_uid, uint32_t *ret_gid)
{
	uint32_t uid;
	int r;

	if (!decimal_read(text, &uid))
		return *text ? site->find_user(text, ret_uid, ret_gid) : -ENOENT;
	r = site->find_uid(uid, ret_gid);
	if (r < 0)
		return r;
	*ret_uid = uid;
	return 0;
}

struct site users_site(void)
{
	const struct passwd *me = getpwuid(getuid());

	return (struct site){.home = me ? strdup(me->pw_dir) : NULL,
		.runtime_dir = getenv("XDG_RUNTIME_DIR"),
		.data_home = getenv("XDG_DATA_HOME"),
		.data_dirs = getenv("XDG_DATA_DIRS"),
		.find_user = users_find_user,
		.find_uid = users_find_uid,
		.find_group = users_find_group};
}
