/* reply.c - slots for calls that wait, and their time-outs where the configuration sets one */
#include <errno.h>

#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"
#include "broker/reply.h"

#define SPARE_MAX 256

int replies_init(struct replies *replies)
{
	struct reply *anchor = &replies->anchor;

	*replies = (struct replies){0};
	list_init(&replies->aging);
	HASH_ADD(hh, replies->table, key, sizeof(anchor->key), anchor);
	return hash_failed() ? -ENOMEM : 0;
}

void replies_fini(struct replies *replies)
{
	struct reply *anchor = &replies->anchor;

	timer_cancel(&replies->timer);
	while (replies->spare) {
		struct reply *r = replies->spare;

		replies->spare = r->hh.next;
		free(r);
	}
	if (replies->table)
		HASH_DELETE(hh, replies->table, anchor);
}

static struct reply *slot_take(struct replies *replies)
{
	struct reply *r = replies->spare;

	if (!r)
		return malloc(sizeof(*r));
	replies->spare = r->hh.next;
	replies->spare_n--;
	return r;
}

static void slot_give(struct replies *replies, struct reply *r)
{
	if (replies->spare_n >= SPARE_MAX) {
		free(r);
		return;
	}
	r->hh.next = replies->spare;
	replies->spare = r;
	replies->spare_n++;
}

static int reply_due(struct timer *timer)
{
	struct replies *replies = container_of(timer, struct replies, timer);
	struct bus *bus = container_of(replies, struct bus, replies);
	uint64_t now = loop_now();

	while (!list_is_empty(&replies->aging)) {
		struct reply *r = list_entry(replies->aging.next, struct reply, age_link);

		if (r->due > now) {
			timer_arm(&replies->timer, &bus->loop, r->due - now, reply_due);
			return 0;
		}
		driver_send_error(bus, r->caller, (uint32_t)r->key.serial, FAULT_REPLY_LATE, NULL);
		reply_drop(bus, r);
	}
	return 0;
}

static struct reply *find(
	struct bus *bus, const struct peer *caller, const struct peer *callee, uint32_t serial)
{
	struct reply_key key = {caller->id, callee->id, serial};
	struct reply *r;

	HASH_FIND(hh, bus->replies.table, &key, sizeof(key), r);
	return r;
}

int reply_expect(struct bus *bus, struct peer *caller, struct peer *callee, uint32_t serial)
{
	struct replies *replies = &bus->replies;
	int64_t timeout = bus_limit(bus, LIMIT_REPLY_TIMEOUT);
	struct reply *r;

	/* equal keys would share a bucket of the table, however large it is made */
	if (find(bus, caller, callee, serial))
		return FAULT_SERIAL_IN_USE;
	if (caller->calls_n >= (uint64_t)peer_limit(caller, LIMIT_MAX_REPLIES_PER_CONNECTION))
		return FAULT_LIMITS;
	r = slot_take(replies);
	if (!r)
		return -ENOMEM;
	*r = (struct reply){
		.key = {caller->id, callee->id, serial}, .caller = caller, .callee = callee};
	HASH_ADD(hh, replies->table, key, sizeof(r->key), r);
	if (hash_failed()) {
		slot_give(replies, r);
		return -ENOMEM;
	}
	list_append(&caller->calls, &r->caller_link);
	list_append(&callee->duties, &r->callee_link);
	if (++caller->calls_n > caller->calls_peak)
		caller->calls_peak = caller->calls_n;
	if (timeout > 0) {
		r->due = loop_now() + (uint64_t)timeout * 1000;
		list_append(&replies->aging, &r->age_link);
		if (!list_is_linked(&replies->timer.link))
			timer_arm(&replies->timer, &bus->loop, (uint64_t)timeout * 1000, reply_due);
	}
	return 0;
}

void reply_drop(struct bus *bus, struct reply *r)
{
	HASH_DELETE(hh, bus->replies.table, r);
	list_unlink(&r->caller_link);
	list_unlink(&r->callee_link);
	list_unlink(&r->age_link);
	r->caller->calls_n--;
	slot_give(&bus->replies, r);
}

bool reply_settle(struct bus *bus, struct peer *from, struct peer *to, uint32_t serial)
{
	struct reply *r = find(bus, to, from, serial);

	if (!r)
		return false;
	reply_drop(bus, r);
	return true;
}
