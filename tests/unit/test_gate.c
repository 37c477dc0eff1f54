/* test_gate.c - the strictest judge wins, silence is denial, and who is told; how verdicts read */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/drop.h"
#include "tests/unit/rulebook.h"

static struct verdict say(const struct judge *judge, const struct request *request)
{
	(void)request;
	return *(const struct verdict *)judge->state;
}

static struct verdict must_not_be_asked(const struct judge *judge, const struct request *request)
{
	(void)judge;
	(void)request;
	fail();
	return (struct verdict){.answer = ANSWER_NONE};
}

#define SAYS(word, ...)                                                                            \
	{                                                                                          \
		.name = word, .ask = say, .state = &(struct verdict)                               \
		{                                                                                  \
			.reason = REASON_FAULT, .text = "because", __VA_ARGS__                     \
		}                                                                                  \
	}
static const struct judge silent = SAYS("silent", .answer = ANSWER_NONE);
static const struct judge first_allows = SAYS("first", .answer = ANSWER_ALLOW);
static const struct judge second_allows = SAYS("second", .answer = ANSWER_ALLOW);
static const struct judge asks = SAYS("asker", .answer = ANSWER_ASK);
static const struct judge denies = SAYS("no", .answer = ANSWER_DENY);
static const struct judge grumbles = SAYS("grumble", .answer = ANSWER_DENY, .advisory = true);
static const struct judge cheers = SAYS("cheer", .answer = ANSWER_ALLOW, .advisory = true);
static const struct judge never = {.name = "never", .ask = must_not_be_asked};

/* The listener's notebook: what each verdict reads like, one after the other. */
static void note(void *arg, const struct request *request, const struct verdict *v)
{
	char *notes = arg, line[128];

	verdict_explain(v, request, line, sizeof(line));
	strcat(strcat(notes, line), "; ");
}

static void test_strictest(void **state)
{
	static const struct {
		const struct judge *judges[4];
		const char *want, *noted, *noted_with_allowed;
	} rows[] = {
		{{&first_allows}, "allow by first: because", "", "allow by first: because; "},
		{{&silent, &first_allows, &second_allows}, "allow by first: because", "",
			"allow by first: because; "},
		{{&first_allows, &asks, &second_allows}, "ask by asker: because", "", ""},
		{{&asks, &denies, &never}, "deny by no: because", "deny by no: because; ",
			"deny by no: because; "},
		{{&denies, &never}, "deny by no: because", "deny by no: because; ",
			"deny by no: because; "},
		{{&grumbles, &first_allows}, "allow by first: because",
			"would deny by grumble: because; ",
			"would deny by grumble: because; allow by first: because; "},
		{{NULL}, "deny: no judge allowed it", "deny: no judge allowed it; ",
			"deny: no judge allowed it; "},
		{{&silent, &silent}, "deny: no judge allowed it", "deny: no judge allowed it; ",
			"deny: no judge allowed it; "},
		{{&cheers}, "deny: no judge allowed it", "deny: no judge allowed it; ",
			"deny: no judge allowed it; "},
		{{&grumbles}, "deny: no judge allowed it",
			"would deny by grumble: because; deny: no judge allowed it; ",
			"would deny by grumble: because; deny: no judge allowed it; "},
	};
	const struct request request = {.verb = VERB_OWN};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int with_allowed = 0; with_allowed < 2; with_allowed++) {
			char notes[256] = "", got[128];
			const struct gate gate = {.judges = rows[i].judges,
				.note = note,
				.note_arg = notes,
				.note_allowed = with_allowed};
			struct verdict v = gate_ask(&gate, &request);

			verdict_explain(&v, &request, got, sizeof(got));
			assert_string_equal(got, rows[i].want);
			assert_string_equal(
				notes, with_allowed ? rows[i].noted_with_allowed : rows[i].noted);
		}
	}
}

/* Without a listener the answer is the same. */
static void test_nobody_listens(void **state)
{
	const struct judge *const judges[] = {&denies, NULL};
	const struct gate gate = {.judges = judges, .note_allowed = true};
	const struct request request = {.verb = VERB_OWN};

	(void)state;
	assert_int_equal(gate_ask(&gate, &request).answer, ANSWER_DENY);
	assert_int_equal(gate_refuse(&gate, &request, "x").answer, ANSWER_DENY);
}

static void test_refusals(void **state)
{
	char notes[256] = "";
	const struct judge *const judges[] = {&never, NULL};
	const struct gate gate = {.judges = judges, .note = note, .note_arg = notes};
	struct rulebook book;
	struct identity identity = {.uid = 5};
	struct subject subject;
	const struct party party = {.subject = &subject};
	const struct request request = {.verb = VERB_OWN, .sender = &party};
	struct verdict v;

	(void)state;
	rulebook_open(&book, "default\n<allow own='*'/>");
	assert_int_equal(subject_init(&subject, &book.image, &identity), 0);
	v = gate_refuse_limit(&gate, &request, LIMIT_MAX_NAMES_PER_CONNECTION, 512);
	assert_int_equal(v.answer, ANSWER_DENY);
	assert_ptr_equal(v.image, &book.image);
	v = gate_refuse(&gate, &request, "only root may do this");
	assert_int_equal(v.answer, ANSWER_DENY);
	assert_ptr_equal(v.image, &book.image);
	assert_string_equal(notes, "deny by limit: max_names_per_connection=512; "
				   "deny by bus: only root may do this; ");
	subject_fini(&subject);
	rulebook_close(&book);
}

/* Every size of buffer: what fits is there, it ends in NUL, and the whole length is returned. */
static void test_truncation(void **state)
{
	static const char want[] = "deny by own rules: no rule matched; nearest: book:1 "
				   "<allow own='com.A'/>, differs in own";
	struct rulebook book;
	struct identity identity = {.uid = 5};
	struct subject subject;
	const struct party party = {.subject = &subject};
	const struct request request = {.verb = VERB_OWN, .sender = &party, .name = SLICE("com.B")};
	const struct judge *const judges[] = {&rules_own, NULL};
	struct verdict v;

	(void)state;
	rulebook_open(&book, "<allow own='com.A'/>");
	assert_int_equal(subject_init(&subject, &book.image, &identity), 0);
	v = gate_ask(&(struct gate){.judges = judges}, &request);
	for (size_t size = 1; size <= sizeof(want); size++) {
		char *buf = malloc(size);

		assert_non_null(buf);
		assert_int_equal(verdict_explain(&v, &request, buf, size), sizeof(want) - 1);
		assert_int_equal(strlen(buf), size - 1);
		assert_memory_equal(buf, want, size - 1);
		free(buf);
	}
	subject_fini(&subject);
	rulebook_close(&book);
}

static void test_limits(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LIMITS; i++)
		assert_int_equal(limit_find(limit_name(i)), i);
	assert_string_equal(limit_name(LIMIT_REPLY_TIMEOUT), "reply_timeout");
	assert_int_equal(limit_find("max_match_rules"), LIMITS);
	assert_int_equal(limit_find(""), LIMITS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strictest),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
