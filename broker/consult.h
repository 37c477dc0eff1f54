/*
 * consult.h - questions to polkit, by way of dbus-warden-polkit (link/broker_agent.h): each has a
 * number, a deadline and somebody who waits. What is answered late, twice, under a wrong number, for
 * another action or by an agent that was replaced meanwhile is not heard.
 */
#pragma once

#include "base/hash.h"
#include "base/loop.h"
#include "broker/account.h"
#include "link/broker_agent.h"
#include "policy/image.h"

struct bus;
struct peer;

/* What became of a question. */
struct polkit_answer {
	enum agent_result result; /* AGENT_FAILED: nobody answered; text: why not */
	struct slice text;
	uint64_t took; /* microseconds */
};

/* Embedded in who waits. */
struct question {
	uint64_t id; /* 0: nothing is asked */
	struct list link; /* consult.asked, the next that is due first */
	uint64_t since, due; /* loop_now() */
	struct user *user;
	struct slice action; /* the holder's */
	void (*answered)(struct question *q, const struct polkit_answer *answer);
	UT_hash_handle hh; /* consult.questions */
};

struct consult {
	int channel; /* -1: no agent */
	struct source source;
	struct question *questions;
	struct list asked;
	struct timer timer;
	uint64_t last; /* number of a question */
	char agent[AGENT_NAME_MAX + 1]; /* unique name of its connection; "": not known yet */
	uint64_t changes; /* how often polkit said that it may answer otherwise now */
};

void consult_init(struct consult *consult);
void consult_fini(struct consult *consult);
/* A channel to an agent, owned from now on; -1: none. What the last one was asked has failed. */
void consult_set_channel(struct bus *bus, int channel);

/*
 * Asks on behalf of a connection, whose user pays for it; `ask->id` is filled in. 0, and `answered` will be called once, never
 * from here. FAULT_LIMITS with the limit. -errno: it cannot be asked, *ret_why says why.
 */
int consult_ask(struct peer *whose, struct question *q, struct agent_ask *ask,
	enum limit *ret_limit, const char **ret_why);
/* Whether this is the agent's own connection. */
bool consult_is_agent(const struct consult *consult, const struct peer *peer);
/* Nobody waits any more; harmless where nothing is asked. */
void consult_cancel(struct bus *bus, struct question *q);
