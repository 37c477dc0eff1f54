/* test_compose.c - what the bus writes is what is expected byte for byte, and parses */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/compose.h"
#include "tests/unit/wirebytes.h"

#define OURS (__BYTE_ORDER == __LITTLE_ENDIAN ? 'l' : 'B')
#define DRIVER " |8 y7 g:s s:org.freedesktop.DBus"

static void no_arguments(struct compose *c)
{
	(void)c;
}

static void basic(struct compose *c)
{
	compose_byte(c, 9);
	compose_bool(c, true);
	compose_u32(c, 7);
	compose_u64(c, 8);
	compose_string(c, SLICE("text"));
	compose_signature(c, "a{sv}");
}

static void bytes(struct compose *c)
{
	compose_bytes(c, (struct slice){"\1\2\3", 3});
	compose_string(c, SLICE(""));
}

static void strings(struct compose *c)
{
	size_t open = compose_open_array(c, 4);

	compose_string(c, SLICE("a"));
	compose_string(c, SLICE("bc"));
	compose_close_array(c, open, 4);
	compose_byte(c, 1);
}

static void empty_arrays(struct compose *c)
{
	compose_close_array(c, compose_open_array(c, 4), 4);
	compose_close_array(c, compose_open_array(c, 8), 8);
	compose_close_array(c, compose_open_array(c, 1), 1);
}

static void dict(struct compose *c)
{
	size_t open = compose_open_array(c, 8), inner;

	compose_align(c, 8);
	compose_string(c, SLICE("k"));
	compose_signature(c, "au");
	inner = compose_open_array(c, 4);
	compose_u32(c, 1);
	compose_u32(c, 2);
	compose_close_array(c, inner, 4);
	compose_align(c, 8);
	compose_string(c, SLICE("l"));
	compose_signature(c, "t");
	compose_u64(c, 3);
	compose_close_array(c, open, 8);
}

static const struct {
	struct compose_header header;
	void (*arguments)(struct compose *c);
	const char *head, *fields, *body;
} rows[] = {
	{{.type = MESSAGE_RETURN, .serial = 5, .reply_serial = 9, .destination = SLICE(":1.7")},
		no_arguments, "y2 y0 y1 u5", "y5 g:u u9 |8 y6 g:s s::1.7" DRIVER, ""},
	{{.type = MESSAGE_RETURN,
		 .serial = 5,
		 .reply_serial = 9,
		 .no_sender = true,
		 .flags = MESSAGE_NO_REPLY_EXPECTED,
		 .signature = ""},
		no_arguments, "y2 y1 y1 u5", "y5 g:u u9", ""},
	{{.type = MESSAGE_SIGNAL,
		 .serial = 1,
		 .path = "/p",
		 .interface = "a.b",
		 .member = "M",
		 .signature = "asy"},
		strings, "y4 y0 y1 u1",
		"y1 g:o o:/p |8 y2 g:s s:a.b |8 y3 g:s s:M |8 y8 g:g g:asy" DRIVER,
		"u15 s:a s:bc y1"},
	{{.type = MESSAGE_ERROR,
		 .serial = 1,
		 .error = "a.b",
		 .reply_serial = 2,
		 .sender = SLICE(":1.3"),
		 .signature = "ybutsg"},
		basic, "y3 y0 y1 u1",
		"y4 g:s s:a.b |8 y5 g:u u2 |8 y8 g:g g:ybutsg |8 y7 g:s s::1.3",
		"y9 b1 u7 t8 s:text g:a{sv}"},
	{{.type = MESSAGE_CALL,
		 .serial = 1,
		 .path = "/",
		 .member = "M",
		 .signature = "ays",
		 .fds = 2,
		 .no_sender = true},
		bytes, "y1 y0 y1 u1", "y1 g:o o:/ |8 y3 g:s s:M |8 y8 g:g g:ays |8 y9 g:u u2",
		"u3 =010203 s:"},
	{{.type = MESSAGE_CALL,
		 .serial = 1,
		 .path = "/",
		 .member = "M",
		 .signature = "asa(y)ay",
		 .no_sender = true},
		empty_arrays, "y1 y0 y1 u1", "y1 g:o o:/ |8 y3 g:s s:M |8 y8 g:g g:asa(y)ay",
		"u0 u0 |8 u0"},
	{{.type = MESSAGE_CALL,
		 .serial = 1,
		 .path = "/",
		 .member = "M",
		 .signature = "a{sv}",
		 .no_sender = true},
		dict, "y1 y0 y1 u1", "y1 g:o o:/ |8 y3 g:s s:M |8 y8 g:g g:a{sv}",
		"u48 |8 s:k g:au u8 u1 u2 |8 s:l g:t t3"},
};

/* One writer for all: what an earlier message left in it does not show. */
static void test_bytes(void **state)
{
	struct writer out = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct wirebytes want;
		struct compose c;
		struct message m;
		const char *why = "";
		size_t size;

		compose_begin(&c, &out, &rows[i].header);
		rows[i].arguments(&c);
		assert_int_equal(compose_end(&c), 0);
		wirebytes_message(&want, OURS, rows[i].head, rows[i].fields, rows[i].body);
		assert_int_equal(out.size, want.size);
		assert_memory_equal(out.data, want.data, want.size);
		assert_int_equal(message_measure(out.data, out.size, MESSAGE_SIZE_MAX, &size), 0);
		assert_int_equal(size, out.size);
		if (message_parse(&m, out.data, size, &why))
			fail_msg("row %zu: %s", i, why);
	}
	writer_fini(&out);
}

/* Whichever byte does not fit: compose_end says so, and the next message is whole again. */
static void test_no_memory(void **state)
{
	struct writer out = {0};
	struct compose c;
	size_t whole;

	(void)state;
	compose_begin(&c, &out, &rows[6].header);
	rows[6].arguments(&c);
	assert_int_equal(compose_end(&c), 0);
	whole = out.size;
	for (size_t limit = 1; limit <= whole; limit++) {
		out.limit = limit;
		compose_begin(&c, &out, &rows[6].header);
		rows[6].arguments(&c);
		assert_int_equal(compose_end(&c), limit < whole ? -ENOMEM : 0);
	}
	writer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
