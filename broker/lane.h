/*
 * lane.h - who waits behind whom: messages from one sender to one recipient stay in the order in
 * which they came, and nobody else's wait for them. Sender and recipient are numbers: of a
 * connection, of the bus, of a name that a message is addressed to. A message may have to keep its
 * place for several recipients (a name, and who owns it now); then their lanes become one.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"

/* Numbers of connections are smaller. */
#define LANE_DRIVER (1ull << 63)
#define LANE_NAME                                                                                  \
	(1ull << 62) /* + a hash: two names with one are kept in order, more than need be */

struct lanes {
	struct lane_pair *pairs;
	struct lane_target *targets;
	uint64_t number; /* of the last message that came */
};

struct lane {
	struct lanes *lanes;
	struct list waiting; /* lane_place.link, by number */
	struct list pairs; /* lane_pair.lane_link */
	bool held; /* lives on without anybody in it */
};

/* A place in a lane, embedded in what waits. */
struct lane_place {
	struct list link;
	struct lane *lane;
	uint64_t number; /* as the messages came; 0: it comes now */
};

/* NULL: nothing of this sender waits for that recipient. */
struct lane *lane_find(const struct lanes *lanes, uint64_t sender, uint64_t recipient);
/* Behind whatever came before it from this sender for any of these recipients. 0 or -ENOMEM. */
int lane_join(struct lanes *lanes, struct lane_place *w, uint64_t sender,
	const uint64_t *recipients, uint32_t n);
/* What waits for `from`, from whomever, keeps its place for `to` as well. 0 or -ENOMEM. */
int lanes_extend(struct lanes *lanes, uint64_t from, uint64_t to);
/* A lane that keeps order for this recipient, who is gone, and no longer does; NULL: none is left. */
struct lane *lanes_forget(struct lanes *lanes, uint64_t recipient);
/* Gives up its place; harmless without one. The lane goes with its last, if it is not held. */
void lane_leave(struct lane_place *w);
struct lane_place *lane_first(const struct lane *lane);
/* While held a lane is there, and others that come together with it are merged into it. */
void lane_hold(struct lane *lane);
void lane_release(struct lane *lane);
