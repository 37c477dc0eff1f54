/*
 * args.c - the leading arguments of a message, for match rules and policy. The message has been
 * validated, so nothing here fails; that no read leaves the body is asserted all the same.
 */
#include <assert.h>

#include "broker/message.h"
#include "broker/signature.h"
#include "broker/wire.h"

static void must(bool ok)
{
	assert(ok);
}

/* Where the complete type that begins at `at` ends. */
static size_t type_end(struct slice signature, size_t at)
{
	size_t open = 0;

	while (signature.text[at] == 'a')
		at++;
	do {
		char c = signature.text[at++];

		if (c == '(' || c == '{')
			open++;
		if (c == ')' || c == '}')
			open--;
	} while (open);
	return at;
}

/*
 * Values of the types signature[from..to). Arrays are stepped over by their length, so only
 * variants make it call itself; validation has bounded how deep they nest.
 */
static void values_skip(struct wire *w, struct slice signature, size_t from, size_t to)
{
	struct slice text;
	uint32_t size;

	while (from < to) {
		char type = signature.text[from];

		switch (type) {
		case 'a':
			must(wire_u32(w, &size));
			must(wire_align(w, type_of(signature.text[from + 1])->alignment));
			must(wire_skip(w, size));
			from = type_end(signature, from);
			continue;
		case 'v':
			must(wire_signature(w, &text));
			values_skip(w, text, 0, text.size);
			break;
		case 's':
		case 'o':
			must(wire_string(w, &text));
			break;
		case 'g':
			must(wire_signature(w, &text));
			break;
		case '(':
			must(wire_align(w, 8));
			break;
		case ')':
			break;
		default:
			must(wire_align(w, type_of(type)->alignment));
			must(wire_skip(w, type_of(type)->alignment));
		}
		from++;
	}
}

void message_args(const struct message *m, unsigned int max, struct message_args *ret)
{
	struct wire w = {
		.bytes = m->bytes,
		.at = m->size - m->body_size,
		.end = m->size,
		.swapped = m->swapped,
	};
	size_t at = 0;

	if (max > MESSAGE_ARGS_MAX)
		max = MESSAGE_ARGS_MAX;
	ret->count = 0;
	while (at < m->signature.size && ret->count < max) {
		char type = m->signature.text[at];
		size_t next = type_end(m->signature, at);

		ret->type[ret->count] = type;
		ret->text[ret->count] = (struct slice){NULL, 0};
		if (type == 's' || type == 'o')
			must(wire_string(&w, &ret->text[ret->count]));
		else if (ret->count + 1u < max)
			values_skip(&w, m->signature, at, next);
		ret->count++;
		at = next;
	}
}
