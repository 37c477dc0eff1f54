/*
 * complaint.h - what the configuration is told about: file, line, sentence. LOG_CRIT: no image is
 * made; LOG_ERR: something was left out; LOG_WARNING, LOG_NOTICE: probably not what was meant.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <syslog.h>

#include "base/list.h"
#include "conf/arena.h"

/* How many are kept: the worst file must not fill the image with them. */
#define COMPLAINTS_MAX 4096

struct place {
	struct slice file;
	uint32_t line; /* 0: the file as a whole */
};

struct remark {
	struct list link; /* complaints.all */
	struct place at;
	int level;
	struct slice text;
};

struct complaints {
	struct arena *arena;
	struct list all; /* struct remark.link */
	uint32_t n;
	uint32_t faults; /* how many of them are of level LOG_ERR or worse */
	uint32_t unkept; /* how many came after COMPLAINTS_MAX */
};

void complaints_init(struct complaints *c, struct arena *arena);
/* Control characters in the sentence become '?'; it is cut at 1000 bytes. */
void complain(struct complaints *c, int level, const struct place *at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Says, at the end, how many were not kept, if any. */
void complaints_close(struct complaints *c, const struct place *at);
/* "FILE:LINE: sentence", or "FILE: sentence" */
struct slice remark_words(const struct remark *r, struct arena *arena);
