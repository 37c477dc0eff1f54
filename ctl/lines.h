/*
 * lines.h - the lines of a file that may be larger than memory, may be growing, and may be replaced
 * by another while it is read, as logs are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* What is longer is no line of ours, and passed over. */
#define LINE_MAX_SIZE (64u << 10)

struct lines;

/* `path`: "-" is standard input. `follow`: at its end more may come. 0 or -errno. */
int lines_open(const char *path, bool follow, struct lines **ret);
void lines_free(struct lines *l);
/* Goes to the end of what is there. */
void lines_skip(struct lines *l);
/* The next line without its end, borrowed until the next call: 1; 0: none (yet); -errno. */
int lines_next(struct lines *l, struct slice *ret);
/* A descriptor to poll for input while lines_next has none; -1 if there is nothing to wait for. */
int lines_fd(const struct lines *l);
void lines_woken(struct lines *l);
