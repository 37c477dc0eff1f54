/* limit.c - the names of limits, both ways, from the one table */
#include <assert.h>
#include <string.h>

#include "policy/image.h"

static const char *const names[LIMITS] = {
#define LIMIT(id, name, value, max) [LIMIT_##id] = name,
#include "policy/limits.def"
#undef LIMIT
};

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
