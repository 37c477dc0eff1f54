/*
 * layout.c - sorts what a builder has collected and writes it out as one image. Until it is known
 * where the strings begin, a text's offset counts from the start of the string pool, whose first
 * byte is unused so that 0 keeps meaning absent.
 */
#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/drop.h"
#include "policy/building.h"
#include "policy/index.h"

static int place_compare(const void *left, const void *right)
{
	const struct placed_rule *a = left, *b = right;
	const uint32_t keys[][2] = {{a->context, b->context}, {a->id, b->id},
		{a->rule.verb, b->rule.verb}, {a->turn, b->turn}};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] < keys[i][1] ? -1 : 1;
	return 0;
}

static int service_compare(const void *left, const void *right, void *strings)
{
	const struct placed_service *a = left, *b = right;
	/* C strings without NUL inside: the same order as memcmp, a prefix first */
	int order = strcmp((const char *)strings + a->service.name.at,
		(const char *)strings + b->service.name.at);

	return order ? order : (a->turn > b->turn) - (a->turn < b->turn);
}

static int restriction_compare(const void *left, const void *right, void *strings)
{
	const struct placed_restriction *a = left, *b = right;
	int order = strcmp((const char *)strings + a->restriction.name.at,
		(const char *)strings + b->restriction.name.at);

	return order ? order : (a->turn > b->turn) - (a->turn < b->turn);
}

static int override_compare(const void *left, const void *right)
{
	const struct placed_override *a = left, *b = right;

	if (a->override.limit != b->override.limit)
		return a->override.limit < b->override.limit ? -1 : 1;
	if (a->override.whose != b->override.whose)
		return a->override.whose < b->override.whose ? -1 : 1;
	return (a->turn > b->turn) - (a->turn < b->turn);
}

static void builder_sort_identities(struct builder *b)
{
	if (b->restrictions.size)
		qsort_r(b->restrictions.data, COUNT(b->restrictions, struct placed_restriction),
			sizeof(struct placed_restriction), restriction_compare, b->strings.data);
	if (b->overrides.size)
		qsort(b->overrides.data, COUNT(b->overrides, struct placed_override),
			sizeof(struct placed_override), override_compare);
}

/* Sorts, and leaves of several services of one name the one that was added first. */
static void builder_sort(struct builder *b)
{
	struct placed_service *s = (void *)b->services.data;
	uint32_t kept = 0;

	if (b->rules.size)
		qsort(b->rules.data, COUNT(b->rules, struct placed_rule),
			sizeof(struct placed_rule), place_compare);
	builder_sort_identities(b);
	if (!b->services.size)
		return;
	qsort_r(s, COUNT(b->services, struct placed_service), sizeof(*s), service_compare,
		b->strings.data);
	for (uint32_t i = 1; i < COUNT(b->services, struct placed_service); i++)
		if (s[i].service.name.at != s[kept].service.name.at)
			s[++kept] = s[i];
	b->services.size = (kept + 1) * sizeof(*s);
}

static uint32_t builder_sections_n(const struct builder *b)
{
	const struct placed_rule *r = (const void *)b->rules.data;
	uint32_t n = 0;

	for (uint32_t i = 0; i < COUNT(b->rules, struct placed_rule); i++)
		n += i == 0 || r[i].context != r[i - 1].context || r[i].id != r[i - 1].id;
	return n;
}

/* Where the tables go; their counts and offsets come into `h`. Returns where the strings begin. */
static size_t builder_lay_out(const struct builder *b, struct image_header *h)
{
	const struct {
		struct image_table *table;
		size_t count, element;
	} tables[] = {
		{&h->rules, COUNT(b->rules, struct placed_rule), sizeof(struct rule)},
		{&h->sections, builder_sections_n(b), sizeof(struct section)},
		{&h->patterns, COUNT(b->patterns, struct placed_pattern),
			sizeof(struct image_text)},
		{&h->restrictions, COUNT(b->restrictions, struct placed_restriction),
			sizeof(struct restriction)},
		{&h->overrides, COUNT(b->overrides, struct placed_override),
			sizeof(struct override)},
		{&h->services, COUNT(b->services, struct placed_service), sizeof(struct service)},
		{&h->associations, COUNT(b->associations, struct association),
			sizeof(struct association)},
		{&h->texts, COUNT(b->texts, struct image_text), sizeof(struct image_text)},
		{&h->listens, COUNT(b->listens, struct image_text), sizeof(struct image_text)},
		{&h->watches, COUNT(b->watches, struct image_text), sizeof(struct image_text)},
		{&h->complaints, COUNT(b->complaints, struct complaint), sizeof(struct complaint)},
	};
	size_t at = sizeof(*h);

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		at = (at + 7) & ~(size_t)7;
		*tables[i].table = (struct image_table){(uint32_t)at, (uint32_t)tables[i].count};
		at += tables[i].count * tables[i].element;
	}
	return at;
}

/* Copies `n` elements that begin with `texts` texts each, whose offsets then count from `strings`. */
static void copy_table(
	void *to, const void *from, size_t n, size_t element, size_t texts, uint32_t strings)
{
	uint8_t *at = to;

	if (n)
		memcpy(to, from, n * element);
	for (size_t i = 0; i < n; i++, at += element)
		for (size_t j = 0; j < texts; j++) {
			struct image_text *t = (struct image_text *)at + j;

			t->at += t->at ? strings : 0;
		}
}

static void builder_write_rules(const struct builder *b, uint8_t *out, uint32_t strings)
{
	const struct image_header *h = (const void *)out;
	const struct placed_rule *placed = (const void *)b->rules.data;
	struct rule *rules = (void *)(out + h->rules.at);
	struct section *section = (struct section *)(out + h->sections.at) - 1;

	for (uint32_t i = 0; i < h->rules.count; i++, placed++) {
		copy_table(&rules[i], &placed->rule, 1, sizeof(*rules), 9, strings);
		if (i == 0 || placed->context != section->context || placed->id != section->id) {
			*++section = (struct section){.context = placed->context, .id = placed->id};
			for (int verb = 0; verb < RULE_VERBS; verb++)
				section->rules[verb].first = i;
		}
		section->rules[placed->rule.verb].count++;
		section->rules[placed->rule.verb].kinds |= index_kind(&placed->rule);
		section->rules[placed->rule.verb].sizes |= index_size(&placed->rule);
		for (int verb = placed->rule.verb + 1; verb < RULE_VERBS; verb++)
			section->rules[verb].first = i + 1;
	}
}

static void builder_write_identities(const struct builder *b, uint8_t *out, uint32_t strings)
{
	const struct image_header *h = (const void *)out;
	const struct placed_restriction *restrictions = (const void *)b->restrictions.data;
	const struct placed_override *overrides = (const void *)b->overrides.data;
	const struct placed_pattern *patterns = (const void *)b->patterns.data;
	struct restriction *r = (void *)(out + h->restrictions.at);
	struct override *o = (void *)(out + h->overrides.at);
	struct image_text *p = (void *)(out + h->patterns.at);

	for (uint32_t i = 0; i < h->patterns.count; i++)
		copy_table(&p[i], &patterns[i].text, 1, sizeof(*p), 1, strings);
	for (uint32_t i = 0; i < h->restrictions.count; i++)
		copy_table(&r[i], &restrictions[i].restriction, 1, sizeof(*r), 5, strings);
	for (uint32_t i = 0; i < h->overrides.count; i++)
		copy_table(&o[i], &overrides[i].override, 1, sizeof(*o), 2, strings);
}

static void builder_write(const struct builder *b, uint8_t *out, uint32_t strings)
{
	struct image_header *h = (void *)out;
	const struct placed_service *placed = (const void *)b->services.data;
	struct service *services = (void *)(out + h->services.at);

	builder_write_rules(b, out, strings);
	builder_write_identities(b, out, strings);
	for (uint32_t i = 0; i < h->services.count; i++)
		copy_table(&services[i], &placed[i].service, 1, sizeof(*services), 5, strings);
#define COPY(member, type, texts)                                                                  \
	copy_table(                                                                                \
		out + h->member.at, b->member.data, h->member.count, sizeof(type), texts, strings)
	COPY(associations, struct association, 2);
	COPY(texts, struct image_text, 1);
	COPY(listens, struct image_text, 1);
	COPY(watches, struct image_text, 1);
	COPY(complaints, struct complaint, 2);
#undef COPY
	memcpy(out + strings, b->strings.data, b->strings.size);
}

/* Appends the index of the rules that are in `out`, an image without one. */
static int builder_write_index(struct writer *out)
{
	const struct image_header *h = (const void *)out->data;
	const struct image image = {.bytes = out->data,
		.header = h,
		.rules = (const void *)(out->data + h->rules.at),
		.sections = (const void *)(out->data + h->sections.at)};
	struct writer parts[2] = {{0}};
	struct image_table tables[2];
	int r = index_build(&image, &parts[0], &parts[1]);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
		writer_bytes(out, (const uint8_t[8]){0}, -out->size & 7);
		tables[i].at = (uint32_t)out->size;
		tables[i].count =
			(uint32_t)(parts[i].size / (i ? sizeof(uint32_t) : sizeof(struct bucket)));
		if (parts[i].size > IMAGE_SIZE_MAX - out->size)
			r = -E2BIG;
		else
			writer_bytes(out, parts[i].data, parts[i].size);
	}
	if (r == 0 && out->bad)
		r = -ENOMEM;
	if (r == 0) {
		struct image_header *header = (void *)out->data;

		header->buckets = tables[0];
		header->order = tables[1];
	}
	writer_fini(&parts[0]);
	writer_fini(&parts[1]);
	return r;
}

/* The image without index; `strings`: where the strings begin in it. */
static int builder_write_base(
	const struct builder *b, struct image_header *h, uint32_t strings, struct writer *out)
{
	struct image_text *const texts[] = {&h->user, &h->type, &h->pidfile, &h->main_file};
	size_t size = strings + b->strings.size;
	void *room = writer_grow(out, size);

	if (!room)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		texts[i]->at += texts[i]->at ? strings : 0;
	memset(room, 0, size);
	memcpy(room, h, sizeof(*h));
	builder_write(b, room, strings);
	return 0;
}

int builder_finish(struct builder *b, void **ret_data, size_t *ret_size)
{
	const size_t checked = offsetof(struct image_header, size);
	struct image_header h = b->header, *written;
	struct writer out = {0};
	size_t strings;
	int r;

	if (b->error)
		return b->error;
	builder_sort(b);
	strings = builder_lay_out(b, &h);
	if (strings + b->strings.size > IMAGE_SIZE_MAX)
		return -E2BIG;
	r = builder_write_base(b, &h, (uint32_t)strings, &out);
	if (r == 0)
		r = builder_write_index(&out);
	if (r < 0) {
		writer_fini(&out);
		return r;
	}
	written = (void *)out.data;
	written->size = (uint32_t)out.size;
	written->checksum = XXH3_64bits(out.data + checked, out.size - checked);
	*ret_data = out.data;
	*ret_size = out.size;
	return 0;
}
