/* compose.c - writes messages of the bus's own */
#include <assert.h>
#include <endian.h>
#include <errno.h>

#include "broker/compose.h"
#include "broker/wire.h"

#define BODY_SIZE_AT 4
#define FIELDS_SIZE_AT 12

void compose_align(struct compose *c, size_t alignment)
{
	static const uint8_t zeros[8];

	writer_bytes(c->out, zeros, wire_padded(c->out->size, alignment) - c->out->size);
}

void compose_byte(struct compose *c, uint8_t v)
{
	writer_bytes(c->out, &v, 1);
}

void compose_bool(struct compose *c, bool v)
{
	compose_u32(c, v);
}

void compose_u32(struct compose *c, uint32_t v)
{
	compose_align(c, 4);
	writer_u32(c->out, v);
}

void compose_u64(struct compose *c, uint64_t v)
{
	compose_align(c, 8);
	writer_u64(c->out, v);
}

void compose_string(struct compose *c, struct slice s)
{
	compose_align(c, 4);
	writer_text(c->out, s);
}

void compose_signature(struct compose *c, const char *signature)
{
	size_t size = strlen(signature);

	assert(size <= UINT8_MAX);
	compose_byte(c, (uint8_t)size);
	writer_bytes(c->out, signature, size + 1);
}

void compose_bytes(struct compose *c, struct slice s)
{
	compose_u32(c, (uint32_t)s.size);
	writer_bytes(c->out, s.text, s.size);
}

/* Writes over what is there already, once its value is known. */
static void patch_u32(struct compose *c, size_t at, size_t v)
{
	if (!c->out->bad)
		wire_store_u32(c->out->data + at, (uint32_t)v, false);
}

size_t compose_open_array(struct compose *c, size_t alignment)
{
	size_t open;

	compose_u32(c, 0);
	open = c->out->size - sizeof(uint32_t);
	compose_align(c, alignment);
	return open;
}

void compose_close_array(struct compose *c, size_t open, size_t alignment)
{
	patch_u32(c, open, c->out->size - wire_padded(open + sizeof(uint32_t), alignment));
}

static void field_begin(struct compose *c, enum message_field field, const char *type)
{
	compose_align(c, 8);
	compose_byte(c, (uint8_t)field);
	compose_signature(c, type);
}

static void field_text(struct compose *c, enum message_field field, struct slice text)
{
	if (!text.text)
		return;
	field_begin(c, field, field == FIELD_PATH ? "o" : "s");
	compose_string(c, text);
}

static void field_u32(struct compose *c, enum message_field field, uint32_t v)
{
	if (v == 0)
		return;
	field_begin(c, field, "u");
	compose_u32(c, v);
}

static void compose_fields(struct compose *c, const struct compose_header *header)
{
	field_text(c, FIELD_PATH, slice_of(header->path));
	field_text(c, FIELD_INTERFACE, slice_of(header->interface));
	field_text(c, FIELD_MEMBER, slice_of(header->member));
	field_text(c, FIELD_ERROR_NAME, slice_of(header->error));
	field_u32(c, FIELD_REPLY_SERIAL, header->reply_serial);
	field_text(c, FIELD_DESTINATION, header->destination);
	if (header->signature && header->signature[0]) {
		field_begin(c, FIELD_SIGNATURE, "g");
		compose_signature(c, header->signature);
	}
	field_u32(c, FIELD_UNIX_FDS, header->fds);
	if (!header->no_sender)
		field_text(c, FIELD_SENDER,
			header->sender.text ? header->sender : SLICE("org.freedesktop.DBus"));
}

void compose_begin(struct compose *c, struct writer *out, const struct compose_header *header)
{
	c->out = out;
	out->size = 0;
	out->bad = false;
	compose_byte(c, __BYTE_ORDER == __LITTLE_ENDIAN ? 'l' : 'B');
	compose_byte(c, (uint8_t)header->type);
	compose_byte(c, header->flags);
	compose_byte(c, 1); /* protocol version */
	compose_u32(c, 0); /* body size: compose_end knows it */
	compose_u32(c, header->serial);
	compose_u32(c, 0); /* size of the fields */
	compose_fields(c, header);
	patch_u32(c, FIELDS_SIZE_AT, out->size - MESSAGE_HEADER_MIN);
	compose_align(c, 8);
	c->body = out->size;
}

int compose_end(struct compose *c)
{
	if (c->out->bad)
		return -ENOMEM;
	patch_u32(c, BODY_SIZE_AT, c->out->size - c->body);
	return 0;
}
