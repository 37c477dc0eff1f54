/*
 * transit.h - one message on its way, with what all its deliveries share: the form the policy
 * sees, the header as it is relayed, the descriptors.
 */
#pragma once

#include "broker/fault.h"
#include "broker/grant.h"
#include "broker/matchrule.h"
#include "broker/outgoing.h"
#include "policy/verdict.h"

struct bus;
struct peer;

/* What else may become of a delivery; not refusals. */
enum {
	TRANSIT_ASKS = FAULTS, /* the rule t->check wants polkit's word first */
	TRANSIT_WAITS, /* the message is held until polkit has spoken */
};

struct transit {
	struct bus *bus;
	struct peer *sender; /* NULL: the driver */
	const struct message *message;
	struct traffic traffic;
	struct parcel parcel; /* header NULL until it is first needed */
	struct slice sender_name; /* whom monitors see where the sender has no name yet */
	struct slice about; /* the name that a signal of the driver tells of */
	bool requested_reply;
	uint64_t route; /* number of this message: a receiver gets it once */
	struct peer *addressee; /* who the message is addressed to, where that is a peer */
	enum limit limit; /* the limit behind a FAULT_LIMITS */
	uint64_t refusals; /* that the trail had heard of when this message came */
	const struct rule *check; /* the rule behind a TRANSIT_ASKS */
	struct grant *grant; /* polkit's word on it; owned, NULL: it was not asked */
	bool by_grant; /* the last answer of the gate went by that */
	uint64_t number; /* the place that it had in a lane; 0: it did not wait */
	uint8_t *own_header; /* on the heap when the arena was full */
};

/* From a peer. `fds` are borrowed. */
void transit_init(struct transit *t, struct peer *sender, const struct message *m, const int *fds);
/* From the driver: `bytes` are a whole message, `message` its parsed form. */
void transit_init_driver(struct transit *t, struct bus *bus, const struct message *m);
void transit_fini(struct transit *t);

/* Asks the gate about one delivery; recipient NULL: the driver or a service not yet running. */
struct verdict transit_ask(const struct transit *t, const struct peer *recipient, bool eavesdrop);

/* The same of the MAC judges alone: whether none objects. */
bool transit_ask_labels(const struct transit *t);

/* What the gate would say now; nobody hears of it. */
struct verdict transit_foresee(const struct transit *t, const struct peer *recipient);

/* Refusals that no judge speaks about: told to the trail. FAULT_DENIED, FAULT_LIMITS. */
int transit_refuse(struct transit *t, const struct peer *recipient, const char *text);
int transit_refuse_limit(struct transit *t, const struct peer *recipient, enum limit limit);

/* Whether gate and limits let it through to one peer: 0, FAULT_DENIED, FAULT_LIMITS (t->limit),
 * TRANSIT_ASKS. */
int transit_admit(struct transit *t, struct peer *recipient, bool eavesdrop);
/* Sends what was admitted: 0, FAULT_FDS_REFUSED, FAULT_LIMITS, -ENOMEM; nothing went out then. */
int transit_send(struct transit *t, struct peer *recipient);
/* Both in one. */
int transit_deliver(struct transit *t, struct peer *recipient, bool eavesdrop);

/* To everybody whose match rules fit, each once; eavesdroppers too. A message with a destination
 * only goes to eavesdroppers. */
void transit_spread(struct transit *t);
/* To monitors whose rules fit; no policy is asked. */
void transit_capture(struct transit *t);
