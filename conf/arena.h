/*
 * arena.h - memory that lives as long as one compilation: nothing in it is freed on its own. Fails
 * once and stays failed: callers may check `bad` at the end of a step.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	bool bad;
};

void arena_fini(struct arena *a);
/* Zeroed and aligned for anything; NULL (and `bad` from then on) if there is no memory. */
void *arena_take(struct arena *a, size_t size);
/* A copy that ends in NUL; absent stays absent, and is what a failure gives. */
struct slice arena_text(struct arena *a, struct slice s);
struct slice arena_print(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
struct slice arena_vprint(struct arena *a, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
