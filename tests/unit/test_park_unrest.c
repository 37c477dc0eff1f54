/*
 * test_park_unrest.c - a bus in this process, and everything that can come between a question to
 * polkit and its answer, at random: calls to the bus behind checked ones, services that are
 * started, names that go, connections that end or become monitors in the middle of a round, other
 * policies, deadlines, other agents. Whatever comes, nothing is left behind.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "broker/activation.h"
#include "broker/compose.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/park.h"
#include "broker/route.h"
#include "broker/supervisor.h"
#include "link/launch_broker.h"
#include "tests/unit/draw.h"
#include "tests/unit/peers.h"

#define PEERS 6
#define STEPS 60000

#define CHECKS(action)                                                                             \
	PEERS_OPEN "<check polkit='" action "' keep='1' send_type='method_call' "                  \
		   "send_destination_prefix='com' send_member='Ask'/>\n"                           \
		   "<check polkit='" action "' own_prefix='com.own'/>\n"                           \
		   "<check polkit='" action "' keep='1' send_destination='com.lazy'/>\n"

static const char *const books[] = {
	CHECKS("com.act.One"),
	CHECKS("com.act.Two") "<deny see='com.A'/>\n<deny send_destination='com.B'/>\n",
	PEERS_OPEN,
};

static const char *const names[] = {"com.A", "com.B", "com.own.C", "com.own.D", "com.lazy"};

struct world {
	struct bus bus;
	struct supervisor supervisor;
	struct peer *peers[PEERS];
	int fds[PEERS];
	int agent, launch;
	struct writer said[16]; /* in this round: what is under way lies there */
	uint32_t said_n;
	uint32_t serial, answered, parked, monitors, started;
};

/* The second book lets nobody here have com.A, and takes it away. */
static void policy_restrict(struct builder *b)
{
	struct restriction r = {.name = builder_text(b, SLICE("com.A")),
		.file = builder_text(b, SLICE("book")),
		.text = builder_text(b, SLICE("<restrict/>")),
		.line = 1,
		.name_kind = NAME_EXACT,
		.asks = ASKS_USER,
		.user = ALICE,
		.revoke = true};

	builder_restriction(b, &r);
}

static void policy_make(struct policy *ret, const char *text)
{
	struct builder *b = peers_policy(text);
	struct service service;

	if (text == books[1])
		policy_restrict(b);
	builder_header(b)->limits[LIMIT_MAX_POLKIT_CHECKS_PER_USER] = 12;
	builder_header(b)->limits[LIMIT_MAX_PARKED_MESSAGES_PER_USER] = 40;
	service = (struct service){.name = builder_text(b, SLICE("com.lazy"))};
	builder_service(b, &service, NULL);
	peers_policy_finish(b, ret);
}

static void world_connect(struct world *w, uint32_t i)
{
	static const uint32_t uids[] = {ALICE, BOB, ROOT};
	struct matchrule *rule;
	const char *why = NULL;

	w->peers[i] = peers_add(&w->bus, uids[i % ARRAY_SIZE(uids)], &w->fds[i]);
	assert_int_equal(matchrule_parse(SLICE("type='signal',interface='com.I'"), &rule, &why), 0);
	assert_int_equal(match_add(&w->bus.matches, &w->peers[i]->matches, rule), 0);
	w->bus.match_rules++;
	if (i % ARRAY_SIZE(uids) != 2)
		return;
	assert_int_equal(matchrule_parse(SLICE("eavesdrop='true'"), &rule, &why), 0);
	assert_int_equal(match_add(&w->bus.eaves, &w->peers[i]->matches, rule), 0);
	w->bus.match_rules++;
}

/* The end of a round; who is gone comes again. */
static void world_round(struct world *w)
{
	static uint8_t bytes[1 << 16];
	bool gone[PEERS];

	batch_flush(&w->bus);
	for (uint32_t i = 0; i < PEERS; i++)
		gone[i] = w->peers[i]->state == PEER_DYING;
	while (!list_is_empty(&w->bus.dying)) {
		peers_reap(&w->bus);
		batch_flush(&w->bus);
	}
	while (w->said_n > 0)
		writer_fini(&w->said[--w->said_n]);
	for (uint32_t i = 0; i < PEERS; i++) {
		while (!gone[i] && draw(4) && read(w->fds[i], bytes, sizeof(bytes)) > 0)
			;
		if (!gone[i])
			continue;
		close(w->fds[i]);
		world_connect(w, i);
	}
}

static struct slice draw_name(void)
{
	return slice_of(names[draw(ARRAY_SIZE(names))]);
}

static struct slice draw_recipient(struct world *w)
{
	struct slice unique = w->peers[draw(PEERS)]->unique_name;

	return draw(3) || !unique.text ? draw_name() : unique;
}

static void say(struct world *w, uint32_t from, struct writer *out, struct compose *c)
{
	static const int fds[] = {STDERR_FILENO};
	const char *why = NULL;
	struct message m;

	assert_int_equal(compose_end(c), 0);
	assert_int_equal(message_parse(&m, out->data, out->size, &why), 0);
	w->said[w->said_n++] = *out;
	route_message(w->peers[from], &m, fds);
}

static void say_something(struct world *w, uint32_t from)
{
	struct compose_header header = {.type = MESSAGE_CALL + (draw(3) ? 0 : draw(4)),
		.serial = ++w->serial,
		.flags = (uint8_t)(draw(3) ? 0 : draw(8)),
		.fds = draw(8) == 0,
		.path = "/",
		.interface = draw(8) ? "com.I" : NULL,
		.member = draw(2) ? "Ask" : "Say",
		.destination = draw_recipient(w),
		.no_sender = true};
	struct writer out = {0};
	struct compose c;

	if (header.type == MESSAGE_SIGNAL) {
		header.interface = "com.I";
		header.destination = draw(2) ? header.destination : (struct slice){NULL, 0};
	}
	if (header.type == MESSAGE_RETURN || header.type == MESSAGE_ERROR || draw(16) == 0)
		header.reply_serial = w->serial > 20 ? w->serial - 1 - draw(20) : 1;
	header.error = header.type == MESSAGE_ERROR ? "com.E" : NULL;
	if (header.type == MESSAGE_RETURN || header.type == MESSAGE_ERROR)
		header.path = header.interface = header.member = NULL;
	compose_begin(&c, &out, &header);
	say(w, from, &out, &c);
}

static void ask_bus(struct world *w, uint32_t from)
{
	static const char *const members[] = {
		"RequestName", "RequestName", "ReleaseName", "StartServiceByName", "ListNames"};
	static const char *const signatures[] = {"su", "su", "s", "su", NULL};
	uint32_t i = draw(ARRAY_SIZE(members));
	bool watches = draw(40) == 0;
	struct compose_header header = {.type = MESSAGE_CALL,
		.serial = ++w->serial,
		.path = DRIVER_PATH,
		.interface = watches ? "org.freedesktop.DBus.Monitoring" : DRIVER_NAME,
		.member = watches ? "BecomeMonitor" : members[i],
		.signature = watches ? "asu" : signatures[i],
		.destination = SLICE(DRIVER_NAME),
		.no_sender = true};
	struct writer out = {0};
	struct compose c;

	compose_begin(&c, &out, &header);
	if (watches)
		compose_close_array(&c, compose_open_array(&c, 4), 4);
	else if (signatures[i])
		compose_string(&c, draw_name());
	if (watches || (signatures[i] && signatures[i][1]))
		compose_u32(&c, watches ? 0 : draw(8));
	say(w, from, &out, &c);
	w->monitors += w->peers[from]->state == PEER_MONITOR;
}

static void speak(struct world *w)
{
	uint32_t from = draw(PEERS);

	w->parked += w->peers[from]->parked_n > 0;
	if (w->peers[from]->state == PEER_MONITOR && draw(8))
		return;
	if (w->peers[from]->state == PEER_DYING)
		return;
	if (draw(3))
		say_something(w, from);
	else
		ask_bus(w, from);
}

/* Any of those that wait. */
static void agent_answer(struct world *w)
{
	uint32_t n = HASH_COUNT(w->bus.consult.questions), left = n ? draw(n) : 0;
	struct question *q = w->bus.consult.questions;
	struct agent_answer answer = {
		.result = draw(2) ? AGENT_AUTHORISED : draw(AGENT_RESULTS), .text = SLICE(":1.1")};
	struct writer out = {0};
	struct letter l;

	while (channel_recv(w->agent, &l) == 0)
		letter_fini(&l);
	if (!q || w->bus.consult.channel < 0)
		return;
	while (left-- > 0)
		q = q->hh.next;
	answer.id = q->id;
	answer.action = q->action;
	agent_answer_write(&out, &answer);
	assert_int_equal(channel_send(w->agent, FROM_AGENT_ANSWER, &out, NULL, 0), 0);
	writer_fini(&out);
	assert_int_equal(w->bus.consult.source.ready(&w->bus.consult.source, EPOLLIN), 0);
	w->answered++;
}

static void deadline_pass(struct world *w)
{
	struct list *first = list_first(&w->bus.consult.asked);

	if (!first)
		return;
	list_entry(first, struct question, link)->due = 0;
	timer_cancel(&w->bus.consult.timer);
	w->bus.consult.timer.due(&w->bus.consult.timer);
}

static void policy_change(struct world *w)
{
	struct policy policy;

	policy_make(&policy, books[draw(4) ? 0 : draw(ARRAY_SIZE(books))]);
	RULEBOOK_MUST(bus_set_policy(&w->bus, &policy) == 0);
	peers_agent(&w->bus, &w->agent);
}

static void start_end(struct world *w)
{
	struct activation *a = w->bus.activations;
	struct broker_failure failure;
	struct letter l;

	while (channel_recv(w->launch, &l) == 0)
		letter_fini(&l);
	if (!a)
		return;
	w->started++;
	failure = (struct broker_failure){
		a->serial, slice_of(a->name), SLICE("com.E"), SLICE("it did not start")};
	activation_failed(&w->bus, &failure);
}

static void world_step(struct world *w)
{
	switch (draw(24)) {
	case 0:
		peer_kill(w->peers[draw(PEERS)], NULL);
		return;
	case 1:
		deadline_pass(w);
		return;
	case 2:
		start_end(w);
		return;
	case 3:
		if (draw(10) == 0)
			peers_agent(&w->bus, &w->agent);
		else if (draw(10) == 0)
			policy_change(w);
		return;
	case 4:
	case 5:
	case 6:
	case 7:
		agent_answer(w);
		return;
	default:
		speak(w);
		return;
	}
}

static int letter_ignored(struct source *source, uint32_t events)
{
	(void)source;
	(void)events;
	return 0;
}

static void world_begin(struct world *w)
{
	struct policy policy;
	int pair[2];

	*w = (struct world){.agent = -1};
	policy_make(&policy, books[0]);
	RULEBOOK_MUST(bus_init(&w->bus, &policy) == 0);
	trail_init(&w->bus.trail, open("/dev/null", O_RDWR | O_CLOEXEC), "test");
	w->bus.users.bus_uid = BUS_USER;
	RULEBOOK_MUST(channel_pair(pair) == 0);
	w->launch = pair[1];
	RULEBOOK_MUST(fcntl(w->launch, F_SETFL, O_NONBLOCK) == 0);
	w->supervisor.bus = &w->bus;
	w->bus.supervisor = &w->supervisor;
	RULEBOOK_MUST(
		source_init(&w->supervisor.source, &w->bus.loop, pair[0], 0, letter_ignored) == 0);
	peers_agent(&w->bus, &w->agent);
	for (uint32_t i = 0; i < PEERS; i++)
		world_connect(w, i);
}

static void world_end(struct world *w)
{
	world_round(w);
	for (uint32_t i = 0; i < PEERS; i++)
		peer_kill(w->peers[i], NULL);
	peers_reap(&w->bus);
	assert_null(w->bus.lanes.pairs);
	assert_null(w->bus.lanes.targets);
	assert_int_equal(HASH_COUNT(w->bus.consult.questions), 0);
	source_fini(&w->supervisor.source);
	close(w->supervisor.source.fd);
	close(w->bus.trail.channel);
	bus_fini(&w->bus);
	assert_null(w->bus.users.table);
	assert_null(w->bus.names.table);
	close(w->agent);
	close(w->launch);
	for (uint32_t i = 0; i < PEERS; i++)
		close(w->fds[i]);
}

static void test_unrest(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	RULEBOOK_MUST(w);
	world_begin(w);
	for (uint32_t i = 0; i < STEPS; i++) {
		world_step(w);
		if (draw(3) == 0 || w->said_n == ARRAY_SIZE(w->said))
			world_round(w);
	}
	print_message("%u answers, %u times somebody waited, %u monitors, %u starts\n", w->answered,
		w->parked, w->monitors, w->started);
	assert_true(w->answered > STEPS / 100 && w->parked > STEPS / 20);
	assert_true(w->monitors > 10 && w->started > 10);
	world_end(w);
	free(w);
}

static void say_one(struct world *w, enum message_type type, const char *to, const char *path)
{
	bool answers = type == MESSAGE_RETURN;
	struct compose_header header = {.type = type,
		.serial = ++w->serial,
		.reply_serial = answers,
		.path = answers ? NULL : path,
		.interface = answers ? NULL : "com.I",
		.member = answers ? NULL : "Ask",
		.destination = slice_of(to),
		.no_sender = true};
	struct writer out = {0};
	struct compose c;

	compose_begin(&c, &out, &header);
	say(w, 0, &out, &c);
}

/* By what a kept answer will be found again is paid for while it waits. */
static void test_who_pays(void **state)
{
	static char path[100000];
	struct world *w = calloc(1, sizeof(*w));
	(void)state;
	RULEBOOK_MUST(w);
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	world_begin(w);
	say_one(w, MESSAGE_CALL, "com.lazy", path);
	assert_int_equal(w->peers[0]->parked_n, 1);
	assert_true(w->peers[0]->user->bytes > 2 * sizeof(path));
	world_end(w);
	free(w);
}

/* Whether something waits does not show who owns a hidden name: what is refused is refused at once. */
static void test_hidden(void **state)
{
	static const char book[] =
		PEERS_OPEN "<deny send_destination='com.B'/>\n<deny see='com.B'/>\n"
			   "<check polkit='com.act.One' send_destination='com.A' "
			   "send_type='method_call' send_path='/ask'/>\n";
	static const enum message_type types[] = {MESSAGE_CALL, MESSAGE_SIGNAL, MESSAGE_RETURN};
	struct world *w = calloc(1, sizeof(*w));
	struct name_change change;
	struct policy policy;
	uint32_t code;

	(void)state;
	RULEBOOK_MUST(w);
	world_begin(w);
	policy_make(&policy, book);
	RULEBOOK_MUST(bus_set_policy(&w->bus, &policy) == 0);
	for (uint32_t i = 0; i < 2; i++)
		RULEBOOK_MUST(name_request(&w->bus.names, w->peers[1], slice_of(names[i]), 0, &code,
				      &change) == 0);
	say_one(w, MESSAGE_CALL, "com.A", "/ask");
	assert_int_equal(w->peers[0]->parked_n, 1);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		uint64_t refusals = w->bus.trail.refusals;

		say_one(w, types[i], "com.B", "/");
		assert_int_equal(w->peers[0]->parked_n, 1);
		assert_int_equal(w->bus.trail.refusals, refusals + 1);
	}
	/* what is no secret keeps its place */
	say_one(w, MESSAGE_SIGNAL, "com.A", "/");
	assert_int_equal(w->peers[0]->parked_n, 2);
	world_end(w);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_who_pays),
		cmocka_unit_test(test_unrest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
