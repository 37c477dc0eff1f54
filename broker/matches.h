/*
 * matches.h - a registry of match rules, looked up by what a message says, never by walking all
 * rules. One registry holds the rules without sender; each bus name that rules name as sender has
 * its own (name.h), so that a rule for a well-known name follows the name from owner to owner.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "broker/matchrule.h"

struct matches;
struct match_bucket;
struct match_holder;

/* One rule of one holder; adding the same rule again counts up. */
struct match {
	struct matchrule *rule; /* owned */
	struct match_holder *holder;
	struct list holder_link; /* match_holder.matches */
	struct list bucket_link; /* match_bucket.matches */
	struct match_bucket *bucket;
	struct matches *registry;
	UT_hash_handle hh; /* matches.by_rule */
	uint32_t count; /* times added */
	bool is_proved; /* the bucket's key says all that the rule does, but for its type */
};

/* Embedded in a peer: all its rules. `rules` counts additions, as the limit does. */
struct match_holder {
	struct list matches;
	uint32_t rules, peak;
};

/*
 * A rule's key: which of interface, member, path, arg0 it fixes (the mask), and the first of these
 * that it has.
 */
enum match_extra {
	MATCH_EXTRA_NONE,
	MATCH_EXTRA_ARG, /* the lowest argN above arg0 */
	MATCH_EXTRA_DESTINATION,
	MATCH_EXTRA_NAME, /* arg0namespace */
	MATCH_EXTRA_PATH, /* path_namespace */
	MATCH_EXTRAS,
};

/* Zeroed is empty. */
struct matches {
	struct match_bucket *buckets; /* uthash, by key */
	struct match *by_rule; /* uthash, by holder and rule */
	uint32_t masks[MATCH_EXTRAS][16]; /* rules in use per combination of keys */
	uint16_t used[MATCH_EXTRAS]; /* bit per mask that has rules */
	uint64_t args; /* indexes that rules of MATCH_EXTRA_ARG have named */
	uint32_t count; /* distinct rules held */
};

void match_holder_init(struct match_holder *holder);
/* Links a parsed rule (taken over, also on failure) into `registry`, or counts up the equal one
 * that the holder has there. 0 or -ENOMEM. */
int match_add(struct matches *registry, struct match_holder *holder, struct matchrule *rule);
/* The holder's match equal to `rule`, found by hash, or NULL. */
struct match *match_find(
	struct matches *registry, struct match_holder *holder, const struct matchrule *rule);
/* Counts down; unlinks and frees at 0. */
void match_remove(struct match *match);
/* All of a holder's rules; buckets are freed as they empty. */
void match_holder_fini(struct match_holder *holder);

/*
 * Calls `found` for each match whose rule fits (a holder may come up several times). `found` must
 * not add or remove rules.
 */
void matches_find(struct matches *registry, struct matchable *m,
	void (*found)(void *arg, struct match *match), void *arg);
static inline bool matches_is_empty(const struct matches *registry)
{
	return registry->count == 0;
}
