/*
 * message.c - measures and parses a message: its header, and through validate.c its body.
 *
 * What is refused here is what the reference library refuses, for its clients disconnect from a bus
 * that relays it to them. Indexes of type h are not compared with UNIX_FDS, as there.
 */
#include <endian.h>

#include "broker/fault.h"
#include "broker/message.h"
#include "broker/syntax.h"
#include "broker/validate.h"

#define PROTOCOL_VERSION 1
#define ENDIAN_OTHER (__BYTE_ORDER == __LITTLE_ENDIAN ? 'B' : 'l')
/* an unknown field's value lies in a variant in a struct in the array of fields */
#define FIELD_DEPTH 3
#define BIT(field) (1u << (field))

static bool is_usable_path(struct slice s)
{
	return syntax_is_path(s) && !slice_equal(s, SLICE("/org/freedesktop/DBus/Local"));
}

static bool is_usable_interface(struct slice s)
{
	return syntax_is_interface(s) && !slice_equal(s, SLICE("org.freedesktop.DBus.Local"));
}

static bool is_anything(struct slice s)
{
	(void)s;
	return true; /* the signature is checked when the body is read along it */
}

#define AT(member) offsetof(struct message, member)
static const struct {
	char type;
	size_t at;
	bool (*is_valid)(struct slice s);
	const char *why;
} fields[FIELDS_KNOWN] = {
	[FIELD_PATH] = {'o', AT(path), is_usable_path, "the path is not valid"},
	[FIELD_INTERFACE] = {'s', AT(interface), is_usable_interface, "the interface is not valid"},
	[FIELD_MEMBER] = {'s', AT(member), syntax_is_member, "the member is not valid"},
	[FIELD_ERROR_NAME] = {'s', AT(error), syntax_is_error_name, "the error name is not valid"},
	[FIELD_REPLY_SERIAL] = {'u', AT(reply_serial), NULL, NULL},
	[FIELD_DESTINATION] = {'s', AT(destination), syntax_is_bus_name,
		"the destination is not valid"},
	[FIELD_SENDER] = {'s', AT(sender), syntax_is_bus_name, "the sender is not valid"},
	[FIELD_SIGNATURE] = {'g', AT(signature), is_anything, NULL},
	[FIELD_UNIX_FDS] = {'u', AT(fds), NULL, NULL},
};

static const struct {
	uint32_t fields;
	const char *why;
} required[] = {
	[MESSAGE_CALL] = {BIT(FIELD_PATH) | BIT(FIELD_MEMBER), "a call lacks path or member"},
	[MESSAGE_RETURN] = {BIT(FIELD_REPLY_SERIAL), "a reply lacks its serial"},
	[MESSAGE_ERROR] = {BIT(FIELD_ERROR_NAME) | BIT(FIELD_REPLY_SERIAL),
		"an error lacks its name or serial"},
	[MESSAGE_SIGNAL] = {BIT(FIELD_PATH) | BIT(FIELD_INTERFACE) | BIT(FIELD_MEMBER),
		"a signal lacks path, interface or member"},
};

int message_measure(const uint8_t *bytes, size_t have, size_t limit, size_t *ret_size)
{
	uint32_t fields_size, body_size;
	uint64_t size;
	bool swapped;

	if (have >= 1 && bytes[0] != 'l' && bytes[0] != 'B')
		return FAULT_MALFORMED;
	if (have < MESSAGE_HEADER_MIN) {
		*ret_size = 0;
		return 0;
	}
	swapped = bytes[0] == ENDIAN_OTHER;
	body_size = wire_load_u32(bytes + 4, swapped);
	fields_size = wire_load_u32(bytes + 12, swapped);
	size = MESSAGE_HEADER_MIN + (((uint64_t)fields_size + 7) & ~UINT64_C(7)) + body_size;
	if (fields_size > MESSAGE_ARRAY_MAX || size > MESSAGE_SIZE_MAX)
		return FAULT_MALFORMED;
	if (size > limit)
		return FAULT_TOO_LARGE;
	*ret_size = (size_t)size;
	return 0;
}

/* The value of a known field, whose type has been compared. */
static bool known_field(struct wire *w, unsigned int code, struct message *m)
{
	void *out = (char *)m + fields[code].at;
	struct slice text;
	uint32_t number;

	if (fields[code].type == 'u') {
		if (!wire_u32(w, &number))
			return false;
		if (code == FIELD_REPLY_SERIAL && number == 0)
			return wire_fail(w, "the reply serial is 0");
		memcpy(out, &number, sizeof(number));
		return true;
	}
	if (!(fields[code].type == 'g' ? wire_signature(w, &text) : wire_string(w, &text)))
		return false;
	if (!fields[code].is_valid(text))
		return wire_fail(w, fields[code].why);
	memcpy(out, &text, sizeof(text));
	return true;
}

static bool one_field(struct wire *w, struct message *m, uint32_t *seen)
{
	struct slice signature;
	unsigned int code;

	if (!wire_align(w, 8) || !wire_skip(w, 1))
		return false;
	code = w->bytes[w->at - 1];
	if (!wire_signature(w, &signature))
		return false;
	if (code == 0)
		return wire_fail(w, "a header field has code 0");
	if (code >= FIELDS_KNOWN) {
		m->plain = false;
		return values_validate(w, signature, true, FIELD_DEPTH);
	}
	if (signature.size != 1 || signature.text[0] != fields[code].type)
		return wire_fail(w, "a header field has the wrong type");
	if (*seen & BIT(code))
		return wire_fail(w, "a header field comes twice");
	*seen |= BIT(code);
	return known_field(w, code, m);
}

static bool parse_header(struct wire *w, struct message *m)
{
	size_t end = MESSAGE_HEADER_MIN + (size_t)m->fields_size;
	uint32_t seen = 0;

	if (m->type == 0)
		return wire_fail(w, "the message type is 0");
	if (m->bytes[3] != PROTOCOL_VERSION)
		return wire_fail(w, "the protocol version is not 1");
	if (m->serial == 0)
		return wire_fail(w, "the serial is 0");
	w->end = end;
	while (w->at < end) {
		if (!one_field(w, m, &seen))
			return false;
	}
	if (m->type <= MESSAGE_SIGNAL && (required[m->type].fields & ~seen))
		return wire_fail(w, required[m->type].why);
	if (seen & BIT(FIELD_SENDER))
		m->plain = false;
	return true;
}

static bool parse_body(struct wire *w, struct message *m)
{
	w->end = m->size;
	if (!wire_align(w, 8))
		return false;
	m->body = w->bytes + w->at;
	if (m->signature.size == 0 && m->body_size == 0)
		return true;
	if (!values_validate(w, m->signature, false, 0))
		return false;
	return w->at == w->end || wire_fail(w, "the body is longer than its signature says");
}

int message_parse(struct message *ret, const uint8_t *bytes, size_t size, const char **ret_why)
{
	struct message m = {.bytes = bytes, .size = size, .plain = true};
	struct wire w = {.bytes = bytes, .at = MESSAGE_HEADER_MIN};
	size_t measured;
	int r;

	r = message_measure(bytes, size, size, &measured);
	if (r || measured != size || size == 0) {
		*ret_why = "the lengths in the header are wrong";
		return FAULT_MALFORMED;
	}
	m.swapped = w.swapped = bytes[0] == ENDIAN_OTHER;
	m.type = bytes[1];
	m.flags = bytes[2];
	m.body_size = wire_load_u32(bytes + 4, m.swapped);
	m.serial = wire_load_u32(bytes + 8, m.swapped);
	m.fields_size = wire_load_u32(bytes + 12, m.swapped);
	if (!parse_header(&w, &m) || !parse_body(&w, &m)) {
		*ret_why = w.why;
		return FAULT_MALFORMED;
	}
	*ret = m;
	return 0;
}
