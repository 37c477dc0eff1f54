/* user.h - the account that the bus runs as: <user> of the configuration */
#pragma once

#include "base/caps.h"
#include "policy/image.h"

struct user {
	bool change; /* whether it is another one than ours */
	struct caps_user who;
	gid_t *groups; /* owned */
};

#define USER_WHY 256

/* 0, or -errno with a sentence: the account is not there, or we may not become it. */
int user_of_image(const struct image *image, struct user *ret, char why[USER_WHY]);
void user_fini(struct user *user);
/* The groups that login gives to the account `uid`, `gid` among them (`gid` alone without account). 0 or
 * -errno. */
int user_groups(uid_t uid, gid_t gid, gid_t **ret, size_t *ret_n);
