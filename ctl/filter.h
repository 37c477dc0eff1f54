/* filter.h - which records are wanted, as the options say */
#pragma once

#include "ctl/entry.h"
#include "ctl/options.h"
#include "ctl/records.h"

struct filter {
	uint32_t uid; /* ID_NONE: anybody */
	const char *unit, *destination, *reason; /* borrowed; NULL: any */
	uint64_t since, until; /* 0: from ever, for ever */
	bool denied, allowed, permissive;
	uint64_t timeless; /* entries left out because it is not known when they were made */
};

/* 0 or -1, told to standard error. Says where records are to be read from, too. */
int filter_init(struct filter *f, const struct options *o, struct records_want *ret_want);
bool filter_passes(struct filter *f, const struct entry *e);
/* Says what was left out that might have been meant. */
void filter_fini(const struct filter *f);

/* Is the name in a list of them ("a.b,c.d,+3")? */
bool names_have(struct slice list, struct slice name);
/* Is the message for that name, as it is addressed or as one that the receiver has? */
bool entry_is_for(const struct entry *e, struct slice name);
