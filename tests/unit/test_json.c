/* test_json.c - what the writer of JSON makes of texts, numbers and nesting */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "base/drop.h"
#include "ctl/json.h"

static char *written(void (*write)(struct json *j, const void *arg), const void *arg)
{
	char *text = NULL;
	size_t size = 0;
	struct json j = {.to = open_memstream(&text, &size)};

	assert_non_null(j.to);
	write(&j, arg);
	fclose(j.to);
	return text;
}

static void write_text(struct json *j, const void *arg)
{
	json_text(j, NULL, *(const struct slice *)arg);
}

static void test_texts(void **state)
{
	static const struct {
		struct slice text;
		const char *json;
	} rows[] = {
		{SLICE(""), "\"\""},
		{{NULL, 0}, "null"},
		{SLICE("plain <deny own=*/> text"), "\"plain <deny own=*/> text\""},
		{SLICE("\"\\/"), "\"\\\"\\\\/\""},
		{SLICE("\n\t\x01\x1f\x7f"), "\"\\u000a\\u0009\\u0001\\u001f\\u007f\""},
		{SLICE("\xc2\x9b\xc2\x80\xc2\xa0"), "\"\\u009b\\u0080\xc2\xa0\""},
		{SLICE("a\0b"), "\"a\\u0000b\""},
		{SLICE("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82"),
			"\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82\""},
		{SLICE("\xc3"), "\"\\ufffd\""}, /* cut */
		{SLICE("\xe2\x82"), "\"\\ufffd\\ufffd\""},
		{SLICE("\xe2\x82z"), "\"\\ufffd\\ufffdz\""},
		{SLICE("\x80z"), "\"\\ufffdz\""}, /* begins with a continuation */
		{SLICE("\xc0\xaf"), "\"\\ufffd\\ufffd\""}, /* overlong forms */
		{SLICE("\xe0\x80\xaf"), "\"\\ufffd\\ufffd\\ufffd\""},
		{SLICE("\xf0\x80\x80\xaf"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
		{SLICE("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
		{SLICE("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* too large */
		{SLICE("\xff"), "\"\\ufffd\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DROP_HEAP char *json = written(write_text, &rows[i].text);

		assert_string_equal(json, rows[i].json);
	}
}

static void write_nested(struct json *j, const void *arg)
{
	(void)arg;
	json_open(j, NULL, '{');
	json_open(j, "empty", '[');
	json_close(j, ']');
	json_open(j, "list", '[');
	json_number(j, NULL, INT64_MIN);
	json_truth(j, NULL, true);
	json_open(j, NULL, '{');
	json_close(j, '}');
	json_string(j, NULL, NULL);
	json_close(j, ']');
	json_truth(j, "k\"", false);
	json_close(j, '}');
	json_end(j);
	json_open(j, NULL, '[');
	json_close(j, ']');
}

static void test_nesting(void **state)
{
	DROP_HEAP char *json = written(write_nested, NULL);

	(void)state;
	assert_string_equal(json,
		"{\"empty\":[],\"list\":[-9223372036854775808,true,{},null],\"k\\\"\":false}\n[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts), cmocka_unit_test(test_nesting)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
