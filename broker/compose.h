/*
 * compose.h - writes a message of the bus's own into a writer (from its offset 0), in the
 * machine's byte order: compose_begin, the arguments in the order of the signature, compose_end.
 */
#pragma once

#include "base/writer.h"
#include "broker/message.h"

struct compose {
	struct writer *out; /* emptied by compose_begin, its memory is reused */
	size_t body; /* where the body starts */
};

/* What is not set is left out; `signature` "" or NULL means no body and no SIGNATURE field. */
struct compose_header {
	enum message_type type;
	uint8_t flags;
	uint32_t serial, reply_serial, fds;
	const char *path, *interface, *member, *error, *signature;
	struct slice destination;
	struct slice sender; /* org.freedesktop.DBus where text is NULL */
	bool no_sender; /* the local Peer answers carry none (policy-semantics 5.6) */
};

void compose_begin(struct compose *c, struct writer *out, const struct compose_header *header);
/* Fills in the body length. 0 or -ENOMEM; the bytes are c->out->data, c->out->size. */
int compose_end(struct compose *c);

void compose_byte(struct compose *c, uint8_t v);
void compose_bool(struct compose *c, bool v);
void compose_u32(struct compose *c, uint32_t v);
void compose_u64(struct compose *c, uint64_t v);
void compose_string(struct compose *c, struct slice s); /* s and o */
void compose_signature(struct compose *c, const char *signature); /* g, and a variant's type */
void compose_bytes(struct compose *c, struct slice s); /* ay */
/* open returns what close wants; `alignment` is that of the elements */
size_t compose_open_array(struct compose *c, size_t alignment);
void compose_close_array(struct compose *c, size_t open, size_t alignment);
void compose_align(struct compose *c, size_t alignment); /* before a struct or dict entry: 8 */
