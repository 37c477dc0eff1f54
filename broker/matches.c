/*
 * matches.c - finds the rules that fit a message. Rules lie in buckets by what they fix: a mask of
 * interface, member, path and arg0, and one extra condition (matches.h). A message makes one
 * look-up for each combination in use that it could meet: 16 masks, times 1 for no extra condition,
 * its string arguments, the recipient's names, and the first NAMESPACE_DEPTH elements of arg0 and
 * path. However many rules others add, it is not compared with rules of another key.
 *
 * Linear remains the walk over one bucket: over all who asked for exactly this (mostly, the
 * receivers), and over rules that differ only in type, in argNpath, in a second extra condition, or
 * in a namespace beyond its first NAMESPACE_DEPTH elements. The limit of rules per holder bounds it.
 */
#include <errno.h>
#include <stdlib.h>

#include "broker/matches.h"

#define NAMESPACE_DEPTH 8

enum { BY_INTERFACE = 1, BY_MEMBER = 2, BY_PATH = 4, BY_ARG0 = 8 };
enum { PART_INTERFACE, PART_MEMBER, PART_PATH, PART_ARG0, PART_EXTRA, PARTS };

struct match_key {
	uint8_t mask, extra, index; /* index: of the argument, for MATCH_EXTRA_ARG */
	uint32_t hash;
	struct slice parts[PARTS]; /* what is not in the mask is absent; borrowed from a rule */
};

struct match_bucket {
	struct match_key key; /* texts of the first of `matches` */
	struct list matches;
	UT_hash_handle hh; /* matches.buckets */
};

static bool key_differs(const struct match_key *a, const struct match_key *b)
{
	if (a->mask != b->mask || a->extra != b->extra || a->index != b->index)
		return true;
	for (size_t i = 0; i < PARTS; i++)
		if (!slice_equal(a->parts[i], b->parts[i]))
			return true;
	return false;
}

static bool match_differs(const struct match *a, const struct match *b)
{
	return a->holder != b->holder || !matchrule_equal(a->rule, b->rule);
}

/* uthash compares keys with this: by value, not as bytes in memory */
#undef HASH_KEYCMP
#define HASH_KEYCMP(held, sought, size)                                                            \
	_Generic((sought), const struct match_key *                                                \
		 : key_differs, const struct match *                                               \
		 : match_differs)(held, sought)

static uint32_t key_hash(const struct match_key *key, const uint32_t part_hashes[PARTS])
{
	uint32_t all[PARTS + 1] = {
		key->mask | (uint32_t)key->extra << 8 | (uint32_t)key->index << 16};

	for (size_t i = 0; i < PARTS; i++)
		if (key->parts[i].text)
			all[i + 1] = part_hashes[i];
	return hash_bytes(all, sizeof(all));
}

static uint32_t match_hash(const struct match *m)
{
	struct {
		uintptr_t holder, rule;
	} all = {(uintptr_t)m->holder, m->rule->hash};

	return hash_bytes(&all, sizeof(all));
}

/* The first `depth` elements: "/a/b/c" and 2 make "/a/b", "a.b.c" and 2 make "a.b". */
static struct slice elements(struct slice text, char separator, unsigned int depth)
{
	for (size_t i = 1; i < text.size; i++)
		if (text.text[i] == separator && !--depth)
			return (struct slice){text.text, i};
	return text;
}

/* Chooses the extra condition; returns how many arguments the key now covers. */
static void key_take_extra(struct match_key *key, const struct matchrule *rule)
{
	struct slice *extra = &key->parts[PART_EXTRA];

	for (size_t i = 0; i < rule->args_n; i++) {
		if (rule->args[i].index == 0 || rule->args[i].kind != ARG_STRING)
			continue;
		key->extra = MATCH_EXTRA_ARG;
		key->index = rule->args[i].index;
		*extra = rule->args[i].text;
		return;
	}
	if (rule->destination.text) {
		key->extra = MATCH_EXTRA_DESTINATION;
		*extra = rule->destination;
	} else if (rule->args_n && rule->args[0].kind == ARG_NAMESPACE) {
		key->extra = MATCH_EXTRA_NAME;
		*extra = elements(rule->args[0].text, '.', NAMESPACE_DEPTH);
	} else if (rule->path_is_namespace && rule->path.size > 1) {
		key->extra = MATCH_EXTRA_PATH;
		*extra = elements(rule->path, '/', NAMESPACE_DEPTH);
	}
}

static void key_of(const struct matchrule *rule, struct match_key *ret)
{
	struct match_key key = {0};
	uint32_t part_hashes[PARTS];

	key.parts[PART_INTERFACE] = rule->interface;
	key.parts[PART_MEMBER] = rule->member;
	if (!rule->path_is_namespace)
		key.parts[PART_PATH] = rule->path;
	if (rule->args_n && rule->args[0].index == 0 && rule->args[0].kind == ARG_STRING)
		key.parts[PART_ARG0] = rule->args[0].text;
	key_take_extra(&key, rule);

	for (size_t i = 0; i < PARTS; i++) {
		if (!key.parts[i].text)
			continue;
		part_hashes[i] = hash_bytes(key.parts[i].text, key.parts[i].size);
		if (i != PART_EXTRA)
			key.mask |= 1u << i;
	}
	key.hash = key_hash(&key, part_hashes);
	*ret = key;
}

/* Whether a rule of this key fits all messages of its type that have the key. */
static bool key_proves(const struct match_key *key, const struct matchrule *rule)
{
	unsigned int args = (key->mask & BY_ARG0 ? 1u : 0) + (key->extra == MATCH_EXTRA_ARG);

	return rule->args_n == args && !rule->path_is_namespace &&
	       (!rule->destination.text || key->extra == MATCH_EXTRA_DESTINATION);
}

static struct match_bucket *bucket_find(struct matches *registry, const struct match_key *key)
{
	struct match_bucket *bucket;

	HASH_FIND_BYHASHVALUE(hh, registry->buckets, key, sizeof(*key), key->hash, bucket);
	return bucket;
}

static struct match_bucket *bucket_get(struct matches *registry, const struct match_key *key)
{
	struct match_bucket *bucket = bucket_find(registry, key);

	if (bucket)
		return bucket;
	bucket = malloc(sizeof(*bucket));
	if (!bucket)
		return NULL;
	bucket->key = *key;
	list_init(&bucket->matches);
	HASH_ADD_KEYPTR_BYHASHVALUE(
		hh, registry->buckets, &bucket->key, sizeof(bucket->key), key->hash, bucket);
	if (hash_failed()) {
		free(bucket);
		return NULL;
	}
	return bucket;
}

/* After a match has left: the bucket goes, or borrows its texts from one that stays. */
static void bucket_settle(struct matches *registry, struct match_bucket *bucket)
{
	struct list *first = list_first(&bucket->matches);

	if (first) {
		key_of(list_entry(first, struct match, bucket_link)->rule, &bucket->key);
		return;
	}
	HASH_DELETE(hh, registry->buckets, bucket);
	free(bucket);
}

static void registry_count(struct matches *registry, const struct match_key *key, int by)
{
	uint32_t *mask = &registry->masks[key->extra][key->mask];

	*mask += (uint32_t)by;
	registry->count += (uint32_t)by;
	if (*mask)
		registry->used[key->extra] |= (uint16_t)(1u << key->mask);
	else
		registry->used[key->extra] &= (uint16_t) ~(1u << key->mask);
	/* an index out of use costs a look-up at most, until the last of these rules goes */
	if (key->extra == MATCH_EXTRA_ARG)
		registry->args |= UINT64_C(1) << key->index;
	if (!registry->used[MATCH_EXTRA_ARG])
		registry->args = 0;
}

void match_holder_init(struct match_holder *holder)
{
	*holder = (struct match_holder){.rules = 0};
	list_init(&holder->matches);
}

struct match *match_find(
	struct matches *registry, struct match_holder *holder, const struct matchrule *rule)
{
	const struct match sought = {.rule = (struct matchrule *)rule, .holder = holder};
	const struct match *key = &sought;
	struct match *match;

	HASH_FIND_BYHASHVALUE(
		hh, registry->by_rule, key, sizeof(sought), match_hash(&sought), match);
	return match;
}

/* Puts a match of registry, holder and rule into its bucket and the tables. */
static int match_link(struct match *match)
{
	struct matches *registry = match->registry;
	struct match_key key;

	key_of(match->rule, &key);
	match->is_proved = key_proves(&key, match->rule);
	match->bucket = bucket_get(registry, &key);
	if (!match->bucket)
		return -ENOMEM;
	list_append(&match->bucket->matches, &match->bucket_link);
	HASH_ADD_KEYPTR_BYHASHVALUE(
		hh, registry->by_rule, match, sizeof(*match), match_hash(match), match);
	if (hash_failed()) {
		list_unlink(&match->bucket_link);
		bucket_settle(registry, match->bucket);
		return -ENOMEM;
	}
	list_append(&match->holder->matches, &match->holder_link);
	registry_count(registry, &key, 1);
	return 0;
}

int match_add(struct matches *registry, struct match_holder *holder, struct matchrule *rule)
{
	struct match *match = match_find(registry, holder, rule);

	if (match) {
		match->count++;
		matchrule_free(rule);
	} else {
		match = malloc(sizeof(*match));
		if (match)
			*match = (struct match){
				.rule = rule, .holder = holder, .registry = registry, .count = 1};
		if (!match || match_link(match) < 0) {
			matchrule_free(rule);
			free(match);
			return -ENOMEM;
		}
	}
	holder->rules++;
	if (holder->peak < holder->rules)
		holder->peak = holder->rules;
	return 0;
}

static void match_free(struct match *match)
{
	struct matches *registry = match->registry;

	registry_count(registry, &match->bucket->key, -1);
	HASH_DELETE(hh, registry->by_rule, match);
	list_unlink(&match->holder_link);
	list_unlink(&match->bucket_link);
	bucket_settle(registry, match->bucket);
	matchrule_free(match->rule);
	free(match);
}

void match_remove(struct match *match)
{
	match->holder->rules--;
	if (--match->count == 0)
		match_free(match);
}

void match_holder_fini(struct match_holder *holder)
{
	list_for_each_safe (at, &holder->matches)
		match_free(list_entry(at, struct match, holder_link));
	holder->rules = 0;
}

/* One message under way through one registry. */
struct search {
	struct matches *registry;
	struct matchable *m;
	void (*found)(void *arg, struct match *match);
	void *arg;
	uint8_t have; /* bit per part that the message has */
	struct slice parts[PARTS];
	uint32_t part_hashes[PARTS];
};

/* A part of the message; longer texts than a rule can hold need no look-up. */
static bool search_set(struct search *s, unsigned int part, struct slice text)
{
	if (!text.text || text.size > MATCHRULE_TEXT_MAX)
		return false;
	s->parts[part] = text;
	s->part_hashes[part] = hash_bytes(text.text, text.size);
	s->have |= (uint8_t)(1u << part);
	return true;
}

static void search_bucket(const struct search *s, const struct match_bucket *bucket)
{
	list_for_each (at, &bucket->matches) {
		struct match *match = list_entry(at, struct match, bucket_link);
		const struct matchrule *rule = match->rule;

		if (match->is_proved ? !rule->type || rule->type == s->m->message->type
				     : matchrule_fits(rule, s->m))
			s->found(s->arg, match);
	}
}

/* All masks in use with this extra condition; its text is in the parts. */
static void search_masks(const struct search *s, enum match_extra extra, uint8_t index)
{
	for (uint32_t left = s->registry->used[extra]; left; left &= left - 1) {
		struct match_key key = {
			.mask = (uint8_t)__builtin_ctz(left), .extra = extra, .index = index};
		const struct match_bucket *bucket;

		if (key.mask & ~s->have)
			continue;
		for (unsigned int i = 0; i < PART_EXTRA; i++)
			if (key.mask & 1u << i)
				key.parts[i] = s->parts[i];
		if (extra != MATCH_EXTRA_NONE)
			key.parts[PART_EXTRA] = s->parts[PART_EXTRA];
		key.hash = key_hash(&key, s->part_hashes);
		bucket = bucket_find(s->registry, &key);
		if (bucket)
			search_bucket(s, bucket);
	}
}

static void search_args(struct search *s)
{
	for (uint64_t left = s->registry->args; left; left &= left - 1) {
		uint8_t index = (uint8_t)__builtin_ctzll(left);
		struct slice text;

		if (matchable_arg(s->m, index, &text) == 's' && search_set(s, PART_EXTRA, text))
			search_masks(s, MATCH_EXTRA_ARG, index);
	}
}

static void search_destinations(struct search *s)
{
	const struct slice *names = s->m->recipient_names;
	uint32_t n = s->m->recipient_names_n;

	if (!n) {
		names = &s->m->message->destination;
		n = 1;
	}
	for (uint32_t i = 0; i < n; i++)
		if (search_set(s, PART_EXTRA, names[i]))
			search_masks(s, MATCH_EXTRA_DESTINATION, 0);
}

static void search_namespaces(
	struct search *s, enum match_extra extra, struct slice text, char separator)
{
	struct slice head = text.size > MATCHRULE_TEXT_MAX
				    ? (struct slice){text.text, MATCHRULE_TEXT_MAX + 1}
				    : text;

	for (unsigned int depth = 1; depth <= NAMESPACE_DEPTH; depth++) {
		struct slice prefix = elements(head, separator, depth);

		if (!search_set(s, PART_EXTRA, prefix))
			return;
		search_masks(s, extra, 0);
		if (prefix.size == head.size)
			return;
	}
}

void matches_find(struct matches *registry, struct matchable *m,
	void (*found)(void *arg, struct match *match), void *arg)
{
	struct search s = {.registry = registry, .m = m, .found = found, .arg = arg};
	const uint16_t *used = registry->used;
	uint32_t with_arg0 = 0;
	struct slice arg0;

	if (matches_is_empty(registry))
		return;
	for (size_t i = 0; i < MATCH_EXTRAS; i++)
		with_arg0 |= used[i] & 0xff00u; /* masks with BY_ARG0 */
	search_set(&s, PART_INTERFACE, m->message->interface);
	search_set(&s, PART_MEMBER, m->message->member);
	search_set(&s, PART_PATH, m->message->path);
	if ((with_arg0 || used[MATCH_EXTRA_NAME]) && matchable_arg(m, 0, &arg0) == 's')
		search_set(&s, PART_ARG0, arg0);
	else
		arg0 = (struct slice){NULL, 0};

	if (used[MATCH_EXTRA_NONE])
		search_masks(&s, MATCH_EXTRA_NONE, 0);
	if (used[MATCH_EXTRA_ARG])
		search_args(&s);
	if (used[MATCH_EXTRA_DESTINATION])
		search_destinations(&s);
	if (used[MATCH_EXTRA_NAME] && arg0.text)
		search_namespaces(&s, MATCH_EXTRA_NAME, arg0, '.');
	if (used[MATCH_EXTRA_PATH] && m->message->path.text)
		search_namespaces(&s, MATCH_EXTRA_PATH, m->message->path, '/');
}
