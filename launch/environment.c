/* environment.c - a list searched from end to end: it is short, and starting a program is not */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/drop.h"
#include "launch/environment.h"
#include "link/launch_broker.h"

/* Where `name` stands, or the end. */
static size_t find(const struct environment *e, struct slice name)
{
	for (size_t i = 0; i < e->n; i++) {
		const char *text = e->array[i];

		if (strncmp(text, name.text, name.size) == 0 && text[name.size] == '=')
			return i;
	}
	return e->n;
}

static bool has_byte(struct slice s, char c)
{
	return s.size && memchr(s.text, c, s.size);
}

static size_t cost(const char *text)
{
	return strlen(text) - 1 + VARIABLE_COST;
}

int environment_set(struct environment *e, struct slice name, struct slice value)
{
	size_t at, bytes;
	char *text;

	if (name.size == 0 || has_byte(name, '=') || has_byte(name, '\0') || has_byte(value, '\0'))
		return -EINVAL;
	at = find(e, name);
	if (at == ENVIRONMENT_MAX)
		return -E2BIG;
	bytes = e->bytes - (at < e->n ? cost(e->array[at]) : 0) + name.size + value.size +
		VARIABLE_COST;
	if (e->bytes_max && bytes > e->bytes_max)
		return -E2BIG;
	if (asprintf(&text, "%.*s=%.*s", SLICE_FMT(name), SLICE_FMT(value)) < 0)
		return -ENOMEM;
	if (at == e->n) {
		char **array = realloc(e->array, (e->n + 2) * sizeof(*array));

		if (!array) {
			free(text);
			return -ENOMEM;
		}
		e->array = array;
		e->array[++e->n] = NULL;
	} else {
		free(e->array[at]);
	}
	e->array[at] = text;
	e->bytes = bytes;
	return 0;
}

int environment_copy(struct environment *e, char *const *from)
{
	int r = 0;

	for (; *from && r != -ENOMEM; from++) {
		size_t n = strcspn(*from, "=");

		if ((*from)[n])
			r = environment_set(e, (struct slice){*from, n}, slice_of(*from + n + 1));
	}
	return r == -ENOMEM ? r : 0;
}

void environment_unset(struct environment *e, const char *name)
{
	size_t at = find(e, slice_of(name));

	if (at == e->n)
		return;
	e->bytes -= cost(e->array[at]);
	free(e->array[at]);
	e->array[at] = e->array[--e->n];
	e->array[e->n] = NULL;
}

void environment_fini(struct environment *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->array[i]);
	free(e->array);
	*e = (struct environment){0};
}
