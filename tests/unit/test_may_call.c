/*
 * test_may_call.c - whether a subject could send a name any call at all: a table of rules, and for
 * each row the same asked of calls that rules tell apart, one of which then is not refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rulebook.h"

#define NAME SLICE("a.b")

static const struct {
	const char *rules;
	bool may;
} rows[] = {
	{"", false},
	{"<allow send_destination='a.b'/>", true},
	{"<allow send_destination='a.c'/>", false},
	{"<allow send_destination_prefix='a'/>", true},
	{"<allow send_type='signal'/>", false},
	{"<allow send_destination='a.b' send_member='M' send_path='/'/>", true},
	{"<allow send_destination='a.b'/>\n<deny send_destination='a.b'/>", false},
	{"<allow send_destination='a.b'/>\n<deny send_destination='a.b' send_path='/'/>", true},
	{"<deny send_type='method_call'/>\n<allow send_interface='a.I'/>", true},
	{"<check polkit='x' send_destination='a.b' send_type='method_call'/>", true},
	{"<check polkit='x' send_destination='a.b'/>\n<deny send_destination='a.b'/>", false},
	{"<allow send_arg0='x' send_destination='a.b'/>", true},
	{"<allow send_destination='a.b'/>\n<deny send_arg0='x' send_destination='a.b'/>", true},
	/* what is on trial neither lets through nor stops */
	{"<check polkit='x' send_destination='a.b' trial='yes'/>", false},
	{"<allow send_destination='a.b'/>\n<deny send_destination='a.b' trial='yes'/>", true},
	{"<deny send_destination='a.b'/>\n<allow send_destination='a.b' trial='yes'/>", true},
	/* recording is not letting through */
	{"<audit send_destination='a.b'/>", false},
};

/* Whether the gate lets one of the calls through, or asks polkit about it. */
static bool some_call_passes(const struct party *party)
{
	static const struct judge *const judges[] = {&rules_send, NULL};
	const struct gate gate = {.judges = judges};
	const struct slice words[] = {SLICE("x"), SLICE("y"), {NULL, 0}};

	for (uint32_t i = 0; i < 27; i++) {
		struct traffic traffic = {.type = 1,
			.destination = NAME,
			.interface = i % 3 == 2	  ? (struct slice){NULL, 0}
				     : i % 3 == 1 ? SLICE("a.I")
						  : SLICE("a.J"),
			.member = SLICE("M"),
			.path = i / 9 ? SLICE("/") : SLICE("/p"),
			.arg0 = words[i / 3 % 3]};
		struct request request = {.verb = VERB_SEND, .sender = party, .traffic = &traffic};

		if (gate_ask(&gate, &request).answer != ANSWER_DENY)
			return true;
	}
	return false;
}

static void test_may_call(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[512];
		struct rulebook book;
		struct identity identity = {.uid = 1};
		struct subject subject;
		struct party party = {.subject = &subject};
		struct traffic traffic = {.type = 1, .destination = NAME};
		struct request request = {.verb = VERB_SEND, .sender = &party, .traffic = &traffic};

		snprintf(text, sizeof(text), "default\n%s\n", rows[i].rules);
		rulebook_open(&book, text);
		assert_int_equal(subject_init(&subject, &book.image, &identity), 0);
		if (rules_may_call(&request) != rows[i].may ||
			some_call_passes(&party) != rows[i].may)
			fail_msg("%s", text);
		subject_fini(&subject);
		rulebook_close(&book);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_may_call)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
