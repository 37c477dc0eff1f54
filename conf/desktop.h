/*
 * desktop.h - key files in the manner of the desktop entry specification: [Section], Key=value,
 * Key[locale]=value, # comment. Lines may end in CR LF. Strict: one bad line spoils the file.
 */
#pragma once

#include <stdint.h>

#include "conf/arena.h"

struct desktop_entry {
	struct slice section, key;
	struct slice locale; /* absent where there is none */
	struct slice value; /* unescaped */
	uint32_t line;
};

struct desktop {
	struct desktop_entry *entries; /* in the arena */
	uint32_t n;
};

#define DESKTOP_BAD 1

/* 0; -ENOMEM; DESKTOP_BAD with the line and a constant sentence. */
int desktop_parse(struct arena *arena, struct slice data, struct desktop *ret, uint32_t *ret_line,
	const char **ret_why);
/* The first entry without locale in the first section of that name that has entries; NULL if there
 * is none. */
const struct desktop_entry *desktop_find(
	const struct desktop *d, const char *section, const char *key);
