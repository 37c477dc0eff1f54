/* index.c - the index of rules: its builder, and the validator that proves that it misses none */
#include <errno.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "policy/index.h"

/* Buckets with more rules than that are split. */
#define SPLIT_FROM 8
/* Among how many neighbours in a bucket a rule's twin is looked for: bounds building and proving. */
#define TWINS_WITHIN 64

struct entry {
	uint64_t key;
	uint32_t rule;
	uint32_t present; /* in split keys: the fields that are in the key */
};

uint64_t index_hash(struct slice s)
{
	return XXH3_64bits(s.text, s.size);
}

static const struct image_text *rule_field(const struct rule *r, uint32_t field)
{
	const struct image_text *const fields[FIELDS] = {[FIELD_PATH] = &r->path,
		[FIELD_INTERFACE] = &r->interface,
		[FIELD_MEMBER] = &r->member,
		[FIELD_ERROR] = &r->error};

	return fields[field];
}

static uint32_t rule_shape(const struct rule *r)
{
	uint32_t shape = 0;

	for (uint32_t field = 0; field < FIELDS; field++)
		shape |= (uint32_t)(rule_field(r, field)->at != 0) << field;
	return shape;
}

static uint64_t rule_key(const struct image *image, uint32_t run, const struct rule *r)
{
	if (r->verb == RULE_CONNECT)
		return index_key(run, r->who, r->who == WHO_ANY ? 0 : r->id);
	return index_key(run, r->name_kind,
		r->name_kind == NAME_ANY ? 0 : index_hash(image_slice(image, r->name)));
}

static uint64_t rule_split_key(
	const struct image *image, uint64_t key, const struct rule *r, uint32_t present)
{
	uint64_t hashes[FIELDS] = {0};

	for (uint32_t field = 0; field < FIELDS; field++)
		if (present >> field & 1)
			hashes[field] = index_hash(image_slice(image, *rule_field(r, field)));
	return index_split_key(key, rule_shape(r), present, hashes);
}

/* Whether a message that has no more than these fields can fit: without an interface it fits no
 * rule that allows one. */
static bool rule_speaks(const struct rule *r, uint32_t present)
{
	return r->effect != EFFECT_ALLOW || !r->interface.at || present >> FIELD_INTERFACE & 1;
}

/* The next smaller set of the fields in `shape`, from `shape` itself down to none, then UINT32_MAX. */
static uint32_t next_present(uint32_t shape, uint32_t present)
{
	return present ? (present - 1) & shape : UINT32_MAX;
}

/* Whether two rules of one bucket fit the same messages among those that have these fields. */
static bool rules_are_twins(
	const struct image *image, const struct rule *a, const struct rule *b, uint32_t present)
{
	if (a->type != b->type || a->effect != b->effect || a->eavesdrop != b->eavesdrop ||
		a->requested_reply != b->requested_reply || a->broadcast != b->broadcast ||
		a->min_fds != b->min_fds || a->max_fds != b->max_fds ||
		a->name_kind != b->name_kind || rule_shape(a) != rule_shape(b) ||
		a->arg0_kind != b->arg0_kind || a->permissive != b->permissive || a->on != b->on ||
		!slice_equal(image_slice(image, a->name), image_slice(image, b->name)) ||
		!slice_equal(image_slice(image, a->arg0), image_slice(image, b->arg0)))
		return false;
	for (uint32_t field = 0; field < FIELDS; field++)
		if (present >> field & 1 && !slice_equal(image_slice(image, *rule_field(a, field)),
						    image_slice(image, *rule_field(b, field))))
			return false;
	return true;
}

/* --- building --- */

static int entry_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (a->rule > b->rule) - (a->rule < b->rule);
}

static void entries_sort(struct writer *entries)
{
	if (entries->size)
		qsort(entries->data, entries->size / sizeof(struct entry), sizeof(struct entry),
			entry_compare);
}

static void entry_add(struct writer *entries, uint64_t key, uint32_t rule, uint32_t present)
{
	const struct entry e = {key, rule, present};

	writer_bytes(entries, &e, sizeof(e));
}

static void entries_of_run(
	const struct image *image, const struct section *s, uint32_t verb, struct writer *entries)
{
	uint32_t at = s->rules[verb].first;

	for (uint32_t left = s->rules[verb].count; left; left--, at++)
		entry_add(entries, rule_key(image, index_run(image, s, verb), &image->rules[at]),
			at, 0);
}

/* Second keys for the rules of a bucket; returns their shapes. */
static uint32_t entries_split(
	const struct image *image, const struct entry *e, uint32_t n, struct writer *ret_split)
{
	uint32_t shapes = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct rule *r = &image->rules[e[i].rule];
		uint32_t shape = rule_shape(r);

		shapes |= 1u << shape;
		for (uint32_t p = shape; p != UINT32_MAX; p = next_present(shape, p))
			if (rule_speaks(r, p))
				entry_add(ret_split, rule_split_key(image, e->key, r, p), e[i].rule,
					p);
	}
	return shapes;
}

/* Leaves out each rule behind which a twin stands. Returns how many are left, still in order. */
static uint32_t entries_thin(const struct image *image, struct entry *e, uint32_t n)
{
	uint32_t kept = n;

	for (uint32_t i = n; i-- > 0;) {
		uint32_t near = kept + TWINS_WITHIN < n ? kept + TWINS_WITHIN : n, j = kept;

		while (j < near && !rules_are_twins(image, &image->rules[e[i].rule],
					   &image->rules[e[j].rule], e[i].present))
			j++;
		if (j == near)
			e[--kept] = e[i];
	}
	memmove(e, e + kept, (n - kept) * sizeof(*e));
	return n - kept;
}

/* Buckets from sorted entries. `ret_split`: where the second keys go, NULL if these are them. */
static void buckets_write(const struct image *image, struct writer *entries,
	struct writer *ret_split, struct writer *buckets, struct writer *order)
{
	struct entry *e = (struct entry *)entries->data;
	uint32_t n = (uint32_t)(entries->size / sizeof(*e));

	for (uint32_t i = 0, count; i < n; i += count) {
		struct bucket b = {
			.key = e[i].key, .first = (uint32_t)(order->size / sizeof(uint32_t))};
		bool message = image->rules[e[i].rule].verb >= RULE_SEND;

		for (count = 1; i + count < n && e[i + count].key == b.key;)
			count++;
		b.count = ret_split ? count : entries_thin(image, &e[i], count);
		if (ret_split && message && count > SPLIT_FROM)
			b.shapes = entries_split(image, &e[i], count, ret_split);
		for (uint32_t j = 0; j < b.count; j++)
			writer_u32(order, e[i + j].rule);
		writer_bytes(buckets, &b, sizeof(b));
	}
}

/* Puts the buckets where look-ups expect them. False if one would stand too far away. */
static bool table_fill(
	struct bucket *table, uint32_t size, const struct bucket *buckets, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t probe = 0;

		while (probe < INDEX_PROBES && table[(buckets[i].key + probe) & (size - 1)].count)
			probe++;
		if (probe == INDEX_PROBES)
			return false;
		table[(buckets[i].key + probe) & (size - 1)] = buckets[i];
	}
	return true;
}

static int table_write(const struct writer *buckets, struct writer *ret_table)
{
	uint32_t n = (uint32_t)(buckets->size / sizeof(struct bucket)), size = 1;
	void *table;

	while (size < 2 * n)
		size *= 2;
	for (; n; size *= 2) {
		table = calloc(size, sizeof(struct bucket));
		if (!table)
			return -ENOMEM;
		if (table_fill(table, size, (const struct bucket *)buckets->data, n)) {
			writer_bytes(ret_table, table, size * sizeof(struct bucket));
			free(table);
			break;
		}
		free(table);
	}
	return 0;
}

int index_build(const struct image *image, struct writer *buckets, struct writer *order)
{
	struct writer entries = {0}, split = {0}, plain = {0};
	int r;

	for (uint32_t i = 0; i < image->header->sections.count; i++)
		for (uint32_t verb = 0; verb < RULE_VERBS; verb++)
			entries_of_run(image, &image->sections[i], verb, &entries);
	entries_sort(&entries);
	buckets_write(image, &entries, &split, &plain, order);
	entries_sort(&split);
	buckets_write(image, &split, NULL, &plain, order);
	r = entries.bad || split.bad || plain.bad ? -ENOMEM : table_write(&plain, buckets);
	if (r == 0 && (buckets->bad || order->bad))
		r = -ENOMEM;
	writer_fini(&entries);
	writer_fini(&split);
	writer_fini(&plain);
	return r;
}

/* --- proving --- */

static bool bucket_is_good(const struct image *image, const struct bucket *b)
{
	const uint32_t *list = image->order + b->first;

	if (!b->count)
		return !b->key && !b->first && !b->shapes && !b->pad;
	if (b->first > image->header->order.count ||
		b->count > image->header->order.count - b->first || b->shapes >= 1u << SHAPES ||
		b->pad)
		return false;
	for (uint32_t i = 0; i < b->count; i++)
		if (list[i] >= image->header->rules.count || (i && list[i] <= list[i - 1]))
			return false;
	return true;
}

/* Each place of the order table stands in one bucket: so this walk is linear. */
static bool table_is_good(const struct image *image)
{
	uint64_t listed = 0;

	for (uint32_t i = 0; i < image->header->buckets.count; i++)
		listed += image->buckets[i].count;
	if (listed != image->header->order.count)
		return false;
	for (uint32_t i = 0; i < image->header->buckets.count; i++)
		if (!bucket_is_good(image, &image->buckets[i]))
			return false;
	return true;
}

/* Where the rule or the first one behind it stands in the bucket. */
static uint32_t bucket_search(const struct image *image, const struct bucket *b, uint32_t rule)
{
	const uint32_t *list = image->order + b->first;
	uint32_t low = 0, high = b->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (list[middle] < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether the bucket of a second key has the rule, or a twin behind it. */
static bool split_has(const struct image *image, uint64_t key, uint32_t rule, uint32_t present)
{
	const struct bucket *b = index_find(image, key);
	uint32_t at, end;

	if (!b)
		return false;
	at = bucket_search(image, b, rule);
	end = at + TWINS_WITHIN < b->count ? at + TWINS_WITHIN : b->count;
	for (; at < end; at++)
		if (rules_are_twins(image, &image->rules[rule],
			    &image->rules[image->order[b->first + at]], present))
			return true;
	return false;
}

static bool rule_is_found(const struct image *image, uint32_t run, uint32_t at)
{
	const struct rule *r = &image->rules[at];
	uint64_t key = rule_key(image, run, r);
	const struct bucket *b = index_find(image, key);
	uint32_t place, shape = rule_shape(r);

	if (!b)
		return false;
	place = bucket_search(image, b, at);
	if (place == b->count || image->order[b->first + place] != at)
		return false;
	if (!b->shapes)
		return true;
	if (r->verb < RULE_SEND || !(b->shapes >> shape & 1))
		return false;
	for (uint32_t p = shape; p != UINT32_MAX; p = next_present(shape, p))
		if (rule_speaks(r, p) && !split_has(image, rule_split_key(image, key, r, p), at, p))
			return false;
	return true;
}

static bool run_is_found(const struct image *image, const struct section *s, uint32_t verb)
{
	uint32_t at = s->rules[verb].first, kinds = 0;
	uint64_t sizes = 0;

	for (uint32_t left = s->rules[verb].count; left; left--, at++) {
		kinds |= index_kind(&image->rules[at]);
		sizes |= index_size(&image->rules[at]);
		if (!rule_is_found(image, index_run(image, s, verb), at))
			return false;
	}
	return kinds == s->rules[verb].kinds && sizes == s->rules[verb].sizes &&
	       !s->rules[verb].pad;
}

const char *index_fault(const struct image *image)
{
	uint32_t size = image->header->buckets.count;

	if ((size & (size - 1)) != 0 || !table_is_good(image))
		return "the index is damaged";
	for (uint32_t i = 0; i < image->header->sections.count; i++)
		for (uint32_t verb = 0; verb < RULE_VERBS; verb++)
			if (!run_is_found(image, &image->sections[i], verb))
				return "a rule is not in the index";
	return NULL;
}
