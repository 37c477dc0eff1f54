/* arena.c - a chain of blocks, each twice filled at most; what is large gets a block of its own */
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/arena.h"

#define BLOCK_SIZE 65536

struct arena_block {
	struct arena_block *next;
	size_t used, room;
	alignas(max_align_t) char bytes[];
};

void arena_fini(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
}

void *arena_take(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	void *p;

	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (a->bad)
		return NULL;
	if (!b || b->room - b->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = calloc(1, sizeof(*b) + room);
		if (!b) {
			a->bad = true;
			return NULL;
		}
		b->room = room;
		b->next = a->blocks;
		a->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += size;
	return p;
}

struct slice arena_text(struct arena *a, struct slice s)
{
	char *copy = s.text ? arena_take(a, s.size + 1) : NULL;

	if (!copy)
		return (struct slice){NULL, 0};
	memcpy(copy, s.text, s.size);
	return (struct slice){copy, s.size};
}

struct slice arena_vprint(struct arena *a, const char *format, va_list args)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		a->bad = true;
	text = arena_take(a, (size_t)n + 1);
	if (!text)
		return (struct slice){NULL, 0};
	vsnprintf(text, (size_t)n + 1, format, args);
	return (struct slice){text, (size_t)n};
}

struct slice arena_print(struct arena *a, const char *format, ...)
{
	struct slice text;
	va_list args;

	va_start(args, format);
	text = arena_vprint(a, format, args);
	va_end(args);
	return text;
}
