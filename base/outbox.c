/*
 * outbox.c - a letter that waits is a copy of its fields; one comes after all that wait already, or
 * the other side would hear things in an order in which they were not said.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/outbox.h"

struct sealed {
	struct list link;
	uint32_t type;
	struct writer fields;
};

bool outbox_is_empty(const struct outbox *outbox)
{
	return !list_is_linked(&outbox->waiting);
}

static void sealed_free(struct outbox *outbox, struct sealed *letter)
{
	outbox->bytes -= letter->fields.size;
	list_unlink(&letter->link);
	writer_fini(&letter->fields);
	free(letter);
}

static int outbox_keep(
	struct outbox *outbox, struct source *channel, uint32_t type, const struct writer *fields)
{
	struct sealed *letter = calloc(1, sizeof(*letter));
	int r;

	if (!letter)
		return -ENOMEM;
	letter->type = type;
	if (fields)
		writer_bytes(&letter->fields, fields->data, fields->size);
	r = letter->fields.bad ? -ENOMEM : 0;
	if (r == 0 && outbox_is_empty(outbox))
		r = source_set(channel, EPOLLIN | EPOLLOUT);
	if (r < 0) {
		writer_fini(&letter->fields);
		free(letter);
		return r;
	}
	if (!outbox->waiting.next)
		list_init(&outbox->waiting);
	list_append(&outbox->waiting, &letter->link);
	outbox->bytes += letter->fields.size;
	return 0;
}

int outbox_send(
	struct outbox *outbox, struct source *channel, uint32_t type, const struct writer *fields)
{
	int r = -EAGAIN;

	if (fields && fields->bad)
		return -ENOMEM;
	if (outbox_is_empty(outbox))
		r = channel_send(channel->fd, type, fields, NULL, 0);
	return r == -EAGAIN ? outbox_keep(outbox, channel, type, fields) : r;
}

int outbox_flush(struct outbox *outbox, struct source *channel)
{
	while (!outbox_is_empty(outbox)) {
		struct sealed *letter = list_entry(outbox->waiting.next, struct sealed, link);
		int r = channel_send(channel->fd, letter->type, &letter->fields, NULL, 0);

		if (r < 0)
			return r == -EAGAIN ? 0 : r;
		sealed_free(outbox, letter);
	}
	return source_set(channel, EPOLLIN);
}

void outbox_fini(struct outbox *outbox)
{
	while (!outbox_is_empty(outbox))
		sealed_free(outbox, list_entry(outbox->waiting.next, struct sealed, link));
}
