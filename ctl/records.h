/*
 * records.h - the records that a bus left behind, one after the other, from wherever they are kept:
 * the kernel's audit trail, the journal, or a file. Nothing is held in memory but the one at hand.
 */
#pragma once

#include "ctl/entry.h"

struct records;

struct records_want {
	/* "audit", "journal", a file, a folder of journal files, "-"; NULL: audit and journal */
	const char *from;
	bool session; /* of one's own session bus; otherwise what root and the bus user wrote */
	bool follow; /* wait for more at the end */
	bool fresh; /* what is there already is not wanted */
	uint64_t since; /* what is older need not be given; 0: all */
};

/* 0 or -1, told to standard error. */
int records_open(struct records **ret, const struct records_want *want);
/* Says what could not be read. */
void records_close(struct records *r);
/* The next one, borrowed until the next call, by time where there are several sources. 1; 0: there
 * is none; -1, told. */
int records_next(struct records *r, const struct entry **ret);
