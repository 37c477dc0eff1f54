/*
 * image.c - the validator of images, and look-ups in good ones. The bytes come from another
 * process: nothing in them is used before it was found to lie inside, and a field that the writer
 * cannot have written refuses the whole image.
 */
#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/drop.h"
#include "policy/index.h"
#include "policy/sinks.h"

#define CHECKSUM_END (offsetof(struct image_header, checksum) + sizeof(uint64_t))

static const int64_t limit_bounds[LIMITS][2] = {
#define LIMIT(id, name, value, max) [LIMIT_##id] = {value, max},
#include "policy/limits.def"
#undef LIMIT
};

static bool text_is_good(const struct image *image, struct image_text t)
{
	uint32_t size = image->header->size;
	const uint8_t *p = image->bytes + t.at;

	if (!t.at)
		return t.size == 0;
	if (t.at < sizeof(struct image_header) || t.at >= size || t.size >= size - t.at)
		return false;
	/* the first NUL ends it: its two views, C string and slice, are the same */
	return memchr(p, '\0', (size_t)t.size + 1) == p + t.size;
}

static bool texts_are_good(
	const struct image *image, const struct image_text *texts, size_t n, bool required)
{
	for (size_t i = 0; i < n; i++)
		if (!text_is_good(image, texts[i]) || (required && !texts[i].at))
			return false;
	return true;
}

static const char *header_fault(const struct image *image)
{
	const struct image_header *h = image->header;
	const struct image_text texts[] = {h->user, h->type, h->pidfile, h->main_file};

	if (h->flags >= IMAGE_ALLOW_ANONYMOUS * 2 || h->auth >= AUTH_ANONYMOUS * 2 ||
		h->apparmor > APPARMOR_REQUIRED || h->user_known > 1 || !sinks_are_good(h->records))
		return "a header field is out of range";
	/* setresuid(-1) changes nothing: the process would keep what it has */
	if (h->user_known && (h->uid == ID_NONE || h->gid == ID_NONE))
		return "the bus user is not a user";
	if (!texts_are_good(image, texts, ARRAY_SIZE(texts), false))
		return "a header text is damaged";
	for (size_t i = 0; i < LIMITS; i++)
		if ((h->limits[i] < 0 && h->limits[i] != limit_bounds[i][0]) ||
			h->limits[i] > limit_bounds[i][1])
			return "a limit is out of range";
	return NULL;
}

/* What rules can do, by what they are about. */
static bool effect_is_good(const struct rule *r)
{
	static const uint8_t effects[RULE_VERBS] = {
		[RULE_CONNECT] = 1u << EFFECT_DENY | 1u << EFFECT_ALLOW,
		[RULE_OWN] = 1u << EFFECT_DENY | 1u << EFFECT_ALLOW | 1u << EFFECT_CHECK,
		[RULE_SEE] = 1u << EFFECT_DENY | 1u << EFFECT_ALLOW,
		[RULE_AUDIT_OWN] = 1u << EFFECT_AUDIT,
		[RULE_SEND] = 1u << EFFECT_DENY | 1u << EFFECT_ALLOW | 1u << EFFECT_CHECK,
		[RULE_RECEIVE] = 1u << EFFECT_DENY | 1u << EFFECT_ALLOW,
		[RULE_AUDIT] = 1u << EFFECT_AUDIT,
	};

	return r->effect <= EFFECT_AUDIT && effects[r->verb] >> r->effect & 1 &&
	       (r->effect == EFFECT_CHECK) == (r->action.at != 0) &&
	       (r->effect == EFFECT_CHECK || !r->keep) && r->on <= (ON_ALLOW | ON_DENY) &&
	       (r->effect == EFFECT_AUDIT) == (r->on != 0);
}

static bool rule_is_good(const struct image *image, const struct rule *r)
{
	const struct image_text texts[] = {r->name, r->path, r->interface, r->member, r->error,
		r->arg0, r->action, r->file, r->text};

	return texts_are_good(image, texts, ARRAY_SIZE(texts), false) && r->verb < RULE_VERBS &&
	       r->name_kind <= NAME_PREFIX && (r->name_kind == NAME_ANY) == (r->name.at == 0) &&
	       r->who <= WHO_GROUP && (r->who == WHO_ANY || r->verb == RULE_CONNECT) &&
	       r->type <= 4 && r->eavesdrop <= IS_FALSE && r->requested_reply <= IS_FALSE &&
	       r->broadcast <= IS_FALSE && r->log <= 1 && r->arg0_kind <= ARG0_PREFIX &&
	       (r->arg0_kind == ARG0_ANY) == (r->arg0.at == 0) && r->permissive <= 1 &&
	       effect_is_good(r);
}

static const char *rules_fault(const struct image *image)
{
	for (uint32_t i = 0; i < image->header->rules.count; i++)
		if (!rule_is_good(image, &image->rules[i]))
			return "a rule is damaged";
	return NULL;
}

static int section_compare(const struct section *s, uint32_t context, uint32_t id)
{
	if (s->context != context)
		return s->context < context ? -1 : 1;
	return s->id < id ? -1 : s->id > id;
}

static bool section_is_good(const struct image *image, uint32_t i)
{
	const struct section *s = &image->sections[i];

	if (s->context > SECTION_MANDATORY)
		return false;
	if (s->context == SECTION_UNIT || s->context == SECTION_LABEL) {
		if (s->id >= image->header->patterns.count)
			return false;
	} else if (s->id && s->context != SECTION_GROUP && s->context != SECTION_USER) {
		return false;
	}
	return i == 0 || section_compare(s - 1, s->context, s->id) < 0;
}

/* Runs follow one another without gap, so that each rule has one section and this walk is linear. */
static const char *sections_fault(const struct image *image)
{
	uint32_t rules_n = image->header->rules.count, at = 0;

	for (uint32_t i = 0; i < image->header->sections.count; i++) {
		if (!section_is_good(image, i))
			return "a section is damaged or out of order";
		for (uint32_t verb = 0; verb < RULE_VERBS; verb++) {
			uint32_t count = image->sections[i].rules[verb].count;

			if (image->sections[i].rules[verb].first != at || count > rules_n - at)
				return "the rules of a section are not where they must be";
			for (; count; count--, at++)
				if (image->rules[at].verb != verb)
					return "a rule stands in the wrong place";
		}
	}
	return at == rules_n ? NULL : "a rule stands in no section";
}

static int slice_compare(struct slice a, struct slice b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int order = size ? memcmp(a.text, b.text, size) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static const char *services_fault(const struct image *image)
{
	uint32_t texts_n = image->header->texts.count;

	for (uint32_t i = 0; i < image->header->services.count; i++) {
		const struct service *s = &image->services[i];
		const struct image_text texts[] = {
			s->name, s->file, s->user, s->systemd_service, s->apparmor_label};

		if (!texts_are_good(image, texts, ARRAY_SIZE(texts), false) || !s->name.at)
			return "a service is damaged";
		if (s->argv > texts_n || s->argc > texts_n - s->argv)
			return "the arguments of a service are not where they must be";
		if (i && slice_compare(
				 image_slice(image, s[-1].name), image_slice(image, s->name)) >= 0)
			return "services are out of order";
	}
	return NULL;
}

static bool restriction_is_good(const struct image *image, const struct restriction *r)
{
	const struct image_text texts[] = {r->name, r->file, r->text, r->unit, r->label};

	return texts_are_good(image, texts, ARRAY_SIZE(texts), false) && r->name.at &&
	       (r->name_kind == NAME_EXACT || r->name_kind == NAME_PREFIX) && r->asks &&
	       r->asks < ASKS_NOBODY * 2 && !(r->asks & ASKS_UNIT) == !r->unit.at &&
	       !(r->asks & ASKS_LABEL) == !r->label.at && r->revoke <= 1 && r->permissive <= 1;
}

static const char *restrictions_fault(const struct image *image)
{
	for (uint32_t i = 0; i < image->header->restrictions.count; i++) {
		const struct restriction *r = &image->restrictions[i];

		if (!restriction_is_good(image, r))
			return "a restriction is damaged";
		if (i && slice_compare(
				 image_slice(image, r[-1].name), image_slice(image, r->name)) > 0)
			return "restrictions are out of order";
	}
	return NULL;
}

static bool override_is_good(const struct image *image, const struct override *o)
{
	static const uint8_t no_pad[sizeof(o->pad)];

	return text_is_good(image, o->pattern) && text_is_good(image, o->file) &&
	       o->whose < WHOSE && (o->whose == WHOSE_USER) == !o->pattern.at &&
	       o->limit < LIMITS && o->value >= 0 && o->value <= limit_bounds[o->limit][1] &&
	       memcmp(o->pad, no_pad, sizeof(no_pad)) == 0;
}

static const char *overrides_fault(const struct image *image)
{
	for (uint32_t i = 0; i < image->header->overrides.count; i++) {
		const struct override *o = &image->overrides[i];

		if (!override_is_good(image, o))
			return "a limit of some connections is damaged";
		if (i && (o[-1].limit > o->limit ||
				 (o[-1].limit == o->limit && o[-1].whose > o->whose)))
			return "limits of some connections are out of order";
	}
	return NULL;
}

static const char *lists_fault(const struct image *image)
{
	const struct image_header *h = image->header;

	if (!texts_are_good(image, image->texts, h->texts.count, true) ||
		!texts_are_good(image, image->listens, h->listens.count, true) ||
		!texts_are_good(image, image->watches, h->watches.count, true) ||
		!texts_are_good(image, image->patterns, h->patterns.count, true))
		return "a text is damaged";
	for (uint32_t i = 0; i < h->associations.count; i++) {
		const struct association *a = &image->associations[i];
		const struct image_text texts[] = {a->own, a->context};

		if (!texts_are_good(image, texts, ARRAY_SIZE(texts), true))
			return "an association is damaged";
	}
	for (uint32_t i = 0; i < h->complaints.count; i++) {
		const struct complaint *c = &image->complaints[i];

		if (!text_is_good(image, c->file) || !text_is_good(image, c->text) || c->level > 7)
			return "a complaint is damaged";
	}
	return NULL;
}

/* Whether the bytes can be read as a header at all, and are as they were written. */
static const char *frame_fault(const void *data, size_t size)
{
	const struct image_header *h = data;

	if ((uintptr_t)data % 8 || size < sizeof(*h) || size > IMAGE_SIZE_MAX || h->size != size)
		return "its size is wrong";
	if (memcmp(h->magic, IMAGE_MAGIC, sizeof(h->magic)) != 0)
		return "it is no policy image, or one of another version";
	if (XXH3_64bits((const uint8_t *)data + CHECKSUM_END, size - CHECKSUM_END) != h->checksum)
		return "its checksum is wrong";
	return NULL;
}

/* Sets the pointers of `image` to tables that lie inside. */
static const char *tables_fault(struct image *image)
{
	const struct image_header *h = image->header;
	const struct {
		struct image_table table;
		size_t element;
		const void **at;
	} tables[] = {
#define TABLE(member) {h->member, sizeof(*image->member), (const void **)&image->member}
		TABLE(rules),
		TABLE(sections),
		TABLE(patterns),
		TABLE(restrictions),
		TABLE(overrides),
		TABLE(services),
		TABLE(associations),
		TABLE(texts),
		TABLE(listens),
		TABLE(watches),
		TABLE(complaints),
		TABLE(buckets),
		TABLE(order),
#undef TABLE
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct image_table t = tables[i].table;

		if (t.at % 8 || t.at < sizeof(*h) || t.at > h->size ||
			t.count > (h->size - t.at) / tables[i].element)
			return "a table is not where it must be";
		*tables[i].at = image->bytes + t.at;
	}
	return NULL;
}

int image_open(struct image *ret, const void *data, size_t size, const char **ret_why)
{
	static const char *(*const faults[])(const struct image *image) = {header_fault,
		rules_fault, sections_fault, restrictions_fault, overrides_fault, lists_fault,
		services_fault, index_fault};
	struct image image = {.bytes = data, .header = data};
	const char *why = frame_fault(data, size);

	if (!why)
		why = tables_fault(&image);
	for (size_t i = 0; !why && i < ARRAY_SIZE(faults); i++)
		why = faults[i](&image);
	if (why) {
		if (ret_why)
			*ret_why = why;
		return -EBADMSG;
	}
	*ret = image;
	return 0;
}

const struct section *image_section(
	const struct image *image, enum section_context context, uint32_t id)
{
	uint32_t low = 0, high = image->header->sections.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = section_compare(&image->sections[middle], context, id);

		if (order == 0)
			return &image->sections[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct service *image_service(const struct image *image, struct slice name)
{
	uint32_t low = 0, high = image->header->services.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct service *s = &image->services[middle];
		int order = slice_compare(image_slice(image, s->name), name);

		if (order == 0)
			return s;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct section *image_sections_from(const struct image *image, enum section_context context)
{
	uint32_t low = 0, high = image->header->sections.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (image->sections[middle].context < context)
			low = middle + 1;
		else
			high = middle;
	}
	return image->sections + low;
}

const struct restriction *image_restrictions(
	const struct image *image, struct slice name, uint32_t *ret_n)
{
	const struct restriction *r = image->restrictions;
	uint32_t low = 0, high = image->header->restrictions.count, end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (slice_compare(image_slice(image, r[middle].name), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	end = low;
	while (end < image->header->restrictions.count &&
		slice_equal(image_slice(image, r[end].name), name))
		end++;
	*ret_n = end - low;
	return r + low;
}

bool image_has_checks(const struct image *image)
{
	for (uint32_t i = 0; i < image->header->rules.count; i++) {
		if (image->rules[i].effect == EFFECT_CHECK)
			return true;
	}
	return false;
}
