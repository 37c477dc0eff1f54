/*
 * test_park.c - a bus in this process whose policy asks polkit about some calls, and an agent that
 * answers at random: late, out of order, with what nobody asked. Names change hands, connections come
 * and go. Every message arrives once or is refused once, and at each recipient those of one sender
 * in the order in which they were sent.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "broker/compose.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/park.h"
#include "broker/route.h"
#include "tests/unit/draw.h"
#include "tests/unit/oom.h"
#include "tests/unit/peers.h"

#define PEERS 5
#define NAMES 3
#define STEPS 120000
#define SENT_MAX (STEPS + 1)
#define ASKED_MAX 64

#define BOOK                                                                                       \
	PEERS_OPEN "<check polkit='com.act.Ask' send_type='method_call' "                          \
		   "send_destination_prefix='com' send_member='Ask'/>\n"

static const char *const names[NAMES] = {"com.A", "com.B", "com.C"};

/* What became of a message that was sent. */
struct fate {
	uint8_t sender; /* PEERS: nothing was sent under this number */
	bool asks, broadcast;
	uint32_t arrived, refused;
};

struct end {
	struct peer *peer;
	int fd;
	uint8_t bytes[1 << 16];
	size_t size;
	/* for each sender the last number that came, and when; when a name last came here */
	uint32_t last[PEERS], when[PEERS], moved;
	uint32_t since; /* the connection is there */
};

struct world {
	struct bus bus;
	struct end ends[PEERS];
	int agent;
	struct agent_ask asked[ASKED_MAX];
	char actions[ASKED_MAX][32];
	uint32_t asked_n, now;
	struct fate fates[SENT_MAX];
	uint32_t held, answered, forged, moves, reconnects;
};

/* The test's own allocations do not count. */
static bool oom_counting;

static void oom_hold(void)
{
	oom_counting = oom.armed;
	oom_pause();
}

static void oom_go_on(void)
{
	if (oom_counting)
		oom_resume();
}

static void world_policy(struct world *w, const char *text)
{
	struct builder *b = peers_policy(text);
	struct policy policy;

	builder_header(b)->limits[LIMIT_MAX_POLKIT_CHECKS_PER_USER] = ASKED_MAX / 2;
	builder_header(b)->limits[LIMIT_MAX_POLKIT_CHECKS] = ASKED_MAX;
	peers_policy_finish(b, &policy);
	RULEBOOK_MUST(bus_set_policy(&w->bus, &policy) == 0);
}

/* --- the recipients --- */

/* A later message may be there already if it came before the recipient had the name by which the
 * earlier one was sent. */
static void check_order(struct world *w, struct end *e, uint32_t sender, uint32_t number)
{
	if (number < e->last[sender] && e->when[sender] > e->moved)
		fail_msg("%u came behind %u", number, e->last[sender]);
	if (number > e->last[sender]) {
		e->last[sender] = number;
		e->when[sender] = w->now;
	}
}

static void take_message(struct world *w, struct end *e, const struct message *m)
{
	struct fate *fate;

	if (m->sender.text && slice_is(m->sender, DRIVER_NAME)) {
		if (m->type == MESSAGE_ERROR)
			w->fates[m->reply_serial].refused++;
		return;
	}
	fate = &w->fates[m->serial];
	assert_true(fate->sender < PEERS);
	fate->arrived++;
	check_order(w, e, fate->sender, m->serial);
}

static void end_read(struct world *w, struct end *e)
{
	for (;;) {
		ssize_t n = read(e->fd, e->bytes + e->size, sizeof(e->bytes) - e->size);
		size_t at = 0, want = 0;

		if (n <= 0)
			return;
		e->size += (size_t)n;
		while (message_measure(e->bytes + at, e->size - at, 1 << 20, &want) == 0 && want &&
			want <= e->size - at) {
			const char *why = NULL;
			struct message m;

			assert_int_equal(message_parse(&m, e->bytes + at, want, &why), 0);
			take_message(w, e, &m);
			at += want;
			want = 0;
		}
		memmove(e->bytes, e->bytes + at, e->size - at);
		e->size -= at;
	}
}

static void world_read(struct world *w)
{
	batch_flush(&w->bus);
	for (uint32_t i = 0; i < PEERS; i++)
		end_read(w, &w->ends[i]);
	w->now++;
}

/* --- the agent --- */

static void agent_hear(struct world *w)
{
	struct letter l;

	oom_hold();
	while (channel_recv(w->agent, &l) == 0) {
		struct agent_ask *ask = &w->asked[w->asked_n];
		uint64_t id;

		if (l.type == TO_AGENT_ASK) {
			assert_true(w->asked_n < ASKED_MAX);
			assert_int_equal(agent_ask_read(&l, ask), 0);
			snprintf(w->actions[w->asked_n++], 32, "%.*s", SLICE_FMT(ask->action));
		} else {
			assert_int_equal(agent_cancel_read(&l, &id), 0);
			for (uint32_t i = 0; i < w->asked_n; i++) {
				if (w->asked[i].id != id)
					continue;
				w->asked[i] = w->asked[--w->asked_n];
				memmove(w->actions[i], w->actions[w->asked_n],
					sizeof(w->actions[i]));
			}
		}
		letter_fini(&l);
	}
	oom_go_on();
}

static void agent_say(struct world *w, const struct agent_answer *answer)
{
	struct writer out = {0};

	oom_hold();
	agent_answer_write(&out, answer);
	assert_int_equal(channel_send(w->agent, FROM_AGENT_ANSWER, &out, NULL, 0), 0);
	writer_fini(&out);
	oom_go_on();
	assert_int_equal(w->bus.consult.source.ready(&w->bus.consult.source, EPOLLIN), 0);
}

/* One question out of those that wait; often another answer before, that is to be ignored. */
static void agent_answer(struct world *w)
{
	uint32_t i = w->asked_n ? draw(w->asked_n) : 0;
	struct agent_answer answer;

	if (!w->asked_n)
		return;
	if (draw(3) == 0) {
		uint32_t waiting = HASH_COUNT(w->bus.consult.questions);

		answer = (struct agent_answer){.id = w->asked[i].id, .text = SLICE(":9.9")};
		answer.action = draw(2) ? SLICE("com.act.Other") : slice_of(w->actions[i]);
		if (slice_is(answer.action, w->actions[i]))
			answer.id += 1 + draw(1000000);
		if (answer.id > w->bus.consult.last || !slice_is(answer.action, w->actions[i])) {
			agent_say(w, &answer);
			assert_int_equal(HASH_COUNT(w->bus.consult.questions), waiting);
			w->forged++;
		}
	}
	answer = (struct agent_answer){.id = w->asked[i].id,
		.result = draw(2) ? AGENT_AUTHORISED : draw(AGENT_RESULTS),
		.action = slice_of(w->actions[i]),
		.text = SLICE(":1.1")};
	w->asked[i] = w->asked[--w->asked_n];
	agent_say(w, &answer);
	memmove(w->actions[i], w->actions[w->asked_n], sizeof(w->actions[i]));
	w->answered++;
}

static void agent_connect(struct world *w)
{
	peers_agent(&w->bus, &w->agent);
	w->asked_n = 0;
}

/* --- the senders --- */

static struct slice draw_destination(struct world *w)
{
	return draw(3) ? slice_of(names[draw(NAMES)]) : w->ends[draw(PEERS)].peer->unique_name;
}

/* Kinds of messages: calls that are asked about, others, signals to one, signals to all. */
enum { KIND_ASK, KIND_ASK_TOO, KIND_CALL, KIND_CALL_TOO, KIND_SIGNAL, KIND_BROADCAST, KINDS };

static void world_say(
	struct world *w, uint32_t number, uint32_t from, uint32_t kind, struct slice destination)
{
	bool asks = kind <= KIND_ASK_TOO;
	struct compose_header header = {.type = kind >= KIND_SIGNAL ? MESSAGE_SIGNAL : MESSAGE_CALL,
		.serial = number,
		.path = "/",
		.interface = "com.I",
		.member = asks ? "Ask" : "Say",
		.destination = destination,
		.no_sender = true};
	struct writer out = {0};
	const char *why = NULL;
	struct message m;
	struct compose c;

	w->fates[number] = (struct fate){
		.sender = (uint8_t)from, .asks = asks, .broadcast = kind == KIND_BROADCAST};
	oom_hold();
	compose_begin(&c, &out, &header);
	assert_int_equal(compose_end(&c), 0);
	assert_int_equal(message_parse(&m, out.data, out.size, &why), 0);
	oom_go_on();
	route_message(w->ends[from].peer, &m, NULL);
	w->held += w->ends[from].peer->parked_n > 0;
	world_read(w);
	writer_fini(&out);
}

static void world_send(struct world *w, uint32_t number)
{
	uint32_t from = draw(PEERS), kind = draw(KINDS);
	struct slice to = {NULL, 0};

	if (kind != KIND_BROADCAST)
		to = draw_destination(w);
	world_say(w, number, from, kind, to);
}

static void name_move(struct world *w, uint32_t name, uint32_t to)
{
	struct name_change change;
	uint32_t code;

	assert_int_equal(name_request(&w->bus.names, w->ends[to].peer, slice_of(names[name]),
				 NAME_ALLOW_REPLACEMENT | NAME_REPLACE_EXISTING | NAME_DO_NOT_QUEUE,
				 &code, &change),
		0);
	if (!change.name)
		return;
	driver_name_changed(&w->bus, &change);
	world_read(w);
	w->ends[to].moved = w->now++;
	w->moves++;
}

static void world_move(struct world *w)
{
	uint32_t to = draw(PEERS);

	name_move(w, draw(NAMES), to);
}

static void world_connect(struct world *w, uint32_t i)
{
	struct end *e = &w->ends[i];
	struct matchrule *rule;
	const char *why = NULL;

	*e = (struct end){0};
	e->peer = peers_add(&w->bus, ALICE + i % 2, &e->fd);
	assert_int_equal(matchrule_parse(SLICE("type='signal',interface='com.I'"), &rule, &why), 0);
	assert_int_equal(match_add(&w->bus.matches, &e->peer->matches, rule), 0);
}

static void world_close(struct world *w, uint32_t i)
{
	peer_kill(w->ends[i].peer, NULL);
	world_read(w);
	peers_reap(&w->bus);
	world_read(w);
	close(w->ends[i].fd);
}

static void world_begin(struct world *w)
{
	*w = (struct world){.agent = -1};
	for (uint32_t i = 0; i < SENT_MAX; i++)
		w->fates[i].sender = PEERS;
	peers_begin(&w->bus, NULL, 0);
	trail_init(&w->bus.trail, open("/dev/null", O_RDWR), "test");
	world_policy(w, BOOK);
	agent_connect(w);
	for (uint32_t i = 0; i < PEERS; i++)
		world_connect(w, i);
	for (uint32_t i = 0; i < 3 * NAMES; i++)
		world_move(w);
}

static void world_end(struct world *w)
{
	for (uint32_t i = 0; i < PEERS; i++)
		world_close(w, i);
	assert_null(w->bus.lanes.pairs);
	assert_null(w->bus.lanes.targets);
	assert_int_equal(HASH_COUNT(w->bus.consult.questions), 0);
	close(w->bus.trail.channel);
	bus_fini(&w->bus);
	close(w->agent);
}

/* Connections stay: then every message has a fate. */
static void test_fates(void **state)
{
	struct world *w = malloc(sizeof(*w));
	uint32_t number = 1;

	(void)state;
	world_begin(w);
	for (int i = 0; i < STEPS; i++) {
		uint32_t what = draw(100);

		if (what < 55)
			world_send(w, number++);
		else if (what < 96)
			agent_answer(w);
		else if (what < 99)
			world_move(w);
		else if (draw(20) == 0)
			agent_connect(w);
		agent_hear(w);
		world_read(w);
	}
	while (w->asked_n) {
		agent_answer(w);
		agent_hear(w);
	}
	world_read(w);
	for (uint32_t i = 1; i < number; i++) {
		const struct fate *f = &w->fates[i];

		if (f->broadcast)
			assert_int_equal(f->arrived, PEERS);
		else
			assert_int_equal(f->arrived + f->refused, 1);
	}
	for (uint32_t i = 0; i < PEERS; i++) {
		assert_int_equal(w->ends[i].peer->parked_n, 0);
		assert_int_equal(w->ends[i].peer->user->parked, 0);
		assert_int_equal(w->ends[i].peer->user->questions, 0);
		assert_int_equal(w->ends[i].peer->user->bytes, 0);
	}
	print_message(
		"%u sent, %u with others waiting, %u answers, %u that nobody asked for, %u moves\n",
		number - 1, w->held, w->answered, w->forged, w->moves);
	assert_true(w->held > STEPS / 20 && w->forged > STEPS / 50 && w->moves > STEPS / 100);
	world_end(w);
	free(w);
}

/* Connections come and go: nothing arrives twice or out of order, and nothing is left. */
static void test_comings(void **state)
{
	struct world *w = malloc(sizeof(*w));
	uint32_t number = 1;

	(void)state;
	world_begin(w);
	for (int i = 0; i < STEPS / 2; i++) {
		uint32_t what = draw(100), who = draw(PEERS);

		if (what < 60) {
			world_send(w, number++);
		} else if (what < 92) {
			agent_answer(w);
		} else if (what < 97) {
			world_move(w);
		} else {
			world_close(w, who);
			world_connect(w, who);
			/* numbers of another connection begin anew for everybody */
			for (uint32_t n = 0; n < PEERS; n++)
				w->ends[n].last[who] = 0;
			w->reconnects++;
		}
		agent_hear(w);
		world_read(w);
	}
	for (uint32_t i = 1; i < number; i++) {
		assert_true(w->fates[i].broadcast || w->fates[i].arrived <= 1);
		assert_true(w->fates[i].arrived <= PEERS);
	}
	assert_true(w->reconnects > STEPS / 200);
	world_end(w);
	free(w);
}

/* Late is no, and an answer that comes later still is not heard. */
static void test_deadline(void **state)
{
	struct world *w = malloc(sizeof(*w));
	struct timer *timer = &w->bus.consult.timer;

	(void)state;
	world_begin(w);
	for (uint32_t number = 1; w->asked_n == 0; number++) {
		world_send(w, number);
		agent_hear(w);
	}
	list_for_each (at, &w->bus.consult.asked)
		list_entry(at, struct question, link)->due = 0;
	timer->due(timer);
	assert_int_equal(HASH_COUNT(w->bus.consult.questions), 0);
	agent_answer(w);
	agent_hear(w);
	assert_int_equal(w->asked_n, 0);
	world_end(w);
	free(w);
}

/* An agent that breaks the protocol is not heard any more, and what it was asked has failed. */
static void test_broken_agent(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	world_begin(w);
	for (uint32_t number = 1; w->asked_n == 0; number++) {
		world_send(w, number);
		agent_hear(w);
	}
	assert_int_equal(channel_send(w->agent, FROM_AGENT_ANSWER, NULL, NULL, 0), 0);
	assert_int_equal(w->bus.consult.source.ready(&w->bus.consult.source, EPOLLIN), 0);
	assert_int_equal(w->bus.consult.channel, -1);
	assert_int_equal(HASH_COUNT(w->bus.consult.questions), 0);
	world_end(w);
	free(w);
}

static void say_yes(struct world *w)
{
	uint32_t i = w->asked_n - 1;

	w->asked_n--;
	agent_say(w, &(struct agent_answer){w->asked[i].id, AGENT_AUTHORISED,
			     slice_of(w->actions[i]), SLICE(":1.1")});
}

/* What waits, and for whom, while memory is short. */
static void script(struct world *w)
{
	struct slice a = slice_of(names[0]), b = w->ends[1].peer->unique_name;
	struct name_change change;
	uint32_t code;

	world_say(w, 1, 0, KIND_ASK, a);
	world_say(w, 2, 0, KIND_CALL, a);
	world_say(w, 3, 0, KIND_BROADCAST, (struct slice){NULL, 0});
	world_say(w, 4, 0, KIND_ASK, b);
	world_say(w, 5, 3, KIND_ASK, a);
	agent_hear(w);
	if (name_request(&w->bus.names, w->ends[2].peer, a,
		    NAME_ALLOW_REPLACEMENT | NAME_REPLACE_EXISTING, &code, &change) == 0 &&
		change.name)
		driver_name_changed(&w->bus, &change);
	world_read(w);
	w->ends[2].moved = w->now++;
	world_say(w, 6, 0, KIND_CALL, w->ends[2].peer->unique_name);
	world_say(w, 8, 0, KIND_SIGNAL, a);
	while (w->asked_n && w->bus.consult.channel >= 0)
		say_yes(w);
	world_say(w, 7, 0, KIND_ASK, a);
	world_read(w);
}

static bool script_fails(enum oom_plan plan, uint32_t n)
{
	struct world *w = malloc(sizeof(*w));
	bool failed;

	world_begin(w);
	name_move(w, 0, 1);
	oom_arm(plan, n);
	script(w);
	failed = oom_disarm();
	/* nobody answers what is left: it is refused */
	agent_connect(w);
	oom_disarm();
	world_read(w);
	for (uint32_t i = 0; i < PEERS; i++) {
		assert_int_equal(w->ends[i].peer->parked_n, 0);
		assert_int_equal(w->ends[i].peer->user->parked, 0);
		assert_int_equal(w->ends[i].peer->user->questions, 0);
	}
	for (uint32_t i = 1; i <= 8; i++)
		assert_true(w->fates[i].arrived <= (w->fates[i].broadcast ? PEERS : 1));
	assert_int_equal(w->fates[7].arrived, 0);
	world_end(w);
	free(w);
	return failed;
}

/* Short of memory the answer is no, and nothing is left that waits. */
static void test_memory(void **state)
{
	uint32_t n = 1;

	(void)state;
	for (; n < OOM_MAX && script_fails(OOM_ONCE, n); n++)
		;
	print_message("%u allocations\n", n - 1);
	assert_true(n > 30 && n < OOM_MAX);
	for (n = 1; n < OOM_MAX && script_fails(OOM_FROM_THEN_ON, n); n++)
		;
	assert_true(n < OOM_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fates),
		cmocka_unit_test(test_comings),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_broken_agent),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
