/*
 * test_oom_link.c - letters and records when there is no memory: what cannot be written whole is
 * not sent at all, and a letter that cannot be taken now is taken later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "audit/record.h"
#include "link/launch_broker.h"
#include "link/launch_compile.h"
#include "tests/unit/oom.h"

#define LONG 1000

static char filler[LONG];
static struct slice texts[4] = {SLICE("PATH"), SLICE("/usr/bin"), {filler, LONG}, SLICE("")};

static void put_setup(struct writer *w)
{
	broker_setup_write(w, &(struct broker_setup){.guid = texts[2], .machine_id = texts[0]});
}

static void put_answer(struct writer *w)
{
	broker_answer_write(w, &(struct broker_answer){.serial = 1, .text = texts[2]});
}

static void put_start(struct writer *w)
{
	broker_start_write(w, &(struct broker_start){1, texts[2]});
}

static void put_failure(struct writer *w)
{
	broker_failure_write(w, &(struct broker_failure){1, texts[0], texts[2], texts[2]});
}

static void put_serial(struct writer *w)
{
	broker_serial_write(w, 1);
}

static void put_texts(struct writer *w)
{
	broker_texts_write(w, texts, 4);
}

static void put_failed(struct writer *w)
{
	compile_failed_write(w, texts, 4);
}

static void make_record(struct record *ret)
{
	struct request q = {.verb = VERB_OWN, .name = texts[2]};
	struct verdict v = {.answer = ANSWER_DENY, .reason = REASON_FAULT, .text = "because"};

	record_of(ret, "system", &q, &v, 7);
}

static void put_record(struct writer *w)
{
	struct record record;

	make_record(&record);
	record_write(w, &record);
}

static void put_record_text(struct writer *w)
{
	struct record record;

	make_record(&record);
	record_text(w, &record);
}

static void (*const puts_of[])(struct writer *w) = {put_setup, put_answer, put_start, put_failure,
	put_serial, put_texts, put_failed, put_record, put_record_text};

static bool nothing_came(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

/* Whether an allocation failed. */
static bool encode(void (*put)(struct writer *w), enum oom_plan plan, uint32_t n)
{
	struct writer good = {0}, w = {0};
	int pair[2];
	bool failed;

	assert_int_equal(channel_pair(pair), 0);
	put(&good);
	assert_false(good.bad);
	oom_arm(plan, n);
	put(&w);
	failed = oom_disarm();
	assert_int_equal(w.bad, failed);
	if (failed) {
		assert_int_equal(channel_send(pair[0], 1, &w, NULL, 0), -ENOMEM);
		assert_true(nothing_came(pair[1]));
	} else {
		assert_int_equal(w.size, good.size);
		assert_memory_equal(w.data, good.data, w.size);
	}
	writer_fini(&w);
	writer_fini(&good);
	close(pair[0]);
	close(pair[1]);
	return failed;
}

static void test_encoders(void **state)
{
	(void)state;
	memset(filler, 'x', sizeof(filler));
	for (size_t i = 0; i < sizeof(puts_of) / sizeof(puts_of[0]); i++) {
		for (int plan = 0; plan < OOM_PLANS; plan++) {
			uint32_t n = 1;

			while (encode(puts_of[i], plan, n))
				assert_true(++n < OOM_MAX);
			assert_true(n > 1);
		}
	}
}

static void test_letter(void **state)
{
	struct writer w = {0};
	struct letter l;
	int pair[2];

	(void)state;
	assert_int_equal(channel_pair(pair), 0);
	put_texts(&w);
	assert_int_equal(channel_send(pair[0], 5, &w, &pair[1], 1), 0);
	oom_arm(OOM_ONCE, 1);
	assert_int_equal(channel_recv(pair[1], &l), -ENOMEM);
	assert_true(oom_disarm());
	assert_int_equal(channel_recv(pair[1], &l), 0);
	assert_int_equal(l.type, 5);
	assert_int_equal(l.fds_n, 1);
	assert_memory_equal(l.data, w.data, w.size);
	letter_fini(&l);
	writer_fini(&w);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoders),
		cmocka_unit_test(test_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
