/*
 * source.h - one place where records are kept. source_audit.c and source_journal.c have twins for
 * builds without the library that they need.
 */
#pragma once

#include "ctl/records.h"

struct source;

struct source_kind {
	const char *name;
	/* `path`: NULL is the usual place of this machine. 0 or -errno; -ENOSYS: not built in. */
	int (*open)(const char *path, const struct records_want *want, struct source **ret);
	void (*free)(struct source *s);
	/* 1; 0: there is none (yet); -EBADMSG: one that cannot be read, go on; -errno */
	int (*next)(struct source *s, struct entry *ret);
	/* what to poll for input while there is none; -1: nothing will come */
	int (*fd)(struct source *s);
	void (*woken)(struct source *s);
};

extern const struct source_kind source_audit, source_journal, source_text;
