/* tenure.c - walks the names once, after a reload */
#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/peer.h"
#include "broker/tenure.h"
#include "policy/pattern.h"
#include "policy/rules.h"

/* Tells the trail; whether the peer is to lose its place. */
static bool is_to_go(const struct owner *o, bool primary)
{
	const struct peer *peer = o->peer;
	struct request q = {.verb = VERB_OWN, .sender = &peer->party, .name = o->name->text};
	const struct restriction *unmet = restriction_unmet(&peer->subject, o->name->text);
	struct verdict v = {.answer = ANSWER_DENY,
		.reason = REASON_RESTRICTION,
		.judge = &restrictions,
		.image = peer->subject.image,
		.restriction = unmet};

	if (!unmet)
		return false;
	v.advisory = unmet->permissive || peer->bus->gate.permissive || (primary && !unmet->revoke);
	gate_tell(&peer->bus->gate, &q, &v);
	return !v.advisory;
}

/* The waiting first: when the owner goes, the next is one who may. */
static void name_review(struct bus *bus, struct name *name)
{
	struct owner *first = list_entry(name->queue.next, struct owner, name_link);
	struct name_change change;

	list_for_each_safe (at, &name->queue) {
		struct owner *o = list_entry(at, struct owner, name_link);

		if (o != first && is_to_go(o, false))
			owner_drop(o, &change);
	}
	if (!is_to_go(first, true))
		return;
	owner_drop(first, &change);
	driver_name_changed(bus, &change);
	name_put(name);
}

void tenure_review(struct bus *bus)
{
	struct name *name, *next;

	if (!bus->policy.image.header->restrictions.count)
		return;
	HASH_ITER(hh, bus->names.table, name, next)
	{
		if (!list_is_empty(&name->queue))
			name_review(bus, name);
	}
}
