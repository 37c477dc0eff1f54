/* limit.c - the names of limits, both ways, from the one table */
#include <assert.h>
#include <string.h>

#include "policy/pattern.h"

static const char *const limit_names[LIMITS] = {
#define LIMIT(id, name, value, max) [LIMIT_##id] = name,
#include "policy/limits.def"
#undef LIMIT
};

/* Counted per connection or per user: the others are of the bus as a whole. */
static const bool personal[LIMITS] = {
	[LIMIT_MAX_OUTGOING_BYTES] = true,
	[LIMIT_MAX_OUTGOING_UNIX_FDS] = true,
	[LIMIT_MAX_MESSAGE_SIZE] = true,
	[LIMIT_MAX_MESSAGE_UNIX_FDS] = true,
	[LIMIT_MAX_CONNECTIONS_PER_USER] = true,
	[LIMIT_MAX_NAMES_PER_CONNECTION] = true,
	[LIMIT_MAX_MATCH_RULES_PER_CONNECTION] = true,
	[LIMIT_MAX_REPLIES_PER_CONNECTION] = true,
	[LIMIT_STALLED_RECEIVER_TIMEOUT] = true,
	[LIMIT_MAX_POLKIT_CHECKS_PER_USER] = true,
	[LIMIT_MAX_PARKED_MESSAGES_PER_USER] = true,
};

bool limit_is_personal(enum limit limit)
{
	return personal[limit];
}

const char *limit_name(enum limit limit)
{
	assert((unsigned int)limit < LIMITS);
	return limit_names[limit];
}

enum limit limit_find(const char *name)
{
	unsigned int i = 0;

	while (i < LIMITS && strcmp(limit_names[i], name) != 0)
		i++;
	return (enum limit)i;
}

bool override_fits(const struct image *image, const struct override *o,
	const struct identity *identity, const struct slice *names, uint32_t names_n)
{
	struct slice pattern = image_slice(image, o->pattern);

	if (o->whose == WHOSE_USER)
		return o->uid != ID_NONE && o->uid == identity->uid;
	if (o->whose == WHOSE_UNIT)
		return pattern_fits_unit(pattern, identity);
	for (uint32_t i = 0; i < names_n; i++)
		if (slice_equal(names[i], pattern))
			return true;
	return false;
}

bool limits_of(const struct image *image, const struct identity *identity,
	const struct slice *names, uint32_t names_n, int64_t ret[LIMITS])
{
	bool any = false;

	/* sorted by what has precedence: the last that fits is the one */
	for (uint32_t i = 0; i < image->header->overrides.count; i++) {
		const struct override *o = &image->overrides[i];

		if (!override_fits(image, o, identity, names, names_n))
			continue;
		if (!any)
			memcpy(ret, image->header->limits, sizeof(image->header->limits));
		ret[o->limit] = o->value;
		any = true;
	}
	return any;
}

bool limits_by_name(const struct image *image)
{
	for (uint32_t i = 0; i < image->header->overrides.count; i++)
		if (image->overrides[i].whose == WHOSE_OWNER)
			return true;
	return false;
}
