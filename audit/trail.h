/*
 * trail.h - the gate's one listener: decides what is recorded, and hands records to the recorder.
 * Nothing here blocks: what the recorder's socket does not take is counted, and the count goes
 * out with the next record that it takes (lost=N).
 */
#pragma once

#include "policy/gate.h"

struct trail {
	int channel; /* to the recorder; -1: records go to stderr */
	const char *bus; /* "system", "session" ...: borrowed */
	uint64_t lost; /* not yet reported */
	uint64_t sent;
};

/* `channel` is borrowed and made non-blocking. */
void trail_init(struct trail *trail, int channel, const char *bus);
/* A channel to the recorder's successor; what was lost in between is counted on. */
void trail_set_channel(struct trail *trail, int channel);
/* Says what is lost for good because no record came after it. */
void trail_fini(struct trail *trail);
/* struct gate's `note`, with the trail as its argument. Broadcast and eavesdrop deliveries that
 * are refused stay quiet, as in the reference: nobody asked for them. What is allowed is recorded
 * where the rule says log="true". */
void trail_note(void *trail, const struct request *request, const struct verdict *verdict);
