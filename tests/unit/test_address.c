/* test_address.c - addresses taken apart, and put together from values */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/drop.h"
#include "launch/address.h"

static const struct {
	const char *text;
	const char *want; /* transport(key=value)..., or "!" and why */
} texts[] = {
	/* transport */
	{"unix:", "unix()"},
	{"systemd:", "systemd()"},
	{"", "!an address begins with a transport and a colon"},
	{"unix", "!an address begins with a transport and a colon"},
	{":path=/a", "!an address begins with a transport and a colon"},
	/* keys and values */
	{"unix:path=/a", "unix(path=/a)"},
	{"unix:path=/a,guid=00", "unix(path=/a)(guid=00)"},
	{"unix:path=/a,", "unix(path=/a)"},
	{"unix:path=/a,path=/b", "unix(path=/a)(path=/b)"},
	{"unix:path", "!a key has no value"},
	{"unix:path=", "!a key has no value"},
	{"unix:=a", "!a key has no value"},
	{"unix:,", "!a key has no value"},
	{"unix:a,path=/a", "!a key has no value"},
	{"unix:a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9", "!there are too many keys"},
	/* escapes */
	{"unix:path=/a%20b%2c%3B%25", "unix(path=/a b,;%)"},
	{"unix:path=%c3%A9", "unix(path=\xc3\xa9)"},
	{"unix:path=-_/.\\*AZaz09", "unix(path=-_/.\\*AZaz09)"},
	{"unix:path=/a b", "!a character of a value should have been escaped"},
	{"unix:path=/a=b", "!a character of a value should have been escaped"},
	{"unix:path=/a:b", "!a character of a value should have been escaped"},
	{"unix:path=/a%", "!'%' is not followed by two hexadecimal digits"},
	{"unix:path=/a%2", "!'%' is not followed by two hexadecimal digits"},
	{"unix:path=/a%2,guid=0", "!'%' is not followed by two hexadecimal digits"},
	{"unix:path=/a%zz", "!'%' is not followed by two hexadecimal digits"},
	{"unix:path=/a%00", "!a value contains a NUL byte"},
	/* lists */
	{"unix:path=/a;systemd:", "unix(path=/a) systemd()"},
	{"unix:path=/a;", "unix(path=/a)"},
	{"unix:path=/a;;systemd:", "!an address begins with a transport and a colon"},
	{";", "!an address begins with a transport and a colon"},
};

static const struct {
	const char *value, *want;
} escapes[] = {
	{"", ""},
	{"/run/user/1000/bus", "/run/user/1000/bus"},
	{"-_/.\\*", "-_/.\\*"},
	{"a b,c;d=e%f", "a%20b%2cc%3bd%3de%25f"},
	{"\xc3\xa9\n", "%c3%a9%0a"},
};

/* All addresses of a list, or what is wrong with the first bad one. */
static void describe(const char *text, FILE *out)
{
	const char *at = text, *why = NULL;

	do {
		struct address a = {0};

		if (at != text)
			fputc(' ', out);
		if (address_next(&at, &a, &why) < 0)
			break;
		fputs(a.transport, out);
		for (size_t i = 0; i < a.pairs_n; i++)
			fprintf(out, "(%s=%s)", a.pairs[i].key, a.pairs[i].value);
		if (a.pairs_n == 0)
			fputs("()", out);
		address_fini(&a);
	} while (*at);
	if (why) {
		rewind(out);
		fprintf(out, "!%s", why);
		fputc('\0', out);
	}
}

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char got[512] = "";
		FILE *out = fmemopen(got, sizeof(got), "w");

		describe(texts[i].text, out);
		fclose(out);
		if (strcmp(got, texts[i].want) != 0)
			print_error("%s\n", texts[i].text);
		assert_string_equal(got, texts[i].want);
	}
}

static void test_get(void **state)
{
	const char *at = "unix:path=/a,path=/b,guid=1", *why;
	struct address a;

	(void)state;
	assert_int_equal(address_next(&at, &a, &why), 0);
	assert_string_equal(address_get(&a, "path"), "/a");
	assert_string_equal(address_get(&a, "guid"), "1");
	assert_null(address_get(&a, "dir"));
	assert_string_equal(at, "");
	address_fini(&a);
}

static void test_escapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		DROP_HEAP char *got = address_escape(escapes[i].value);

		assert_string_equal(got, escapes[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
