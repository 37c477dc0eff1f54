/*
 * writer.h - bytes appended to a growing buffer; fails once (no memory, over the limit) and stays
 * failed. What reader.h reads is written here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct writer {
	uint8_t *data; /* owned; free with writer_fini, or take it */
	size_t size, room;
	size_t limit; /* 0: none */
	bool bad;
};

void writer_fini(struct writer *w);
/* Room for `size` more bytes at the end, or NULL (and `bad` from then on). */
void *writer_grow(struct writer *w, size_t size);
void writer_bytes(struct writer *w, const void *data, size_t size);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
void writer_text(struct writer *w, struct slice s);
