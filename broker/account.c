/* account.c - users and what is charged to them */
#include <assert.h>

#include "broker/account.h"
#include "broker/fault.h"

/* What one read brings at the most, and what the process needs itself. */
#define SPARE_FDS 384
/* a connection, and what is known of its process */
#define FDS_PER_CONNECTION 2

static void user_init(struct user *user, uint32_t uid, struct users *users)
{
	user->uid = uid;
	user->refs = 1;
	user->users = users;
	list_init(&user->incomplete);
	for (int i = 0; i < REMAINS; i++) {
		user->estates[i] = (struct estate){
			.user = user, .kind = (enum remains)i, .first = -1, .last = -1};
		list_init(&user->estates[i].link);
	}
}

void users_init(struct users *users, uint32_t bus_uid)
{
	*users = (struct users){.bus_uid = bus_uid};
	user_init(&users->stranger, UINT32_MAX, users);
}

bool users_are_many(const struct users *users)
{
	uint64_t spare = users->most_fds / 4 < SPARE_FDS ? users->most_fds / 4 : SPARE_FDS;

	return users->fds + (uint64_t)users->connections * FDS_PER_CONNECTION + spare >
	       users->most_fds;
}

struct user *user_get(struct users *users, uint32_t uid)
{
	struct user *user;

	HASH_FIND(hh, users->table, &uid, sizeof(uid), user);
	if (user)
		return user_ref(user);
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user_init(user, uid, users);
	HASH_ADD(hh, users->table, uid, sizeof(user->uid), user);
	if (hash_failed()) {
		free(user);
		return NULL;
	}
	return user;
}

struct user *user_ref(struct user *user)
{
	user->refs++;
	return user;
}

void user_unref(struct user *user)
{
	if (!user || --user->refs > 0)
		return;
	assert(user->bytes == 0 && user->fds == 0);
	HASH_DELETE(hh, user->users->table, user);
	free(user);
}

bool user_is_privileged(const struct user *user)
{
	return user->uid == 0 || user->uid == user->users->bus_uid;
}

bool user_may_bring(const struct user *user)
{
	uint32_t left = user_remains(user, REMAINS_PASSED), most = user->users->max_fds;

	if (left == 0)
		return true;
	if (users_are_many(user->users))
		return false;
	/* half of its share is left for what it holds */
	return user_is_privileged(user) || (left <= most / 2 && user->fds < most);
}

struct user *users_most_incomplete(struct users *users)
{
	struct user *most = NULL;

	for (struct user *u = users->table; u; u = u->hh.next) {
		if (u->incomplete_n && (!most || u->incomplete_n > most->incomplete_n))
			most = u;
	}
	return most;
}

bool user_has_room(const struct user *user, uint64_t bytes)
{
	uint64_t most = user->users->max_bytes;

	/* in this order nothing can overflow */
	return user_is_privileged(user) || (bytes <= most && user->promised <= most - bytes &&
						   user->bytes <= most - bytes - user->promised);
}

int charge_take(struct charge *charge, struct user *user, uint64_t bytes, uint32_t fds)
{
	uint32_t most = user->users->max_fds;

	assert(!charge->user || charge->user == user);
	if (!user_has_room(user, bytes))
		return FAULT_LIMITS;
	if (!user_is_privileged(user) && (fds > most || user->fds > most - fds))
		return FAULT_LIMITS;
	if (!charge->user)
		charge->user = user_ref(user);
	charge->bytes += bytes;
	charge->fds += fds;
	user->bytes += bytes;
	user->fds += fds;
	user->users->fds += fds;
	return 0;
}

void charge_return(struct charge *charge)
{
	struct user *user = charge->user;

	if (!user)
		return;
	assert(user->bytes >= charge->bytes && user->fds >= charge->fds);
	user->bytes -= charge->bytes;
	user->fds -= charge->fds;
	user->users->fds -= charge->fds;
	*charge = (struct charge){0};
	user_unref(user);
}
