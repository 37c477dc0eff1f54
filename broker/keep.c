/* keep.c - few answers, found by all that was asked; what is out of date is dropped when looked at */
#include <stdlib.h>
#include <string.h>

#include "broker/bus.h"
#include "broker/keep.h"

void keep_init(struct keep *keep)
{
	*keep = (struct keep){0};
	list_init(&keep->kept);
}

static void kept_free(struct keep *keep, struct kept *k)
{
	HASH_DELETE(hh, keep->table, k);
	list_unlink(&k->link);
	charge_return(&k->charge);
	free(k);
}

void keep_fini(struct keep *keep)
{
	list_for_each_safe (at, &keep->kept)
		kept_free(keep, list_entry(at, struct kept, link));
}

/* What was said before a change holds no more. */
static void keep_renew(struct keep *keep, const struct bus *bus)
{
	if (keep->changes == bus->consult.changes && keep->generation == bus->generation)
		return;
	keep_fini(keep);
	keep->changes = bus->consult.changes;
	keep->generation = bus->generation;
}

const struct kept *keep_find(struct keep *keep, const struct bus *bus, const struct writer *key)
{
	struct kept *k;

	keep_renew(keep, bus);
	HASH_FIND(hh, keep->table, key->data, key->size, k);
	if (!k || k->until > loop_now())
		return k;
	kept_free(keep, k);
	return NULL;
}

void keep_put(struct keep *keep, const struct bus *bus, struct user *user, const struct writer *key,
	uint32_t seconds, bool authorised)
{
	struct kept *k;

	keep_renew(keep, bus);
	HASH_FIND(hh, keep->table, key->data, key->size, k);
	if (k)
		kept_free(keep, k);
	if (HASH_COUNT(keep->table) == KEPT_MAX)
		kept_free(keep, list_entry(keep->kept.next, struct kept, link));
	k = calloc(1, sizeof(*k) + key->size);
	if (!k || charge_take(&k->charge, user, sizeof(*k) + key->size, 0) != 0) {
		free(k);
		return;
	}
	k->since = loop_now();
	k->until = k->since + seconds * 1000000ull;
	k->authorised = authorised;
	k->size = key->size;
	memcpy(k->key, key->data, key->size);
	HASH_ADD_KEYPTR(hh, keep->table, k->key, k->size, k);
	if (hash_failed()) {
		charge_return(&k->charge);
		free(k);
		return;
	}
	list_append(&keep->kept, &k->link);
}
