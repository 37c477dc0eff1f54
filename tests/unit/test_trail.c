/* test_trail.c - what is recorded and what stays quiet; what a slow or dead recorder costs is counted */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "audit/record.h"
#include "audit/trail.h"
#include "base/channel.h"
#include "tests/unit/decisions.h"

struct stage {
	struct decisions d;
	struct request request;
	struct verdict deny, allow;
	struct trail trail;
	int channel[2];
};

static void stage_init(struct stage *s, bool log)
{
	decisions_init(&s->d, log);
	s->request = decisions_request(&s->d);
	s->deny = decisions_verdict(&s->d, 0);
	s->allow = decisions_verdict(&s->d, 1);
	assert_int_equal(channel_pair(s->channel), 0);
	trail_init(&s->trail, s->channel[0], "system");
	assert_int_equal(fcntl(s->channel[1], F_SETFL, O_NONBLOCK), 0);
}

static void stage_fini(struct stage *s)
{
	trail_fini(&s->trail);
	close(s->channel[0]);
	close(s->channel[1]);
	decisions_fini(&s->d);
}

/* The `lost` of the next record, 0 where it has none; -errno where there is no record. */
static int64_t stage_recv(struct stage *s)
{
	struct letter letter;
	struct record record;
	int64_t lost;
	int r = channel_recv(s->channel[1], &letter);

	if (r < 0)
		return r;
	assert_int_equal(letter.type, RECORD_LETTER);
	assert_int_equal(record_read(&record, letter.data, letter.size), 0);
	lost = record.values[RECORD_LOST].number;
	letter_fini(&letter);
	return lost;
}

static void test_quiet(void **state)
{
	enum { REFUSED, ALLOWED, ASKED };
	static const struct {
		enum verb verb;
		int answer;
		uint8_t type;
		bool broadcast, eavesdrop, of_driver, log, advisory;
		int want;
	} cases[] = {
		{.verb = VERB_SEND, .type = 1, .want = 1},
		{.verb = VERB_SEND, .type = 4, .want = 1},
		{.verb = VERB_SEND, .type = 1, .advisory = true, .want = 1},
		{.verb = VERB_CONNECT, .want = 1},
		{.verb = VERB_OWN, .want = 1},
		{.verb = VERB_DRIVER, .type = 1, .want = 1},
		{.verb = VERB_MONITOR, .type = 1, .want = 1},
		{.verb = VERB_ACTIVATE, .type = 1, .want = 1},
		{.verb = VERB_PROTOCOL, .want = 1},
		/* nobody asked for these */
		{.verb = VERB_SEND, .type = 4, .broadcast = true, .want = 0},
		{.verb = VERB_SEND, .type = 4, .broadcast = true, .log = true, .want = 0},
		{.verb = VERB_SEND, .type = 1, .eavesdrop = true, .want = 0},
		{.verb = VERB_SEND, .type = 4, .of_driver = true, .want = 0},
		{.verb = VERB_SEND, .type = 2, .of_driver = true, .want = 1},
		/* allowed */
		{.verb = VERB_SEND, .answer = ALLOWED, .type = 1, .want = 0},
		{.verb = VERB_SEND, .answer = ALLOWED, .type = 1, .log = true, .want = 1},
		{.verb = VERB_SEND, .answer = ASKED, .type = 1, .log = true, .want = 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct verdict v;
		struct stage s;

		stage_init(&s, cases[i].log);
		v = cases[i].answer == REFUSED ? s.deny : s.allow;
		if (cases[i].answer == ASKED)
			v.answer = ANSWER_ASK;
		v.advisory = cases[i].advisory;
		s.request.verb = cases[i].verb;
		s.request.eavesdrop = cases[i].eavesdrop;
		s.d.call.type = cases[i].type;
		s.d.call.broadcast = cases[i].broadcast;
		if (cases[i].type == 0)
			s.request.traffic = NULL;
		if (cases[i].of_driver)
			s.request.sender = NULL;
		trail_note(&s.trail, &s.request, &v);
		if ((stage_recv(&s) == 0) != cases[i].want || (int)s.trail.sent != cases[i].want)
			fail_msg("row %zu", i);
		stage_fini(&s);
	}
}

static void test_full(void **state)
{
	struct stage s;
	uint64_t sent;

	(void)state;
	stage_init(&s, false);
	while (s.trail.lost == 0)
		trail_note(&s.trail, &s.request, &s.deny);
	sent = s.trail.sent;
	assert_true(sent > 0);
	for (int i = 0; i < 9; i++)
		trail_note(&s.trail, &s.request, &s.deny);
	assert_int_equal(s.trail.lost, 10);
	assert_int_equal(s.trail.sent, sent);
	/* the recorder wakes up: all that was taken comes, and the next tells of what was not */
	for (uint64_t i = 0; i < sent; i++)
		assert_int_equal(stage_recv(&s), 0);
	assert_int_equal(stage_recv(&s), -EAGAIN);
	trail_note(&s.trail, &s.request, &s.deny);
	assert_int_equal(stage_recv(&s), 10);
	assert_int_equal(s.trail.lost, 0);
	trail_note(&s.trail, &s.request, &s.deny);
	assert_int_equal(stage_recv(&s), 0);
	stage_fini(&s);
}

static void test_dead(void **state)
{
	struct stage s;
	int old;

	(void)state;
	stage_init(&s, false);
	close(s.channel[1]);
	for (int i = 0; i < 3; i++)
		trail_note(&s.trail, &s.request, &s.deny);
	assert_int_equal(s.trail.lost, 3);
	old = s.channel[0];
	assert_int_equal(channel_pair(s.channel), 0);
	close(old);
	trail_set_channel(&s.trail, s.channel[0]);
	trail_note(&s.trail, &s.request, &s.deny);
	assert_int_equal(stage_recv(&s), 3);
	stage_fini(&s);
}

/* Takes the next record, as the recorder does. */
static bool stage_take(struct stage *s, struct record *ret)
{
	static struct letter letter;

	letter_fini(&letter);
	if (channel_recv(s->channel[1], &letter) < 0)
		return false;
	assert_int_equal(record_read(ret, letter.data, letter.size), 0);
	return true;
}

static int64_t number_of(const struct record *r, enum record_field field)
{
	return r->values[field].known ? r->values[field].number : 0;
}

/* The clock goes on by as much as the first in the queue has to wait. */
static void stage_wait(struct stage *s)
{
	list_for_each (at, &s->trail.folds.queue)
		list_entry(at, struct fold, link)->due -= FOLD_SECONDS * 1000000ull;
	s->trail.timer.due(&s->trail.timer);
}

static void test_fold(void **state)
{
	struct record record;
	struct loop loop;
	struct stage s;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	stage_init(&s, false);
	trail_fold(&s.trail, &loop);
	for (int i = 0; i < 100; i++)
		trail_note(&s.trail, &s.request, &s.deny);
	/* one at once, nothing more before its time, then all the others together */
	assert_true(stage_take(&s, &record));
	assert_int_equal(number_of(&record, RECORD_REPEATS), 0);
	assert_false(stage_take(&s, &record));
	stage_wait(&s);
	assert_true(stage_take(&s, &record));
	assert_int_equal(number_of(&record, RECORD_REPEATS), 99);
	assert_true(slice_is(record.values[RECORD_MEMBER].text, "Reboot"));
	/* one more is on record then, and with nothing to count it is forgotten */
	trail_note(&s.trail, &s.request, &s.deny);
	stage_wait(&s);
	assert_true(stage_take(&s, &record));
	assert_false(record.values[RECORD_REPEATS].known);
	stage_wait(&s);
	assert_false(stage_take(&s, &record));
	assert_int_equal(s.trail.folds.n, 0);
	assert_null(s.trail.folds.users);
	stage_fini(&s);
	loop_fini(&loop);
}

/* What a user varies is told apart so far, and then counted together; another user's is not among it. */
static void test_fold_others(void **state)
{
	char member[32];
	struct record record;
	struct loop loop;
	struct stage s;
	int64_t counted = 0;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	stage_init(&s, false);
	trail_fold(&s.trail, &loop);
	for (int i = 0; i < 1000; i++) {
		snprintf(member, sizeof(member), "M%d", i);
		s.d.call.member = slice_of(member);
		trail_note(&s.trail, &s.request, &s.deny);
	}
	s.d.client_id.uid = 2000;
	trail_note(&s.trail, &s.request, &s.deny);
	for (int i = 0; i < FOLD_USER_MAX + 1; i++, counted++)
		assert_true(stage_take(&s, &record));
	assert_true(slice_is(record.values[RECORD_MEMBER].text, "M64"));
	assert_true(stage_take(&s, &record));
	assert_int_equal(number_of(&record, RECORD_UID), 2000);
	assert_false(stage_take(&s, &record));
	stage_wait(&s);
	assert_true(stage_take(&s, &record));
	assert_int_equal(number_of(&record, RECORD_OTHERS), 1000 - counted);
	assert_int_equal(number_of(&record, RECORD_UID), 1000);
	stage_fini(&s);
	loop_fini(&loop);
}

/* Behind many decisions that let through no refusal is hidden: what is counted together ended alike. */
static void test_fold_others_ended_alike(void **state)
{
	struct record record;
	struct loop loop;
	struct stage s;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	stage_init(&s, true);
	trail_fold(&s.trail, &loop);
	for (uint32_t i = 0; i < FOLD_USER_MAX + 2; i++) {
		s.d.call.fds = i;
		trail_note(&s.trail, &s.request, &s.allow);
	}
	for (int i = 0; i < FOLD_USER_MAX + 1; i++)
		assert_true(stage_take(&s, &record));
	assert_true(slice_is(record.values[RECORD_RES].text, "success"));
	trail_note(&s.trail, &s.request, &s.deny);
	assert_true(stage_take(&s, &record));
	assert_true(slice_is(record.values[RECORD_RES].text, "failed"));
	s.deny.advisory = true;
	trail_note(&s.trail, &s.request, &s.deny);
	assert_true(stage_take(&s, &record));
	assert_int_equal(number_of(&record, RECORD_PERMISSIVE), 1);
	s.deny.advisory = false;
	trail_note(&s.trail, &s.request, &s.deny);
	trail_note(&s.trail, &s.request, &s.deny);
	assert_false(stage_take(&s, &record));
	stage_wait(&s);
	assert_true(stage_take(&s, &record));
	assert_true(slice_is(record.values[RECORD_RES].text, "success"));
	assert_int_equal(number_of(&record, RECORD_OTHERS), 0);
	assert_true(stage_take(&s, &record));
	assert_true(slice_is(record.values[RECORD_RES].text, "failed"));
	assert_int_equal(number_of(&record, RECORD_OTHERS), 2);
	assert_false(stage_take(&s, &record));
	stage_fini(&s);
	loop_fini(&loop);
}

/* What does not fit is counted on; what a recorder had not answered for is lost, and told at once. */
static void test_fold_lost(void **state)
{
	struct writer done = {.limit = 0};
	struct record record;
	struct loop loop;
	struct stage s;
	int old;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	stage_init(&s, false);
	trail_fold(&s.trail, &loop);
	trail_note(&s.trail, &s.request, &s.deny);
	s.d.call.member = SLICE("Other");
	trail_note(&s.trail, &s.request, &s.deny);
	/* the first is written, the second is not */
	writer_u64(&done, 1);
	assert_int_equal(channel_send(s.channel[1], RECORD_DONE, &done, NULL, 0), 0);
	close(s.channel[1]);
	trail_note(&s.trail, &s.request, &s.deny);
	s.d.call.member = SLICE("Later");
	trail_note(&s.trail, &s.request, &s.deny);
	old = s.channel[0];
	assert_int_equal(channel_pair(s.channel), 0);
	fcntl(s.channel[1], F_SETFL, O_NONBLOCK);
	trail_set_channel(&s.trail, s.channel[0]);
	close(old);
	assert_true(stage_take(&s, &record));
	assert_true(slice_is(record.values[RECORD_VERB].text, "records"));
	assert_int_equal(number_of(&record, RECORD_LOST), 1);
	stage_wait(&s);
	assert_true(stage_take(&s, &record));
	assert_true(slice_is(record.values[RECORD_MEMBER].text, "Other"));
	assert_true(stage_take(&s, &record));
	assert_true(slice_is(record.values[RECORD_MEMBER].text, "Later"));
	assert_false(stage_take(&s, &record));
	writer_fini(&done);
	stage_fini(&s);
	loop_fini(&loop);
}

/* At the end there is time for a recorder that is slow. */
static void test_fold_end(void **state)
{
	enum { USERS = 20 };
	char member[32];
	struct loop loop;
	struct record record;
	struct stage s;
	uint64_t counted = 0;
	int taken = 0, status;
	pid_t reader;

	(void)state;
	assert_int_equal(loop_init(&loop), 0);
	stage_init(&s, false);
	trail_fold(&s.trail, &loop);
	for (int i = 0; i < USERS * FOLD_USER_MAX; i++) {
		s.d.client_id.uid = 1000u + (uint32_t)i % USERS;
		snprintf(member, sizeof(member), "M%d", i);
		s.d.call.member = slice_of(member);
		trail_note(&s.trail, &s.request, &s.deny);
	}
	for (struct fold *fold = s.trail.folds.table; fold; fold = fold->hh.next)
		counted += fold->count;
	assert_true(counted > 100);
	reader = fork();
	assert_return_code(reader, errno);
	if (reader == 0) {
		struct writer done = {.limit = 0};

		close(s.channel[0]);
		usleep(100000);
		fcntl(s.channel[1], F_SETFL, 0);
		while (stage_take(&s, &record)) {
			writer_u64(&done, (uint64_t)++taken);
			(void)channel_send(s.channel[1], RECORD_DONE, &done, NULL, 0);
			writer_fini(&done);
		}
		_exit(taken == USERS * FOLD_USER_MAX ? 0 : 1);
	}
	trail_fini(&s.trail);
	close(s.channel[0]);
	close(s.channel[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	decisions_fini(&s.d);
	loop_fini(&loop);
}

/* What stderr says while `speak` is called. */
static void stderr_of(void (*speak)(struct stage *s), struct stage *s, char *buf, size_t size)
{
	int pipes[2], was = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(pipes[1], STDERR_FILENO);
	speak(s);
	dup2(was, STDERR_FILENO);
	n = read(pipes[0], buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	close(was);
	close(pipes[0]);
	close(pipes[1]);
}

static void speak_note(struct stage *s)
{
	trail_note(&s->trail, &s->request, &s->deny);
}

static void speak_fini(struct stage *s)
{
	trail_fini(&s->trail);
}

static void test_stderr(void **state)
{
	struct stage s;
	char said[8192];

	(void)state;
	stage_init(&s, false);
	trail_set_channel(&s.trail, -1);
	stderr_of(speak_note, &s, said, sizeof(said));
	assert_non_null(strstr(said, ": denied send: :1.7 (uid=1000 "));
	assert_non_null(strstr(said, RULE_FILE ":12 " RULE_TEXT " | bus=\"system\" verb=send "));
	assert_string_equal(said + strlen(said) - strlen(" res=failed\n"), " res=failed\n");
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	stderr_of(speak_fini, &s, said, sizeof(said));
	assert_string_equal(said, "");
	s.trail.lost = 4;
	stderr_of(speak_fini, &s, said, sizeof(said));
	assert_non_null(strstr(said, "4 decisions are on no record"));
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fold_others),
		cmocka_unit_test(test_fold_others_ended_alike),
		cmocka_unit_test(test_fold_lost),
		cmocka_unit_test(test_fold_end),
		cmocka_unit_test(test_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
