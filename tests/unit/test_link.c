/* test_link.c - what one process writes the other reads; what is cut, padded or untrue is refused */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/drop.h"
#include "link/broker_agent.h"
#include "link/launch_broker.h"
#include "link/launch_recorder.h"

#define GUID "00112233445566778899aabbccddeeff"

static void write_setup(struct writer *w)
{
	broker_setup_write(w, &(struct broker_setup){SLICE(GUID), SLICE(""), 4711,
				      SETUP_SYSTEMD_ACTIVATION | SETUP_STDERR});
}

static int read_setup(const struct letter *l)
{
	struct broker_setup m;
	int r = broker_setup_read(l, &m);

	if (r == 0) {
		assert_true(slice_is(m.guid, GUID));
		assert_true(slice_is(m.machine_id, ""));
		assert_int_equal(m.pid, 4711);
		assert_int_equal(m.flags, SETUP_SYSTEMD_ACTIVATION | SETUP_STDERR);
	}
	return r;
}

static void write_answer(struct writer *w)
{
	broker_answer_write(w, &(struct broker_answer){UINT64_MAX - 1, true, SLICE("a: b")});
}

static int read_answer(const struct letter *l)
{
	struct broker_answer m;
	int r = broker_answer_read(l, &m);

	if (r == 0) {
		assert_true(m.serial == UINT64_MAX - 1);
		assert_true(m.ok);
		assert_true(slice_is(m.text, "a: b"));
	}
	return r;
}

static void write_start(struct writer *w)
{
	broker_start_write(w, &(struct broker_start){1ull << 33, SLICE("a.b")});
}

static int read_start(const struct letter *l)
{
	struct broker_start m;
	int r = broker_start_read(l, &m);

	if (r == 0) {
		assert_true(m.serial == 1ull << 33);
		assert_true(slice_is(m.name, "a.b"));
	}
	return r;
}

static void write_failure(struct writer *w)
{
	broker_failure_write(
		w, &(struct broker_failure){7, SLICE("a.b"), SLICE("x.Error"), SLICE("no")});
}

static int read_failure(const struct letter *l)
{
	struct broker_failure m;
	int r = broker_failure_read(l, &m);

	if (r == 0) {
		assert_int_equal(m.serial, 7);
		assert_true(slice_is(m.name, "a.b"));
		assert_true(slice_is(m.error, "x.Error"));
		assert_true(slice_is(m.text, "no"));
	}
	return r;
}

static void write_serial(struct writer *w)
{
	broker_serial_write(w, 1ull << 40);
}

static int read_serial(const struct letter *l)
{
	uint64_t serial;
	int r = broker_serial_read(l, &serial);

	if (r == 0)
		assert_true(serial == 1ull << 40);
	return r;
}

static void write_texts(struct writer *w)
{
	broker_texts_write(w, (const struct slice[]){SLICE("LANG"), SLICE(""), SLICE("c")}, 3);
}

static int read_texts(const struct letter *l)
{
	struct slice texts[3];
	uint32_t n;
	int r = broker_texts_read(l, texts, ARRAY_SIZE(texts), &n);

	if (r == 0) {
		assert_int_equal(n, 3);
		assert_true(slice_is(texts[0], "LANG"));
		assert_true(slice_is(texts[1], ""));
		assert_true(slice_is(texts[2], "c"));
	}
	return r;
}

static void write_ask(struct writer *w)
{
	agent_ask_write(w, &(struct agent_ask){1ull << 41, true, SLICE(":1.7"), SLICE("a.b.c"), 2,
				   {{SLICE("path"), SLICE("/")}, {SLICE("unit"), SLICE("")}}});
}

static int read_ask(const struct letter *l)
{
	struct agent_ask m;
	int r = agent_ask_read(l, &m);

	if (r == 0) {
		assert_true(m.id == 1ull << 41);
		assert_true(m.interactive);
		assert_true(slice_is(m.subject, ":1.7"));
		assert_true(slice_is(m.action, "a.b.c"));
		assert_int_equal(m.details_n, 2);
		assert_true(slice_is(m.details[0].key, "path"));
		assert_true(slice_is(m.details[0].value, "/"));
		assert_true(slice_is(m.details[1].key, "unit"));
		assert_true(slice_is(m.details[1].value, ""));
	}
	return r;
}

static void write_agent_answer(struct writer *w)
{
	agent_answer_write(w,
		&(struct agent_answer){1ull << 42, AGENT_DISMISSED, SLICE("a.b"), SLICE(":1.2")});
}

static int read_agent_answer(const struct letter *l)
{
	struct agent_answer m;
	int r = agent_answer_read(l, &m);

	if (r == 0) {
		assert_true(m.id == 1ull << 42);
		assert_int_equal(m.result, AGENT_DISMISSED);
		assert_true(slice_is(m.action, "a.b"));
		assert_true(slice_is(m.text, ":1.2"));
	}
	return r;
}

static void write_name(struct writer *w)
{
	agent_name_write(w, SLICE(":1.18446744073709551615"));
}

static int read_name(const struct letter *l)
{
	struct slice name;
	int r = agent_name_read(l, &name);

	if (r == 0)
		assert_true(slice_is(name, ":1.18446744073709551615"));
	return r;
}

static void write_cancel(struct writer *w)
{
	agent_cancel_write(w, 1ull << 43);
}

static int read_cancel(const struct letter *l)
{
	uint64_t id;
	int r = agent_cancel_read(l, &id);

	if (r == 0)
		assert_true(id == 1ull << 43);
	return r;
}

static void write_ready(struct writer *w)
{
	recorder_ready_write(w, &(struct recorder_ready){true, SLICE("audit"), SLICE("")});
}

static int read_ready(const struct letter *l)
{
	struct recorder_ready m;
	int r = recorder_ready_read(l, &m);

	if (r == 0) {
		assert_true(m.preferred);
		assert_true(slice_is(m.sink, "audit"));
		assert_true(slice_is(m.why, ""));
	}
	return r;
}

static void write_exe(struct writer *w)
{
	recorder_exe_write(w, &(struct recorder_exe){UINT64_MAX, SLICE("/usr/bin/x y")});
}

static int read_exe(const struct letter *l)
{
	struct recorder_exe m;
	int r = recorder_exe_read(l, &m);

	if (r == 0) {
		assert_true(m.cookie == UINT64_MAX);
		assert_true(slice_is(m.path, "/usr/bin/x y"));
	}
	return r;
}

static void write_question(struct writer *w)
{
	recorder_question_write(w, &(struct recorder_question){77, SLICE(":1.5"), 4194304});
}

static int read_question(const struct letter *l)
{
	struct recorder_question m;
	int r = recorder_question_read(l, &m);

	if (r == 0) {
		assert_int_equal(m.cookie, 77);
		assert_true(slice_is(m.name, ":1.5"));
		assert_int_equal(m.pid, 4194304);
	}
	return r;
}

static void write_greeting(struct writer *w)
{
	broker_greeting_write(w, &(struct broker_greeting){SLICE(":1.18446744073709551615"), 7});
}

static int read_greeting(const struct letter *l)
{
	struct broker_greeting m;
	int r = broker_greeting_read(l, &m);

	if (r == 0) {
		assert_true(slice_is(m.name, ":1.18446744073709551615"));
		assert_int_equal(m.pid, 7);
	}
	return r;
}

static const struct {
	const char *name;
	void (*write)(struct writer *w);
	int (*read)(const struct letter *l);
} messages[] = {
	{"setup", write_setup, read_setup},
	{"answer", write_answer, read_answer},
	{"start", write_start, read_start},
	{"failure", write_failure, read_failure},
	{"serial", write_serial, read_serial},
	{"texts", write_texts, read_texts},
	{"ask", write_ask, read_ask},
	{"agent's answer", write_agent_answer, read_agent_answer},
	{"agent's name", write_name, read_name},
	{"cancel", write_cancel, read_cancel},
	{"recorder's ready", write_ready, read_ready},
	{"program", write_exe, read_exe},
	{"recorder's question", write_question, read_question},
	{"greeting", write_greeting, read_greeting},
};

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct writer w = {0};
		struct letter l = {0};

		messages[i].write(&w);
		assert_false(w.bad);
		l.data = w.data;
		l.size = w.size;
		assert_int_equal(messages[i].read(&l), 0);
		for (l.size = 0; l.size < w.size; l.size++) {
			if (messages[i].read(&l) != -EBADMSG)
				print_error("%s, %zu bytes\n", messages[i].name, l.size);
			assert_int_equal(messages[i].read(&l), -EBADMSG);
		}
		writer_bytes(&w, "", 1);
		l.data = w.data;
		l.size = w.size;
		assert_int_equal(messages[i].read(&l), -EBADMSG);
		writer_fini(&w);
	}
}

static void test_truth(void **state)
{
	static const struct {
		uint32_t ok;
		int want;
	} cases[] = {{0, 0}, {1, 0}, {2, -EBADMSG}, {UINT32_MAX, -EBADMSG}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct broker_answer m = {.ok = true};
		struct writer w = {0};
		struct letter l = {0};

		writer_u64(&w, 1);
		writer_u32(&w, cases[i].ok);
		writer_text(&w, SLICE(""));
		l.data = w.data;
		l.size = w.size;
		assert_int_equal(broker_answer_read(&l, &m), cases[i].want);
		assert_int_equal(m.ok, cases[i].want < 0 || cases[i].ok == 1);
		writer_fini(&w);
	}
}

/* A name that nobody can have: none, or one that is too long. */
static void test_agent_name(void **state)
{
	static const char *const names[] = {"", ":1.1844674407370955161518446744074"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct writer w = {0};
		struct letter l = {0};
		struct slice name;

		agent_name_write(&w, slice_of(names[i]));
		l.data = w.data;
		l.size = w.size;
		assert_int_equal(agent_name_read(&l, &name), -EBADMSG);
		writer_fini(&w);
	}
}

/* A number that is none of ours: of a result, of a truth, of details. */
static void test_agent_ranges(void **state)
{
	struct agent_ask ask = {.details_n = AGENT_DETAILS};
	struct agent_answer answer = {.result = AGENT_RESULTS};
	struct writer w = {0};
	struct letter l = {0};

	(void)state;
	agent_answer_write(&w, &answer);
	l.data = w.data;
	l.size = w.size;
	assert_int_equal(agent_answer_read(&l, &answer), -EBADMSG);
	writer_fini(&w);
	agent_ask_write(&w, &ask);
	l.data = w.data;
	l.size = w.size;
	assert_int_equal(agent_ask_read(&l, &ask), 0);
	memcpy(w.data + 8, &(uint32_t){2}, 4);
	assert_int_equal(agent_ask_read(&l, &ask), -EBADMSG);
	memcpy(w.data + 8, &(uint32_t){0}, 4);
	/* behind number, truth and two empty texts */
	memcpy(w.data + 22, &(uint32_t){AGENT_DETAILS + 1}, 4);
	writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0", 10);
	l.data = w.data;
	l.size = w.size;
	assert_int_equal(agent_ask_read(&l, &ask), -EBADMSG);
	writer_fini(&w);
}

static void test_many_texts(void **state)
{
	struct slice texts[2] = {SLICE("a"), SLICE("b")};
	struct writer w = {0};
	struct letter l = {0};
	uint32_t n = 77;

	(void)state;
	broker_texts_write(&w, texts, 2);
	l.data = w.data;
	l.size = w.size;
	assert_int_equal(broker_texts_read(&l, texts, 1, &n), -EBADMSG);
	assert_int_equal(n, 77);
	assert_int_equal(broker_texts_read(&l, texts, 2, &n), 0);
	assert_int_equal(n, 2);
	writer_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_agent_name),
		cmocka_unit_test(test_agent_ranges),
		cmocka_unit_test(test_many_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
