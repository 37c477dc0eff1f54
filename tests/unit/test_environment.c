/* test_environment.c - a series of changes and what is left of them */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "launch/environment.h"
#include "link/launch_broker.h"

static const struct {
	struct slice name, value; /* value absent: unset */
	int result;
	const char *want; /* all variables, each in brackets */
} steps[] = {
	{SLICE("A"), SLICE("1"), 0, "[A=1]"},
	{SLICE("AB"), SLICE(""), 0, "[A=1][AB=]"},
	{SLICE("A"), SLICE("2=x y"), 0, "[A=2=x y][AB=]"},
	{SLICE(""), SLICE("1"), -EINVAL, "[A=2=x y][AB=]"},
	{SLICE("A=B"), SLICE("1"), -EINVAL, "[A=2=x y][AB=]"},
	{SLICE("A\0B"), SLICE("1"), -EINVAL, "[A=2=x y][AB=]"},
	{SLICE("C"), SLICE("1\0002"), -EINVAL, "[A=2=x y][AB=]"},
	{SLICE("C"), SLICE("3"), 0, "[A=2=x y][AB=][C=3]"},
	{SLICE("B"), {NULL, 0}, 0, "[A=2=x y][AB=][C=3]"},
	{SLICE("A"), {NULL, 0}, 0, "[C=3][AB=]"},
	{SLICE("AB"), {NULL, 0}, 0, "[C=3]"},
	{SLICE("C"), {NULL, 0}, 0, ""},
	{SLICE("D"), SLICE("4"), 0, "[D=4]"},
};

static void test_steps(void **state)
{
	struct environment e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char got[256] = "";
		size_t at = 0;

		if (steps[i].value.text)
			assert_int_equal(environment_set(&e, steps[i].name, steps[i].value),
				steps[i].result);
		else
			environment_unset(&e, steps[i].name.text);
		for (char **v = e.array; *v; v++)
			at += (size_t)snprintf(got + at, sizeof(got) - at, "[%s]", *v);
		if (strcmp(got, steps[i].want) != 0)
			print_error("step %zu\n", i);
		assert_string_equal(got, steps[i].want);
	}
	environment_fini(&e);
}

static void test_copy(void **state)
{
	char a[] = "A=1", none[] = "no variable", nameless[] = "=2", b[] = "B=", again[] = "A=3";
	char *from[] = {a, none, nameless, b, again, NULL};
	struct environment e = {0};

	(void)state;
	assert_int_equal(environment_copy(&e, from), 0);
	assert_int_equal(e.n, 2);
	assert_string_equal(e.array[0], "A=3");
	assert_string_equal(e.array[1], "B=");
	assert_null(e.array[2]);
	environment_fini(&e);
}

static void test_full(void **state)
{
	struct environment e = {0};
	char name[16];

	(void)state;
	for (int i = 0; i < ENVIRONMENT_MAX; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		assert_int_equal(environment_set(&e, slice_of(name), SLICE("")), 0);
	}
	assert_int_equal(environment_set(&e, SLICE("ONE_MORE"), SLICE("")), -E2BIG);
	assert_int_equal(environment_set(&e, SLICE("V7"), SLICE("changed")), 0);
	assert_string_equal(e.array[7], "V7=changed");
	environment_fini(&e);
}

/* What counts is what is set now, as the broker counts it. */
static void test_bytes(void **state)
{
	struct environment e = {.bytes_max = 3 * VARIABLE_COST + 10};

	(void)state;
	assert_int_equal(environment_set(&e, SLICE("A"), SLICE("1234")), 0);
	assert_int_equal(e.bytes, VARIABLE_COST + 5);
	assert_int_equal(environment_set(&e, SLICE("B"), SLICE("")), 0);
	assert_int_equal(environment_set(&e, SLICE("C"), SLICE("1234")), -E2BIG);
	assert_int_equal(environment_set(&e, SLICE("C"), SLICE("123")), 0);
	assert_int_equal(e.bytes, e.bytes_max);
	assert_int_equal(environment_set(&e, SLICE("A"), SLICE("12345")), -E2BIG);
	assert_string_equal(e.array[0], "A=1234");
	assert_int_equal(environment_set(&e, SLICE("A"), SLICE("")), 0);
	environment_unset(&e, "C");
	assert_int_equal(e.bytes, 2 * VARIABLE_COST + 2);
	assert_int_equal(environment_set(&e, SLICE("D"), SLICE("1234567")), 0);
	environment_fini(&e);
	assert_int_equal(e.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
