/*
 * relay.c - the header of a message as the bus sends it on: the same fields with the sender that
 * the bus knows, and without those that the bus does not know (it could not vouch for them).
 */
#include <assert.h>

#include "broker/message.h"
#include "broker/signature.h"
#include "broker/validate.h"

/* Moves `w` over one field of a message that has been parsed; its code. */
static unsigned int field_skip(struct wire *w)
{
	struct slice signature;
	unsigned int code;
	bool ok;

	ok = wire_align(w, 8) && wire_skip(w, 1);
	assert(ok);
	code = w->bytes[w->at - 1];
	ok = wire_signature(w, &signature) && values_validate(w, signature, true, 0);
	assert(ok);
	return code;
}

static uint8_t *pad(uint8_t *at, const uint8_t *start)
{
	while ((at - start) % 8)
		*at++ = 0;
	return at;
}

/* All known fields but SENDER. Each begins at a multiple of 8, so its bytes stay as they are. */
static uint8_t *copy_fields(const struct message *m, uint8_t *out)
{
	struct wire w = {
		.bytes = m->bytes,
		.at = MESSAGE_HEADER_MIN,
		.end = MESSAGE_HEADER_MIN + (size_t)m->fields_size,
		.swapped = m->swapped,
	};
	uint8_t *at = out;

	while (w.at < w.end) {
		size_t from = wire_padded(w.at, 8);
		unsigned int code = field_skip(&w);

		if (code == FIELD_SENDER || code >= FIELDS_KNOWN)
			continue;
		at = pad(at, out);
		memcpy(at, m->bytes + from, w.at - from);
		at += w.at - from;
	}
	return at;
}

size_t message_relay_header(const struct message *m, struct slice sender, uint8_t *out)
{
	uint8_t *fields = out + MESSAGE_HEADER_MIN, *at;

	memcpy(out, m->bytes, MESSAGE_HEADER_MIN);
	if (m->plain) {
		memcpy(fields, m->bytes + MESSAGE_HEADER_MIN, m->fields_size);
		at = fields + m->fields_size;
	} else {
		at = copy_fields(m, fields);
	}
	at = pad(at, fields);
	memcpy(at, (const uint8_t[]){FIELD_SENDER, 1, 's', 0}, 4);
	wire_store_u32(at + 4, (uint32_t)sender.size, m->swapped);
	memcpy(at + 8, sender.text, sender.size);
	at += 8 + sender.size;
	*at++ = 0;
	wire_store_u32(out + 12, (uint32_t)(at - fields), m->swapped);
	return (size_t)(pad(at, fields) - out);
}
