/* shell.h - splits a command line as a shell would, without expanding anything */
#pragma once

#include <stdint.h>

#include "conf/arena.h"

#define SHELL_BAD 1

/*
 * Quotes '...' and "..." (in which a backslash frees only " \ ` $ and newline), backslash outside,
 * '#' at the beginning of a word for a comment. 0 (one or more words); -ENOMEM; SHELL_BAD with a
 * constant sentence.
 */
int shell_split(struct arena *arena, struct slice text, struct slice **ret_words, uint32_t *ret_n,
	const char **ret_why);
