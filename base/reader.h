/*
 * reader.h - bytes read with a reader that fails once and stays failed: check `bad` at the end,
 * not at each step. Fixed-size fields are in the machine's own byte order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct reader reader_of(const void *data, size_t size)
{
	return (struct reader){data, (const uint8_t *)data + size, false};
}

static inline const void *reader_bytes(struct reader *r, size_t size)
{
	const uint8_t *p = r->at;

	if (r->bad || (size_t)(r->end - r->at) < size) {
		r->bad = true;
		return NULL;
	}
	r->at += size;
	return p;
}

static inline uint32_t reader_u32(struct reader *r)
{
	uint32_t v = 0;
	const void *p = reader_bytes(r, sizeof(v));

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t reader_u64(struct reader *r)
{
	uint64_t v = 0;
	const void *p = reader_bytes(r, sizeof(v));

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

/* A text as writer_text leaves it: length, bytes, NUL. The slice lies in the reader's data. */
static inline struct slice reader_text(struct reader *r)
{
	uint32_t size = reader_u32(r);
	/* compared first: on 32 bits the size with its NUL could wrap */
	const char *p = size < (size_t)(r->end - r->at) ? reader_bytes(r, (size_t)size + 1) : NULL;

	if (!p || p[size] != '\0') {
		r->bad = true;
		return (struct slice){"", 0};
	}
	return (struct slice){p, size};
}

/* Everything was there and nothing is left over. */
static inline bool reader_is_done(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}
