/*
 * test_may_call.c - whether a subject could send a name any call at all: a table of rules, and for
 * each row the same asked of calls that rules tell apart: starting is what the freest of them is.
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
	enum answer may;
} rows[] = {
	{"", ANSWER_DENY},
	{"<allow send_destination='a.b'/>", ANSWER_ALLOW},
	{"<allow send_destination='a.c'/>", ANSWER_DENY},
	{"<allow send_destination_prefix='a'/>", ANSWER_ALLOW},
	{"<allow send_type='signal'/>", ANSWER_DENY},
	{"<allow send_destination='a.b' send_member='M' send_path='/'/>", ANSWER_ALLOW},
	{"<allow send_destination='a.b'/>\n<deny send_destination='a.b'/>", ANSWER_DENY},
	{"<allow send_destination='a.b'/>\n<deny send_destination='a.b' send_path='/'/>",
		ANSWER_ALLOW},
	{"<deny send_type='method_call'/>\n<allow send_interface='a.I'/>", ANSWER_ALLOW},
	{"<check polkit='x' send_destination='a.b' send_type='method_call'/>", ANSWER_ASK},
	{"<check polkit='x' send_destination='a.b'/>\n<deny send_destination='a.b'/>", ANSWER_DENY},
	/* polkit is asked where each call that is let through is asked about */
	{"<check polkit='x' send_destination='a.b' send_interface='a.I'/>", ANSWER_ASK},
	{"<allow send_destination='a.b'/>\n<check polkit='x' send_destination='a.b'/>", ANSWER_ASK},
	{"<allow send_destination='a.b'/>\n"
	 "<check polkit='x' send_destination='a.b' send_interface='a.I'/>",
		ANSWER_ALLOW},
	{"<allow send_destination='a.b' send_interface='a.I'/>\n"
	 "<check polkit='x' send_destination='a.b' send_interface='a.I'/>",
		ANSWER_ASK},
	{"<allow send_interface='a.I'/>\n"
	 "<check polkit='x' send_destination='a.b' send_interface='a.I'/>",
		ANSWER_ASK},
	{"<allow send_destination='a.b' send_interface='a.I' send_member='M'/>\n"
	 "<check polkit='x' send_destination='a.b' send_member='M'/>",
		ANSWER_ASK},
	{"<check polkit='x' send_destination='a.b'/>\n"
	 "<allow send_destination='a.b' send_interface='a.I'/>",
		ANSWER_ALLOW},
	{"<check polkit='x' send_destination='a.b' send_path='/'/>\n"
	 "<deny send_destination='a.b' send_path='/'/>",
		ANSWER_DENY},
	{"<allow send_destination='a.b' send_interface='a.I'/>\n"
	 "<deny send_destination_prefix='a' send_interface='a.I'/>",
		ANSWER_DENY},
	{"<allow send_destination='a.b'/>\n<deny send_destination='a.b'/>\n"
	 "<check polkit='x' send_destination='a.b' send_path='/'/>",
		ANSWER_ASK},
	{"<allow send_destination='a.b'/>\n"
	 "<check polkit='x' send_destination='a.b' trial='yes'/>",
		ANSWER_ALLOW},
	{"<allow send_arg0='x' send_destination='a.b'/>", ANSWER_ALLOW},
	{"<allow send_destination='a.b'/>\n<deny send_arg0='x' send_destination='a.b'/>",
		ANSWER_ALLOW},
	/* what is on trial neither lets through nor stops */
	{"<check polkit='x' send_destination='a.b' trial='yes'/>", ANSWER_DENY},
	{"<allow send_destination='a.b'/>\n<deny send_destination='a.b' trial='yes'/>",
		ANSWER_ALLOW},
	{"<deny send_destination='a.b'/>\n<allow send_destination='a.b' trial='yes'/>",
		ANSWER_ALLOW},
	/* recording is not letting through */
	{"<audit send_destination='a.b'/>", ANSWER_DENY},
};

/* What is the least strict that the gate says to one of the calls. */
static enum answer some_call_passes(const struct party *party)
{
	static const struct judge *const judges[] = {&rules_send, NULL};
	const struct gate gate = {.judges = judges};
	const struct slice words[] = {SLICE("x"), SLICE("y"), {NULL, 0}};
	enum answer least = ANSWER_DENY;

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
		enum answer answer = gate_ask(&gate, &request).answer;

		if (answer < least)
			least = answer;
	}
	return least;
}

static enum answer start(const struct party *party)
{
	static const struct judge *const judges[] = {&rules_start, NULL};
	const struct gate gate = {.judges = judges};
	const struct traffic traffic = {.type = 1, .destination = NAME};
	const struct request request = {
		.verb = VERB_ACTIVATE, .sender = party, .traffic = &traffic};

	return gate_ask(&gate, &request).answer;
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

		snprintf(text, sizeof(text), "default\n%s\n", rows[i].rules);
		rulebook_open(&book, text);
		assert_int_equal(subject_init(&subject, &book.image, &identity), 0);
		if (start(&party) != rows[i].may || some_call_passes(&party) != rows[i].may)
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
