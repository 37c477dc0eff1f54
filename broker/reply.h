/*
 * reply.h - calls that wait for their reply: the key is who asked whom under which serial. Slots
 * are recycled, so that a call costs no allocation.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"

struct bus;
struct peer;

struct reply_key {
	uint64_t caller, callee; /* peer.id */
	uint64_t serial;
};

struct reply {
	struct reply_key key;
	struct peer *caller, *callee;
	struct list caller_link; /* peer.calls */
	struct list callee_link; /* peer.duties */
	struct list age_link; /* replies.aging, oldest first; only with a reply_timeout */
	uint64_t due; /* microseconds, loop_now() */
	UT_hash_handle hh;
};

struct replies {
	struct reply *table;
	struct reply anchor; /* keeps the table alive when nothing waits */
	struct reply *spare; /* recycled slots, chained by hh.next */
	uint32_t spare_n;
	struct list aging;
	struct timer timer;
};

int replies_init(struct replies *replies);
void replies_fini(struct replies *replies);

/* Expects a reply. 0, FAULT_SERIAL_IN_USE (as of a call to the same callee that waits already),
 * FAULT_LIMITS (max_replies_per_connection of the caller), -ENOMEM. */
int reply_expect(struct bus *bus, struct peer *caller, struct peer *callee, uint32_t serial);
/* Whether `from` owes `to` a reply under this serial; uses the expectation up. */
bool reply_settle(struct bus *bus, struct peer *from, struct peer *to, uint32_t serial);
void reply_drop(struct bus *bus, struct reply *reply);
