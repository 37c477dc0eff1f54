/* users.h - names and numbers of users and groups */
#pragma once

#include <stdint.h>

#include "conf/site.h"

/* The site of this process's user; `selinux_root` is NULL, `home` is to be freed. */
struct site users_site(void);
/* The look-ups of struct site, in the user database (NSS). */
int users_find_user(const char *name, uint32_t *ret_uid, uint32_t *ret_gid);
int users_find_uid(uint32_t uid, uint32_t *ret_gid);
int users_find_group(const char *name, uint32_t *ret_gid);

/*
 * A name, or a decimal number (digits only: no sign, blank or prefix), which need not have an entry.
 * 0, -ENOENT if unknown, or -errno.
 */
int user_resolve(const struct site *site, const char *text, uint32_t *ret_uid);
int group_resolve(const struct site *site, const char *text, uint32_t *ret_gid);
/* As above, for a user to become: it must have an entry, which gives its primary group. */
int account_resolve(
	const struct site *site, const char *text, uint32_t *ret_uid, uint32_t *ret_gid);
