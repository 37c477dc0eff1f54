/* test_oom_policy.c - an image is built whole or not at all; a subject has all sections or none */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/oom.h"
#include "tests/unit/rulebook.h"

#define OWN(name) "<deny own='" name "'/>\n<allow own_prefix='" name "'/>\n"
#define SEND(path)                                                                                 \
	"<deny send_destination='a.b' send_path='" path "'/>\n"                                    \
	"<allow send_destination='a.b' send_path='" path "' send_interface='i.i'/>\n"

/* Enough rules of one name for a bucket that is split, enough texts for a table that grows. */
static const char rules[] = "default\n<allow user='*'/>\n<deny group='7'/>\n" OWN("a") OWN("b.c")
	OWN("d") SEND("/") SEND("/a") SEND("/b") SEND("/c") SEND("/d") SEND("/e") SEND("/f") SEND(
		"/g") "group 100\n" SEND("/h")
		OWN("e") "group 200\n" OWN("f") "user 1001\n" OWN("g") "unit a*.service\n" OWN(
			"i") "label u:*\n<audit own='j'/>\n<deny "
			     "see='k'/>\nmandatory\n<deny receive_sender='x.y'/>\n" OWN("h");

static int build(void **ret_data, size_t *ret_size)
{
	struct builder *b = builder_new();
	struct slice argv[] = {SLICE("/bin/a"), SLICE("-b")};
	struct service service = {.argc = 2};
	struct override override = {.whose = WHOSE_USER};
	struct restriction restriction = {.name_kind = NAME_EXACT, .asks = ASKS_UNIT};
	char text[16];
	int r;

	if (!b)
		return -ENOMEM;
	rulebook_add(b, rules);
	service.name = builder_text(b, SLICE("x.y"));
	builder_service(b, &service, argv);
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "a.b%d", i);
		restriction.name = builder_text(b, slice_of(text));
		restriction.unit = builder_text(b, SLICE("a.service"));
		builder_restriction(b, &restriction);
		builder_override(b, &override);
	}
	builder_listen(b, builder_text(b, SLICE("unix:path=/x")));
	builder_watch(b, builder_text(b, SLICE("/etc/x")));
	builder_association(b, builder_text(b, SLICE("own")), builder_text(b, SLICE("context")));
	builder_complaint(b, 4, SLICE("file"), 1, SLICE("sentence"));
	for (int i = 0; i < 400; i++) {
		snprintf(text, sizeof(text), "text%d", i);
		builder_listen(b, builder_text(b, slice_of(text)));
	}
	r = builder_finish(b, ret_data, ret_size);
	builder_free(b);
	return r;
}

static void test_builder(void **state)
{
	void *good, *data;
	size_t good_size, size;

	(void)state;
	assert_int_equal(build(&good, &good_size), 0);
	for (int plan = 0; plan < OOM_PLANS; plan++) {
		bool failed = true;
		uint32_t n;

		for (n = 1; failed && n < OOM_MAX; n++) {
			int r;

			data = NULL;
			oom_arm(plan, n);
			r = build(&data, &size);
			failed = oom_disarm();
			assert_int_equal(r, failed ? -ENOMEM : 0);
			assert_int_equal(data == NULL, failed);
		}
		assert_false(failed);
		assert_true(n > 100);
		assert_int_equal(size, good_size);
		assert_memory_equal(data, good, size);
		free(data);
	}
	free(good);
}

static void test_subject(void **state)
{
	uint32_t groups[] = {100, 200};
	struct identity identity = {.uid = 1001,
		.groups = groups,
		.groups_n = 2,
		.unit = (char *)"aa.service",
		.label = (char *)"u:r",
		.label_size = 3};
	struct subject subject = {.sections_n = 99};
	struct builder *b = builder_new();
	struct rulebook book;

	(void)state;
	assert_non_null(b);
	rulebook_add(b, rules);
	rulebook_finish(&book, b);
	oom_arm(OOM_ONCE, 1);
	assert_int_equal(subject_init(&subject, &book.image, &identity), -ENOMEM);
	assert_true(oom_disarm());
	assert_int_equal(subject.sections_n, 99);
	assert_int_equal(subject_init(&subject, &book.image, &identity), 0);
	assert_int_equal(subject.sections_n, 7);
	subject_fini(&subject);
	rulebook_close(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_subject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
