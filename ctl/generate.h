/*
 * generate.h - what is found out about a service, from wherever: who it is, what it owns, whom it
 * calls and who calls it. Values that cannot stand in a rule are passed over.
 */
#pragma once

#include "ctl/draft.h"
#include "ctl/options.h"
#include "ctl/wanted.h"

struct generation {
	struct slice what; /* a unit, or a bus name */
	bool is_unit;
	enum wanted_by by;
	struct draft draft; /* own rules and messages */
	struct draft restrictions; /* sections are empty */
	bool found; /* there is such a service */
	uint64_t passed_over; /* calls that no rule could be made of */
};

/* One end of a call, as far as it is known. */
struct caller {
	uint32_t uid; /* ID_NONE: nothing is known */
	struct slice unit, comm;
};

/* `name` is owned by that end; its unique name is none. 0 or -errno */
int generation_add_name(struct generation *g, const struct caller *owner, struct slice name);
/* Somebody calls something. *ret (may be NULL) is the rule, or NULL if there is none. 0 or -errno */
int generation_add_call(struct generation *g, const struct caller *caller,
	const struct wanted_message *call, struct draft_rule **ret);

/* Fills from records. 0 or -1, told. */
int generation_from_records(struct generation *g, const struct options *o);
/* Fills from the running bus, and watches it for so many seconds. 0 or -1, told. */
int generation_from_bus(struct generation *g, const struct options *o, uint32_t seconds);
