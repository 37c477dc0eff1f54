/* fuzz_message.c - what is parsed can be relayed, and says the same to whoever gets it */
#include "broker/message.h"
#include "tests/fuzz/fuzz.h"

static void same_field(struct slice a, struct slice b)
{
	MUST(!a.text == !b.text && slice_equal(a, b));
}

static void same_message(const struct message *a, const struct message *b)
{
	MUST(a->swapped == b->swapped && a->type == b->type && a->flags == b->flags);
	MUST(a->serial == b->serial && a->reply_serial == b->reply_serial && a->fds == b->fds);
	same_field(a->path, b->path);
	same_field(a->interface, b->interface);
	same_field(a->member, b->member);
	same_field(a->error, b->error);
	same_field(a->destination, b->destination);
	same_field(a->signature, b->signature);
	MUST(a->body_size == b->body_size && memcmp(a->body, b->body, a->body_size) == 0);
}

static void check_args(const struct message *m)
{
	struct message_args all, some;

	message_args(m, MESSAGE_ARGS_MAX, &all);
	message_args(m, 2, &some);
	MUST(some.count <= 2 && some.count <= all.count);
	for (unsigned int i = 0; i < all.count; i++) {
		bool text = all.type[i] == 's' || all.type[i] == 'o';

		MUST(text == !!all.text[i].text);
		if (text)
			MUST(all.text[i].text[all.text[i].size] == '\0');
		if (i < some.count)
			same_field(all.text[i], some.text[i]);
	}
}

/* Bodies that the bus itself reads, in the way in which it reads them. */
static void check_body(const struct message *m)
{
	struct body body = body_of(m);
	size_t end;

	if (slice_is(m->signature, "su")) {
		body_string(&body);
		body_u32(&body);
		MUST(body.at == m->body_size);
	}
	if (slice_is(m->signature, "asu")) {
		end = body_array(&body, 4);
		while (body.at < end)
			body_string(&body);
		body_u32(&body);
		MUST(body.at == m->body_size);
	}
	if (slice_is(m->signature, "a{ss}")) {
		end = body_array(&body, 8);
		while (body.at < end) {
			body_align(&body, 8);
			body_string(&body);
			body_string(&body);
		}
		MUST(body.at == m->body_size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice sender = SLICE(":1.4294967296");
	struct message m, relayed;
	const char *why = NULL;
	size_t need, head, room;
	uint8_t *out;

	if (message_measure(data, size, MESSAGE_SIZE_MAX, &need) || need == 0 || need > size)
		return 0;
	if (message_parse(&m, data, need, &why)) {
		MUST(why);
		return 0;
	}
	check_args(&m);
	check_body(&m);
	room = message_relay_room(&m, sender);
	out = malloc(room + m.body_size);
	MUST(out);
	head = message_relay_header(&m, sender, out);
	MUST(head <= room && head % 8 == 0);
	memcpy(out + head, m.body, m.body_size);
	MUST(message_measure(out, head, MESSAGE_SIZE_MAX, &need) == 0);
	MUST(need == head + m.body_size);
	MUST(message_parse(&relayed, out, need, &why) == 0);
	same_message(&m, &relayed);
	MUST(slice_equal(relayed.sender, sender));
	free(out);
	return 0;
}
