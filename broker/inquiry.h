/* inquiry.h - what polkit is asked about a message, and what its answer makes of the grant */
#pragma once

#include "base/writer.h"
#include "broker/consult.h"
#include "broker/grant.h"

struct peer;
struct rule;
struct transit;

/* Texts are borrowed from the message. */
struct inquiry {
	struct agent_ask ask;
	uint32_t keep; /* for how many seconds the answer is good; 0: once */
	struct writer key; /* if it is: by what it is found again */
	char uid[16];
};

/* `name`: which is to be owned; text NULL: a call. */
void inquiry_init(
	struct inquiry *q, const struct transit *t, const struct rule *rule, struct slice name);
void inquiry_fini(struct inquiry *q);

/* The answer that needs no asking, owned by the caller: kept, or about somebody who is exempt; else
 * NULL. */
struct grant *inquiry_at_hand(struct inquiry *q, const struct transit *t, const struct peer *to);

void inquiry_answered(struct grant *grant, const struct polkit_answer *answer, bool interactive);
void inquiry_failed(struct grant *grant, const char *why);
