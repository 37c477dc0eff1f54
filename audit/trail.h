/*
 * trail.h - the gate's one listener: decides what is recorded, and hands records to the recorder.
 * Nothing here blocks, and nothing vanishes: decisions that are the same are counted (fold.h), what
 * the recorder's socket does not take waits and is counted on, and what a recorder took and did not
 * live to write is told by the next record that is taken (lost=N).
 */
#pragma once

#include "audit/fold.h"
#include "audit/record.h"
#include "base/loop.h"
#include "policy/gate.h"

#define TRAIL_FLYING 1024 /* records that the recorder has and did not answer for; a power of two */

struct trail {
	int channel; /* to the recorder; -1: records go to stderr */
	const char *bus; /* "system", "session" ...: borrowed */
	/* a pidfd of the party's process, borrowed, or -1; NULL: there is none of anybody */
	int (*pidfd)(const struct party *party);
	uint64_t lost; /* not yet reported */
	uint64_t sent;
	uint64_t refusals; /* that were noted, be they recorded or quiet */

	struct loop *loop; /* NULL: nothing is folded */
	struct folds folds;
	struct timer timer; /* of the first fold that is due */

	/* since this recorder began: records handed over, and answered for; for how many decisions
	 * each of those between them stands */
	uint64_t handed, done;
	uint64_t flying[TRAIL_FLYING];
};

/* `channel` is borrowed and made non-blocking. */
void trail_init(struct trail *trail, int channel, const char *bus);
/* From now on decisions are folded, with this loop's clock. */
void trail_fold(struct trail *trail, struct loop *loop);
/* A channel to the recorder's successor, in place of the old one, which is still open and may be
 * closed afterwards; the successor is told of what was lost. */
void trail_set_channel(struct trail *trail, int channel);
/* Hands over what is still counted only, for which the recorder has a second, and says what is lost for
 * good. */
void trail_fini(struct trail *trail);
/* struct gate's `note`, with the trail as its argument. Broadcast and eavesdrop deliveries that
 * are refused stay quiet, as in the reference: nobody asked for them. What is allowed is recorded
 * where an <audit> or the rule (log="true") says so. */
void trail_note(void *trail, const struct request *request, const struct verdict *verdict);
/* What is allowed and always recorded, whatever the policy says of it. */
void trail_always(struct trail *trail, const struct request *request, const char *text);
/* What happens to the bus itself; never folded. */
void trail_event(struct trail *trail, const struct record_event *event);
