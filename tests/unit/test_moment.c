/* test_moment.c - times as people write them, and as logs do */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/drop.h"
#include "ctl/moment.h"

/* Saturday, 21 November 2026, 13:05:07.5 in Berlin */
#define NOW UINT64_C(1795262707500000)
#define S MOMENT_SECOND

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t want; /* 0: -EINVAL */
	} cases[] = {
		{"now", NOW},
		{"today", NOW - 500000 - (13 * 3600 + 5 * 60 + 7) * S},
		{"yesterday", NOW - 500000 - (37 * 3600 + 5 * 60 + 7) * S},
		{"-90s", NOW - 90 * S},
		{"-15m", NOW - 900 * S},
		{"-2h", NOW - 7200 * S},
		{"-3d", NOW - 3 * 86400 * S},
		{"-1w", NOW - 7 * 86400 * S},
		{"@1795262707", NOW - 500000},
		{"@0", 0},
		{"13:05:07", NOW - 500000},
		{"13:05", NOW - 500000 - 7 * S},
		{"2026-11-21 13:05:07", NOW - 500000},
		{"2026-11-21T13:05:07", NOW - 500000},
		{"2026-11-21 13:05", NOW - 500000 - 7 * S},
		{"2026-11-21", NOW - 500000 - (13 * 3600 + 5 * 60 + 7) * S},
		/* summer time */
		{"2026-07-01 12:00", UINT64_C(1782900000) * S},
		{"", 0},
		{"-", 0},
		{"-h", 0},
		{"-2", 0},
		{"-2x", 0},
		{"-2hours", 0},
		{"--2h", 0},
		{"-99999999999999999999h", 0},
		{"-600000h", 0},
		{"@", 0},
		{"@x", 0},
		{"@99999999999999999999", 0},
		{"2026-13-01", 0},
		{"2026-11-21 13:05:07 x", 0},
		{"25:00", 0},
		{"soon", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t got = 0;
		int r = moment_parse(cases[i].text, NOW, &got);

		if (got != cases[i].want ||
			(r < 0) != (got == 0 && strcmp(cases[i].text, "@0") != 0))
			fail_msg("%s: %d, %llu", cases[i].text, r, (unsigned long long)got);
	}
}

static void test_lines(void **state)
{
	static const struct {
		const char *line;
		uint64_t want; /* 0: none */
	} cases[] = {
		{"Nov 21 13:05:07 host x", NOW - 500000},
		{"Nov  1 13:05:07 host x", NOW - 500000 - 20 * 86400 * S},
		/* tomorrow is told apart from a year ago, as clocks differ */
		{"Nov 22 13:00:00 host x", NOW - 500000 + 86400 * S - (5 * 60 + 7) * S},
		{"Dec 24 13:05:07 host x", UINT64_C(1766577907) * S},
		{"2026-11-21T13:05:07+01:00 host x", NOW - 500000},
		{"2026-11-21T12:05:07Z host x", NOW - 500000},
		{"2026-11-21T12:05:07.5Z host x", NOW},
		{"2026-11-21T13:05:07.500000+01:00 host x", NOW},
		{"2026-11-21T07:05:07.500000-05:00 host x", NOW},
		{"2026-11-21T07:05:07.123456789Z host x", UINT64_C(1795244707123456)},
		{"2026-11-21T13:05:07 host x", 0},
		{"2026-11-21T13:05:07+x host x", 0},
		{"Nov 21 13:05:07", 0},
		{"dbus-warden: denied", 0},
		{"", 0},
		{"1", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t got = moment_of_line(slice_of(cases[i].line), NOW);

		if (got != cases[i].want)
			fail_msg("%s: %llu", cases[i].line, (unsigned long long)got);
	}
}

static void test_print(void **state)
{
	char text[MOMENT_SIZE];

	(void)state;
	moment_print(NOW, text);
	assert_string_equal(text, "2026-11-21 13:05:07.500");
	moment_print(0, text);
	assert_string_equal(text, "-");
	moment_print_utc(NOW, text);
	assert_string_equal(text, "2026-11-21T12:05:07.500000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_print),
	};

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
