/* test_sasl.c - conversations: what the client sends, what it is answered, how it ends */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/sasl.h"
#include "policy/subject.h"

#define GUID "0123456789abcdef0123456789abcdef"
#define OK "OK " GUID "\r\n"
#define DATA "DATA\r\n"
#define REJECTED "REJECTED EXTERNAL\r\n"
#define MISPLACED "ERROR \"The command does not belong here\"\r\n"
#define UNKNOWN "ERROR \"The command is not known\"\r\n"
#define NOT_HEX "ERROR \"The response is not hexadecimal\"\r\n"
#define NO_FDS "ERROR \"File descriptors cannot be passed here\"\r\n"
#define AGREE "AGREE_UNIX_FD\r\n"
#define AUTH_1000 "AUTH EXTERNAL 31303030\r\n" /* "1000" */

enum { NO_UID = 1, WITHOUT_FDS = 2, GOT_FDS = 4, GOT_ANONYMOUS = 8 };

/* `sends` begins behind the NUL byte; in `left` is what BEGIN leaves to the message parser. */
static const struct {
	unsigned int mechanisms, flags;
	const char *sends, *gets;
	enum sasl_outcome outcome;
	const char *left; /* SASL_DONE: what follows; SASL_FAILED: why */
} rows[] = {
	/* asking what there is */
	{AUTH_EXTERNAL, 0, "AUTH\r\n", REJECTED, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH \r\n", REJECTED, SASL_MORE, ""},
	{AUTH_ANONYMOUS, 0, "AUTH\r\n", "REJECTED ANONYMOUS\r\n", SASL_MORE, ""},
	{AUTH_EXTERNAL | AUTH_ANONYMOUS, 0, "AUTH\r\n", "REJECTED EXTERNAL ANONYMOUS\r\n",
		SASL_MORE, ""},
	{0, 0, "AUTH EXTERNAL\r\n", "REJECTED\r\n", SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH DBUS_COOKIE_SHA1 31303030\r\n", REJECTED, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH external 31303030\r\n", REJECTED, SASL_MORE, ""},

	/* EXTERNAL with the identity at once */
	{AUTH_EXTERNAL, 0, AUTH_1000, OK, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH\tEXTERNAL  31303030\r\n", OK, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, AUTH_1000 "BEGIN\r\n", OK, SASL_DONE, ""},
	{AUTH_EXTERNAL, 0, AUTH_1000 "BEGIN\r\nl\1\r\n", OK, SASL_DONE, "l\1\r\n"},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 31303031\r\n" AUTH_1000, REJECTED OK, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 30\r\n", REJECTED, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 3031303030\r\n", REJECTED, SASL_MORE, ""}, /* 01000 */
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 2b31303030\r\n", REJECTED, SASL_MORE, ""}, /* +1000 */
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 2031303030\r\n", REJECTED, SASL_MORE, ""}, /* blank */
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 3130303000\r\n", REJECTED, SASL_MORE, ""}, /* NUL */
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 3078336538\r\n", REJECTED, SASL_MORE, ""}, /* 0x3e8 */
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 726f6f74\r\n", REJECTED, SASL_MORE, ""}, /* root */
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 3130303z\r\n", NOT_HEX, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 3130303\r\n", NOT_HEX, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL =\r\n", NOT_HEX, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL 31303030 x\r\n", NOT_HEX, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL zz\r\nBEGIN\r\n", NOT_HEX, SASL_FAILED,
		"BEGIN before authentication"},
	{AUTH_ANONYMOUS, 0, AUTH_1000, "REJECTED ANONYMOUS\r\n", SASL_MORE, ""},

	/* EXTERNAL with a challenge */
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\nx", DATA OK, SASL_DONE, "x"},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL \r\nDATA \r\nBEGIN\r\nx", DATA OK, SASL_DONE, "x"},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nDATA 31303030\r\n", DATA OK, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nDATA 30\r\n", DATA REJECTED, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nDATA zz\r\nDATA\r\n", DATA NOT_HEX OK, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nAUTH\r\nDATA\r\n", DATA MISPLACED OK, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nNEGOTIATE_UNIX_FD\r\n", DATA MISPLACED, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nBEGIN\r\n", DATA, SASL_FAILED,
		"BEGIN before authentication"},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nCANCEL\r\nDATA\r\n", DATA REJECTED MISPLACED,
		SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH EXTERNAL\r\nERROR what\r\n", DATA REJECTED, SASL_MORE, ""},

	/* a peer that the kernel does not know is nobody, whatever it says */
	{AUTH_EXTERNAL, NO_UID, "AUTH EXTERNAL\r\nDATA\r\n", DATA REJECTED, SASL_MORE, ""},
	{AUTH_EXTERNAL, NO_UID, "AUTH EXTERNAL 34323934393637323935\r\n", REJECTED, SASL_MORE,
		""}, /* 4294967295 */

	/* ANONYMOUS with and without a trace */
	{AUTH_ANONYMOUS, GOT_ANONYMOUS, "AUTH ANONYMOUS\r\nBEGIN\r\n", OK, SASL_DONE, ""},
	{AUTH_ANONYMOUS, GOT_ANONYMOUS | NO_UID, "AUTH ANONYMOUS c3a9\r\nBEGIN\r\n", OK, SASL_DONE,
		""},
	{AUTH_ANONYMOUS, 0, "AUTH ANONYMOUS ff\r\n", "REJECTED ANONYMOUS\r\n", SASL_MORE, ""},
	{AUTH_ANONYMOUS, 0, "AUTH ANONYMOUS 6100\r\n", "REJECTED ANONYMOUS\r\n", SASL_MORE, ""},
	{AUTH_ANONYMOUS, 0, "AUTH ANONYMOUS zz\r\n", NOT_HEX, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH ANONYMOUS\r\n", REJECTED, SASL_MORE, ""},
	{AUTH_EXTERNAL | AUTH_ANONYMOUS, 0, "AUTH ANONYMOUS\r\nCANCEL\r\n" AUTH_1000 "BEGIN\r\n",
		OK "REJECTED EXTERNAL ANONYMOUS\r\n" OK, SASL_DONE, ""},

	/* before and after OK */
	{AUTH_EXTERNAL, 0, "BEGIN\r\n", "", SASL_FAILED, "BEGIN before authentication"},
	{AUTH_EXTERNAL, 0, "CANCEL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\n", MISPLACED MISPLACED MISPLACED,
		SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "ERROR\r\n", REJECTED, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "OK\r\n\r\nauth\r\n BEGIN\r\nREJECTED\r\n",
		UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, AUTH_1000 "AUTH\r\nDATA\r\nFOO\r\nBEGIN\r\n",
		OK MISPLACED MISPLACED UNKNOWN, SASL_DONE, ""},
	{AUTH_EXTERNAL, 0, AUTH_1000 "CANCEL\r\nBEGIN\r\n", OK REJECTED, SASL_FAILED,
		"BEGIN before authentication"},
	{AUTH_EXTERNAL, 0, AUTH_1000 "ERROR\r\nBEGIN\r\n", OK REJECTED, SASL_FAILED,
		"BEGIN before authentication"},

	/* file descriptors */
	{AUTH_EXTERNAL, GOT_FDS, AUTH_1000 "NEGOTIATE_UNIX_FD\r\nBEGIN\r\nx", OK AGREE, SASL_DONE,
		"x"},
	{AUTH_EXTERNAL, WITHOUT_FDS, AUTH_1000 "NEGOTIATE_UNIX_FD\r\nBEGIN\r\n", OK NO_FDS,
		SASL_DONE, ""},
	{AUTH_EXTERNAL, 0, AUTH_1000 "NEGOTIATE_UNIX_FD\r\nCANCEL\r\n" AUTH_1000 "BEGIN\r\n",
		OK AGREE REJECTED OK, SASL_DONE, ""},

	/* lines */
	{AUTH_EXTERNAL, 0, "AUTH\rX\r\nAU\nTH\r\n", UNKNOWN UNKNOWN, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH\r\r\n", UNKNOWN, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH\n", "", SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH \xc3\xa9\r\n", "", SASL_FAILED, "a line that is not ASCII text"},

	/* the sixth rejection is the last */
	{AUTH_EXTERNAL, 0, "AUTH\r\nAUTH\r\nAUTH\r\nAUTH\r\nAUTH\r\n" AUTH_1000,
		REJECTED REJECTED REJECTED REJECTED REJECTED OK, SASL_MORE, ""},
	{AUTH_EXTERNAL, 0, "AUTH\r\nAUTH\r\nAUTH\r\nAUTH\r\nAUTH\r\nAUTH\r\n" AUTH_1000,
		REJECTED REJECTED REJECTED REJECTED REJECTED REJECTED, SASL_FAILED,
		"authentication was rejected too often"},
};

struct talk {
	struct sasl sasl;
	struct writer out;
	enum sasl_outcome outcome;
	size_t used;
};

static void talk_fini(struct talk *t)
{
	sasl_fini(&t->sasl);
	writer_fini(&t->out);
}

/* In pieces of `piece` bytes, each of its own so that the sanitizers see reads beyond it. */
static void talk(struct talk *t, const char *bytes, size_t size, size_t piece)
{
	while (t->used < size && t->outcome == SASL_MORE) {
		size_t used, now = size - t->used < piece ? size - t->used : piece;
		char *copy = malloc(now);

		assert_non_null(copy);
		memcpy(copy, bytes + t->used, now);
		t->outcome = sasl_feed(&t->sasl, copy, now, &used, &t->out);
		free(copy);
		assert_true(used <= now);
		if (t->outcome == SASL_MORE)
			assert_int_equal(used, now);
		t->used += used;
	}
}

static void check_row(size_t i, size_t piece)
{
	struct talk t = {.sasl = {
				 .uid = rows[i].flags & NO_UID ? ID_NONE : 1000,
				 .mechanisms = rows[i].mechanisms,
				 .fds_possible = !(rows[i].flags & WITHOUT_FDS),
				 .guid = GUID,
			 }};
	size_t size = 1 + strlen(rows[i].sends);
	char bytes[1024] = "";

	strcpy(bytes + 1, rows[i].sends);
	talk(&t, bytes, size, piece);
	writer_bytes(&t.out, "", 1);
	if (strcmp((const char *)t.out.data, rows[i].gets))
		fail_msg("%s: %s instead of %s", rows[i].sends, (const char *)t.out.data,
			rows[i].gets);
	assert_int_equal(t.outcome, rows[i].outcome);
	if (t.outcome == SASL_FAILED)
		assert_string_equal(t.sasl.why, rows[i].left);
	if (t.outcome == SASL_DONE) {
		assert_string_equal(bytes + t.used, rows[i].left);
		assert_int_equal(t.sasl.fds, !!(rows[i].flags & GOT_FDS));
		assert_int_equal(t.sasl.anonymous, !!(rows[i].flags & GOT_ANONYMOUS));
		assert_null(t.sasl.line);
	}
	talk_fini(&t);
}

static void test_conversations(void **state)
{
	static const size_t pieces[] = {1024, 1, 2, 3, 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(pieces); k++)
			check_row(i, pieces[k]);
	}
}

static struct talk talk_new(void)
{
	return (struct talk){.sasl = {
				     .uid = 0,
				     .mechanisms = AUTH_EXTERNAL,
				     .guid = GUID,
			     }};
}

static void test_first_byte(void **state)
{
	struct talk t = talk_new(), u = talk_new(), v = talk_new();

	(void)state;
	talk(&t, "AUTH\r\n", 6, 6);
	assert_int_equal(t.outcome, SASL_FAILED);
	assert_string_equal(t.sasl.why, "the first byte is not NUL");
	talk(&u, "\0\0AUTH\r\n", 8, 8);
	assert_int_equal(u.outcome, SASL_FAILED);
	assert_string_equal(u.sasl.why, "a line that is not ASCII text");
	talk(&v, "\0AUTH EXTERNAL 30\0\r\n", 20, 20);
	assert_int_equal(v.outcome, SASL_FAILED);
	talk_fini(&t);
	talk_fini(&u);
	talk_fini(&v);
}

/* A line of just the limit is read, with one byte more it is not, ended or not. */
static void test_long_line(void **state)
{
	static const size_t pieces[] = {SASL_LINE_MAX + 2, 2048, 1};
	static char bytes[SASL_LINE_MAX + 2];

	(void)state;
	memset(bytes + 1, 'A', sizeof(bytes) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct talk t = talk_new(), u = talk_new(), v = talk_new();

		talk(&t, bytes, 1 + SASL_LINE_MAX, pieces[i]);
		assert_int_equal(t.outcome, SASL_MORE);
		talk(&t, bytes, 1 + SASL_LINE_MAX + 1, pieces[i]);
		assert_int_equal(t.outcome, SASL_FAILED);
		assert_string_equal(t.sasl.why, "a line is too long");

		memcpy(bytes + SASL_LINE_MAX - 1, "\r\n", 2);
		talk(&u, bytes, 1 + SASL_LINE_MAX, pieces[i]);
		assert_int_equal(u.outcome, SASL_MORE);
		assert_int_equal(u.out.size, strlen(UNKNOWN));

		memcpy(bytes + SASL_LINE_MAX - 1, "A\r\n", 3);
		talk(&v, bytes, 1 + SASL_LINE_MAX + 1, pieces[i]);
		assert_int_equal(v.outcome, SASL_FAILED);
		bytes[SASL_LINE_MAX] = bytes[SASL_LINE_MAX + 1] = 'A';
		talk_fini(&t);
		talk_fini(&u);
		talk_fini(&v);
	}
}

static void test_many_errors(void **state)
{
	struct talk t = talk_new();
	char bytes[1 + 5 * 2 * SASL_ERRORS_MAX] = "";

	(void)state;
	for (size_t i = 0; i < 2 * SASL_ERRORS_MAX; i++)
		memcpy(bytes + 1 + 5 * i, "FOO\r\n", 5);
	talk(&t, bytes, sizeof(bytes), sizeof(bytes));
	assert_int_equal(t.outcome, SASL_FAILED);
	assert_int_equal(t.out.size, SASL_ERRORS_MAX * strlen(UNKNOWN));
	talk_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_first_byte),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_many_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
