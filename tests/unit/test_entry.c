/*
 * test_entry.c - what was recorded is read back as it was, whatever the clients put into it; what was
 * not written by us is not read.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/entry.h"
#include "tests/unit/decisions.h"

static struct entry entry;

static int read_text(const char *text)
{
	entry_init(&entry);
	return entry_read_text(&entry, slice_of(text));
}

/* Values, lengths before the cut, and the line that is made of them again. */
static void check_same(const struct record *want)
{
	struct writer first = {.limit = 0}, second = {.limit = 0};

	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		const struct record_value *v = &entry.record.values[i], *w = &want->values[i];

		if (record_kind_of(i) == RECORD_KIND_PROSE)
			continue;
		assert_int_equal(v->known, w->known);
		assert_int_equal(v->number, w->number);
		assert_int_equal(v->full, w->full);
		assert_true(slice_equal(v->text, w->text));
	}
	record_line(&first, &entry.record);
	record_line(&second, want);
	assert_true(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
	writer_fini(&first);
	writer_fini(&second);
}

static void check_read_back(const struct record *record)
{
	struct writer w = {.limit = 0};

	record_text(&w, record);
	entry_init(&entry);
	assert_int_equal(entry_read_text(&entry, (struct slice){(char *)w.data, w.size}), 0);
	check_same(record);
	w.size = 0;
	record_line(&w, record);
	entry_init(&entry);
	assert_int_equal(entry_read_line(&entry, (struct slice){(char *)w.data, w.size}), 0);
	check_same(record);
	writer_fini(&w);
}

static void test_round_trip(void **state)
{
	struct decisions d;
	struct request request;
	struct verdict deny;
	struct record record;

	(void)state;
	decisions_init(&d, false);
	request = decisions_request(&d);
	deny = decisions_verdict(&d, 0);
	record_of(&record, "system", &request, &deny, 77);
	check_read_back(&record);
	assert_true(entry_is_denied(&entry) && !entry_is_permissive(&entry));
	deny.advisory = true;
	record_of(&record, "system", &request, &deny, 0);
	check_read_back(&record);
	assert_true(!entry_is_denied(&entry) && entry_is_permissive(&entry));
	decisions_fini(&d);
}

static const char hostile_4k[4096] = {[0 ... 4095] = '\n'};

static void test_hostile(void **state)
{
	static const struct slice hostile[] = {SLICE("x\nres=success"),
		SLICE("x\" res=success uid=0 y=\""), SLICE("x res=success"), SLICE("="),
		SLICE("\""), SLICE("'"), SLICE("res=success"), SLICE("41424344"), SLICE(""),
		SLICE("?"), SLICE("a\0b"), SLICE("\xff\xfe\x80"), SLICE(" | bus=\"system\""),
		SLICE(" | bus=\"system\" verb=own res=success"), SLICE(": deny by x: "),
		SLICE("\x1d' UID=\"root\""), {hostile_4k, sizeof(hostile_4k)}};
	static const enum record_field fields[] = {
		RECORD_MEMBER, RECORD_COMM, RECORD_UNIT, RECORD_PEER_NAMES, RECORD_RULE_TEXT};
	struct decisions d;
	struct request request;
	struct verdict deny;
	struct record record;

	(void)state;
	decisions_init(&d, false);
	request = decisions_request(&d);
	deny = decisions_verdict(&d, 0);
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		for (size_t f = 0; f < ARRAY_SIZE(fields); f++) {
			uint32_t max = record_max(fields[f]);
			size_t size = hostile[i].size < max ? hostile[i].size : max;

			record_of(&record, "system", &request, &deny, 0);
			record.values[fields[f]] = (struct record_value){.known = true,
				.text = {hostile[i].text, size},
				.full = (uint32_t)hostile[i].size};
			check_read_back(&record);
		}
	}
	decisions_fini(&d);
}

/* The longest record there is. */
static void test_longest(void **state)
{
	static char filler[2048];
	struct record record = {0};

	(void)state;
	memset(filler, '\n', sizeof(filler));
	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		record.values[i] = (struct record_value){.known = i != RECORD_WHY};
		if (record_kind_of(i) == RECORD_KIND_NUMBER) {
			record.values[i].number = INT64_MIN;
		} else if (record_kind_of(i) == RECORD_KIND_WORD) {
			record.values[i].text = SLICE("word");
			record.values[i].full = 4;
		} else {
			record.values[i].text = (struct slice){filler, record_max(i)};
			record.values[i].full = UINT32_MAX;
		}
	}
	check_read_back(&record);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"verb=own res=failed", 0},
		{"allowed own: x | verb=own res=failed", 0},
		{"later=1 verb=own newer=\"x\" res=failed", 0},
		{"verb=own uid=? exe=? res=failed", 0},
		{"", -EBADMSG},
		{"verb=own", -EBADMSG},
		{"res=failed", -EBADMSG},
		{"verb=own res=failed ", 0},
		{"verb=own  res=failed", -EBADMSG},
		{" verb=own res=failed", -EBADMSG},
		{"x verb=own res=failed", -EBADMSG},
		{"=x verb=own res=failed", -EBADMSG},
		{"VERB=own res=failed", -EBADMSG},
		{"verb=own res=failed trailing", -EBADMSG},
		{"verb=own | verb=own res=failed", 0}, /* what is before belongs to a sentence */
		/* words */
		{"verb=Own res=failed", -EBADMSG},
		{"verb=\"own\" res=failed", -EBADMSG},
		{"verb= res=failed", -EBADMSG},
		/* twice, or from where it cannot be */
		{"verb=own verb=send res=failed", -EBADMSG},
		{"verb=own uid=1 uid=1 res=failed", -EBADMSG},
		{"verb=own why=x res=failed", -EBADMSG},
		/* numbers */
		{"verb=own uid=12 res=failed", 0},
		{"verb=own uid=-9223372036854775808 res=failed", 0},
		{"verb=own uid=9223372036854775807 res=failed", 0},
		{"verb=own uid=9223372036854775808 res=failed", -EBADMSG},
		{"verb=own uid=-9223372036854775809 res=failed", -EBADMSG},
		{"verb=own uid=99999999999999999999 res=failed", -EBADMSG},
		{"verb=own uid= res=failed", -EBADMSG},
		{"verb=own uid=- res=failed", -EBADMSG},
		{"verb=own uid=1x res=failed", -EBADMSG},
		{"verb=own uid=0x1 res=failed", -EBADMSG},
		{"verb=own uid=+1 res=failed", -EBADMSG},
		/* texts */
		{"verb=own comm=\"x\" res=failed", 0},
		{"verb=own comm=\"\" res=failed", 0},
		{"verb=own comm=4142 res=failed", 0},
		{"verb=own comm= res=failed", -EBADMSG},
		{"verb=own comm=414 res=failed", -EBADMSG},
		{"verb=own comm=4a res=failed", -EBADMSG},
		{"verb=own comm=zz res=failed", -EBADMSG},
		{"verb=own comm=\" res=failed", -EBADMSG},
		{"verb=own comm=\"a\"b\" res=failed", -EBADMSG},
		{"verb=own comm=\"a res=failed", -EBADMSG},
		{"verb=own comm=\"\x01\" res=failed", -EBADMSG},
		{"verb=own comm=\"\xc3\xa9\" res=failed", -EBADMSG},
		/* how long it was */
		{"verb=own comm=\"x\" comm_cut=2 res=failed", 0},
		{"verb=own comm_cut=2 comm=\"x\" res=failed", 0},
		{"verb=own comm=\"x\" comm_cut=1 res=failed", -EBADMSG},
		{"verb=own comm=\"x\" comm_cut=0 res=failed", -EBADMSG},
		{"verb=own comm=\"x\" comm_cut=-2 res=failed", -EBADMSG},
		{"verb=own comm=\"x\" comm_cut=4294967296 res=failed", -EBADMSG},
		{"verb=own comm=\"x\" comm_cut=2 comm_cut=2 res=failed", -EBADMSG},
		{"verb=own comm_cut=2 res=failed", -EBADMSG},
		{"verb=own uid=1 uid_cut=2 res=failed", -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (read_text(cases[i].text) != cases[i].want)
			fail_msg("row %zu: %s", i, cases[i].text);
}

/* More than a record can hold is refused, not cut in silence. */
static void test_too_long(void **state)
{
	static char line[8 * RECORD_LINE_MAX];
	int n = snprintf(line, sizeof(line), "verb=own res=failed comm=\"");

	(void)state;
	memset(line + n, 'x', 4 * RECORD_LINE_MAX);
	strcpy(line + n + 4 * RECORD_LINE_MAX, "\"");
	assert_int_equal(read_text(line), -EBADMSG);
}

static void test_sentence(void **state)
{
	static const struct {
		const char *text, *why; /* NULL: none */
	} cases[] = {
		{"denied send: :1.7 (uid=1 comm=\"a\") -> org.a.B: deny by send rules: x: y",
			"deny by send rules: x: y"},
		{"denied connect: (uid=1): deny: no judge allowed it", "deny: no judge allowed it"},
		{"denied connect:: deny: no judge allowed it", "deny: no judge allowed it"},
		{"denied own: :1.7 name a.B: deny by x (decisions not on record before this one: "
		 "3)",
			"deny by x"},
		{"denied own: :1.7 name a.B: deny by x (3 times)", "deny by x"},
		{"denied own: :1.7 name a.B: by x (y times) (2 times) (and others of this user, "
		 "together 9) (decisions not on record before this one: 3)",
			"by x (y times)"},
		{"denied own: :1.7 name a.B: (3 times)", "(3 times)"},
		{"policy not taken:: not this one", "not this one"},
		{"denied own: :1.7 name a.B: <deny own=\"a | b\"/>", "<deny own=\"a | b\"/>"},
		{"denied own: :1.7 name a.B", NULL},
		{"", NULL},
		{":", NULL},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct slice why;

		snprintf(text, sizeof(text), "%s | verb=own res=failed", cases[i].text);
		assert_int_equal(read_text(text), 0);
		why = entry_text(&entry, RECORD_WHY);
		if (!slice_equal(why, slice_of(cases[i].why)))
			fail_msg("row %zu: %.*s", i, SLICE_FMT(why));
	}
	assert_int_equal(read_text("denied: x: \x1b[2J | verb=own res=failed"), -EBADMSG);
}

/* Of what a MAC policy refused, the kernel's trail has only its words. */
static void test_mac(void **state)
{
	static const struct {
		const char *judge, *permission, *type; /* type: NULL is to own a name */
		struct slice hostile;
	} cases[] = {
		{"selinux", "send_msg", "method_call", SLICE("x res=success")},
		{"selinux", "acquire_svc", NULL, SLICE("\" uid=0")},
		{"apparmor", "send", "signal", SLICE("'")},
		{"apparmor", "bind", NULL, SLICE("a\nb")},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct {
			enum record_field field;
			struct slice text;
		} texts[] = {
			{RECORD_BUS, SLICE("system")},
			{RECORD_SENDER, SLICE(":1.7")},
			{RECORD_COMM, cases[i].hostile},
			{RECORD_TYPE, slice_of(cases[i].type)},
			{RECORD_JUDGE, slice_of(cases[i].judge)},
			{RECORD_PERMISSION, slice_of(cases[i].permission)},
			{RECORD_SUBJECT, SLICE("u:r:t:s0")},
			{RECORD_OBJECT, SLICE("u:r:s:s0")},
			{RECORD_RES, SLICE("failed")},
			{cases[i].type ? RECORD_DESTINATION : RECORD_NAME, SLICE("org.a.B")},
			{RECORD_VERB, slice_of(cases[i].type ? "send" : "own")},
		};
		struct record record = {.values[RECORD_UID] = {.known = true, .number = 1000}};
		struct writer w = {.limit = 0};

		for (size_t f = 0; f < ARRAY_SIZE(texts); f++)
			if (texts[f].text.text)
				record.values[texts[f].field] = (struct record_value){.known = true,
					.text = texts[f].text,
					.full = (uint32_t)texts[f].text.size};
		record_mac(&w, &record);
		entry_init(&entry);
		assert_true(entry_is_mac((struct slice){(char *)w.data, w.size}));
		assert_int_equal(entry_read_mac(&entry, (struct slice){(char *)w.data, w.size}), 0);
		for (size_t f = 0; f < ARRAY_SIZE(texts); f++)
			assert_true(slice_equal(entry_text(&entry, texts[f].field), texts[f].text));
		assert_int_equal(entry_number(&entry, RECORD_UID, -1), 1000);
		writer_fini(&w);
	}
}

static void test_mac_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"avc:  denied  { send_msg } for msgtype=signal uid=1 res=failed", 0},
		/* dbus-daemon's, where nothing says for whom */
		{"avc:  denied  { send_msg } for msgtype=signal dest=a.b spid=1 tclass=dbus "
		 "permissive=0",
			-ENOENT},
		{"apparmor=\"DENIED\" operation=\"dbus_signal\" bus=\"system\" label=\"a b\"",
			-ENOENT},
		{"apparmor=\"DENIED\" label=\"a b\" res=failed", 0},
		{"avc:  denied  { send_msg", -EBADMSG},
		{"avc:  } for { x", -EBADMSG},
		{"avc:  denied  { a b } for res=failed", -EBADMSG},
		{"avc:  denied  { send_msg } for res=failed trailing", -EBADMSG},
		{"avc:  denied  { send_msg } for spid=x res=failed", -EBADMSG},
		{"apparmor=\"DENIED\" label=\"a b res=failed", -EBADMSG},
		{"apparmor=", -ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		entry_init(&entry);
		if (entry_read_mac(&entry, slice_of(cases[i].text)) != cases[i].want)
			fail_msg("row %zu: %s", i, cases[i].text);
	}
}

static void test_never_logged_in(void **state)
{
	(void)state;
	assert_int_equal(read_text("verb=own uid=4294967295 auid=4294967295 ses=3 res=failed"), 0);
	assert_int_equal(entry_number(&entry, RECORD_UID, -1), UINT32_MAX);
	assert_int_equal(entry_number(&entry, RECORD_AUID, -1), -1);
	assert_int_equal(entry_number(&entry, RECORD_SES, -1), 3);
}

static void test_move(void **state)
{
	static struct entry other;

	(void)state;
	assert_int_equal(read_text("verb=own comm=\"abc\" res=failed"), 0);
	entry_move(&other, &entry);
	memset(&entry, 0xa5, sizeof(entry));
	assert_true(slice_is(entry_text(&other, RECORD_COMM), "abc"));
	assert_null(entry_text(&other, RECORD_UNIT).text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_mac_refused),
		cmocka_unit_test(test_never_logged_in),
		cmocka_unit_test(test_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
