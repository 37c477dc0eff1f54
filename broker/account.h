/*
 * account.h - who pays: every byte and descriptor that the bus holds for a user is charged to that
 * user before it is held, by a charge embedded in the holder, and comes back when the holder is
 * destroyed. Root and the user of the bus are counted but have no ceiling. What was held by a
 * descriptor is charged until the descriptor is closed, which others do (undertaker.h).
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"

struct undertaker;

/* What is left to be closed; kept apart, as one of them never waits for long. */
enum remains {
	REMAINS_PASSED, /* descriptors that a client passed */
	REMAINS_CONNECTION,
	REMAINS,
};

/* What one user left of one kind. */
struct estate {
	struct user *user;
	enum remains kind;
	struct list link; /* undertaker.waiting, while a turn is due to it */
	int first, last; /* descriptors that wait, linked by undertaker.next */
	uint32_t waits, dug; /* how many wait, and how many a digger has */
	uint32_t diggers; /* that are at it */
	uint64_t said; /* when it was last logged that it takes long, loop_now() */
};

struct user {
	uint32_t uid;
	uint32_t refs;
	uint64_t bytes;
	uint64_t
		promised; /* what it will be charged if no socket takes what this round collected */
	uint32_t fds; /* with those that wait to be closed */
	uint32_t connections; /* registered ones */
	struct estate estates[REMAINS];
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
	uint32_t most_fds; /* that the process can have */
	uint32_t fds, connections; /* of all users, with those that wait to be closed */
	struct user stranger; /* came and went before it was known who; left nothing unread */
	struct undertaker *undertaker; /* NULL: whoever lets go of a descriptor closes it */
};

/* Zero-initialised: nothing charged. */
struct charge {
	struct user *user;
	uint64_t bytes;
	uint32_t fds;
};

void users_init(struct users *users, uint32_t bus_uid);
/* Whether descriptors are about to run out. */
bool users_are_many(const struct users *users);
/* The record of a uid, with one more reference, made if need be; NULL for want of memory. */
struct user *user_get(struct users *users, uint32_t uid);
struct user *user_ref(struct user *user);
void user_unref(struct user *user);
bool user_is_privileged(const struct user *user); /* root or the user of the bus */
/* The user with the most incomplete connections, or NULL. */
struct user *users_most_incomplete(struct users *users);

/* How much of a kind it has left that is not closed yet. */
static inline uint32_t user_remains(const struct user *user, enum remains kind)
{
	return user->estates[kind].waits + user->estates[kind].dug;
}
/* Whether it may bring descriptors: what it brought before, and is to be closed, must get closed. */
bool user_may_bring(const struct user *user);

/* Whether so many bytes could still be charged beside all that is promised. */
bool user_has_room(const struct user *user, uint64_t bytes);
/* Charges on top of what `charge` holds already. 0 or FAULT_LIMITS. */
int charge_take(struct charge *charge, struct user *user, uint64_t bytes, uint32_t fds);
void charge_return(struct charge *charge);
