/*
 * like.c - somebody to whom a section speaks, or who meets a restriction, as an identity to ask about. A
 * pattern stands for what fits it: it fits itself, as "*" does.
 */
#include "ctl/like.h"
#include "policy/pattern.h"

/* Who is meant by a pattern of units: it is what fits it in any case. */
static void like_unit(struct identity *like, const char *pattern)
{
	size_t size = strlen(pattern), suffix = strlen(".slice");

	if (size > suffix && strcmp(pattern + size - suffix, ".slice") == 0)
		like->slices = (char *)pattern;
	else
		like->unit = (char *)pattern;
}

static void like_label(struct identity *like, const char *pattern)
{
	like->label = (char *)pattern;
	like->label_size = (uint32_t)strlen(pattern);
}

struct identity like_section(
	const struct image *image, const struct section *s, uint32_t nobody, uint32_t *groups)
{
	struct identity like = {.uid = nobody, .groups = groups};

	if (s->context == SECTION_USER)
		like.uid = s->id;
	if (s->context == SECTION_GROUP)
		groups[like.groups_n++] = s->id;
	if (s->context == SECTION_UNIT)
		like_unit(&like, image_string(image, image->patterns[s->id]));
	if (s->context == SECTION_LABEL)
		like_label(&like, image_string(image, image->patterns[s->id]));
	return like;
}

/* What two of them have in common cannot be told from here. */
static bool is_glob(const char *pattern)
{
	return strchr(pattern, '*') != NULL;
}

/* Makes `like` what a unit pattern asks, too; false if nobody can be both, for all one can tell. */
static bool like_both_units(struct identity *like, const char *asked)
{
	struct identity other = {0};

	if (pattern_fits_unit(slice_of(asked), like))
		return true;
	like_unit(&other, asked);
	if (other.slices && like->slices)
		return false;
	if (other.unit && like->unit && !pattern_fits_unit(slice_of(like->unit), &other))
		return is_glob(other.unit) && is_glob(like->unit);
	like->unit = other.unit ? other.unit : like->unit;
	like->slices = other.slices ? other.slices : like->slices;
	return true;
}

static bool like_both_labels(struct identity *like, const char *asked)
{
	struct identity other = {0};

	if (pattern_fits_label(slice_of(asked), like))
		return true;
	like_label(&other, asked);
	if (like->label && !pattern_fits_label(slice_of(like->label), &other))
		return is_glob(asked) && is_glob(like->label);
	like_label(like, asked);
	return true;
}

static bool like_both_groups(struct identity *like, uint32_t group)
{
	uint32_t at = 0;

	while (at < like->groups_n && like->groups[at] < group)
		at++;
	if (at < like->groups_n && like->groups[at] == group)
		return true;
	if (like->groups_n == LIKE_GROUPS)
		return false;
	memmove(&like->groups[at + 1], &like->groups[at],
		(like->groups_n - at) * sizeof(*like->groups));
	like->groups[at] = group;
	like->groups_n++;
	return true;
}

bool like_restricted(struct identity *like, const struct image *image, const struct restriction *r,
	uint32_t nobody)
{
	if (r->asks & ASKS_NOBODY)
		return false;
	if (r->asks & ASKS_USER) {
		if (like->uid != nobody && like->uid != r->user)
			return false;
		like->uid = r->user;
	}
	if (r->asks & ASKS_GROUP && !like_both_groups(like, r->group))
		return false;
	if (r->asks & ASKS_UNIT && !like_both_units(like, image_string(image, r->unit)))
		return false;
	return !(r->asks & ASKS_LABEL) || like_both_labels(like, image_string(image, r->label));
}
