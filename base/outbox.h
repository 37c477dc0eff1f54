/*
 * outbox.h - letters for a process that may be slow to read, from one that must not wait for it: what
 * finds no room in the channel stays here, in order, until there is some.
 */
#pragma once

#include <stdbool.h>

#include "base/channel.h"
#include "base/list.h"
#include "base/loop.h"

/* Zero-initialised: nothing waits. */
struct outbox {
	struct list waiting; /* of struct sealed; initialised by the first that waits */
	size_t bytes; /* of the fields of all that wait */
};

/* The letter is sent, or waits: 0. Else -errno of channel_send, or -ENOMEM. `channel` is told of
 * EPOLLOUT, too, while something waits. How much may wait is for the caller to say: `bytes` tells. */
int outbox_send(
	struct outbox *outbox, struct source *channel, uint32_t type, const struct writer *fields);
/* The channel has room again (EPOLLOUT). 0, or -errno of channel_send but for -EAGAIN. */
int outbox_flush(struct outbox *outbox, struct source *channel);
bool outbox_is_empty(const struct outbox *outbox);
void outbox_fini(struct outbox *outbox);
