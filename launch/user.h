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
/* The account of that name with all its groups. 0, -ENOENT if there is none, -errno. */
int user_of_account(const char *name, struct user *ret);
/* Harmless on a zeroed one. */
void user_fini(struct user *user);
