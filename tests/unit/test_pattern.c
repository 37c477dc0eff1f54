/*
 * test_pattern.c - globs against a matcher that tries everything, over all short patterns and texts;
 * what units, slices and labels fit; that no pattern takes long; what restrictions ask for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/drop.h"
#include "policy/pattern.h"
#include "tests/unit/plain.h"
#include "tests/unit/rulebook.h"

/* The text of a number in base `n` of the letters, NUL-terminated. */
static void spell(uint32_t number, const char *letters, uint32_t n, char *to)
{
	for (; number; number = (number - 1) / n)
		*to++ = letters[(number - 1) % n];
	*to = '\0';
}

static bool fits(const char *pattern, const char *text, char border)
{
	return pattern_fits(slice_of(pattern), slice_of(text), border);
}

/* Every pattern of up to five letters, every text of up to five. */
static void test_all_short(void **state)
{
	char pattern[8], text[8];
	uint32_t agreed = 0;

	(void)state;
	for (uint32_t i = 0; i < 1365; i++) {
		spell(i, "*ab/", 4, pattern);
		for (uint32_t j = 0; j < 1093; j++) {
			spell(j, "ab/", 3, text);
			for (int border = 0; border < 2; border++) {
				char c = border ? '/' : '\0';
				bool want = plain_glob(pattern, text, c);

				if (fits(pattern, text, c) != want)
					fail_msg("%s %s %d", pattern, text, border);
				agreed += want;
			}
		}
	}
	assert_true(agreed > 10000);
}

/* The border counts where a star stands for it, and the last star is not the first. */
static void test_rows(void **state)
{
	static const struct {
		const char *pattern, *text;
		char border;
		bool want;
	} rows[] = {
		{"", "", 0, true},
		{"", "a", 0, false},
		{"*", "", '/', true},
		{"a*", "a/b", '/', false},
		{"a*", "a/b", 0, true},
		{"a*/*b", "ax/yb", '/', true},
		{"*a*b*", "xxaxxabxx", '/', true},
		{"*ab", "aab", 0, true},
		{"a*a*a", "aa", 0, false},
		{"*.service", ".service", '/', true},
		{"foo@*.service", "foo@a@b.service", '/', true},
		{"foo@*.service", "foo@a/b.service", '/', false},
		{"a", "A", 0, false},
		{"?", "a", 0, false},
		{"[a]", "a", 0, false},
		{"\\*", "*", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (fits(rows[i].pattern, rows[i].text, rows[i].border) != rows[i].want)
			fail_msg("%s %s", rows[i].pattern, rows[i].text);
}

/* What stands behind a text is no part of it. */
static void test_slices(void **state)
{
	(void)state;
	assert_true(pattern_fits((struct slice){"ab*", 2}, (struct slice){"abc", 2}, 0));
	assert_false(pattern_fits((struct slice){"ab*", 2}, (struct slice){"abc", 3}, 0));
	assert_true(pattern_fits((struct slice){"*", 1}, (struct slice){"a\0b", 3}, 0));
	assert_true(pattern_fits(SLICE("a*b"), (struct slice){"a\0b", 3}, 0));
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Whoever fails late, star by star: the product of both, not a power of one. */
static void test_time(void **state)
{
	enum { LONG = 20000 };
	DROP_HEAP char *text = malloc(LONG + 1), *pattern = malloc(LONG + 1);
	double begin = seconds();

	(void)state;
	assert_true(text && pattern);
	memset(text, 'a', LONG);
	text[LONG] = '\0';
	for (size_t i = 0; i < 500; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	strcpy(pattern + 1000, "*b");
	assert_false(fits(pattern, text, '/'));
	memset(pattern, 'a', LONG / 2);
	pattern[0] = '*';
	strcpy(pattern + LONG / 2, "b");
	assert_false(fits(pattern, text, 0));
	memset(pattern, '*', LONG);
	pattern[LONG] = '\0';
	assert_true(fits(pattern, text, '/'));
	assert_true(seconds() - begin < 5);
}

static void test_unit(void **state)
{
	static const char user_slices[] =
		"user.slice user-7.slice user@7.service/app.slice user@7.service/app-x.slice";
	static const struct {
		const char *pattern, *unit, *slices;
		bool want;
	} rows[] = {
		{"a.service", "a.service", NULL, true},
		{"a.service", "aa.service", NULL, false},
		{"a.service", NULL, NULL, false},
		{"*", NULL, NULL, false},
		{"*", "a.service", NULL, true},
		{"", "a.service", NULL, false},
		{"foo@*.service", "foo@1.service", NULL, true},
		{"foo@*.service", "foo.service", NULL, false},
		/* a user's units are not the system's, whatever they are called */
		{"a.service", "user@7.service/a.service", NULL, false},
		{"user@7.service", "user@7.service/a.service", NULL, true},
		{"*", "user@7.service/a.service", NULL, true},
		{"*a.service", "user@7.service/a.service", NULL, false},
		{"user@*.service/a.service", "user@7.service/a.service", NULL, true},
		{"*/a.service", "user@7.service/a.service", NULL, true},
		{"*/*", "user@7.service/a.service", NULL, true},
		{"*/*", "user@7.service", NULL, false},
		{"user@7.service/*", "user@7.service", NULL, false},
		/* slices: that of the unit and those around it */
		{"system.slice", "a.service", "system.slice", true},
		{"system.slice", NULL, "system.slice", true},
		{"system.slice", "a.service", NULL, false},
		{"system.slice", "a.service", "system.slice system-a.slice", true},
		{"system-*.slice", "a.service", "system.slice system-a.slice", true},
		{"stem.slice", "a.service", "system.slice", false},
		{"system.slice system-a.slice", "a.service", "system.slice system-a.slice", false},
		{"user-7.slice", "user@7.service/x.service", user_slices, true},
		{"app.slice", "user@7.service/x.service", user_slices, false},
		{"*.slice", "user@7.service/x.service", "user@7.service/app.slice", false},
		{"user@7.service/app.slice", "user@7.service/x.service", user_slices, true},
		{"user@*.service/app-*.slice", "user@7.service/x.service", user_slices, true},
		{"user@8.service/app.slice", "user@7.service/x.service", user_slices, false},
		/* a name of nothing */
		{".slice", "a.service", "system.slice", false},
		{".slice", ".slice", "system.slice", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct identity identity = {
			.unit = (char *)rows[i].unit, .slices = (char *)rows[i].slices};

		if (pattern_fits_unit(slice_of(rows[i].pattern), &identity) != rows[i].want)
			fail_msg("%s %s", rows[i].pattern, rows[i].unit);
	}
}

static void test_label(void **state)
{
	static const char label[] = "u:r:a_t:s0-s0:c0.c1023";
	struct identity identity = {.uid = 1};

	(void)state;
	assert_false(pattern_fits_label(SLICE("*"), &identity));
	assert_false(pattern_fits_label(SLICE(""), &identity));
	identity.label = (char *)label;
	identity.label_size = sizeof(label) - 1;
	assert_true(pattern_fits_label(SLICE("*"), &identity));
	assert_true(pattern_fits_label(SLICE("u:r:a_t:*"), &identity));
	assert_false(pattern_fits_label(SLICE("u:r:a_t"), &identity));
	assert_false(pattern_fits_label(SLICE("*:a_t:s0"), &identity));
	/* AppArmor's: paths, where a star goes over slashes */
	identity.label = (char *)"/usr/bin/x//null (complain)";
	identity.label_size = 27;
	assert_true(pattern_fits_label(SLICE("/usr/*"), &identity));
	assert_true(pattern_fits_label(SLICE("/*(complain)"), &identity));
}

static void test_restriction(void **state)
{
	uint32_t groups[] = {3, 7};
	const struct identity known = {.uid = 5,
		.groups = groups,
		.groups_n = 2,
		.unit = (char *)"a.service",
		.slices = (char *)"system.slice",
		.label = (char *)"a_t",
		.label_size = 3};
	const struct identity nobody = {.uid = ID_NONE};
	static const struct {
		uint8_t asks;
		uint32_t user, group;
		const char *unit, *label, *want, *want_of_nobody;
	} rows[] = {
		{ASKS_USER, 5, 0, NULL, NULL, NULL, "user"},
		{ASKS_USER, 6, 0, NULL, NULL, "user", "user"},
		{ASKS_USER, ID_NONE, 0, NULL, NULL, "user", "user"},
		{ASKS_GROUP, 0, 7, NULL, NULL, NULL, "group"},
		{ASKS_GROUP, 0, 5, NULL, NULL, "group", "group"},
		{ASKS_GROUP, 0, ID_NONE, NULL, NULL, "group", "group"},
		{ASKS_UNIT, 0, 0, "a.service", NULL, NULL, "unit"},
		{ASKS_UNIT, 0, 0, "system.slice", NULL, NULL, "unit"},
		{ASKS_UNIT, 0, 0, "b.service", NULL, "unit", "unit"},
		{ASKS_LABEL, 0, 0, NULL, "a_*", NULL, "label"},
		{ASKS_LABEL, 0, 0, NULL, "b_*", "label", "label"},
		/* all of them */
		{ASKS_USER | ASKS_UNIT, 5, 0, "a.service", NULL, NULL, "user"},
		{ASKS_USER | ASKS_UNIT, 5, 0, "b.service", NULL, "unit", "user"},
		{ASKS_USER | ASKS_UNIT, 6, 0, "a.service", NULL, "user", "user"},
		{ASKS_USER | ASKS_GROUP | ASKS_UNIT | ASKS_LABEL, 5, 3, "*", "*", NULL, "user"},
		{ASKS_USER | ASKS_GROUP | ASKS_UNIT | ASKS_LABEL, 5, 3, "*", "", "label", "user"},
		{ASKS_USER | ASKS_NOBODY, 5, 0, NULL, NULL, "a user or group that is not known",
			"a user or group that is not known"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct builder *b = builder_new();
		struct restriction r = {.name = builder_text(b, SLICE("com.A")),
			.name_kind = NAME_EXACT,
			.asks = rows[i].asks,
			.user = rows[i].user,
			.group = rows[i].group,
			.unit = builder_text(b, slice_of(rows[i].unit)),
			.label = builder_text(b, slice_of(rows[i].label))};
		struct rulebook book;
		const struct image *image = &book.image;
		const char *differs;

		builder_restriction(b, &r);
		rulebook_finish(&book, b);
		differs = restriction_differs(image, image->restrictions, &known);
		assert_string_equal(differs ? differs : "", rows[i].want ? rows[i].want : "");
		differs = restriction_differs(image, image->restrictions, &nobody);
		assert_string_equal(differs, rows[i].want_of_nobody);
		rulebook_close(&book);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_short),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_unit),
		cmocka_unit_test(test_label),
		cmocka_unit_test(test_restriction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
