/* launch_starter.c - launch believes no number of it, and it believes only root (see launch/starter.c) */
#include <errno.h>

#include "base/reader.h"
#include "link/launch_starter.h"

static void list_write(struct writer *w, const char *const *texts)
{
	uint32_t n = 0;

	while (texts && texts[n])
		n++;
	writer_u32(w, n);
	for (uint32_t i = 0; i < n; i++)
		writer_text(w, slice_of(texts[i]));
}

void starter_order_write(struct writer *w, const struct starter_order *order)
{
	writer_text(w, slice_of(order->account));
	list_write(w, order->argv);
	list_write(w, order->envp);
}

/* As C has it: one with a NUL inside would be another one there. */
static const char *text_read(struct reader *r)
{
	struct slice text = reader_text(r);

	if (text.size && memchr(text.text, '\0', text.size))
		r->bad = true;
	return text.text;
}

/* Takes its part of `room`, the NULL included. */
static const char *const *list_read(struct reader *r, const char **room, size_t *used)
{
	const char **list = room + *used;
	uint32_t n = reader_u32(r);

	if (r->bad || n >= STARTER_TEXTS - *used) {
		r->bad = true;
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++)
		list[i] = text_read(r);
	list[n] = NULL;
	*used += n + 1;
	return list;
}

int starter_order_read(
	const struct letter *l, const char *room[STARTER_TEXTS], struct starter_order *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct starter_order order;
	size_t used = 0;

	order.account = text_read(&r);
	order.argv = list_read(&r, room, &used);
	order.envp = list_read(&r, room, &used);
	if (!reader_is_done(&r) || !order.argv[0])
		return -EBADMSG;
	*ret = order;
	return 0;
}

void starter_number_write(struct writer *w, uint32_t number)
{
	writer_u32(w, number);
}

int starter_number_read(const struct letter *l, uint32_t *ret)
{
	struct reader r = reader_of(l->data, l->size);
	uint32_t number = reader_u32(&r);

	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = number;
	return 0;
}
