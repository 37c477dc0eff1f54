/*
 * keep.h - polkit's answers that a rule lets be used again for some seconds, each for one connection
 * and what exactly was asked. They are good until polkit says that something changed, until the
 * policy is another one, until the connection ends.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "broker/account.h"
#include "broker/consult.h"

#define KEPT_MAX 64 /* of one connection: the oldest goes */

struct keep {
	struct kept *table;
	struct list kept; /* oldest first */
	uint64_t changes,
		generation; /* consult.changes and bus.generation that they were kept under */
};

/* One that polkit gave by itself: nobody authenticated for it. */
struct kept {
	struct list link;
	struct charge charge;
	uint64_t since, until; /* loop_now() */
	bool authorised;
	UT_hash_handle hh;
	size_t size;
	uint8_t key[];
};

void keep_init(struct keep *keep);
void keep_fini(struct keep *keep);
/* `key`: whatever the question was made of. NULL: ask. Valid until the next keep_put. */
const struct kept *keep_find(struct keep *keep, const struct bus *bus, const struct writer *key);
/* Without memory or quota it is not kept. */
void keep_put(struct keep *keep, const struct bus *bus, struct user *user, const struct writer *key,
	uint32_t seconds, bool authorised);
