/*
 * body.c - reads the body of a message for the bus itself. The message is valid and its signature
 * was compared, so a read that does not fit is our mistake.
 */
#include <assert.h>

#include "broker/message.h"
#include "broker/wire.h"

static size_t take(struct body *b, size_t size)
{
	size_t at = b->at;

	assert(at <= b->message->body_size && b->message->body_size - at >= size);
	b->at = at + size;
	return at;
}

void body_align(struct body *b, size_t alignment)
{
	take(b, wire_padded(b->at, alignment) - b->at);
}

uint32_t body_u32(struct body *b)
{
	body_align(b, 4);
	return wire_load_u32(b->message->body + take(b, 4), b->message->swapped);
}

struct slice body_string(struct body *b)
{
	uint32_t size = body_u32(b);

	return (struct slice){(const char *)b->message->body + take(b, (size_t)size + 1), size};
}

size_t body_array(struct body *b, size_t element_alignment)
{
	uint32_t size = body_u32(b);
	size_t from;

	body_align(b, element_alignment);
	from = take(b, size);
	b->at = from;
	return from + size;
}
