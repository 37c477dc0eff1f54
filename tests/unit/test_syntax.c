/* test_syntax.c - names, paths, strings and signatures: which are valid */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/syntax.h"

#define A5 "aaaaa"
#define A50 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5
#define A250 A50 A50 A50 A50 A50
#define ARRAYS_32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OPEN_32 "(((((((((((((((((((((((((((((((("
#define CLOSE_32 "))))))))))))))))))))))))))))))))"
#define DICTS_8 "a{sa{sa{sa{sa{sa{sa{sa{s"
#define DICTS_32 DICTS_8 DICTS_8 DICTS_8 DICTS_8
#define ENDS_32 "}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}"
#define MIXED_8 "aa(aa(aa(aa(aa(aa(aa(aa("

enum {
	UNIQUE = 1,
	WELL_KNOWN = 2,
	PREFIX = 4,
	INTERFACE = 8,
	MEMBER = 16,
};

/* which of them a text is */
static const struct {
	const char *text;
	unsigned int want;
} names[] = {
	{"", 0},
	{"a", PREFIX | MEMBER},
	{"A_9", PREFIX | MEMBER},
	{"_", PREFIX | MEMBER},
	{"9a", 0},
	{"a-b", PREFIX},
	{"-", PREFIX},
	{"a.b", WELL_KNOWN | PREFIX | INTERFACE},
	{"_a.B9.c_", WELL_KNOWN | PREFIX | INTERFACE},
	{"a.9b", 0},
	{"a-b.-c", WELL_KNOWN | PREFIX},
	{".", 0},
	{".a.b", 0},
	{"a.b.", 0},
	{"a..b", 0},
	{"a.", 0},
	{"a.b c", 0},
	{"a.b/c", 0},
	{"a.\xc3\xa9", 0},
	{"a:b.c", 0},
	{":1.2", UNIQUE | PREFIX},
	{":a-b.9c.d", UNIQUE | PREFIX},
	{":", 0},
	{":1", 0},
	{":.1", 0},
	{":1.", 0},
	{":1..2", 0},
	{"::1.2", 0},
	{A250 ".bcde", WELL_KNOWN | PREFIX | INTERFACE},
	{A250 ".bcdef", 0},
	{A250 "bcdef", PREFIX | MEMBER},
	{A250 "bcdefg", 0},
	{":" A250 ".bc", UNIQUE | PREFIX},
	{":" A250 ".bcd", UNIQUE | PREFIX},
	{":" A250 ".bcde", 0},
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct slice s = slice_of(names[i].text);
		unsigned int got = (syntax_is_unique_name(s) ? UNIQUE : 0) |
				   (syntax_is_well_known_name(s) ? WELL_KNOWN : 0) |
				   (syntax_is_name_prefix(s) ? PREFIX : 0) |
				   (syntax_is_interface(s) ? INTERFACE : 0) |
				   (syntax_is_member(s) ? MEMBER : 0);

		if (got != names[i].want)
			fail_msg("%s: %#x, not %#x", names[i].text, got, names[i].want);
		assert_int_equal(syntax_is_bus_name(s), !!(got & (UNIQUE | WELL_KNOWN)));
		assert_int_equal(syntax_is_error_name(s), !!(got & INTERFACE));
	}
	assert_false(syntax_is_member((struct slice){"a\0b", 3}));
}

struct row {
	const char *text;
	bool want;
};

static void check(const struct row *rows, size_t n, bool (*is_valid)(struct slice s))
{
	for (size_t i = 0; i < n; i++) {
		if (is_valid(slice_of(rows[i].text)) != rows[i].want)
			fail_msg("%s: should %sbe valid", rows[i].text, rows[i].want ? "" : "not ");
	}
}

static const struct row paths[] = {
	{"", false},
	{"/", true},
	{"/a", true},
	{"/9/_/A-", false},
	{"/9/_/A", true},
	{"a", false},
	{"//", false},
	{"/a/", false},
	{"/a//b", false},
	{"/a b", false},
	{"/a.b", false},
	{"/\xc3\xa9", false},
	{"/" A250 A250 "/b", true},
};

static void test_paths(void **state)
{
	(void)state;
	check(paths, ARRAY_SIZE(paths), syntax_is_path);
	assert_false(syntax_is_path((struct slice){"/a\0", 3}));
}

static const struct row strings[] = {
	{"", true},
	{"plain", true},
	{"sixteen ASCII ch", true},
	{"\x01\x7f", true},
	{"\x80", false},
	{"\xbf", false},
	{"\xc0\x80", false},
	{"\xc1\xbf", false},
	{"\xc2\x80", true},
	{"\xdf\xbf", true},
	{"\xc2", false},
	{"\xc2\x7f", false},
	{"\xc2\xc0", false},
	{"\xe0\x9f\xbf", false},
	{"\xe0\xa0\x80", true},
	{"\xe1\x80\x80", true},
	{"\xe1\x80", false},
	{"\xe1\x80\x7f", false},
	{"\xed\x9f\xbf", true},
	{"\xed\xa0\x80", false},
	{"\xed\xbf\xbf", false},
	{"\xee\x80\x80", true},
	{"\xef\xbf\xbe", true}, /* a noncharacter is a character here */
	{"\xef\xbf\xbf", true},
	{"\xf0\x8f\xbf\xbf", false},
	{"\xf0\x90\x80\x80", true},
	{"\xf3\xbf\xbf\xbf", true},
	{"\xf4\x8f\xbf\xbf", true},
	{"\xf4\x90\x80\x80", false},
	{"\xf4\x8f\xbf", false},
	{"\xf5\x80\x80\x80", false},
	{"\xff", false},
	{"seven..\xc3\xa9 across a word", true},
	{"seven..\xc3( across a word", false},
	{"in the second word: \xff", false},
};

static void test_strings(void **state)
{
	char text[32];

	(void)state;
	check(strings, ARRAY_SIZE(strings), syntax_is_utf8);
	/* NUL and a stray byte at each place, whatever the word they fall into */
	for (size_t at = 0; at < sizeof(text); at++) {
		memset(text, 'x', sizeof(text));
		assert_true(syntax_is_utf8((struct slice){text, at}));
		text[at] = '\0';
		assert_false(syntax_is_utf8((struct slice){text, sizeof(text)}));
		text[at] = (char)0x80;
		assert_false(syntax_is_utf8((struct slice){text, sizeof(text)}));
	}
}

static const struct row signatures[] = {
	{"", true},
	{"ybnqiuxtdhsogv", true},
	{"r", false},
	{"e", false},
	{"z", false},
	{"m", false},
	{"*", false},
	{"\xf3", false}, /* 's' with the top bit */
	{"a", false},
	{"sa", false},
	{"aas", true},
	{"aa", false},
	{"()", false},
	{"(", false},
	{")", false},
	{"(s", false},
	{"s)", false},
	{"(s)", true},
	{"(s(i))a(y)", true},
	{"(a)", false},
	{"a()", false},
	{"{ss}", false},
	{"({ss})", false},
	{"a{ss}", true},
	{"a{s(ss)}", true},
	{"a{sa{sv}}", true},
	{"a{}", false},
	{"a{s}", false},
	{"a{sss}", false},
	{"a{vs}", false},
	{"a{ass}", false},
	{"a{(s)s}", false},
	{"a{gs}", true},
	{"a{sa}", false},
	{"a{s)", false},
	{"a(s}", false},
	{"a{ss", false},
	{"aa{ss}", true},
	{ARRAYS_32 "y", true},
	{ARRAYS_32 "ay", false},
	{ARRAYS_32 "yay", true},
	{OPEN_32 "y" CLOSE_32, true},
	{OPEN_32 "(y)" CLOSE_32, false},
	{OPEN_32 "y" CLOSE_32 "(y)", true},
	{ARRAYS_32 OPEN_32 "y" CLOSE_32, true},
	{DICTS_32 "y" ENDS_32, true},
	{DICTS_32 "ay" ENDS_32, false},
	{MIXED_8 MIXED_8 "y))))))))))))))))", true},
	{MIXED_8 MIXED_8 "ay))))))))))))))))", false},
};

static void test_signatures(void **state)
{
	char text[256];

	(void)state;
	check(signatures, ARRAY_SIZE(signatures), syntax_is_signature);
	memset(text, 'y', sizeof(text));
	assert_true(syntax_is_signature((struct slice){text, 255}));
	assert_false(syntax_is_signature((struct slice){text, 256}));
	assert_false(syntax_is_signature((struct slice){"s\0", 2}));
}

static const struct row guids[] = {
	{"0123456789abcdefABCDEF0123456789", true},
	{"0123456789abcdefABCDEF012345678", false},
	{"0123456789abcdefABCDEF01234567890", false},
	{"g123456789abcdefABCDEF0123456789", false},
	{"0123456789abcdefABCDEF012345678 ", false},
};

static void test_guids(void **state)
{
	(void)state;
	check(guids, ARRAY_SIZE(guids), syntax_is_guid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_guids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
