/*
 * flow.h - verdicts about deliveries that were given before. The key holds everything on which a
 * verdict can depend, and generations: what was true under other rules, other names or another MAC
 * policy has another key and is never found again. A table of fixed size, allocated once; what
 * does not fit (long texts, subjects of very many sections) is simply asked anew each time.
 */
#pragma once

#include "policy/verdict.h"

/* What holds for all deliveries until it changes as a whole. */
struct epoch {
	uint64_t rules; /* generation of the policy: one more at each reload */
	uint64_t mac; /* generation of the MAC policy: one more when it changed */
	bool unique_names; /* some rule for messages speaks of names that begin with ':' */
};

#define FLOW_TEXT 179
#define FLOW_TEXTS 6

/* All bytes count, up to the end of the texts; without padding. */
struct flow_key {
	uint64_t rules, mac;
	uint64_t sender[2], sender_names; /* subject.id and party.names_id; 0: the driver */
	uint64_t recipient[2], recipient_names;
	uint64_t sender_label, recipient_label; /* label.number; 0: no judge goes by labels */
	uint32_t fds;
	uint8_t type, flags;
	uint8_t present; /* bit n: text n is there (it may be empty) */
	uint8_t sizes[FLOW_TEXTS];
	char text[FLOW_TEXT]; /* path, interface, member, error, destination, first argument */
};

struct flow {
	struct flow_set *sets; /* owned */
	uint32_t sets_n; /* a power of two */
	uint64_t clock;
	uint64_t hits, misses;
};

/* Room for 4 * `sets` verdicts; `sets` a power of two. 0 or -ENOMEM. */
int flow_init(struct flow *flow, uint32_t sets);
void flow_fini(struct flow *flow);

/* False where the verdict on this request is not to be kept: not a delivery, or it does not fit. */
bool flow_key_init(struct flow_key *ret, const struct request *request, const struct epoch *epoch);
/* Brings the first argument into the key, for verdicts that depend on it. False if it does not fit. */
bool flow_key_arg0(struct flow_key *key, const struct traffic *traffic);
/* The verdict that was put under this key, or NULL. Valid until the next flow_put. */
const struct verdict *flow_find(struct flow *flow, const struct flow_key *key);
/* In place of the one of its set that was not used for longest. */
void flow_put(struct flow *flow, const struct flow_key *key, const struct verdict *verdict);

/* Whether rules for messages speak of unique names (epoch.unique_names). */
bool flow_unique_names(const struct image *image);
