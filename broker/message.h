/*
 * message.h - one D-Bus message, parsed and validated in place in one pass, immutable from then
 * on. Everything that checks or routes uses this parsed form, so that no two parsers can disagree.
 * Rules: D-Bus specification 0.43, "Message Protocol" and "Type System".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define MESSAGE_HEADER_MIN 16
#define MESSAGE_SIZE_MAX (128u << 20)
#define MESSAGE_ARRAY_MAX (64u << 20)
#define MESSAGE_ARGS_MAX 64 /* arg0 to arg63 of match rules */

enum message_type {
	MESSAGE_CALL = 1,
	MESSAGE_RETURN = 2,
	MESSAGE_ERROR = 3,
	MESSAGE_SIGNAL = 4,
};
enum {
	MESSAGE_NO_REPLY_EXPECTED = 1,
	MESSAGE_NO_AUTO_START = 2,
	MESSAGE_ALLOW_INTERACTIVE_AUTHORIZATION = 4,
};

/* The header fields, by their codes. */
enum message_field {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_ERROR_NAME,
	FIELD_REPLY_SERIAL,
	FIELD_DESTINATION,
	FIELD_SENDER,
	FIELD_SIGNATURE,
	FIELD_UNIX_FDS,
	FIELDS_KNOWN,
};

/* Borrows `bytes`. Absent header fields have text NULL. */
struct message {
	const uint8_t *bytes;
	size_t size;
	bool swapped; /* not in this machine's byte order */
	bool plain; /* no SENDER and no unknown fields: relayed by one copy */
	uint8_t type; /* may be above 4: valid, but to be ignored */
	uint8_t flags;
	uint32_t serial, reply_serial, fds;
	uint32_t fields_size; /* of the array of header fields, without padding */
	uint32_t body_size;
	const uint8_t *body;
	struct slice path, interface, member, error, destination, sender, signature;
};

/*
 * How long is the message that begins here? Looks at the first 16 bytes only. *ret_size is 0 when
 * fewer are there. FAULT_MALFORMED (bad endianness, lengths), FAULT_TOO_LARGE (over `limit`).
 */
int message_measure(const uint8_t *bytes, size_t have, size_t limit, size_t *ret_size);

/*
 * Parses and validates header and body of a complete message (`size` from message_measure;
 * `bytes` need not be aligned). FAULT_MALFORMED with a constant sentence in *ret_why.
 */
int message_parse(struct message *ret, const uint8_t *bytes, size_t size, const char **ret_why);

/*
 * Writes the header as it is to be relayed: known fields as they came and in their order, SENDER
 * replaced by `sender`, unknown fields dropped, padded to 8, in the message's own byte order. The
 * relayed message is this followed by m->body, m->body_size bytes. `room` must be at least
 * message_relay_room(m, sender). Returns the number of bytes written.
 */
size_t message_relay_header(const struct message *m, struct slice sender, uint8_t *out);

static inline size_t message_relay_room(const struct message *m, struct slice sender)
{
	return MESSAGE_HEADER_MIN + (((size_t)m->fields_size + 7) & ~(size_t)7) + 24 + sender.size;
}

/* The leading string-like arguments, for match rules; stops at the first `max` arguments. */
struct message_args {
	uint8_t count; /* entries filled, of whatever type */
	char type[MESSAGE_ARGS_MAX]; /* 's', 'o', or another type code; text is set for s and o */
	struct slice text[MESSAGE_ARGS_MAX];
};

void message_args(const struct message *m, unsigned int max, struct message_args *ret);

/* Reads the body of a message whose signature the caller has compared; obeys byte order. */
struct body {
	const struct message *message;
	size_t at;
};

static inline struct body body_of(const struct message *m)
{
	return (struct body){m, 0};
}
uint32_t body_u32(struct body *b);
struct slice body_string(struct body *b); /* s and o */
/* For 'a...' : returns the end offset; read elements while b->at < end. */
size_t body_array(struct body *b, size_t element_alignment);
void body_align(struct body *b, size_t alignment); /* before each struct or dict entry: 8 */
