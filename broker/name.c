/*
 * name.c - names and their queues of owners. Changes are returned, not announced: the driver tells
 * of them (driver_signal.c), in the order in which the reference does.
 */
#include <errno.h>

#include "broker/name.h"
#include "broker/peer.h"

struct name *name_find(struct names *names, struct slice text)
{
	struct name *name;

	HASH_FIND(hh, names->table, text.text, text.size, name);
	return name;
}

struct name *name_get(struct names *names, struct slice text)
{
	struct name *name = name_find(names, text);
	char *copy;

	if (name)
		return name;
	name = calloc(1, sizeof(*name) + text.size + 1);
	if (!name)
		return NULL;
	copy = (char *)(name + 1);
	memcpy(copy, text.text, text.size);
	name->text = (struct slice){copy, text.size};
	name->names = names;
	list_init(&name->queue);
	HASH_ADD_KEYPTR(hh, names->table, name->text.text, name->text.size, name);
	if (hash_failed()) {
		free(name);
		return NULL;
	}
	return name;
}

void name_put(struct name *name)
{
	if (!name || name->permanent || name->unique || !list_is_empty(&name->queue))
		return;
	if (name->rules && !matches_is_empty(name->rules))
		return;
	free(name->rules);
	HASH_DELETE(hh, name->names->table, name);
	free(name);
}

struct peer *name_owner(const struct name *name)
{
	if (name->unique)
		return name->unique;
	if (list_is_empty(&name->queue))
		return NULL;
	return list_entry(name->queue.next, struct owner, name_link)->peer;
}

struct matches *name_rules(struct name *name)
{
	if (!name->rules)
		name->rules = calloc(1, sizeof(*name->rules));
	return name->rules;
}

static int name_set_grow(struct peer *peer, uint32_t n)
{
	uint32_t room = n < 4 ? 4 : n * 2;
	struct slice *set;

	if (n <= peer->name_set_room)
		return 0;
	set = realloc(peer->name_set, room * sizeof(*set));
	if (!set)
		return -ENOMEM;
	peer->party.names = peer->name_set = set;
	peer->name_set_room = room;
	return 0;
}

/* To be called at each change of the set: verdicts are remembered by its number. */
static void name_set_changed(struct peer *peer)
{
	peer->party.names_id = ++peer->name->names->sets;
	if (peer->name->names->changed)
		peer->name->names->changed(peer);
}

/* Behind those that it owns, or behind all: no other has to be looked at. */
static int name_set_add(struct peer *peer, const struct name *name)
{
	bool primary = name_owner(name) == peer;
	uint32_t n = peer->party.names_n, at = primary ? peer->primary_n : n;

	if (name_set_grow(peer, n + 1) < 0)
		return -ENOMEM;
	memmove(peer->name_set + at + 1, peer->name_set + at, (n - at) * sizeof(struct slice));
	peer->name_set[at] = name->text;
	peer->primary_n += primary;
	peer->party.names_n++;
	name_set_changed(peer);
	return 0;
}

/* From the end, where a peer that goes drops its names. */
static void name_set_remove(struct peer *peer, const struct name *name)
{
	uint32_t at = --peer->party.names_n;

	while (peer->name_set[at].text != name->text.text)
		at--;
	memmove(peer->name_set + at, peer->name_set + at + 1,
		(peer->party.names_n - at) * sizeof(struct slice));
	if (at < peer->primary_n)
		peer->primary_n--;
	name_set_changed(peer);
}

int name_set_rebuild(struct peer *peer)
{
	struct slice *set;
	uint32_t n = 1;

	list_for_each (at, &peer->owned)
		n++;
	if (name_set_grow(peer, n) < 0)
		return -ENOMEM;
	set = peer->name_set;
	n = 0;
	set[n++] = peer->unique_name;
	/* names of which it is the primary owner first: match rules look only at those */
	for (int primary = 1; primary >= 0; primary--) {
		list_for_each (at, &peer->owned) {
			struct owner *o = list_entry(at, struct owner, peer_link);

			if ((name_owner(o->name) == peer) == primary)
				set[n++] = o->name->text;
		}
		if (primary)
			peer->primary_n = n;
	}
	peer->party.names = set;
	peer->party.names_n = n;
	name_set_changed(peer);
	return 0;
}

static struct owner *owner_find(struct name *name, const struct peer *peer)
{
	list_for_each (at, &peer->owned) {
		struct owner *o = list_entry(at, struct owner, peer_link);

		if (o->name == name)
			return o;
	}
	return NULL;
}

static void note_owned(struct names *names, int by)
{
	names->owned += (uint32_t)by;
	if (names->owned > names->owned_peak)
		names->owned_peak = names->owned;
}

static void owner_free(struct owner *owner)
{
	struct peer *peer = owner->peer;

	list_unlink(&owner->name_link);
	list_unlink(&owner->peer_link);
	peer->owned_n--;
	name_set_remove(peer, owner->name);
	free(owner);
}

void owner_drop(struct owner *owner, struct name_change *ret_change)
{
	struct name *name = owner->name;
	struct peer *from = name_owner(name);

	*ret_change = (struct name_change){0};
	if (from != owner->peer) {
		owner_free(owner);
		return;
	}
	owner_free(owner);
	*ret_change = (struct name_change){name, from, name_owner(name)};
	if (ret_change->to)
		(void)name_set_rebuild(ret_change->to);
	else
		note_owned(name->names, -1);
}

static struct owner *owner_add(struct name *name, struct peer *peer, uint32_t flags)
{
	struct owner *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->name = name;
	o->peer = peer;
	o->flags = flags;
	list_append(&name->queue, &o->name_link);
	list_append(&peer->owned, &o->peer_link);
	peer->owned_n++;
	if (peer->owned_n > peer->owned_peak)
		peer->owned_peak = peer->owned_n;
	if (name_set_add(peer, name) < 0) {
		list_unlink(&o->name_link);
		list_unlink(&o->peer_link);
		peer->owned_n--;
		free(o);
		return NULL;
	}
	return o;
}

static int request_free_name(
	struct name *name, struct peer *peer, uint32_t flags, struct name_change *ret_change)
{
	if (!owner_add(name, peer, flags)) {
		name_put(name);
		return -ENOMEM;
	}
	note_owned(name->names, 1);
	*ret_change = (struct name_change){name, NULL, peer};
	return 0;
}

/* The current owner steps back into the queue, or out of it where it does not want to wait. */
static void depose(struct name *name, struct owner *now, struct owner *next)
{
	list_unlink(&next->name_link);
	list_prepend(&name->queue, &next->name_link);
	if (now->flags & NAME_DO_NOT_QUEUE)
		owner_free(now);
	else
		(void)name_set_rebuild(now->peer);
	(void)name_set_rebuild(next->peer);
}

int name_request(struct names *names, struct peer *peer, struct slice text, uint32_t flags,
	uint32_t *ret_code, struct name_change *ret_change)
{
	struct name *name = name_get(names, text);
	struct owner *now, *mine;
	struct peer *from;
	bool replaces;

	*ret_change = (struct name_change){0};
	if (!name)
		return -ENOMEM;
	if (list_is_empty(&name->queue)) {
		*ret_code = REQUEST_PRIMARY_OWNER;
		return request_free_name(name, peer, flags, ret_change);
	}
	now = list_entry(name->queue.next, struct owner, name_link);
	if (now->peer == peer) {
		now->flags = flags;
		*ret_code = REQUEST_ALREADY_OWNER;
		return 0;
	}
	mine = owner_find(name, peer);
	replaces = (flags & NAME_REPLACE_EXISTING) && (now->flags & NAME_ALLOW_REPLACEMENT);
	if (!replaces && (flags & NAME_DO_NOT_QUEUE)) {
		if (mine)
			owner_free(mine);
		*ret_code = REQUEST_EXISTS;
		return 0;
	}
	if (mine)
		mine->flags = flags;
	else
		mine = owner_add(name, peer, flags);
	if (!mine)
		return -ENOMEM;
	*ret_code = REQUEST_IN_QUEUE;
	/* who wants to replace and may not is next, as in the reference */
	if (flags & NAME_REPLACE_EXISTING) {
		list_unlink(&mine->name_link);
		list_prepend(&now->name_link, &mine->name_link);
	}
	if (replaces) {
		from = now->peer;
		depose(name, now, mine);
		*ret_code = REQUEST_PRIMARY_OWNER;
		*ret_change = (struct name_change){name, from, peer};
	}
	return 0;
}

void name_release(struct names *names, struct peer *peer, struct slice text, uint32_t *ret_code,
	struct name_change *ret_change)
{
	struct name *name = name_find(names, text);
	struct owner *mine;

	*ret_change = (struct name_change){0};
	*ret_code = RELEASE_NON_EXISTENT;
	if (!name || list_is_empty(&name->queue))
		return;
	*ret_code = RELEASE_NOT_OWNER;
	mine = owner_find(name, peer);
	if (!mine)
		return;
	*ret_code = RELEASE_RELEASED;
	owner_drop(mine, ret_change);
}
