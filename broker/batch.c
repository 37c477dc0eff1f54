/*
 * batch.c - collecting and sending. One sendmsg per receiver and round on the common path; what
 * the socket does not take is copied into the receiver's queue, message by message, so that each
 * is charged to its own sender.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "broker/batch.h"
#include "broker/bus.h"
#include "broker/peer.h"

int batch_init(struct batch *batch)
{
	*batch = (struct batch){.arena = malloc(BATCH_ARENA),
		.input = malloc(BATCH_INPUT),
		.boxes = calloc(BATCH_BOXES, sizeof(struct box))};
	return batch->arena && batch->input && batch->boxes ? 0 : -ENOMEM;
}

void batch_fini(struct batch *batch)
{
	free(batch->arena);
	free(batch->input);
	free(batch->boxes);
	*batch = (struct batch){0};
}

void *batch_alloc(struct bus *bus, size_t size)
{
	struct batch *b = &bus->batch;
	void *p;

	if (size > BATCH_ARENA - b->arena_used)
		return NULL;
	p = b->arena + b->arena_used;
	b->arena_used += size;
	return p;
}

void batch_trim(struct bus *bus, const void *end)
{
	bus->batch.arena_used = (size_t)((const uint8_t *)end - bus->batch.arena);
}

const void *batch_copy(struct bus *bus, const struct writer *bytes)
{
	void *copy = batch_alloc(bus, (bytes->size + 7) & ~(size_t)7);

	return copy ? memcpy(copy, bytes->data, bytes->size) : NULL;
}

void batch_settle(struct bus *bus)
{
	if (bus->batch.arena_used > BATCH_ARENA / 2)
		batch_flush(bus);
}

uint8_t *batch_input(struct bus *bus, size_t size)
{
	struct batch *b = &bus->batch;

	if (size > BATCH_INPUT - b->input_used) {
		batch_flush(bus);
		b->input_used = 0;
	}
	return b->input + b->input_used;
}

void batch_input_take(struct bus *bus, size_t size)
{
	bus->batch.input_used += size;
}

static size_t entry_room(const struct entry *e)
{
	return packet_room(e->header_size + e->body_size);
}

/* What comes of the box is settled now. */
static void box_release(const struct box *box)
{
	for (uint32_t i = 0; i < box->n; i++)
		box->entries[i].payer->promised -= entry_room(&box->entries[i]);
}

static void box_close(struct batch *b, struct box *box)
{
	struct box *last = &b->boxes[--b->used];

	box->to->out.box = NULL;
	box->n = 0;
	if (box == last)
		return;
	/* the taken boxes stay together: the last one moves here */
	memcpy(box->entries, last->entries, last->n * sizeof(last->entries[0]));
	box->to = last->to;
	box->n = last->n;
	box->to->out.box = box;
	last->n = 0;
}

/* What was not sent of a box goes into the queue. */
static void box_keep(struct box *box, size_t sent)
{
	struct peer *to = box->to;

	for (uint32_t i = 0; i < box->n && !to->out.cut; i++) {
		const struct entry *e = &box->entries[i];
		size_t size = e->header_size + e->body_size;
		struct parcel parcel = {.header = e->header,
			.header_size = e->header_size,
			.body = e->body,
			.body_size = e->body_size,
			.payer = e->payer};

		if (sent >= size) {
			sent -= size;
			continue;
		}
		/* there is room: that it could be charged was found out before it came in here */
		outgoing_queue(to, &parcel, sent);
		sent = 0;
	}
}

static void box_flush(struct batch *b, struct box *box)
{
	struct iovec iov[BOX_ENTRIES * 2];
	struct msghdr msg = {.msg_iov = iov};
	size_t total = 0;
	ssize_t n;

	for (uint32_t i = 0; i < box->n; i++) {
		const struct entry *e = &box->entries[i];

		iov[msg.msg_iovlen++] = (struct iovec){(void *)e->header, e->header_size};
		if (e->body_size)
			iov[msg.msg_iovlen++] = (struct iovec){(void *)e->body, e->body_size};
		total += e->header_size + e->body_size;
	}
	n = box->to->out.cut ? (ssize_t)total
			     : sendmsg(box->to->source.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS && errno != ENOMEM)
			outgoing_cut(box->to);
		n = 0;
	}
	box_release(box);
	if ((size_t)n < total)
		box_keep(box, (size_t)n);
	box_close(b, box);
}

bool batch_may_add(const struct peer *to, const struct parcel *parcel)
{
	return user_has_room(
		outgoing_payer(to, parcel), packet_room(parcel->header_size + parcel->body_size));
}

int batch_add(struct bus *bus, struct peer *to, const struct parcel *parcel)
{
	struct batch *b = &bus->batch;
	struct box *box = to->out.box;
	struct entry *e;

	if (box && box->n == BOX_ENTRIES) {
		box_flush(b, box);
		if (!list_is_empty(&to->out.packets))
			return outgoing_queue(to, parcel, 0);
		box = NULL;
	}
	if (!box) {
		if (b->used == BATCH_BOXES)
			box_flush(b, &b->boxes[0]);
		box = &b->boxes[b->used++];
		box->to = to;
		box->n = 0;
		to->out.box = box;
	}
	e = &box->entries[box->n++];
	*e = (struct entry){.header = parcel->header,
		.header_size = parcel->header_size,
		.body = parcel->body,
		.body_size = parcel->body_size,
		.payer = outgoing_payer(to, parcel)};
	e->payer->promised += entry_room(e);
	return 0;
}

void batch_flush_peer(struct peer *to)
{
	if (to->out.box)
		box_flush(&to->bus->batch, to->out.box);
}

void batch_send(struct bus *bus)
{
	struct batch *b = &bus->batch;

	while (b->used > 0)
		box_flush(b, &b->boxes[b->used - 1]);
}

void batch_flush(struct bus *bus)
{
	batch_send(bus);
	bus->batch.arena_used = 0;
}

void batch_forget(struct peer *to)
{
	if (!to->out.box)
		return;
	box_release(to->out.box);
	box_close(&to->bus->batch, to->out.box);
}
