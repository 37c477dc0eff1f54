/* address.c - addresses taken apart and escaped; strict, as a typo must not move a socket */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/drop.h"
#include "launch/address.h"

/* Bytes that may stand for themselves in a value. */
static bool is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("-_/.\\*", c));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Unescapes in place. */
static const char *unescape(char *value)
{
	char *to = value;

	for (const char *c = value; *c; c++) {
		int high, low;

		if (*c != '%') {
			if (!is_plain((unsigned char)*c))
				return "a character of a value should have been escaped";
			*to++ = *c;
			continue;
		}
		high = hex_digit(c[1]);
		low = high < 0 ? -1 : hex_digit(c[2]);
		if (low < 0)
			return "'%' is not followed by two hexadecimal digits";
		if (high == 0 && low == 0)
			return "a value contains a NUL byte";
		*to++ = (char)(high << 4 | low);
		c += 2;
	}
	*to = '\0';
	return NULL;
}

/* Splits "key=value,key=value" in place; a comma may end it. */
static const char *split_pairs(struct address *a, char *text)
{
	while (*text) {
		char *end = text + strcspn(text, ",");
		char *value = strchr(text, '=');
		char *next = *end ? end + 1 : end;
		const char *why;

		*end = '\0';
		if (!value || value > end || value == text || !value[1])
			return "a key has no value";
		if (a->pairs_n == ADDRESS_KEYS)
			return "there are too many keys";
		*value++ = '\0';
		why = unescape(value);
		if (why)
			return why;
		a->pairs[a->pairs_n].key = text;
		a->pairs[a->pairs_n++].value = value;
		text = next;
	}
	return NULL;
}

int address_next(const char **at, struct address *ret, const char **ret_why)
{
	size_t size = strcspn(*at, ";");
	struct address a = {.buffer = strndup(*at, size)};
	const char *why;
	char *colon;

	if (!a.buffer)
		return -ENOMEM;
	a.transport = a.buffer;
	colon = strchr(a.buffer, ':');
	if (colon && colon != a.buffer) {
		*colon = '\0';
		why = split_pairs(&a, colon + 1);
	} else {
		why = "an address begins with a transport and a colon";
	}
	if (why) {
		address_fini(&a);
		*ret_why = why;
		return -EINVAL;
	}
	*at += size;
	if (**at == ';')
		(*at)++;
	*ret = a;
	return 0;
}

void address_fini(struct address *a)
{
	free(a->buffer);
	*a = (struct address){0};
}

const char *address_get(const struct address *a, const char *key)
{
	for (size_t i = 0; i < a->pairs_n; i++) {
		if (strcmp(a->pairs[i].key, key) == 0)
			return a->pairs[i].value;
	}
	return NULL;
}

char *address_escape(const char *value)
{
	char *text = malloc(strlen(value) * 3 + 1);
	char *to = text;

	if (!text)
		return NULL;
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (is_plain(c))
			*to++ = (char)c;
		else
			to += sprintf(to, "%%%02x", c);
	}
	*to = '\0';
	return text;
}
