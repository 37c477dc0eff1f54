/* caps.h - becoming nobody in particular: another user, no capabilities, no way to gain any */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct caps_user {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* borrowed */
	size_t groups_n;
};

/* Switches to `user` for good. From root to somebody else that ends all capabilities. 0 or -errno. */
int caps_become(const struct caps_user *user);

/*
 * Gives up everything for good: switches to `user` (NULL: stays who we are), drops every capability
 * and forbids execve() to grant any. For a single-threaded process. 0 or -errno, and after an error
 * the process must not go on.
 */
int caps_give_up(const struct caps_user *user);

/* The same, but for one capability, which the process keeps and so does the program that it executes;
 * where we do not have it there is nothing to keep, which is no error. */
int caps_give_up_but(const struct caps_user *user, unsigned int capability);
