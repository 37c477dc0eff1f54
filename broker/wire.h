/*
 * wire.h - a cursor over the bytes of a message: bounds, alignment, byte order. What is read is
 * checked here and nowhere else. Private to the wire modules.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Offsets count from the first byte of the message, as the format's alignment does. */
struct wire {
	const uint8_t *bytes;
	size_t at, end;
	bool swapped;
	const char *why; /* the first thing that was wrong */
};

static inline bool wire_fail(struct wire *w, const char *why)
{
	w->why = why;
	return false;
}

static inline uint32_t wire_load_u32(const uint8_t *at, bool swapped)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

static inline void wire_store_u32(uint8_t *at, uint32_t v, bool swapped)
{
	v = swapped ? __builtin_bswap32(v) : v;
	memcpy(at, &v, sizeof(v));
}

static inline size_t wire_padded(size_t at, size_t alignment)
{
	return (at + alignment - 1) & ~(alignment - 1);
}

/* To a multiple of `alignment` (a power of two): what is skipped must be there and be zero. */
static inline bool wire_align(struct wire *w, size_t alignment)
{
	size_t to = wire_padded(w->at, alignment);

	if (to > w->end)
		return wire_fail(w, "it ends too early");
	while (w->at < to) {
		if (w->bytes[w->at++])
			return wire_fail(w, "padding is not zero");
	}
	return true;
}

static inline bool wire_skip(struct wire *w, size_t size)
{
	if (w->end - w->at < size)
		return wire_fail(w, "it ends too early");
	w->at += size;
	return true;
}

static inline bool wire_u32(struct wire *w, uint32_t *ret)
{
	if (!wire_align(w, 4) || !wire_skip(w, 4))
		return false;
	*ret = wire_load_u32(w->bytes + w->at - 4, w->swapped);
	return true;
}

/* `size` bytes and their NUL; what the bytes are is for the caller to check. */
static inline bool wire_text(struct wire *w, size_t size, struct slice *ret)
{
	const char *text = (const char *)w->bytes + w->at;

	if (w->end - w->at <= size) /* not size + 1: size_t may have 32 bits */
		return wire_fail(w, "it ends too early");
	w->at += size + 1;
	if (text[size] != '\0')
		return wire_fail(w, "a string does not end in NUL");
	*ret = (struct slice){text, size};
	return true;
}

/* The form of s and o, not yet their content. */
static inline bool wire_string(struct wire *w, struct slice *ret)
{
	uint32_t size;

	return wire_u32(w, &size) && wire_text(w, size, ret);
}

/* The form of g, not yet its content. */
static inline bool wire_signature(struct wire *w, struct slice *ret)
{
	return wire_skip(w, 1) && wire_text(w, w->bytes[w->at - 1], ret);
}
