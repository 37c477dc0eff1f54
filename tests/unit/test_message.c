/* test_message.c - bytes to a parsed message or to the reason why not, in both byte orders */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/fault.h"
#include "broker/message.h"
#include "tests/unit/wirebytes.h"

#define PATH "|8 y1 g:o o:/a "
#define INTERFACE "|8 y2 g:s s:a.b "
#define MEMBER "|8 y3 g:s s:C "
#define ERROR_NAME "|8 y4 g:s s:a.b.E "
#define REPLY "|8 y5 g:u u9 "
#define DESTINATION "|8 y6 g:s s:d.e "
#define SENDER "|8 y7 g:s s::1.2 "
#define FDS "|8 y9 g:u u2 "
#define SIGNATURE(s) "|8 y8 g:g g:" s " "
#define CALL "y1 y0 y1 u7"
#define FIELDS PATH MEMBER
#define OK NULL
#define LOCAL "/org/freedesktop/DBus/Local"

static const struct {
	const char *head, *fields, *body, *why;
} rows[] = {
	/* the fixed part */
	{CALL, FIELDS, "", OK},
	{"y0 y0 y1 u7", FIELDS, "", "the message type is 0"},
	{"y5 y0 y1 u7", "", "", OK},
	{"y255 y255 y1 u7", FIELDS, "", OK},
	{"y1 y255 y1 u7", FIELDS, "", OK},
	{"y1 y0 y0 u7", FIELDS, "", "the protocol version is not 1"},
	{"y1 y0 y2 u7", FIELDS, "", "the protocol version is not 1"},
	{"y1 y0 y1 u0", FIELDS, "", "the serial is 0"},
	{"y1 y0 y1 u0xffffffff", FIELDS, "", OK},

	/* which fields a type needs */
	{CALL, PATH, "", "a call lacks path or member"},
	{CALL, MEMBER, "", "a call lacks path or member"},
	{"y2 y0 y1 u7", REPLY, "", OK},
	{"y2 y0 y1 u7", FIELDS, "", "a reply lacks its serial"},
	{"y3 y0 y1 u7", REPLY ERROR_NAME, "", OK},
	{"y3 y0 y1 u7", REPLY, "", "an error lacks its name or serial"},
	{"y3 y0 y1 u7", ERROR_NAME, "", "an error lacks its name or serial"},
	{"y4 y0 y1 u7", PATH INTERFACE MEMBER, "", OK},
	{"y4 y0 y1 u7", INTERFACE MEMBER, "", "a signal lacks path, interface or member"},
	{"y4 y0 y1 u7", PATH MEMBER, "", "a signal lacks path, interface or member"},
	{"y4 y0 y1 u7", PATH INTERFACE, "", "a signal lacks path, interface or member"},

	/* each field: its type, its value */
	{CALL, PATH INTERFACE MEMBER ERROR_NAME REPLY DESTINATION SENDER FDS, "", OK},
	{CALL, FIELDS "|8 y1 g:o o:/b", "", "a header field comes twice"},
	{CALL, FIELDS REPLY REPLY, "", "a header field comes twice"},
	{CALL, FIELDS SENDER SENDER, "", "a header field comes twice"},
	{CALL, FIELDS SIGNATURE("") SIGNATURE(""), "", "a header field comes twice"},
	{CALL, FIELDS "|8 y0 g:s s:x", "", "a header field has code 0"},
	{CALL, MEMBER "|8 y1 g:s s:/a", "", "a header field has the wrong type"},
	{CALL, FIELDS "|8 y2 g:o o:/a", "", "a header field has the wrong type"},
	{CALL, FIELDS "|8 y5 g:s s:9", "", "a header field has the wrong type"},
	{CALL, FIELDS "|8 y5 g:i u9", "", "a header field has the wrong type"},
	{CALL, FIELDS "|8 y8 g:s s:u", "", "a header field has the wrong type"},
	{CALL, FIELDS "|8 y9 g:uu u1 u1", "", "a header field has the wrong type"},
	{CALL, FIELDS "|8 y9 g: ", "", "a header field has the wrong type"},
	{CALL, FIELDS "|8 y5 g:u u0", "", "the reply serial is 0"},
	{CALL, FIELDS "|8 y9 g:u u0", "", OK},
	{CALL, MEMBER "|8 y1 g:o o:/a/", "", "the path is not valid"},
	{CALL, MEMBER "|8 y1 g:o o:" LOCAL, "", "the path is not valid"},
	{CALL, MEMBER "|8 y1 g:o o:" LOCAL "/x", "", OK},
	{"y2 y0 y1 u7", REPLY "|8 y1 g:o o:" LOCAL, "", "the path is not valid"},
	{CALL, FIELDS "|8 y2 g:s s:a", "", "the interface is not valid"},
	{CALL, FIELDS "|8 y2 g:s s:org.freedesktop.DBus.Local", "", "the interface is not valid"},
	{CALL, FIELDS "|8 y2 g:s s:org.freedesktop.DBus.Locals", "", OK},
	{CALL, PATH "|8 y3 g:s s:a.b", "", "the member is not valid"},
	{CALL, FIELDS "|8 y4 g:s s:a", "", "the error name is not valid"},
	{CALL, FIELDS "|8 y6 g:s s:a", "", "the destination is not valid"},
	{CALL, FIELDS "|8 y6 g:s s::1.7", "", OK},
	{CALL, FIELDS "|8 y7 g:s s::1", "", "the sender is not valid"},

	/* unknown fields: any type, but valid */
	{CALL, FIELDS "|8 y10 g:u u1", "", OK},
	{CALL, FIELDS "|8 y200 g:a{sv} u13 |8 s:k g:u u1", "",
		"an array's length does not fit its elements"},
	{CALL, FIELDS "|8 y200 g:a{sv} u16 |8 s:k g:u u1", "", OK},
	{CALL, FIELDS "|8 y200 g:s s:x |8 y200 g:s s:y", "", OK},
	{CALL, FIELDS "|8 y200 g:uu u1 u2", "", "a signature is not valid"},
	{CALL, FIELDS "|8 y200 g: ", "", "a signature is not valid"},
	{CALL, FIELDS "|8 y200 g:b b2", "", "a boolean is neither 0 nor 1"},
	{CALL, FIELDS "|8 y200 v*61 g:u u1", "", OK},
	{CALL, FIELDS "|8 y200 v*62 g:u u1", "", "values are nested too deeply"},

	/* the array of fields */
	{CALL, FIELDS "|8", "", "it ends too early"},
	{CALL, FIELDS "|8 y2", "", "it ends too early"},
	{CALL, FIELDS "|8 y2 g:s", "", "it ends too early"},
	{CALL, FIELDS "|8 y2 g:s u3 =612e62", "", "it ends too early"},
	{CALL, FIELDS "|8 y2 g:s u3 =612e6278", "", "a string does not end in NUL"},
	{CALL, FIELDS "|8 y2 =017378 u3 =612e6200", "", "a string does not end in NUL"},
	{CALL, FIELDS "|8 y2 g:s u0xffffffff =612e6200", "", "it ends too early"},
	{CALL, "y1 g:o o:/a =01 |8 y3 g:s s:C", "", "padding is not zero"},
	{CALL, "y1 g:o o:/a =00000001 |8 y3 g:s s:C", "", "padding is not zero"},

	/* body and signature */
	{CALL, FIELDS, "u1", "the body is longer than its signature says"},
	{CALL, FIELDS SIGNATURE(""), "", OK},
	{CALL, FIELDS SIGNATURE(""), "y1", "the body is longer than its signature says"},
	{CALL, FIELDS SIGNATURE("u"), "u1", OK},
	{CALL, FIELDS SIGNATURE("u"), "", "it ends too early"},
	{CALL, FIELDS SIGNATURE("u"), "u1 y0", "the body is longer than its signature says"},
	{CALL, FIELDS SIGNATURE("u"), "q1", "it ends too early"},
	{CALL, FIELDS SIGNATURE("z"), "u1", "a signature is not valid"},
	{CALL, FIELDS SIGNATURE("a"), "u0", "a signature is not valid"},

	/* basic types and padding */
	{CALL, FIELDS SIGNATURE("ybnqiuxtdh"), "y1 b1 q2 q3 u4 u5 t6 t7 t8 u9", OK},
	{CALL, FIELDS SIGNATURE("yu"), "y1 =000000 u1", OK},
	{CALL, FIELDS SIGNATURE("yu"), "y1 =000100 u1", "padding is not zero"},
	{CALL, FIELDS SIGNATURE("yt"), "y1 =00000000000001 t1", "padding is not zero"},
	{CALL, FIELDS SIGNATURE("b"), "b0", OK},
	{CALL, FIELDS SIGNATURE("b"), "b2", "a boolean is neither 0 nor 1"},
	{CALL, FIELDS SIGNATURE("b"), "b0x01000000", "a boolean is neither 0 nor 1"},
	{CALL, FIELDS SIGNATURE("h"), "u99", OK},
	{CALL, FIELDS SIGNATURE("s"), "s:", OK},
	{CALL, FIELDS SIGNATURE("s"), "u2 =c3a900", OK},
	{CALL, FIELDS SIGNATURE("s"), "u2 =c32800", "a string is not UTF-8"},
	{CALL, FIELDS SIGNATURE("s"), "u3 =61006200", "a string is not UTF-8"},
	{CALL, FIELDS SIGNATURE("s"), "u1 =6161", "a string does not end in NUL"},
	{CALL, FIELDS SIGNATURE("s"), "u1 =61", "it ends too early"},
	{CALL, FIELDS SIGNATURE("s"), "u0xffffffff =6100", "it ends too early"},
	{CALL, FIELDS SIGNATURE("o"), "o:/", OK},
	{CALL, FIELDS SIGNATURE("o"), "o:", "an object path is not valid"},
	{CALL, FIELDS SIGNATURE("o"), "o:/a/", "an object path is not valid"},
	{CALL, FIELDS SIGNATURE("g"), "g:a{sv}(ii)", OK},
	{CALL, FIELDS SIGNATURE("g"), "g:a{vs}", "a signature is not valid"},
	{CALL, FIELDS SIGNATURE("g"), "=017575", "a string does not end in NUL"},

	/* arrays */
	{CALL, FIELDS SIGNATURE("as"), "u14 s:a s:bc",
		"an array's length does not fit its elements"},
	{CALL, FIELDS SIGNATURE("as"), "u15 s:a s:bc", OK},
	{CALL, FIELDS SIGNATURE("as"), "u16 s:a s:bc", "it ends too early"},
	{CALL, FIELDS SIGNATURE("as"), "u0", OK},
	{CALL, FIELDS SIGNATURE("asu"), "u6 s:a u1", OK},
	{CALL, FIELDS SIGNATURE("ay"), "u3 =000102", OK},
	{CALL, FIELDS SIGNATURE("ay"), "u4 =000102", "it ends too early"},
	{CALL, FIELDS SIGNATURE("au"), "u8 u1 u2", OK},
	{CALL, FIELDS SIGNATURE("au"), "u7 u1 =000000", "an array has a part of an element"},
	{CALL, FIELDS SIGNATURE("ab"), "u8 b0 b1", OK},
	{CALL, FIELDS SIGNATURE("ab"), "u12 b0 b3 b1", "a boolean is neither 0 nor 1"},
	{CALL, FIELDS SIGNATURE("ab"), "u5 b0 y1", "an array has a part of an element"},
	{CALL, FIELDS SIGNATURE("at"), "u0 |8", OK},
	{CALL, FIELDS SIGNATURE("at"), "u0", "it ends too early"},
	{CALL, FIELDS SIGNATURE("at"), "u0 u1", "padding is not zero"},
	{CALL, FIELDS SIGNATURE("at"), "u8 t1", OK},
	{CALL, FIELDS SIGNATURE("a(y)"), "u0 |8", OK},
	{CALL, FIELDS SIGNATURE("a(y)"), "u0", "it ends too early"},
	{CALL, FIELDS SIGNATURE("a(y)"), "u9 |8 y1 |8 y2", OK},
	{CALL, FIELDS SIGNATURE("a(y)"), "u10 |8 y1 |8 y2 y0", "it ends too early"},
	{CALL, FIELDS SIGNATURE("aau"), "u16 u4 u1 u0 u0", OK},
	{CALL, FIELDS SIGNATURE("aau"), "u12 u4 u1 u4 u0",
		"an array's length does not fit its elements"},
	{CALL, FIELDS SIGNATURE("ay"), "u0x04000001", "an array is too long"},
	{CALL, FIELDS SIGNATURE("as"), "u0x04000001", "an array is too long"},
	{CALL, FIELDS SIGNATURE("ay"), "u0x04000000", "it ends too early"},

	/* structs, dict entries */
	{CALL, FIELDS SIGNATURE("y(yu)"), "y1 |8 y2 u3", OK},
	{CALL, FIELDS SIGNATURE("y(yu)"), "y1 =00000000000001 y2 u3", "padding is not zero"},
	{CALL, FIELDS SIGNATURE("(y(s))"), "y1 |8 s:x", OK},
	{CALL, FIELDS SIGNATURE("a{sv}"), "u33 |8 s:k g:u u1 |8 s:l g:s s:x",
		"an array's length does not fit its elements"},
	{CALL, FIELDS SIGNATURE("a{sv}"), "u34 |8 s:k g:u u1 |8 s:l g:s s:x", OK},
	{CALL, FIELDS SIGNATURE("a{yas}"), "u23 |8 y1 u0 |8 y2 u7 s:ab", OK},

	/* variants */
	{CALL, FIELDS SIGNATURE("v"), "g:u u1", OK},
	{CALL, FIELDS SIGNATURE("vv"), "g:as u6 s:a g:(yy) |8 y1 y2", OK},
	{CALL, FIELDS SIGNATURE("v"), "g:v g:b b1", OK},
	{CALL, FIELDS SIGNATURE("v"), "g:b b2", "a boolean is neither 0 nor 1"},
	{CALL, FIELDS SIGNATURE("v"), "g:", "a variant's signature is not one complete type"},
	{CALL, FIELDS SIGNATURE("v"), "g:uu u1 u2",
		"a variant's signature is not one complete type"},
	{CALL, FIELDS SIGNATURE("v"), "g:asu u0 u1",
		"a variant's signature is not one complete type"},
	{CALL, FIELDS SIGNATURE("v"), "g:a u0", "a variant's signature is not one complete type"},
	{CALL, FIELDS SIGNATURE("v"), "=01f300 u0 =00",
		"a variant's signature is not one complete type"},

	/* 64 containers and no more: the innermost value of the first is no container */
	{CALL, FIELDS SIGNATURE("v"), "v*63 g:u u1", OK},
	{CALL, FIELDS SIGNATURE("v"), "v*64 g:u u1", "values are nested too deeply"},
	{CALL, FIELDS SIGNATURE("v"), "v*62 g:as u6 s:a", OK},
	{CALL, FIELDS SIGNATURE("v"), "v*63 g:as u6 s:a", "values are nested too deeply"},
	{CALL, FIELDS SIGNATURE("v"), "v*63 g:ay u0", "values are nested too deeply"},
	{CALL, FIELDS SIGNATURE("v"), "v*62 g:(y) |8 y1", OK},
	{CALL, FIELDS SIGNATURE("v"), "v*63 g:(y) |8 y1", "values are nested too deeply"},
	{CALL, FIELDS SIGNATURE("v"), "v*61 g:a{yy} u2 |8 y1 y1", OK},
	{CALL, FIELDS SIGNATURE("v"), "v*62 g:a{yy} u2 |8 y1 y1", "values are nested too deeply"},
	{CALL, FIELDS SIGNATURE("av"), "u190 v*62 g:y y1", OK},
	{CALL, FIELDS SIGNATURE("av"), "u193 v*63 g:y y1", "values are nested too deeply"},
	{CALL, FIELDS SIGNATURE("vv"), "v*63 g:y y1 v*63 g:y y1", OK},
	{CALL, FIELDS SIGNATURE("av"), "u380 v*62 g:y y1 v*62 g:y y1", OK},
};

/* Parses a copy of the exact size at an odd address, so that the sanitizers see every stray read. */
static int parse(const struct wirebytes *w, struct message *m, const char **why, uint8_t **copy)
{
	size_t size = 0;
	int r;

	*copy = malloc(w->size + 1);
	assert_non_null(*copy);
	memcpy(*copy + 1, w->data, w->size);
	r = message_measure(*copy + 1, w->size, MESSAGE_SIZE_MAX, &size);
	if (r)
		return r;
	assert_int_equal(size, w->size);
	return message_parse(m, *copy + 1, size, why);
}

static unsigned int check_row(size_t i, char order)
{
	struct wirebytes w;
	struct message m;
	const char *why = NULL;
	DROP_HEAP uint8_t *copy = NULL;
	int r;

	wirebytes_message(&w, order, rows[i].head, rows[i].fields, rows[i].body);
	r = parse(&w, &m, &why, &copy);
	if (r == 0 ? !rows[i].why
		   : r == FAULT_MALFORMED && rows[i].why && !strcmp(why, rows[i].why))
		return 0;
	print_error("%s | %s | %s (%c): %d, %s instead of %s\n", rows[i].head, rows[i].fields,
		rows[i].body, order, r, r ? why : "ok", rows[i].why ? rows[i].why : "ok");
	return 1;
}

static void test_rules(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		wrong += check_row(i, 'l') + check_row(i, 'B');
	assert_int_equal(wrong, 0);
}

static void test_content(void **state)
{
	(void)state;
	for (const char *order = "lB"; *order; order++) {
		struct wirebytes w;
		struct message m;
		const char *why = NULL;
		DROP_HEAP uint8_t *copy = NULL;

		wirebytes_message(&w, *order, "y4 y3 y1 u0x01020304",
			PATH INTERFACE MEMBER ERROR_NAME REPLY DESTINATION SENDER FDS SIGNATURE(
				"su"),
			"s:x u5");
		assert_int_equal(parse(&w, &m, &why, &copy), 0);
		assert_int_equal(m.swapped, (__BYTE_ORDER == __LITTLE_ENDIAN) != (*order == 'l'));
		assert_false(m.plain);
		assert_int_equal(m.type, MESSAGE_SIGNAL);
		assert_int_equal(m.flags, 3);
		assert_int_equal(m.serial, 0x01020304);
		assert_int_equal(m.reply_serial, 9);
		assert_int_equal(m.fds, 2);
		assert_true(slice_is(m.path, "/a"));
		assert_true(slice_is(m.interface, "a.b"));
		assert_true(slice_is(m.member, "C"));
		assert_true(slice_is(m.error, "a.b.E"));
		assert_true(slice_is(m.destination, "d.e"));
		assert_true(slice_is(m.sender, ":1.2"));
		assert_true(slice_is(m.signature, "su"));
		assert_int_equal(m.size, w.size);
		assert_int_equal(m.body_size, 12);
		assert_ptr_equal(m.body, m.bytes + m.size - 12);
		assert_int_equal((m.body - m.bytes) % 8, 0);
	}
}

static void test_absent(void **state)
{
	struct wirebytes w;
	struct message m;
	const char *why = NULL;
	DROP_HEAP uint8_t *copy = NULL;

	(void)state;
	wirebytes_message(&w, 'l', "y5 y0 y1 u1", "", "");
	assert_int_equal(parse(&w, &m, &why, &copy), 0);
	assert_true(m.plain);
	assert_null(m.path.text);
	assert_null(m.sender.text);
	assert_null(m.signature.text);
	assert_int_equal(m.reply_serial, 0);
	assert_int_equal(m.body_size, 0);
}

/* Whatever is cut off: it is never accepted and nothing is read behind the end. */
static void test_truncated(void **state)
{
	struct wirebytes w;

	(void)state;
	wirebytes_message(&w, 'l', CALL, FIELDS SIGNATURE("sa{sv}as"),
		"s:x u34 |8 s:k g:u u1 |8 s:l g:s s:x |4 u6 s:a");
	for (size_t size = 0; size <= w.size; size++) {
		DROP_HEAP uint8_t *copy = malloc(size ? size : 1);
		const char *why = NULL;
		struct message m;
		size_t need = 1;

		assert_non_null(copy);
		memcpy(copy, w.data, size);
		assert_int_equal(message_measure(copy, size, MESSAGE_SIZE_MAX, &need), 0);
		assert_int_equal(need, size < MESSAGE_HEADER_MIN ? 0 : w.size);
		assert_int_equal(
			message_parse(&m, copy, size, &why), size == w.size ? 0 : FAULT_MALFORMED);
	}
}

#define MIB (UINT32_C(1) << 20)

static const struct {
	uint8_t endian;
	uint32_t fields, body;
	size_t limit;
	int want;
	size_t size;
} sizes[] = {
	{'l', 0, 0, MIB, 0, 16},
	{'B', 0, 0, MIB, 0, 16},
	{0, 0, 0, MIB, FAULT_MALFORMED, 0},
	{'L', 0, 0, MIB, FAULT_MALFORMED, 0},
	{'b', 0, 0, MIB, FAULT_MALFORMED, 0},
	{'l', 1, 0, MIB, 0, 24},
	{'l', 8, 5, MIB, 0, 29},
	{'B', 9, 5, MIB, 0, 37},
	{'l', 0, 0, 16, 0, 16},
	{'l', 0, 1, 16, FAULT_TOO_LARGE, 0},
	{'B', 0, MIB, MIB, FAULT_TOO_LARGE, 0},
	{'l', 64 * MIB, 0, MESSAGE_SIZE_MAX, 0, 64 * MIB + 16},
	{'l', 64 * MIB + 1, 0, MESSAGE_SIZE_MAX, FAULT_MALFORMED, 0},
	{'B', UINT32_MAX, 0, MESSAGE_SIZE_MAX, FAULT_MALFORMED, 0},
	{'l', 0, 128 * MIB - 16, MESSAGE_SIZE_MAX, 0, 128 * MIB},
	{'l', 0, 128 * MIB - 15, MESSAGE_SIZE_MAX, FAULT_MALFORMED, 0},
	{'l', 0, 128 * MIB - 15, SIZE_MAX, FAULT_MALFORMED, 0},
	{'B', 0, UINT32_MAX, MESSAGE_SIZE_MAX, FAULT_MALFORMED, 0},
	{'l', UINT32_MAX, UINT32_MAX, SIZE_MAX, FAULT_MALFORMED, 0},
};

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct wirebytes w = {.order = sizes[i].endian == 'B' ? 'B' : 'l'};
		size_t got = 0;

		wirebytes_put(&w, "y0 y1 y0 y1 u0 u1 u0");
		w.data[0] = sizes[i].endian;
		wirebytes_patch(&w, 4, sizes[i].body);
		wirebytes_patch(&w, 12, sizes[i].fields);
		assert_int_equal(
			message_measure(w.data, w.size, sizes[i].limit, &got), sizes[i].want);
		assert_int_equal(got, sizes[i].size);
	}
}

/* A bad first byte is known at once; fewer than 16 bytes are otherwise no answer yet. */
static void test_few_bytes(void **state)
{
	size_t size = 7;

	(void)state;
	assert_int_equal(message_measure((const uint8_t *)"", 0, MIB, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(message_measure((const uint8_t *)"x", 1, MIB, &size), FAULT_MALFORMED);
	size = 7;
	assert_int_equal(message_measure((const uint8_t *)"l\1\0\1", 4, MIB, &size), 0);
	assert_int_equal(size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_few_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
