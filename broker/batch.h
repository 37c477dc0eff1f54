/*
 * batch.h - what a round of the loop has to send, collected per receiver, so that many messages
 * cost one system call. Entries point into the round's memory: the input buffer starts over when
 * somebody wants to read into it, the arena only between two messages, so that nothing moves under
 * a message that is being routed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct bus;
struct peer;
struct user;
struct parcel;
struct writer;

#define BATCH_ARENA (1u << 20) /* headers and messages of the driver */
#define BATCH_INPUT (1u << 20) /* what was read in this round */
#define BATCH_BOXES 256 /* receivers at once */
#define BOX_ENTRIES 64 /* messages per receiver and system call */

struct entry {
	const void *header, *body;
	size_t header_size, body_size;
	struct user *payer;
};

struct box {
	struct peer *to;
	uint32_t n;
	struct entry entries[BOX_ENTRIES];
};

struct batch {
	uint8_t *arena, *input;
	size_t arena_used, input_used;
	struct box *boxes; /* BATCH_BOXES; the first `used` are taken */
	uint32_t used;
};

int batch_init(struct batch *batch);
void batch_fini(struct batch *batch);

/* `size` bytes of the arena, or NULL when it is full: then the parcel is sent as transient. The
 * caller gives back what it did not need with batch_trim. */
void *batch_alloc(struct bus *bus, size_t size);
void batch_trim(struct bus *bus, const void *end);
/* A copy there, or NULL likewise. */
const void *batch_copy(struct bus *bus, const struct writer *bytes);
/* Between two messages: makes room in the arena if it is getting full. */
void batch_settle(struct bus *bus);
/* Room to read into, at least `size` bytes; may flush. Taken with batch_input_take. */
uint8_t *batch_input(struct bus *bus, size_t size);
void batch_input_take(struct bus *bus, size_t size);

/* Whether it can be kept, should the socket not take it: if not it is to be sent at once, so that its
 * sender can be told of what cannot be kept. */
bool batch_may_add(const struct peer *to, const struct parcel *parcel);
/* Collects a parcel without fds; its memory lives until the next flush. As outgoing_queue. */
int batch_add(struct bus *bus, struct peer *to, const struct parcel *parcel);
/* Sends what was collected for one receiver; or for all, also while a message is being routed; or
 * for all, and empties the arena. */
void batch_flush_peer(struct peer *to);
void batch_send(struct bus *bus);
void batch_flush(struct bus *bus);
/* Forgets what was collected for a receiver that is gone. */
void batch_forget(struct peer *to);
