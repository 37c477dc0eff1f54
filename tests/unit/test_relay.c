/* test_relay.c - what becomes of a header that is relayed, and what is read from a body */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/message.h"
#include "tests/unit/wirebytes.h"

#define PATH "|8 y1 g:o o:/a "
#define MEMBER "|8 y3 g:s s:Frob "
#define DESTINATION "|8 y6 g:s s:d.e "
#define SIGNATURE "|8 y8 g:g g:u "
#define SENDER "|8 y7 g:s s::1.234 "
#define UNKNOWN "|8 y10 g:o o:/c "
#define UNKNOWN_DEEP "|8 y99 g:a{s(yv)} u16 |8 s:k |8 y1 g:u u7 "
#define CALL "y1 y0 y1 u7"

/* fields as they come, fields as they are relayed before the sender */
static const struct {
	const char *fields, *want;
} rows[] = {
	{PATH MEMBER SIGNATURE, PATH MEMBER SIGNATURE},
	{SIGNATURE DESTINATION MEMBER PATH, SIGNATURE DESTINATION MEMBER PATH},
	{PATH MEMBER SIGNATURE SENDER, PATH MEMBER SIGNATURE},
	{SENDER PATH MEMBER SIGNATURE, PATH MEMBER SIGNATURE},
	{PATH SENDER MEMBER SIGNATURE, PATH MEMBER SIGNATURE},
	{PATH MEMBER SIGNATURE UNKNOWN, PATH MEMBER SIGNATURE},
	{UNKNOWN PATH UNKNOWN_DEEP MEMBER SIGNATURE, PATH MEMBER SIGNATURE},
	{UNKNOWN_DEEP SENDER UNKNOWN SIGNATURE PATH UNKNOWN MEMBER, SIGNATURE PATH MEMBER},
};

static const char *const senders[] = {":1.1", ":1.12", ":1.123", ":1.1234", ":1.12345", ":1.123456",
	":1.1234567", ":1.12345678", "org.freedesktop.DBus"};

static void check_relay(const char *fields, const char *want, char order, const char *sender)
{
	struct wirebytes in, out;
	struct message m;
	const char *why = "";
	char all[1024];
	uint8_t *header;
	size_t size, room;

	wirebytes_message(&in, order, CALL, fields, "u5");
	assert_int_equal(message_parse(&m, in.data, in.size, &why), 0);
	snprintf(all, sizeof(all), "%s|8 y7 g:s s:%s", want, sender);
	wirebytes_message(&out, order, CALL, all, "u5");
	room = message_relay_room(&m, slice_of(sender));
	header = malloc(room);
	assert_non_null(header);
	size = message_relay_header(&m, slice_of(sender), header);
	assert_true(size <= room);
	assert_int_equal(size, out.size - 4);
	assert_memory_equal(header, out.data, size);
	free(header);
}

static void test_relay(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(senders); k++) {
			check_relay(rows[i].fields, rows[i].want, 'l', senders[k]);
			check_relay(rows[i].fields, rows[i].want, 'B', senders[k]);
		}
	}
}

/* No field at all: a message of an unknown type needs none. */
static void test_relay_empty(void **state)
{
	struct wirebytes in, out;
	struct message m;
	const char *why = "";
	uint8_t header[64];

	(void)state;
	wirebytes_message(&in, 'B', "y9 y0 y1 u7", "", "");
	wirebytes_message(&out, 'B', "y9 y0 y1 u7", "|8 y7 g:s s::1.2", "");
	assert_int_equal(message_parse(&m, in.data, in.size, &why), 0);
	assert_int_equal(message_relay_header(&m, SLICE(":1.2"), header), out.size);
	assert_memory_equal(header, out.data, out.size);
}

/* body, then the arguments: type and, for s and o, "=text" */
static const struct {
	const char *signature, *body;
	unsigned int max;
	const char *want;
} args[] = {
	{"", "", 64, ""},
	{"s", "s:x", 64, "s=x "},
	{"s", "s:", 64, "s= "},
	{"so", "s:x o:/y", 64, "s=x o=/y "},
	{"so", "s:x o:/y", 1, "s=x "},
	{"so", "s:x o:/y", 0, ""},
	{"ybnqiuxtdhgs", "y1 b1 q1 q1 u1 u1 t1 t1 t1 u1 g:as s:x", 64,
		"y b n q i u x t d h g s=x "},
	{"uyss", "u1 y1 s:a s:b", 3, "u y s=a "},
	{"ays", "u3 =000000 s:x", 64, "a s=x "},
	{"ats", "u0 |8 s:x", 64, "a s=x "},
	{"aass", "u10 u6 s:a s:x", 64, "a s=x "},
	{"a{sv}a(yy)s", "u10 |8 s:k g:y y1 u10 |8 y1 y1 |8 y1 y1 s:x", 64, "a a s=x "},
	{"(ys(as))s", "|8 y1 s:in |8 u6 s:a s:x", 64, "( s=x "},
	{"vs", "g:u u1 s:x", 64, "v s=x "},
	{"vvs", "g:(sv) |8 s:in g:ay u1 y1 v*3 g:t t1 s:x", 64, "v v s=x "},
	{"vs", "g:a{sas} u0 |8 s:x", 64, "v s=x "},
	{"gos", "g:a{sv} o:/ s:x", 64, "g o=/ s=x "},
};

static void print_args(const struct message_args *a, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < a->count; i++) {
		bool text = a->text[i].text;

		at += (size_t)snprintf(out + at, size - at, "%c%s%.*s ", a->type[i],
			text ? "=" : "", SLICE_FMT(a->text[i]));
	}
}

static void check_args(size_t i, char order)
{
	struct wirebytes in;
	struct message m;
	struct message_args got;
	const char *why = "";
	char fields[512], text[512];

	snprintf(fields, sizeof(fields), PATH MEMBER "|8 y8 g:g g:%s", args[i].signature);
	wirebytes_message(&in, order, CALL, fields, args[i].body);
	if (message_parse(&m, in.data, in.size, &why))
		fail_msg("%s: %s", args[i].body, why);
	message_args(&m, args[i].max, &got);
	print_args(&got, text, sizeof(text));
	assert_string_equal(text, args[i].want);
}

static void test_args(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		check_args(i, 'l');
		check_args(i, 'B');
	}
}

/* More arguments than match rules can name. */
static void test_args_many(void **state)
{
	struct wirebytes in;
	struct message m;
	struct message_args got;
	const char *why = "";
	char fields[512] = PATH MEMBER "|8 y8 g:g g:", body[1024] = "";

	(void)state;
	for (int i = 0; i < 80; i++) {
		strcat(fields, "y");
		strcat(body, "y1 ");
	}
	strcat(fields, "s");
	strcat(body, "s:x");
	wirebytes_message(&in, 'l', CALL, fields, body);
	assert_int_equal(message_parse(&m, in.data, in.size, &why), 0);
	message_args(&m, 1000, &got);
	assert_int_equal(got.count, MESSAGE_ARGS_MAX);
}

static void check_body(char order)
{
	struct wirebytes in;
	struct message m;
	struct body b;
	const char *why = "";
	size_t end, n = 0;

	wirebytes_message(&in, order, CALL, PATH MEMBER "|8 y8 g:g g:sa{ss}uaso",
		"s:name u31 |8 s:a s:b |8 s:k s:vw u77 u14 s:x s:y o:/p");
	if (message_parse(&m, in.data, in.size, &why))
		fail_msg("%s", why);
	b = body_of(&m);
	assert_true(slice_is(body_string(&b), "name"));
	end = body_array(&b, 8);
	while (b.at < end) {
		body_align(&b, 8);
		assert_true(slice_is(body_string(&b), n ? "k" : "a"));
		assert_true(slice_is(body_string(&b), n ? "vw" : "b"));
		n++;
	}
	assert_int_equal(n, 2);
	assert_int_equal(body_u32(&b), 77);
	for (end = body_array(&b, 4); b.at < end; n++)
		assert_int_equal(body_string(&b).size, 1);
	assert_int_equal(n, 4);
	assert_true(slice_is(body_string(&b), "/p"));
	assert_int_equal(b.at, m.body_size);
}

static void test_body(void **state)
{
	(void)state;
	check_body('l');
	check_body('B');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_relay_empty),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_args_many),
		cmocka_unit_test(test_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
