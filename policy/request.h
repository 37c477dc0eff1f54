/* request.h - one question for the gate: may this subject connect, own, or send this to that? */
#pragma once

#include "base/slice.h"
#include "policy/subject.h"

enum verb {
	VERB_CONNECT,
	VERB_OWN,
	VERB_SEND, /* one delivery: the sender's send rules and the recipient's receive rules */
	/* refusals that no judge speaks about, but which are recorded in the same shape: */
	VERB_DRIVER, /* a driver method with a check of its own */
	VERB_MONITOR, /* BecomeMonitor */
	VERB_ACTIVATE, /* starting a service */
	VERB_PROTOCOL, /* a violation that disconnects */
	VERB_SEE, /* whether a connection is told of a name; asked of the gate, and never recorded */
	VERBS
};

/* One end of a delivery. The bus driver is no party: its end is NULL. */
struct party {
	const struct subject *subject;
	/* unique name first, then each name owned or queued for (both count in rules) */
	const struct slice *names;
	uint32_t names_n;
	/* another one at each change of `names`, never of two parties; 0: verdicts are not kept */
	uint64_t names_id;
};

/* What rules can say about a message. Absent fields have text NULL. */
struct traffic {
	uint8_t type; /* 1..4 */
	bool is_reply; /* REPLY_SERIAL is not 0, whatever the type */
	bool broadcast; /* a signal without destination */
	uint32_t fds;
	struct slice path, interface, member, error, destination;
	/* the first argument if it is a string, else NULL; only read where a rule speaks of it, by
	 * this function of `message` (traffic_arg0) */
	struct slice arg0;
	struct slice (*read_arg0)(const void *message);
	const void *message;
};

static inline struct slice traffic_arg0(const struct traffic *t)
{
	return t->read_arg0 ? t->read_arg0(t->message) : t->arg0;
}

/* What polkit said of a request that waited for its word: true of that action and nobody else's. */
struct consent {
	struct slice action;
	bool authorised;
	const char *text; /* who answered, how: for records */
};

struct request {
	enum verb verb;
	/* CONNECT, OWN: who asks. SEND: the sender, NULL for the driver. */
	const struct party *sender;
	/* SEND: the recipient; NULL for the driver or a service that is not running yet */
	const struct party *recipient;
	const struct traffic *traffic; /* SEND (and DRIVER, MONITOR, ACTIVATE: the call) */
	struct slice name; /* OWN, SEE: which name */
	bool requested_reply; /* SEND: answers a call that is waiting for it */
	bool eavesdrop; /* SEND: recipient is not who the message is addressed to */
	const struct consent *consent; /* NULL: polkit was not asked */
	uint32_t bus_uid; /* CONNECT: the uid the bus runs as, allowed where no rule speaks */
};
