/* limits.c - every limit as it holds for somebody: the bus's own, or that of a user, a unit or a name */
#include <inttypes.h>

#include "ctl/json.h"
#include "ctl/limits.h"
#include "ctl/say.h"

/* The one that decides about a limit, or NULL. */
static const struct override *override_find(const struct person *p, enum limit limit)
{
	const struct image *image = p->subject.image;
	const struct override *found = NULL;

	for (uint32_t i = 0; i < image->header->overrides.count; i++) {
		const struct override *o = &image->overrides[i];

		if (o->limit == limit &&
			override_fits(image, o, &p->identity, p->party.names, p->party.names_n))
			found = o;
	}
	return found;
}

void override_print(const struct image *image, const struct override *o, FILE *to)
{
	static const char *const whose[WHOSE] = {
		[WHOSE_USER] = "user", [WHOSE_UNIT] = "unit", [WHOSE_OWNER] = "own"};

	if (o->whose == WHOSE_USER)
		fprintf(to, "user %" PRIu32, o->uid);
	else
		fprintf(to, "%s %s", whose[o->whose], image_string(image, o->pattern));
}

static void limit_print(const struct image *image, enum limit limit, int64_t value,
	const struct override *o, struct json *j)
{
	if (j) {
		json_open(j, NULL, '{');
		json_string(j, "limit", limit_name(limit));
		json_number(j, "value", value);
		json_string(j, "file", o ? image_string(image, o->file) : NULL);
		json_number(j, "line", o ? o->line : 0);
		json_close(j, '}');
		return;
	}
	printf("%s=%" PRId64, limit_name(limit), value);
	if (o) {
		printf(", by %s:%" PRIu32 " for ", image_string(image, o->file), o->line);
		override_print(image, o, stdout);
		printf("; otherwise %" PRId64, image_limit(image, limit));
	}
	putchar('\n');
}

int limits_print(const struct person *person, const struct options *o)
{
	const struct image *image = person->subject.image;
	struct json j = {.to = stdout};
	int64_t values[LIMITS];

	if (!limits_of(
		    image, &person->identity, person->party.names, person->party.names_n, values))
		for (unsigned int i = 0; i < LIMITS; i++)
			values[i] = image_limit(image, i);
	if (o->json)
		json_open(&j, NULL, '[');
	for (unsigned int i = 0; i < LIMITS; i++)
		limit_print(image, i, values[i], override_find(person, i), o->json ? &j : NULL);
	if (o->json) {
		json_close(&j, ']');
		json_end(&j);
	}
	return STATUS_GOOD;
}
