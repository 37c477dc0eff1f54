/*
 * wanted.h - what somebody did or was refused, as the smallest rule that admits it and nothing more;
 * or why there is no such rule. What it is made of comes from clients: only what can stand in a
 * rule as it is comes into one.
 */
#pragma once

#include "base/writer.h"
#include "ctl/entry.h"

enum hope {
	HOPE_RULE, /* the rule admits just that */
	HOPE_WIDE, /* it admits more than that: `why` says what */
	HOPE_NONE, /* no rule can help: `why` */
};

/* Sections are told apart by unit where it says who somebody is, else by user. */
enum wanted_by { BY_BEST, BY_USER, BY_UNIT };

#define WANTED_SECTION_SIZE 200

struct wanted {
	enum hope hope;
	unsigned int end; /* RECORD_SENDER or RECORD_PEER: to whom the rule speaks */
	/* the attribute of <policy>; without a rule it says only whom it was about */
	char section[WANTED_SECTION_SIZE];
	struct writer rule; /* owned: <allow .../>, without NUL */
	const char *why; /* a constant sentence */
};

/* What --by says; NULL: BY_BEST. 0 or -1, told. */
int wanted_by_read(const char *word, enum wanted_by *ret);
/* The first name of a list of them ("a.b,c.d,+3") that is there as a whole; absent. */
struct slice names_first(const struct record_value *names);

/* Of a record, whatever its result. 0 or -ENOMEM; wanted_fini in any case. */
int wanted_of(struct wanted *ret, const struct entry *e, enum wanted_by by);
void wanted_fini(struct wanted *w);

/* What a rule about a message says; absent texts are left out. */
struct wanted_message {
	const char *direction; /* "send" or "receive" */
	struct slice name, type, interface, member, path, error;
};

/* Writes <allow .../>, and nothing if one of the values cannot stand there; false then. */
bool wanted_write_message(struct writer *w, const struct wanted_message *m);
bool wanted_write_own(struct writer *w, struct slice name);
/* "user=\"1000\"" or "unit=\"a.service\"" */
void wanted_section(
	char buf[WANTED_SECTION_SIZE], uint32_t uid, struct slice unit, enum wanted_by by);
/* Is it a service of the system, whose name no user can choose? */
bool unit_is_of_system(struct slice unit);
/* Something for a comment: no byte that may not stand there, no two hyphens behind one another. */
void wanted_write_comment(struct writer *w, struct slice text);
