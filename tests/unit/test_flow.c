/*
 * test_flow.c - what is the same question and what is another one, what is not kept, who goes when
 * a set is full; and that a verdict from the cache is told of and worded like a new one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/drop.h"
#include "policy/gate.h"
#include "tests/unit/rulebook.h"

static const struct slice one_name[] = {SLICE(":1.1")};
static const struct slice two_names[] = {SLICE(":1.2"), SLICE("com.A")};

/* A delivery in one piece, to be changed at will. */
struct question {
	struct subject from_subject, to_subject;
	struct party from, to;
	struct traffic traffic;
	struct request request;
	struct epoch epoch;
};

static void question_init(struct question *q)
{
	*q = (struct question){
		.from_subject = {.id = {1, 2}},
		.to_subject = {.id = {3, 4}},
		.from = {.subject = &q->from_subject, one_name, 1, 5},
		.to = {.subject = &q->to_subject, two_names, 2, 6},
		.traffic = {.type = 1,
			.fds = 2,
			.path = SLICE("/a"),
			.interface = SLICE("com.I"),
			.member = SLICE("M"),
			.error = SLICE("com.E"),
			.destination = SLICE("com.A")},
		.request = {.verb = VERB_SEND,
			.sender = &q->from,
			.recipient = &q->to,
			.traffic = &q->traffic},
		.epoch = {.rules = 7, .mac = 8},
	};
}

/* Whether what was put for one question is found for the other. */
static bool found(const struct question *put, const struct question *asked)
{
	const struct verdict v = {.answer = ANSWER_ALLOW, .figure = 4711};
	const struct verdict *got;
	struct flow_key key;
	struct flow flow;
	bool is;

	assert_int_equal(flow_init(&flow, 1), 0);
	/* what the memory held before does not count */
	memset(&key, 0xa5, sizeof(key));
	assert_true(flow_key_init(&key, &put->request, &put->epoch));
	flow_put(&flow, &key, &v);
	memset(&key, 0x5a, sizeof(key));
	assert_true(flow_key_init(&key, &asked->request, &asked->epoch));
	got = flow_find(&flow, &key);
	is = got != NULL;
	if (got)
		assert_int_equal(got->figure, 4711);
	assert_int_equal(flow.hits, is);
	assert_int_equal(flow.misses, !is);
	flow_fini(&flow);
	return is;
}

static void test_key(void **state)
{
/* what is changed of `b` (and of `a`), and whether it stays the same question */
#define ROWS(X)                                                                                    \
	X((void)0, true)                                                                           \
	X(b.from_subject.id[0]++, false)                                                           \
	X(b.from_subject.id[1]++, false)                                                           \
	X(b.to_subject.id[0]++, false)                                                             \
	X(b.to_subject.id[1]++, false)                                                             \
	X(b.to.names_id++, false)                                                                  \
	X(b.request.sender = NULL, false)                                                          \
	X(b.request.recipient = NULL, false)                                                       \
	X((b.request.sender = &b.to, b.request.recipient = &b.from), false)                        \
	X(b.traffic.type++, false)                                                                 \
	X(b.traffic.fds++, false)                                                                  \
	X(b.traffic.fds += 1u << 16, false)                                                        \
	X(b.traffic.is_reply = true, false)                                                        \
	X(b.traffic.broadcast = true, false)                                                       \
	X(b.request.requested_reply = true, false)                                                 \
	X(b.request.eavesdrop = true, false)                                                       \
	X(b.epoch.rules++, false)                                                                  \
	X(b.epoch.mac++, false)                                                                    \
	X(b.traffic.path = SLICE("/b"), false)                                                     \
	X(b.traffic.interface = SLICE("com.J"), false)                                             \
	X(b.traffic.member = SLICE("N"), false)                                                    \
	X(b.traffic.error = SLICE("com.F"), false)                                                 \
	/* the same bytes, cut otherwise */                                                        \
	X((b.traffic.path = SLICE("/"), b.traffic.interface = SLICE("acom.I")), false)             \
	X((b.traffic.member = SLICE(""), b.traffic.error = SLICE("Mcom.E")), false)                \
	/* absent is not empty */                                                                  \
	X((a.traffic.error = SLICE(""), b.traffic.error = (struct slice){NULL, 0}), false)         \
	X((a.traffic.path = SLICE(""), b.traffic.path = (struct slice){NULL, 0}), false)           \
	/* who was meant counts only where there is nobody with names */                           \
	X(b.traffic.destination = SLICE(":1.2"), true)                                             \
	X((a.request.recipient = b.request.recipient = NULL,                                       \
		  b.traffic.destination = SLICE("com.B")),                                         \
		false)                                                                             \
	/* one unique name is like another, unless rules speak of them */                          \
	X(b.from.names_id++, true)                                                                 \
	X((b.from.names_n = 0, b.from.names_id = 0), true)                                         \
	X((a.epoch.unique_names = b.epoch.unique_names = true), true)                              \
	X((a.epoch.unique_names = b.epoch.unique_names = true, b.from.names_id++), false)          \
	X((a.epoch.unique_names = b.epoch.unique_names = true, b.from.names_n = 0), false)
#define ROW(change, same)                                                                          \
	{                                                                                          \
		struct question a, b;                                                              \
                                                                                                   \
		question_init(&a);                                                                 \
		question_init(&b);                                                                 \
		change;                                                                            \
		if (found(&a, &b) != (same) || found(&b, &a) != (same))                            \
			fail_msg("%s: wanted %s", #change, (same) ? "the same" : "another");       \
	}
	(void)state;
	ROWS(ROW)
#undef ROW
#undef ROWS
}

static void test_not_kept(void **state)
{
	static char text[FLOW_TEXT + 1];
	struct flow_key key;

	(void)state;
	memset(text, 'x', sizeof(text));
#define ROWS(X)                                                                                    \
	X((void)0, true)                                                                           \
	X(q.request.verb = VERB_OWN, false)                                                        \
	X(q.request.verb = VERB_CONNECT, false)                                                    \
	X(q.request.verb = VERB_DRIVER, false)                                                     \
	X(q.from_subject.id[0] = 0, false)                                                         \
	X(q.to_subject.id[0] = 0, false)                                                           \
	X(q.to.names_id = 0, false)                                                                \
	X(q.from.names_id = 0, true)                                                               \
	X((q.from.names_id = 0, q.epoch.unique_names = true), false)                               \
	/* 2 + 5 + 1 + 5 bytes are there */                                                        \
	X(q.traffic.member = ((struct slice){text, FLOW_TEXT - 12}), true)                         \
	X(q.traffic.member = ((struct slice){text, FLOW_TEXT - 11}), false)                        \
	X(q.traffic.error = ((struct slice){text, FLOW_TEXT - 8}), true)                           \
	X(q.traffic.error = ((struct slice){text, FLOW_TEXT - 7}), false)                          \
	X(q.traffic.path = ((struct slice){text, SIZE_MAX}), false)                                \
	X(q.traffic.destination = ((struct slice){text, FLOW_TEXT + 1}), true)                     \
	X((q.traffic.destination = ((struct slice){text, FLOW_TEXT - 13}),                         \
		  q.request.recipient = NULL),                                                     \
		true)                                                                              \
	X((q.traffic.destination = ((struct slice){text, FLOW_TEXT - 12}),                         \
		  q.request.recipient = NULL),                                                     \
		false)
#define ROW(change, kept)                                                                          \
	{                                                                                          \
		struct question q;                                                                 \
                                                                                                   \
		question_init(&q);                                                                 \
		change;                                                                            \
		if (flow_key_init(&key, &q.request, &q.epoch) != (kept))                           \
			fail_msg("%s: wanted %s", #change, (kept) ? "a key" : "none");             \
	}
	ROWS(ROW)
#undef ROW
#undef ROWS
}

static struct flow_key key_of(uint32_t number)
{
	struct question q;
	struct flow_key key;

	question_init(&q);
	q.traffic.fds = number;
	assert_true(flow_key_init(&key, &q.request, &q.epoch));
	return key;
}

static void put(struct flow *flow, uint32_t number)
{
	const struct verdict v = {.answer = ANSWER_DENY, .figure = number};
	struct flow_key key = key_of(number);

	flow_put(flow, &key, &v);
}

static bool has(struct flow *flow, uint32_t number)
{
	struct flow_key key = key_of(number);
	const struct verdict *v = flow_find(flow, &key);

	if (v)
		assert_int_equal(v->figure, number);
	return v;
}

/* One set: whoever was not asked for longest goes. */
static void test_eviction(void **state)
{
	struct flow flow;

	(void)state;
	assert_int_equal(flow_init(&flow, 1), 0);
	for (uint32_t i = 0; i < 4; i++)
		put(&flow, i);
	for (uint32_t i = 0; i < 4; i++)
		assert_true(has(&flow, i));
	assert_true(has(&flow, 0));
	put(&flow, 4);
	assert_false(has(&flow, 1));
	put(&flow, 5);
	assert_false(has(&flow, 2));
	for (uint32_t i = 3; i < 6; i++)
		assert_true(has(&flow, i));
	assert_true(has(&flow, 0));
	flow_fini(&flow);
}

/* A small table and many keys: sets are shared, but nobody gets another one's verdict. */
static void test_crowd(void **state)
{
	struct flow flow;
	uint32_t held = 0;

	(void)state;
	assert_int_equal(flow_init(&flow, 64), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		put(&flow, i);
		assert_true(has(&flow, i));
		(void)has(&flow, i * 7919 % (i + 1));
	}
	for (uint32_t i = 0; i < 20000; i++)
		held += has(&flow, i);
	assert_in_range(held, 200, 256);
	flow_fini(&flow);
}

/* --- with the gate before it --- */

static unsigned int asked;

static struct verdict answer(enum answer a, bool advisory)
{
	asked++;
	return (struct verdict){
		.answer = a, .reason = REASON_FAULT, .text = "because", .advisory = advisory};
}

#define JUDGE(id, a, advisory)                                                                     \
	static struct verdict id##_ask(const struct judge *judge, const struct request *request)   \
	{                                                                                          \
		(void)judge, (void)request;                                                        \
		return answer(a, advisory);                                                        \
	}                                                                                          \
	static const struct judge id = {.name = #id, .ask = id##_ask};

JUDGE(allows, ANSWER_ALLOW, false)
JUDGE(denies, ANSWER_DENY, false)
JUDGE(asks, ANSWER_ASK, false)
JUDGE(grumbles, ANSWER_DENY, true)
JUDGE(cheers, ANSWER_ALLOW, true)
JUDGE(silent, ANSWER_NONE, false)

/* Who asks the kernel, and could not. */
static struct verdict fails_ask(const struct judge *judge, const struct request *request)
{
	(void)judge, (void)request;
	asked++;
	return (struct verdict){.answer = ANSWER_DENY,
		.reason = REASON_LABELS,
		.labels = {.class = "dbus", .permission = "send", .error = ENFILE}};
}

static const struct judge fails = {.name = "fails", .ask = fails_ask};

static void note(void *arg, const struct request *request, const struct verdict *verdict)
{
	char text[64];

	verdict_explain(verdict, request, text, sizeof(text));
	strcat(strcat(arg, text), "; ");
}

/* Asked three times: always told and worded alike, and no judge is asked again for what is kept. */
static void test_gate(void **state)
{
	static const struct {
		const struct judge *judges[3];
		unsigned int asked;
	} rows[] = {
		{{&allows}, 1},
		{{&allows, &denies}, 2},
		{{&denies, &allows}, 1},
		{{&silent}, 1},
		{{&cheers, &allows}, 2},
		{{&asks}, 3},
		{{&allows, &asks}, 6},
		{{&grumbles, &allows}, 6},
		{{&denies, &grumbles}, 1},
		{{&fails, &allows}, 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int note_allowed = 0; note_allowed < 2; note_allowed++) {
			char told[3][256] = {"", "", ""};
			struct question q;
			struct flow flow;
			struct gate gate = {.judges = rows[i].judges,
				.note = note,
				.note_allowed = note_allowed,
				.flow = &flow};

			question_init(&q);
			assert_int_equal(flow_init(&flow, 16), 0);
			asked = 0;
			for (int turn = 0; turn < 3; turn++) {
				struct verdict v;
				char text[64];

				gate.note_arg = told[turn];
				v = gate_ask(&gate, &q.request);
				verdict_explain(&v, &q.request, text, sizeof(text));
				strcat(told[turn], text);
				assert_string_equal(told[turn], told[0]);
			}
			assert_int_equal(asked, rows[i].asked);
			/* another generation: everybody is asked again */
			gate.epoch.rules++;
			gate.note_arg = told[1];
			gate_ask(&gate, &q.request);
			assert_true(asked > rows[i].asked);
			flow_fini(&flow);
		}
	}
}

static void test_unique_names(void **state)
{
	static const struct {
		const char *rules;
		bool want;
	} rows[] = {
		{"", false},
		{"default\n<allow send_destination='com.A'/>\n<allow own='com.A'/>", false},
		{"default\n<allow send_destination=':1.1'/>", true},
		{"default\n<allow send_type='signal'/>\nuser 7\n<deny receive_sender=':1.1'/>",
			true},
		{"default\n<deny send_destination_prefix=':1'/>", true},
		{"default\n<deny own=':1.1'/>", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rulebook book;

		rulebook_open(&book, rows[i].rules);
		assert_int_equal(flow_unique_names(&book.image), rows[i].want);
		rulebook_close(&book);
	}
}

/* Ids of subjects are equal where their sections are; of too many, or too far ones, there is none. */
static void test_subject_id(void **state)
{
	struct builder *b = builder_new();
	uint32_t groups[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 4097};
	const struct {
		struct identity identity;
		bool has_id;
	} rows[] = {
		{{.uid = ID_NONE}, true},
		{{.uid = 3}, true},
		{{.uid = 4}, true},
		{{.uid = 5000}, false},
		{{.uid = ID_NONE, .groups = groups, .groups_n = 9}, true},
		{{.uid = ID_NONE, .groups = groups + 1, .groups_n = 9}, true},
		{{.uid = ID_NONE, .groups = groups, .groups_n = 10}, false},
	};
	struct rulebook book;
	uint64_t ids[ARRAY_SIZE(rows)][2];

	(void)state;
	rulebook_add(b, "default\n<allow own='com.A'/>");
	for (unsigned int i = 0; i < 5001; i++) {
		char text[64];

		if (i < 10) {
			snprintf(text, sizeof(text), "group %u\n<allow own='com.A'/>", i);
			rulebook_add(b, text);
		}
		snprintf(text, sizeof(text), "user %u\n<allow own='com.A'/>", i);
		rulebook_add(b, text);
	}
	rulebook_finish(&book, b);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct subject s;

		assert_int_equal(subject_init(&s, &book.image, &rows[i].identity), 0);
		memcpy(ids[i], s.id, sizeof(ids[i]));
		assert_int_equal(s.id[0] != 0, rows[i].has_id);
		subject_fini(&s);
		assert_int_equal(subject_init(&s, &book.image, &rows[i].identity), 0);
		assert_memory_equal(ids[i], s.id, sizeof(ids[i]));
		subject_fini(&s);
		for (size_t j = 0; j < i; j++)
			if (rows[i].has_id)
				assert_memory_not_equal(ids[i], ids[j], sizeof(ids[i]));
	}
	rulebook_close(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_unique_names),
		cmocka_unit_test(test_subject_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
