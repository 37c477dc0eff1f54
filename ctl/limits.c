/* limits.c - every limit as it holds for somebody: the bus's own, or that of a user, a unit or a name */
#include <inttypes.h>
#include <stdlib.h>

#include "base/drop.h"
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

int limits_print(const struct person *person, const struct options *o, bool all)
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
	for (unsigned int i = 0; i < LIMITS; i++) {
		const struct override *own = override_find(person, i);

		if (own || all)
			limit_print(image, i, values[i], own, o->json ? &j : NULL);
	}
	if (o->json) {
		json_close(&j, ']');
		json_end(&j);
	}
	return STATUS_GOOD;
}

/* The value of a limit for those whom `like` names, in another image; -1: there is none. */
static int64_t override_value(
	const struct image *image, const struct override *like, const struct image *from)
{
	int64_t value = -1;

	for (uint32_t i = 0; i < image->header->overrides.count; i++) {
		const struct override *o = &image->overrides[i];

		if (o->limit == like->limit && o->whose == like->whose &&
			(o->whose == WHOSE_USER ? o->uid == like->uid
						: slice_equal(image_slice(image, o->pattern),
							  image_slice(from, like->pattern))))
			value = o->value;
	}
	return value;
}

/* `o`: whose it is, in `image`; NULL: everybody's. -1: there is no such limit. */
static void limit_change_print(enum limit limit, const struct image *image,
	const struct override *o, const int64_t values[2], struct json *j)
{
	static const char *const keys[] = {"before", "after"};
	DROP_HEAP char *whose = NULL;
	size_t size;
	FILE *to = o ? open_memstream(&whose, &size) : NULL;

	if (to) {
		override_print(image, o, to);
		fclose(to);
	}
	if (j) {
		json_open(j, NULL, '{');
		json_string(j, "limit", limit_name(limit));
		json_string(j, "of", whose);
		for (int i = 0; i < 2; i++) {
			if (values[i] < 0 && o)
				json_string(j, keys[i], NULL);
			else
				json_number(j, keys[i], values[i]);
		}
		json_close(j, '}');
		return;
	}
	printf("~ limit %s%s%s: ", limit_name(limit), whose ? " of " : "", whose ? whose : "");
	for (int i = 0; i < 2; i++) {
		if (values[i] < 0 && o)
			printf("none%s", i ? "\n" : " -> ");
		else
			printf("%" PRId64 "%s", values[i], i ? "\n" : " -> ");
	}
}

/* Whether an earlier one of the image says the same, which then counts no more. */
static bool override_is_repeated(const struct image *image, uint32_t at)
{
	const struct override *o = &image->overrides[at];

	for (uint32_t i = 0; i < at; i++)
		if (image->overrides[i].limit == o->limit &&
			image->overrides[i].whose == o->whose &&
			image->overrides[i].uid == o->uid &&
			slice_equal(image_slice(image, image->overrides[i].pattern),
				image_slice(image, o->pattern)))
			return true;
	return false;
}

uint32_t limits_compare(const struct policy *const policies[2], struct json *j)
{
	const struct image *both[] = {&policies[0]->image, &policies[1]->image};
	uint32_t changes = 0;

	for (unsigned int i = 0; i < LIMITS; i++) {
		int64_t values[] = {image_limit(both[0], i), image_limit(both[1], i)};

		if (values[0] == values[1])
			continue;
		limit_change_print(i, NULL, NULL, values, j);
		changes++;
	}
	for (int side = 0; side < 2; side++)
		for (uint32_t i = 0; i < both[side]->header->overrides.count; i++) {
			const struct override *o = &both[side]->overrides[i];
			int64_t values[] = {override_value(both[0], o, both[side]),
				override_value(both[1], o, both[side])};

			/* what both have was told of the first */
			if (values[0] == values[1] || (side == 1 && values[0] >= 0) ||
				override_is_repeated(both[side], i))
				continue;
			limit_change_print(o->limit, both[side], o, values, j);
			changes++;
		}
	return changes;
}
