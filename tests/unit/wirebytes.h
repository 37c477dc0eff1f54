/*
 * wirebytes.h - messages written down byte for byte, in either byte order, with mistakes in them
 * where a test wants some. A text of tokens, separated by blanks:
 *
 *   y1 b1 q1 u1 t1   a number of 1, 4, 2, 4, 8 bytes at its alignment (padding is zero)
 *   s:abc            length, characters, NUL, aligned to 4 ('o' is written in the same way)
 *   g:abc            the same with a length of one byte
 *   |8               padding up to a multiple of 8
 *   =00ff            these bytes, as they are
 *   v*9              nine variants, each in the one before: their signatures "v"
 */
#pragma once

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct wirebytes {
	uint8_t data[65536];
	size_t size;
	char order; /* 'l' or 'B' */
};

static inline void wirebytes_align(struct wirebytes *w, size_t alignment)
{
	while (w->size % alignment)
		w->data[w->size++] = 0;
}

static inline void wirebytes_number(struct wirebytes *w, size_t size, uint64_t v)
{
	wirebytes_align(w, size);
	for (size_t i = 0; i < size; i++) {
		size_t byte = w->order == 'l' ? i : size - 1 - i;

		w->data[w->size++] = (uint8_t)(v >> (8 * byte));
	}
}

static inline void wirebytes_token(struct wirebytes *w, const char *token, size_t size)
{
	static const char types[] = "ybqut";
	static const uint8_t sizes[] = {1, 4, 2, 4, 8};
	const char *type = strchr(types, token[0]);
	char number[32] = {0};

	if (token[0] == 's' || token[0] == 'o' || token[0] == 'g') {
		assert(token[1] == ':');
		wirebytes_number(w, token[0] == 'g' ? 1 : 4, size - 2);
		memcpy(w->data + w->size, token + 2, size - 2);
		w->size += size - 2;
		w->data[w->size++] = 0;
		return;
	}
	if (token[0] == '=') {
		for (size_t i = 1; i < size; i += 2) {
			memcpy(number, token + i, 2);
			w->data[w->size++] = (uint8_t)strtoul(number, NULL, 16);
		}
		return;
	}
	assert(size < sizeof(number) && (type || token[0] == '|' || token[0] == 'v'));
	memcpy(number, token + 1, size - 1);
	if (token[0] == '|')
		wirebytes_align(w, strtoul(number, NULL, 10));
	else if (token[0] == 'v')
		for (unsigned long n = strtoul(number + 1, NULL, 10); n; n--)
			wirebytes_token(w, "g:v", 3);
	else
		wirebytes_number(w, sizes[type - types], strtoull(number, NULL, 0));
}

static inline void wirebytes_put(struct wirebytes *w, const char *tokens)
{
	while (*tokens) {
		size_t size = strcspn(tokens, " ");

		if (size)
			wirebytes_token(w, tokens, size);
		tokens += size + (tokens[size] == ' ');
	}
}

static inline void wirebytes_patch(struct wirebytes *w, size_t at, size_t v)
{
	size_t size = w->size;

	w->size = at;
	wirebytes_number(w, 4, v);
	w->size = size;
}

/* The whole message; lengths are filled in. `head`: type, flags, version and serial as tokens. */
static inline void wirebytes_message(
	struct wirebytes *w, char order, const char *head, const char *fields, const char *body)
{
	size_t start;

	w->size = 0;
	w->order = order;
	w->data[w->size++] = (uint8_t)order;
	wirebytes_put(w, "y0 y0 y0 u0 u0 u0");
	w->size = 1;
	while (w->size < 4) {
		size_t size = strcspn(head, " ");

		wirebytes_token(w, head, size);
		head += size + (head[size] == ' ');
	}
	w->size = 8;
	wirebytes_put(w, head);
	w->size = 16;
	wirebytes_put(w, fields);
	wirebytes_patch(w, 12, w->size - 16);
	wirebytes_align(w, 8);
	start = w->size;
	wirebytes_put(w, body);
	wirebytes_patch(w, 4, w->size - start);
}
