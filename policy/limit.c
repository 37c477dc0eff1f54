/* limit.c - the names of limits, both ways, from the one table */
#include <assert.h>
#include <string.h>

#include "policy/image.h"

static const char *const names[LIMITS] = {
#define LIMIT(id, name, value, max) [LIMIT_##id] = name,
#include "policy/limits.def"
#undef LIMIT
};

/* Counted per connection or per user: the others are of the bus as a whole. */
static const bool personal[LIMITS] = {
	[LIMIT_MAX_INCOMING_BYTES] = true,
	[LIMIT_MAX_INCOMING_UNIX_FDS] = true,
	[LIMIT_MAX_OUTGOING_BYTES] = true,
	[LIMIT_MAX_OUTGOING_UNIX_FDS] = true,
	[LIMIT_MAX_MESSAGE_SIZE] = true,
	[LIMIT_MAX_MESSAGE_UNIX_FDS] = true,
	[LIMIT_MAX_CONNECTIONS_PER_USER] = true,
	[LIMIT_MAX_NAMES_PER_CONNECTION] = true,
	[LIMIT_MAX_MATCH_RULES_PER_CONNECTION] = true,
	[LIMIT_MAX_REPLIES_PER_CONNECTION] = true,
};

bool limit_is_personal(enum limit limit)
{
	return personal[limit];
}

const char *limit_name(enum limit limit)
{
	assert((unsigned int)limit < LIMITS);
	return names[limit];
}

enum limit limit_find(const char *name)
{
	unsigned int i = 0;

	while (i < LIMITS && strcmp(names[i], name) != 0)
		i++;
	return (enum limit)i;
}
