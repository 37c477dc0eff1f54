/*
 * park.h - messages that wait for polkit's word, and those that wait behind them. When the word has
 * come a message is routed and judged again with it, by the policy and to the owner of that moment.
 * Its sender is read all the while: it may be who has to authenticate.
 */
#pragma once

#include "broker/consult.h"
#include "broker/lane.h"

/* Where a message goes once it need not wait any more. */
struct place {
	struct peer *to; /* NULL: to nobody yet, or to the driver */
	bool driver;
	bool copy; /* of a broadcast, or an eavesdropper's: for `to` alone */
	bool eavesdrop;
};

struct name_change;
struct peer;
struct rule;
struct transit;

/*
 * A rule wants polkit's word on a message to `to` (NULL: nobody owns the name yet, or it is the
 * driver's). 0: the word is there, t->grant; judge again. TRANSIT_WAITS: the message is held, or
 * sent. FAULT_DENIED, FAULT_LIMITS with t->limit, told to the trail.
 */
int park_ask(struct transit *t, struct peer *to, const struct rule *rule);
/* The same for calls to the driver about a name: RequestName, StartServiceByName. */
int park_ask_name(struct transit *t, struct slice name, const struct rule *rule);

/*
 * Whether a message to `to` (NULL as above) has to keep its place behind others of its sender's: then
 * it is held, or was refused for want of room (*ret_fault, else 0).
 */
bool park_behind(struct transit *t, struct peer *to, int *ret_fault);
/* The same for a receiver's copy of a broadcast, or an eavesdropper's. */
bool park_copy_behind(struct transit *t, struct peer *to, bool eavesdrop);

/* A name has another owner: who waits for the name waits for that one as well. */
void park_name_changed(struct bus *bus, const struct name_change *change);
/* A connection that goes: nobody is asked for it any more, what waited behind that goes out. */
void park_sender_gone(struct peer *peer);
/* A connection that has gone: what waits for it and nobody else is refused. */
void park_recipient_gone(struct peer *peer);
