/*
 * broker_agent.h - what dbus-warden-broker and dbus-warden-polkit say to one another, over a
 * SOCK_SEQPACKET pair that the agent finds as descriptor LINK_FD. The agent relays questions to
 * polkit and decides nothing; an answer counts only for the question whose number and action it
 * repeats. A channel is good for one agent: its successor gets another, and other numbers.
 */
#pragma once

#include "base/channel.h"
#include "base/slice.h"
#include "base/writer.h"

enum to_agent {
	TO_AGENT_ASK = 193, /* may this connection do that? */
	TO_AGENT_CANCEL, /* nobody waits for the answer any more: the number of the question */
};

enum from_agent {
	FROM_AGENT_ANSWER = 225,
	/* no fields: what polkit said before may no longer hold */
	FROM_AGENT_CHANGED,
	FROM_AGENT_NAME, /* the unique name of its connection, before it asks polkit anything */
};

#define AGENT_DETAILS 8 /* most pairs */
#define AGENT_NAME_MAX 31

struct agent_detail {
	struct slice key, value;
};

struct agent_ask {
	uint64_t id; /* never used twice */
	bool interactive; /* the user may be asked to authenticate */
	struct slice subject; /* unique name of a connection */
	struct slice action;
	uint32_t details_n;
	struct agent_detail details[AGENT_DETAILS];
};

enum agent_result {
	AGENT_AUTHORISED, /* by polkit's rules alone, or by an authentication that it remembers */
	AGENT_AUTHENTICATED, /* authorised because somebody has just authenticated */
	AGENT_REFUSED, /* not authorised */
	AGENT_CHALLENGE, /* it takes an authentication, and none was allowed */
	AGENT_DISMISSED, /* whoever was to authenticate did not want to */
	AGENT_FAILED, /* polkit could not be asked; text: why */
	AGENT_RESULTS
};

struct agent_answer {
	uint64_t id;
	enum agent_result result;
	struct slice action;
	struct slice text; /* who answered: polkit's unique name; FAILED: why */
};

/* Encoders append to an empty writer; decoders return 0 or -EBADMSG, texts lie in the letter. */
void agent_ask_write(struct writer *w, const struct agent_ask *m);
int agent_ask_read(const struct letter *l, struct agent_ask *ret);
void agent_answer_write(struct writer *w, const struct agent_answer *m);
int agent_answer_read(const struct letter *l, struct agent_answer *ret);
/* NAME */
void agent_name_write(struct writer *w, struct slice name);
int agent_name_read(const struct letter *l, struct slice *ret);
/* CANCEL */
void agent_cancel_write(struct writer *w, uint64_t id);
int agent_cancel_read(const struct letter *l, uint64_t *ret);
