/* account.c - users and what is charged to them */
#include <assert.h>

#include "broker/account.h"
#include "broker/fault.h"

struct user *user_get(struct users *users, uint32_t uid)
{
	struct user *user;

	HASH_FIND(hh, users->table, &uid, sizeof(uid), user);
	if (user)
		return user_ref(user);
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	user->refs = 1;
	user->users = users;
	list_init(&user->incomplete);
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
	*charge = (struct charge){0};
	user_unref(user);
}
