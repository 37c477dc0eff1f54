/*
 * account.h - who pays: every byte and descriptor that the bus holds for a user is charged to that
 * user before it is held, by a charge embedded in the holder, and comes back when the holder is
 * destroyed. Root and the user of the bus are counted but have no ceiling.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"

struct user {
	uint32_t uid;
	uint32_t refs;
	uint64_t bytes;
	uint64_t
		promised; /* what it will be charged if no socket takes what this round collected */
	uint32_t fds;
	uint32_t connections; /* registered ones */
	uint32_t parked; /* messages that wait for polkit, or behind one that does */
	uint32_t questions; /* that polkit is asked on its behalf */
	uint32_t incomplete_n;
	struct list incomplete; /* peer.incomplete_link, oldest first */
	struct users *users;
	UT_hash_handle hh;
};

struct users {
	struct user *table;
	uint32_t bus_uid;
	uint64_t max_bytes; /* per user */
	uint32_t max_fds; /* per user */
};

/* Zero-initialised: nothing charged. */
struct charge {
	struct user *user;
	uint64_t bytes;
	uint32_t fds;
};

/* The record of a uid, with one more reference, made if need be; NULL for want of memory. */
struct user *user_get(struct users *users, uint32_t uid);
struct user *user_ref(struct user *user);
void user_unref(struct user *user);
bool user_is_privileged(const struct user *user); /* root or the user of the bus */
/* The user with the most incomplete connections, or NULL. */
struct user *users_most_incomplete(struct users *users);

/* Whether so many bytes could still be charged beside all that is promised. */
bool user_has_room(const struct user *user, uint64_t bytes);
/* Charges on top of what `charge` holds already. 0 or FAULT_LIMITS. */
int charge_take(struct charge *charge, struct user *user, uint64_t bytes, uint32_t fds);
void charge_return(struct charge *charge);
