/* test_reply.c - who owes whom a reply: asked once, by the right one, in time, and within the limit */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "broker/fault.h"
#include "broker/message.h"
#include "tests/unit/peers.h"
#include "tests/unit/draw.h"

#define MOST 5
#define MANY 1000
#define TIMEOUT_MS 800 /* a quarter of it is what a busy machine may lose */

struct trio {
	struct bus bus;
	struct peer *peer[3];
	int fd[3];
};

static void trio_begin(struct trio *t, const struct test_limit *limits, size_t n)
{
	peers_begin(&t->bus, limits, n);
	for (int i = 0; i < 3; i++)
		t->peer[i] = peers_add(&t->bus, ALICE + (uint32_t)i, &t->fd[i]);
}

static void trio_end(struct trio *t)
{
	assert_int_equal(HASH_COUNT(t->bus.replies.table), 1);
	bus_fini(&t->bus);
	for (int i = 0; i < 3; i++)
		close(t->fd[i]);
}

/* The errors that have come: "SERIAL ERROR-NAME" each. */
static void read_errors(struct trio *t, int who, char *text, size_t size)
{
	_Alignas(8) uint8_t bytes[8192];
	ssize_t n;

	batch_flush(&t->bus);
	n = read(t->fd[who], bytes, sizeof(bytes));
	*text = '\0';
	for (size_t at = 0; n > 0 && at < (size_t)n;) {
		struct message m;
		uint32_t body, fields;
		size_t whole;

		memcpy(&body, bytes + at + 4, sizeof(body));
		memcpy(&fields, bytes + at + 12, sizeof(fields));
		whole = ((16 + fields + 7) & ~(size_t)7) + body;
		memmove(bytes, bytes + at, (size_t)n - at);
		n -= (ssize_t)at;
		assert_int_equal(message_parse(&m, bytes, whole, NULL), 0);
		if (m.type == MESSAGE_ERROR)
			snprintf(text + strlen(text), size - strlen(text), "%u %.*s ",
				m.reply_serial, SLICE_FMT(m.error));
		at = whole;
	}
}

static void assert_errors(struct trio *t, int who, const char *wanted)
{
	char text[1024];

	read_errors(t, who, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void test_settle(void **state)
{
	struct trio t;

	(void)state;
	trio_begin(&t, NULL, 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 7), 0);
	assert_int_equal(t.peer[0]->calls_n, 1);
	/* not that serial, not that way round, not that one, not to that one */
	assert_false(reply_settle(&t.bus, t.peer[1], t.peer[0], 8));
	assert_false(reply_settle(&t.bus, t.peer[0], t.peer[1], 7));
	assert_false(reply_settle(&t.bus, t.peer[2], t.peer[0], 7));
	assert_false(reply_settle(&t.bus, t.peer[1], t.peer[2], 7));
	assert_true(reply_settle(&t.bus, t.peer[1], t.peer[0], 7));
	/* once */
	assert_false(reply_settle(&t.bus, t.peer[1], t.peer[0], 7));
	assert_int_equal(t.peer[0]->calls_n, 0);
	assert_int_equal(t.peer[0]->calls_peak, 1);
	/* one serial, one call; but another one's serials are its own business */
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 7), 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 7), FAULT_SERIAL_IN_USE);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[2], 7), 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[2], t.peer[1], 7), 0);
	assert_int_equal(t.peer[0]->calls_n, 2);
	assert_true(reply_settle(&t.bus, t.peer[1], t.peer[0], 7));
	assert_true(reply_settle(&t.bus, t.peer[2], t.peer[0], 7));
	assert_true(reply_settle(&t.bus, t.peer[1], t.peer[2], 7));
	/* of oneself */
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[0], 7), 0);
	assert_true(reply_settle(&t.bus, t.peer[0], t.peer[0], 7));
	trio_end(&t);
}

static void test_limit(void **state)
{
	const struct test_limit limit = {LIMIT_MAX_REPLIES_PER_CONNECTION, MOST};
	struct trio t;

	(void)state;
	trio_begin(&t, &limit, 1);
	for (uint32_t i = 1; i <= MOST; i++)
		assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1 + i % 2], i), 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 99), FAULT_LIMITS);
	assert_false(reply_settle(&t.bus, t.peer[1], t.peer[0], 99));
	/* the limit is the caller's, not the callee's */
	assert_int_equal(reply_expect(&t.bus, t.peer[2], t.peer[1], 1), 0);
	assert_true(reply_settle(&t.bus, t.peer[1], t.peer[2], 1));
	assert_true(reply_settle(&t.bus, t.peer[1], t.peer[0], 2));
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 99), 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 100), FAULT_LIMITS);
	peer_kill(t.peer[0], NULL);
	peers_reap(&t.bus);
	trio_end(&t);
}

static void test_limit_zero(void **state)
{
	const struct test_limit limit = {LIMIT_MAX_REPLIES_PER_CONNECTION, 0};
	struct trio t;

	(void)state;
	trio_begin(&t, &limit, 1);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 1), FAULT_LIMITS);
	trio_end(&t);
}

/* Who waits for one that goes is told, the latest call first; who goes itself is forgotten. */
static void test_gone(void **state)
{
	struct trio t;

	(void)state;
	trio_begin(&t, NULL, 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 5), 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[2], t.peer[1], 5), 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 3), 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[2], 4), 0);
	assert_int_equal(reply_expect(&t.bus, t.peer[1], t.peer[0], 6), 0);
	peer_kill(t.peer[1], NULL);
	peers_reap(&t.bus);
	assert_errors(&t, 0,
		"3 org.freedesktop.DBus.Error.NoReply 5 org.freedesktop.DBus.Error.NoReply ");
	assert_errors(&t, 2, "5 org.freedesktop.DBus.Error.NoReply ");
	assert_int_equal(t.peer[0]->calls_n, 1);
	assert_true(list_is_empty(&t.peer[0]->duties));
	assert_true(reply_settle(&t.bus, t.peer[2], t.peer[0], 4));
	trio_end(&t);
}

static int stop(struct timer *timer)
{
	loop_stop(timer->loop);
	return 0;
}

static void run(struct trio *t, uint64_t ms)
{
	struct timer timer = {0};

	t->bus.loop.stopping = false;
	timer_arm(&timer, &t->bus.loop, ms * 1000, stop);
	assert_int_equal(loop_run(&t->bus.loop), 0);
}

static void test_timeout(void **state)
{
	const struct test_limit limit = {LIMIT_REPLY_TIMEOUT, TIMEOUT_MS};
	struct trio t;

	(void)state;
	trio_begin(&t, &limit, 1);
	for (uint32_t i = 1; i <= 3; i++)
		assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], i), 0);
	assert_true(reply_settle(&t.bus, t.peer[1], t.peer[0], 2));
	run(&t, TIMEOUT_MS / 2);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 4), 0);
	assert_errors(&t, 0, "");
	/* each has its own time */
	run(&t, TIMEOUT_MS * 3 / 4);
	assert_errors(&t, 0,
		"1 org.freedesktop.DBus.Error.NoReply 3 org.freedesktop.DBus.Error.NoReply ");
	assert_false(reply_settle(&t.bus, t.peer[1], t.peer[0], 1));
	assert_int_equal(t.peer[0]->calls_n, 1);
	run(&t, TIMEOUT_MS);
	assert_errors(&t, 0, "4 org.freedesktop.DBus.Error.NoReply ");
	assert_int_equal(t.peer[0]->calls_n, 0);
	/* and the clock goes on for later ones */
	assert_int_equal(reply_expect(&t.bus, t.peer[2], t.peer[1], 5), 0);
	run(&t, TIMEOUT_MS * 3 / 2);
	assert_errors(&t, 2, "5 org.freedesktop.DBus.Error.NoReply ");
	trio_end(&t);
}

static void test_no_timeout(void **state)
{
	const struct test_limit limit = {LIMIT_REPLY_TIMEOUT, -1};
	struct trio t;

	(void)state;
	trio_begin(&t, &limit, 1);
	assert_int_equal(reply_expect(&t.bus, t.peer[0], t.peer[1], 1), 0);
	assert_true(list_is_empty(&t.bus.replies.aging));
	run(&t, 10);
	assert_true(reply_settle(&t.bus, t.peer[1], t.peer[0], 1));
	trio_end(&t);
}

/* More slots than are kept for later, taken and given back in any order. */
static void test_random(void **state)
{
	static uint8_t waits[3][3][MANY + 1];
	uint32_t calls[3] = {0};
	struct trio t;

	(void)state;
	trio_begin(&t, NULL, 0);
	for (int i = 0; i < 40 * MANY; i++) {
		uint32_t from = draw(3), to = draw(3), serial = 1 + draw(MANY);
		/* now and then there are many, now and then few */
		bool more = draw(10) < (i / (4 * MANY) % 2 ? 8u : 3u);

		if (more && !waits[from][to][serial]) {
			assert_int_equal(reply_expect(&t.bus, t.peer[from], t.peer[to], serial), 0);
			waits[from][to][serial] = 1;
			calls[from]++;
		} else if (!more) {
			assert_int_equal(reply_settle(&t.bus, t.peer[to], t.peer[from], serial),
				waits[from][to][serial]);
			calls[from] -= waits[from][to][serial];
			waits[from][to][serial] = 0;
		}
		assert_int_equal(t.peer[from]->calls_n, calls[from]);
		assert_int_equal(
			HASH_COUNT(t.bus.replies.table), 1 + calls[0] + calls[1] + calls[2]);
	}
	for (int i = 0; i < 3; i++)
		peer_kill(t.peer[i], NULL);
	peers_reap(&t.bus);
	trio_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_zero),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_no_timeout),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
