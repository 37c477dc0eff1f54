/* variables.c - a name that is set again costs what it costs now: it is tried, and taken back */
#include <errno.h>
#include <stdlib.h>

#include "broker/fault.h"
#include "broker/variables.h"
#include "link/launch_broker.h"

struct variable {
	UT_hash_handle hh; /* variables.table */
	uint32_t size; /* 0: it is not set */
	uint32_t before; /* what it was when this call came */
	char name[];
};

static struct variable *find(struct variables *v, struct slice name)
{
	struct variable *one;

	HASH_FIND(hh, v->table, name.text, name.size, one);
	if (one)
		return one;
	one = calloc(1, sizeof(*one) + name.size);
	if (!one)
		return NULL;
	memcpy(one->name, name.text, name.size);
	HASH_ADD(hh, v->table, name, name.size, one);
	if (!hash_failed())
		return one;
	free(one);
	return NULL;
}

static void resize(struct variables *v, struct variable *one, uint32_t size)
{
	v->bytes = v->bytes - one->size + size;
	one->size = size;
}

/* What cannot be a variable is not set, and costs nothing. */
static int count(struct variables *v, struct slice name, struct slice value)
{
	struct variable *one;
	uint64_t size = VARIABLE_COST + name.size + value.size;

	if (name.size == 0 || memchr(name.text, '=', name.size))
		return 0;
	if (size > VARIABLES_BYTES_MAX)
		return FAULT_LIMITS;
	one = find(v, name);
	if (!one)
		return -ENOMEM;
	resize(v, one, (uint32_t)size);
	return 0;
}

int variables_count(struct variables *v, const struct slice *texts, uint32_t n)
{
	int r = 0;

	for (uint32_t i = 0; i + 1 < n && r == 0; i += 2)
		r = count(v, texts[i], texts[i + 1]);
	if (r == 0 && (v->bytes > VARIABLES_BYTES_MAX || HASH_COUNT(v->table) > VARIABLES_MAX))
		r = FAULT_LIMITS;
	return r;
}

void variables_settle(struct variables *v, bool keep)
{
	for (struct variable *one = v->table, *next; one; one = next) {
		next = one->hh.next;
		if (!keep)
			resize(v, one, one->before);
		one->before = one->size;
		if (one->size)
			continue;
		HASH_DELETE(hh, v->table, one);
		free(one);
	}
}

void variables_fini(struct variables *v)
{
	for (struct variable *one = v->table, *next; one; one = next) {
		next = one->hh.next;
		HASH_DELETE(hh, v->table, one);
		free(one);
	}
	v->bytes = 0;
}
