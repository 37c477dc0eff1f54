/* slice.h - a borrowed run of bytes: text that is somebody else's and need not end in NUL */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* `text` NULL means absent; an empty text has a non-NULL pointer and size 0. */
struct slice {
	const char *text;
	size_t size;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})
/* for "%.*s" */
#define SLICE_FMT(s) (int)(s).size, ((s).text ? (s).text : "")

static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.text, b.text, a.size) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}

/* `prefix` itself, or `prefix` + `separator` + anything: "a.b" leads "a.b" and "a.b.c", not "a.bc" */
static inline bool slice_leads(struct slice prefix, struct slice s, char separator)
{
	return s.size >= prefix.size &&
	       (prefix.size == 0 || memcmp(s.text, prefix.text, prefix.size) == 0) &&
	       (s.size == prefix.size || s.text[prefix.size] == separator);
}
