/*
 * outgoing.h - what waits for a receiver that does not take it fast enough. Only then are bytes
 * copied to the heap, charged to their sender; a receiver's queue is shared fairly between the
 * users that write to it.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "broker/account.h"
#include "policy/image.h"

struct bus;
struct peer;
struct box;

#define PARCEL_FDS_MAX 253 /* what the kernel passes at once */

/* One message on its way to one receiver. The memory is the caller's. */
struct parcel {
	const void *header, *body;
	size_t header_size, body_size;
	const int *fds; /* borrowed; duplicated where they have to wait */
	uint32_t fds_n;
	struct user *payer; /* the sender's; NULL: the bus itself, charged to the receiver */
	struct user *giver; /* who passed the descriptors; NULL: who pays */
	bool transient; /* the memory does not live until the end of the round */
};

/* One message, or the rest of one, that waits. */
struct packet {
	struct list link; /* outgoing.packets */
	struct charge charge;
	uint32_t payer; /* uid */
	struct user *giver; /* of the descriptors: their end is charged to it */
	size_t size, sent;
	uint32_t fds_n;
	int *fds; /* owned, behind the bytes; gone after the first byte went out */
	uint8_t bytes[];
};

/* What it costs to let a parcel, or the rest of one, wait. */
static inline size_t packet_room(size_t bytes)
{
	return sizeof(struct packet) + ((bytes + 7) & ~(size_t)7);
}

/* What one user has waiting for this receiver. */
struct share {
	uint32_t uid;
	uint64_t bytes;
	uint32_t fds;
	UT_hash_handle hh;
};

struct outgoing {
	struct list packets;
	uint64_t bytes, bytes_peak;
	uint32_t fds, fds_peak;
	struct share *shares;
	struct box *box; /* in the bus's batch; NULL: nothing collected in this round */
	bool cut; /* the receiver is gone or lost bytes: nothing is sent any more */
	struct timer stalled; /* running while the queue is full and nothing is taken from it */
};

void outgoing_init(struct outgoing *out);
void outgoing_fini(struct outgoing *out);

/*
 * Is there room for this parcel? 0, or FAULT_LIMITS with the limit that is hit. Asked before a
 * delivery is promised; a receiver without a queue always has room.
 */
int outgoing_check(struct peer *to, const struct parcel *parcel, enum limit *ret_limit);

/*
 * Sends, collects into the round's batch, or queues. 0, or FAULT_LIMITS if a parcel with fds
 * cannot be kept or passed (nothing was sent then). Any other failure is the receiver's or the
 * machine's and cuts the receiver off.
 */
int outgoing_send(struct peer *to, const struct parcel *parcel);

/* Who pays for it. */
struct user *outgoing_payer(const struct peer *to, const struct parcel *parcel);
/* Queues a copy, from `skip` bytes on, behind what waits; cuts the receiver for want of memory. */
int outgoing_queue(struct peer *to, const struct parcel *parcel, size_t skip);
/* Nothing is sent any more; what the receiver still says is read until it hangs up. */
void outgoing_cut(struct peer *to);
/* The socket takes bytes again: sends what waits. */
void outgoing_flush(struct peer *to);
