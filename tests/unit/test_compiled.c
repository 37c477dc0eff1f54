/* test_compiled.c - why there is no image: the list of texts that the compiler sends to launch */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/drop.h"
#include "link/launch_compile.h"

static const struct slice texts[] = {SLICE("/a:1: x"), SLICE(""), SLICE("/b:2: y")};

static struct letter letter_of(const struct writer *w, size_t size)
{
	return (struct letter){.type = FROM_COMPILE_FAILED, .data = w->data, .size = size};
}

static void test_all(void **state)
{
	struct slice got[4];
	struct writer w = {0};
	struct letter l;
	uint32_t n = 0;

	(void)state;
	compile_failed_write(&w, texts, ARRAY_SIZE(texts));
	assert_false(w.bad);
	l = letter_of(&w, w.size);
	assert_int_equal(compile_failed_read(&l, got, ARRAY_SIZE(got), &n), 0);
	assert_int_equal(n, ARRAY_SIZE(texts));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(slice_equal(got[i], texts[i]));
	writer_fini(&w);
}

/* What there is no room for is dropped, but it is looked at. */
static void test_room(void **state)
{
	struct slice got[1];
	struct writer w = {0};
	struct letter l;
	uint32_t n = 0;

	(void)state;
	compile_failed_write(&w, texts, ARRAY_SIZE(texts));
	l = letter_of(&w, w.size);
	assert_int_equal(compile_failed_read(&l, got, 1, &n), 0);
	assert_int_equal(n, 1);
	assert_true(slice_equal(got[0], texts[0]));
	for (size_t size = 0; size < w.size; size++) {
		l = letter_of(&w, size);
		assert_int_equal(compile_failed_read(&l, got, 1, &n), -EBADMSG);
	}
	writer_bytes(&w, "", 1);
	l = letter_of(&w, w.size);
	assert_int_equal(compile_failed_read(&l, got, 1, &n), -EBADMSG);
	writer_fini(&w);
}

static void test_none(void **state)
{
	struct slice got[1];
	struct writer w = {0};
	struct letter l;
	uint32_t n = 7;

	(void)state;
	compile_failed_write(&w, texts, 0);
	l = letter_of(&w, w.size);
	assert_int_equal(compile_failed_read(&l, got, 1, &n), -EBADMSG);
	assert_int_equal(n, 7);
	writer_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
