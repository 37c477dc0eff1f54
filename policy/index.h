/*
 * index.h - finds the rules of a section that can fit a request, by what they name. A bucket lists
 * the rules with one key, in reading order; a key is a hash and no proof, so whoever takes rules out
 * of a bucket still asks each whether it fits. What the index must never do is to miss one: the
 * validator looks every rule up under each key by which a request can ask for it.
 *
 * The first key is the section, the verb and the name (connect: user or group) that a rule gives,
 * or that it gives none. A bucket of many send or receive rules is split once more, by shape: which
 * of the fields path, interface, member and error the rules give. A message may lack a field, which
 * then is not compared; so a rule stands under a key for each set of its fields that a message can
 * have. Of rules that differ in nothing but fields that the message lacks the last is enough.
 */
#pragma once

#include "base/writer.h"
#include "policy/request.h"

enum field { FIELD_PATH, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR, FIELDS };
enum { SHAPES = 1 << FIELDS };

/* How far from its place a bucket may stand: bounds every look-up. */
#define INDEX_PROBES 64

uint64_t index_hash(struct slice s);

static inline uint64_t index_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product =
		(unsigned __int128)(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xd6e8feb86659fd93);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* What a rule adds to the `kinds` and `sizes` of its section. */
static inline uint32_t index_kind(const struct rule *r)
{
	return 1u << (r->verb == RULE_CONNECT ? r->who : r->name_kind);
}

static inline uint64_t index_size(const struct rule *r)
{
	return r->name.at ? (uint64_t)1 << (r->name.size & 63) : 0;
}

/* Which run of rules: one verb of one section. */
static inline uint32_t index_run(
	const struct image *image, const struct section *section, enum rule_verb verb)
{
	return (uint32_t)(section - image->sections) * RULE_VERBS + verb;
}

/*
 * The first key. `kind`: enum name_kind, `hash` that of the name (prefix), 0 for NAME_ANY; of
 * connect rules enum rule_who and the id, 0 for WHO_ANY.
 */
static inline uint64_t index_key(uint32_t run, uint32_t kind, uint64_t hash)
{
	return index_mix(hash, ((uint64_t)run << 2 | kind) + 1);
}

/* The second key: of the rules of a bucket those of one `shape`, for messages that have the fields
 * `present` of it. `hashes`: of those fields. */
static inline uint64_t index_split_key(
	uint64_t key, uint32_t shape, uint32_t present, const uint64_t hashes[FIELDS])
{
	uint64_t h = index_mix(key, shape << FIELDS | present);

	for (uint32_t left = present; left; left &= left - 1)
		h = index_mix(h, hashes[__builtin_ctz(left)]);
	return h;
}

/* The bucket of a key, or NULL. */
static inline const struct bucket *index_find(const struct image *image, uint64_t key)
{
	uint32_t mask = image->header->buckets.count - 1;

	if (!image->header->buckets.count)
		return NULL;
	for (uint32_t i = 0; i < INDEX_PROBES; i++) {
		const struct bucket *b = &image->buckets[(key + i) & mask];

		if (!b->count)
			return NULL;
		if (b->key == key)
			return b;
	}
	return NULL;
}

/* Appends the index of an image whose rules and sections are good: struct bucket and uint32_t.
 * 0 or -ENOMEM. */
int index_build(const struct image *image, struct writer *buckets, struct writer *order);
/* What is wrong with the index of an image whose rules and sections are good, or NULL. */
const char *index_fault(const struct image *image);
