/*
 * transit.h - one message on its way, with what all its deliveries share: the form the policy
 * sees, the header as it is relayed, the descriptors.
 */
#pragma once

#include "broker/matchrule.h"
#include "broker/outgoing.h"
#include "policy/verdict.h"

struct bus;
struct peer;

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

/* Whether gate and limits let it through to one peer: 0, FAULT_DENIED, FAULT_LIMITS (t->limit). */
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
