/* builder.c - collects rules, services and texts in any order; layout.c makes an image of them */
#include <assert.h>
#include <errno.h>

#include "base/drop.h"
#include "policy/building.h"

static const int64_t limit_defaults[LIMITS] = {
#define LIMIT(id, name, value, max) [LIMIT_##id] = value,
#include "policy/limits.def"
#undef LIMIT
};

static void builder_append(struct builder *b, struct writer *w, const void *data, size_t size)
{
	if (b->error)
		return;
	if (size > IMAGE_SIZE_MAX - w->size) {
		b->error = -E2BIG;
		return;
	}
	writer_bytes(w, data, size);
	if (w->bad)
		b->error = -ENOMEM;
}

struct builder *builder_new(void)
{
	struct builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	memcpy(b->header.magic, IMAGE_MAGIC, sizeof(b->header.magic));
	memcpy(b->header.limits, limit_defaults, sizeof(limit_defaults));
	builder_append(b, &b->strings, "", 1);
	return b;
}

void builder_free(struct builder *b)
{
	struct interned *i, *next;

	if (!b)
		return;
	HASH_ITER(hh, b->interned, i, next)
	{
		HASH_DEL(b->interned, i);
		free(i);
	}
	writer_fini(&b->strings);
	writer_fini(&b->rules);
	writer_fini(&b->services);
	writer_fini(&b->restrictions);
	writer_fini(&b->overrides);
	writer_fini(&b->patterns);
	writer_fini(&b->associations);
	writer_fini(&b->texts);
	writer_fini(&b->listens);
	writer_fini(&b->watches);
	writer_fini(&b->complaints);
	free(b);
}

struct image_header *builder_header(struct builder *b)
{
	return &b->header;
}

static struct image_text builder_intern(struct builder *b, struct slice s)
{
	DROP_HEAP struct interned *i = malloc(sizeof(*i) + s.size);
	struct image_text text = {(uint32_t)b->strings.size, (uint32_t)s.size};

	builder_append(b, &b->strings, s.text, s.size);
	builder_append(b, &b->strings, "", 1);
	if (!i || b->error) {
		b->error = b->error ? b->error : -ENOMEM;
		return (struct image_text){0};
	}
	i->text = text;
	memcpy(i->key, s.text, s.size);
	hash_failed();
	HASH_ADD_KEYPTR(hh, b->interned, i->key, s.size, i);
	if (hash_failed()) {
		b->error = -ENOMEM;
		return (struct image_text){0};
	}
	i = NULL;
	return text;
}

struct image_text builder_text(struct builder *b, struct slice s)
{
	struct interned *i = NULL;

	if (!s.text || b->error)
		return (struct image_text){0};
	if (s.size >= IMAGE_SIZE_MAX) {
		b->error = -E2BIG;
		return (struct image_text){0};
	}
	if (memchr(s.text, '\0', s.size)) {
		b->error = -EINVAL;
		return (struct image_text){0};
	}
	HASH_FIND(hh, b->interned, s.text, s.size, i);
	return i ? i->text : builder_intern(b, s);
}

void builder_rule(
	struct builder *b, enum section_context context, uint32_t id, const struct rule *rule)
{
	struct placed_rule placed = {context, id, COUNT(b->rules, struct placed_rule), *rule};

	assert(rule->verb < RULE_VERBS);
	builder_append(b, &b->rules, &placed, sizeof(placed));
}

uint32_t builder_pattern(struct builder *b, enum section_context context, struct slice pattern)
{
	const struct placed_pattern placed = {builder_text(b, pattern), context};
	const struct placed_pattern *known = (const void *)b->patterns.data;
	uint32_t n = COUNT(b->patterns, struct placed_pattern);

	for (uint32_t i = 0; i < n; i++)
		if (known[i].text.at == placed.text.at && known[i].context == context)
			return i;
	builder_append(b, &b->patterns, &placed, sizeof(placed));
	return n;
}

void builder_restriction(struct builder *b, const struct restriction *restriction)
{
	struct placed_restriction placed = {
		COUNT(b->restrictions, struct placed_restriction), *restriction};

	builder_append(b, &b->restrictions, &placed, sizeof(placed));
}

void builder_override(struct builder *b, const struct override *override)
{
	struct placed_override placed = {COUNT(b->overrides, struct placed_override), *override};

	memset(placed.override.pad, 0, sizeof(placed.override.pad));
	builder_append(b, &b->overrides, &placed, sizeof(placed));
}

void builder_service(struct builder *b, const struct service *service, const struct slice *argv)
{
	struct placed_service placed = {COUNT(b->services, struct placed_service), *service};

	placed.service.argv = COUNT(b->texts, struct image_text);
	for (uint32_t i = 0; i < service->argc; i++) {
		struct image_text text = builder_text(b, argv[i]);

		builder_append(b, &b->texts, &text, sizeof(text));
	}
	builder_append(b, &b->services, &placed, sizeof(placed));
}

void builder_association(struct builder *b, struct image_text own, struct image_text context)
{
	struct association a = {own, context};

	builder_append(b, &b->associations, &a, sizeof(a));
}

void builder_listen(struct builder *b, struct image_text address)
{
	builder_append(b, &b->listens, &address, sizeof(address));
}

void builder_watch(struct builder *b, struct image_text path)
{
	builder_append(b, &b->watches, &path, sizeof(path));
}

void builder_complaint(
	struct builder *b, int level, struct slice file, uint32_t line, struct slice text)
{
	struct complaint c = {builder_text(b, file), builder_text(b, text), line, (uint32_t)level};

	builder_append(b, &b->complaints, &c, sizeof(c));
}
