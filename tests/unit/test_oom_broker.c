/*
 * test_oom_broker.c - a script of all that a bus does, while the n-th allocation fails (or dup), for
 * every n. Whoever asked is told yes, no, or is disconnected, and what the bus then holds agrees with
 * what was said; two who have nothing to do with it talk on; in the end nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "broker/activation.h"
#include "broker/driver.h"
#include "tests/unit/oom_world.h"

#define BUS "org.freedesktop.DBus"
#define CALL(to_, interface_, member_, ...)                                                        \
	&(struct said)                                                                             \
	{                                                                                          \
		.type = MESSAGE_CALL, .to = to_, .interface = interface_, .member = member_,       \
		__VA_ARGS__                                                                        \
	}
#define ASK(...) CALL(BUS, BUS, __VA_ARGS__)

/* What it is answered: MESSAGE_RETURN, MESSAGE_ERROR, or 0 if it was disconnected for it. */
static int ask(struct world *w, struct client *c, const struct said *s)
{
	uint32_t serial;
	int answer;

	if (c->hung_up)
		return 0;
	serial = client_say(c, s);
	pump(w);
	client_read(c);
	answer = client_answer(c, serial);
	if (answer == 0 && !c->hung_up)
		fail_msg("%s: neither answered nor disconnected", s->member);
	check(&w->bus);
	return answer;
}

static bool owns(struct world *w, const struct client *c, const char *text)
{
	struct name *name = name_find(&w->bus.names, slice_of(text));

	return name && c->peer && name_owner(name) == c->peer;
}

static struct peer *last_peer(struct bus *bus)
{
	return list_entry(bus->peers.prev, struct peer, link);
}

/* Connects, authenticates and says Hello. */
static void join(struct world *w, struct client *c)
{
	static const char begin[] = "AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";
	uint32_t before = w->bus.peers_n, serial;
	const char *agreed;
	int answer;

	client_init(c, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	assert_int_equal(connect(c->fd, (struct sockaddr *)&w->address, w->address_size), 0);
	pump(w);
	/* the NUL that comes first is a message of its own */
	(void)!send(c->fd, "", 1, MSG_NOSIGNAL);
	(void)!send(c->fd, begin, 20, MSG_NOSIGNAL);
	pump(w);
	(void)!send(c->fd, begin + 20, strlen(begin + 20), MSG_NOSIGNAL);
	serial = client_say(c, ASK("Hello"));
	pump(w);
	client_read(c);
	agreed = memmem(c->in, c->size, "AGREE_UNIX_FD\r\n", 15);
	c->at = agreed ? (size_t)(agreed + 15 - (const char *)c->in) : c->size;
	answer = client_answer(c, serial);
	assert_int_equal(w->bus.peers_n - before, answer == MESSAGE_RETURN);
	assert_true(answer || c->hung_up);
	if (answer == MESSAGE_RETURN)
		c->peer = last_peer(&w->bus);
	/* one who has no name has nothing more to say */
	c->hung_up |= !c->peer;
	check(&w->bus);
}

static void step_connect(struct world *w)
{
	join(w, &w->actor);
}

static void step_names(struct world *w)
{
	struct client *a = &w->actor, *s = &w->service;
	int first, second;

	first = ask(w, a, ASK("RequestName", .signature = "su", .strings = {"a.actor"}));
	assert_int_equal(first == MESSAGE_RETURN, owns(w, a, "a.actor"));
	first = ask(w, s, ASK("RequestName", .signature = "su", .strings = {"s.q"}));
	assert_int_equal(first == MESSAGE_RETURN, owns(w, s, "s.q"));
	second = ask(w, a, ASK("RequestName", .signature = "su", .strings = {"s.q"}));
	if (first == MESSAGE_RETURN && !s->hung_up)
		assert_false(owns(w, a, "s.q"));
	first = ask(w, s, ASK("ReleaseName", .signature = "s", .strings = {"s.q"}));
	assert_false(first == MESSAGE_RETURN && owns(w, s, "s.q"));
	if (first == MESSAGE_RETURN && second == MESSAGE_RETURN && !a->hung_up)
		assert_true(owns(w, a, "s.q"));
	if (second == MESSAGE_ERROR)
		assert_false(owns(w, a, "s.q"));
}

/* More than a peer's set of names has room for at first. */
static void step_more_names(struct world *w)
{
	static const char *const names[] = {"m.a", "m.b", "m.c", "m.d", "m.e", "m.f", "m.g"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int answer = ask(w, &w->service,
			ASK("RequestName", .signature = "su", .strings = {names[i]}));

		assert_int_equal(answer == MESSAGE_RETURN, owns(w, &w->service, names[i]));
	}
}

static void step_matches(struct world *w)
{
	static const char *const rules[] = {"type='signal',interface='i.x'",
		"sender='n.never',arg3='q'", "sender='a.actor',path='/x',member='M'",
		"type='signal',interface='i.x'"};
	struct client *a = &w->actor;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		uint32_t before = w->bus.match_rules;
		int answer = ask(w, a, ASK("AddMatch", .signature = "s", .strings = {rules[i]}));

		if (answer)
			assert_int_equal(w->bus.match_rules - before, answer == MESSAGE_RETURN);
	}
	for (size_t i = 0; i < 2; i++) {
		uint32_t before = w->bus.match_rules;
		int answer =
			ask(w, a, ASK("RemoveMatch", .signature = "s", .strings = {rules[i * 3]}));

		if (answer)
			assert_int_equal(before - w->bus.match_rules, answer == MESSAGE_RETURN);
	}
}

/* A call that is delivered, and its reply; or one of the two knows that there is none. */
static void talk(struct world *w, struct client *a, struct client *s, const char *member, int fd)
{
	uint32_t serial, heard = 0;

	if (a->hung_up || s->hung_up)
		return;
	serial = client_say(a, CALL(s->peer->unique_text, "i.x", member, .fd = fd));
	pump(w);
	client_read(s);
	client_read(a);
	if (client_heard(s, member, &heard)) {
		(void)client_say(s, &(struct said){.type = MESSAGE_RETURN,
					    .to = a->peer->unique_text,
					    .reply_serial = heard});
		pump(w);
		client_read(a);
		assert_true(client_answer(a, serial) || a->hung_up);
	} else {
		assert_true(client_answer(a, serial) == MESSAGE_ERROR || a->hung_up);
	}
	check(&w->bus);
}

static void step_talk(struct world *w)
{
	talk(w, &w->actor, &w->service, "Plain", 0);
	talk(w, &w->actor, &w->service, "WithFile", w->launch);
}

/* A broadcast reaches who is there; what was refused is refused to nobody but them. */
static void step_signals(struct world *w)
{
	struct client *s = &w->service;

	if (s->hung_up)
		return;
	client_say(s, &(struct said){.type = MESSAGE_SIGNAL, .interface = "i.x", .member = "B"});
	pump(w);
	client_read(s);
	assert_false(s->hung_up);
	check(&w->bus);
}

/* More than the receiver's socket takes. */
static void step_queue(struct world *w)
{
	static const size_t sizes[] = {9000, 30000, 9000, 9000, 100000, 9000};
	struct client *s = &w->service, *slow = &w->slow;
	uint32_t serials[ARRAY_SIZE(sizes)];

	for (size_t i = 0; i < ARRAY_SIZE(sizes) && !s->hung_up && !slow->hung_up; i++) {
		const char member[] = {'Q', (char)('0' + i), '\0'};

		serials[i] = client_say(s, &(struct said){.type = MESSAGE_SIGNAL,
						   .to = slow->peer->unique_text,
						   .interface = "i.x",
						   .member = member,
						   .signature = "ay",
						   .padding = sizes[i],
						   .fd = i & 1 ? w->launch : 0});
		pump_while(w, i + 1 == ARRAY_SIZE(sizes));
		client_read(s);
	}
	client_read(s);
	client_read(slow);
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && !s->hung_up && !slow->hung_up; i++) {
		const char member[] = {'Q', (char)('0' + i), '\0'};

		if (!client_heard(slow, member, NULL) && !client_answer(s, serials[i]))
			fail_msg("%s: neither delivered nor refused", member);
	}
	check(&w->bus);
}

static void step_activation(struct world *w)
{
	struct client *a = &w->actor, *s = &w->service;
	uint32_t serial = 0, before;

	if (a->hung_up)
		return;
	serial = client_say(a, CALL("com.A", "i.x", "Held", .fd = w->launch));
	pump(w);
	client_read(a);
	if (!client_answer(a, serial) && !a->hung_up)
		assert_int_equal(HASH_COUNT(w->bus.activations), 1);
	ask(w, s, ASK("RequestName", .signature = "su", .strings = {"com.A"}));
	client_read(a);
	client_read(s);
	if (owns(w, s, "com.A") && !client_heard(s, "Held", NULL))
		assert_true(client_answer(a, serial) || a->hung_up);
	w->bus.systemd_activation = true;
	if (a->hung_up)
		return;
	before = HASH_COUNT(w->bus.activations);
	serial = client_say(a, ASK("StartServiceByName", .signature = "su", .strings = {"com.B"}));
	pump(w);
	client_read(a);
	if (!client_answer(a, serial) && !a->hung_up)
		assert_int_equal(HASH_COUNT(w->bus.activations), before + 1);
	check(&w->bus);
}

static void step_admin(struct world *w)
{
	static const char *const stats[] = {"GetStats", "GetAllMatchRules"};
	struct client *r = &w->root;

	ask(w, r, ASK("ListNames"));
	ask(w, r, ASK("GetConnectionCredentials", .signature = "s", .strings = {"a.actor"}));
	ask(w, r, CALL(BUS, "org.dbuswarden.Policy1", "GetImage"));
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++)
		ask(w, r, CALL(BUS, BUS ".Debug.Stats", stats[i]));
}

static void step_reload(struct world *w)
{
	uint64_t before = w->bus.generation;
	struct client *r = &w->root;
	uint32_t serial;
	int done;

	if (!r->hung_up) {
		serial = client_say(r, ASK("ReloadConfig"));
		pump(w);
		client_read(r);
		done = client_answer(r, serial);
		assert_true(done == 0 || done == MESSAGE_ERROR);
		/* refused means that nothing was asked for */
		assert_int_equal(w->bus.reloading, done == 0 && !r->hung_up);
		if (done == 0 && !r->hung_up) {
			attempt_begin();
			driver_reloaded(&w->bus, w->bus.reload_cookie, true, SLICE(""));
			oom_pause();
			pump(w);
			client_read(r);
			assert_true(client_answer(r, serial) || r->hung_up);
		}
	}
	attempt_begin();
	done = bus_set_policy(&w->bus, &w->next);
	oom_pause();
	assert_int_equal(w->bus.generation - before, done == 0);
	if (done == 0)
		w->next = (struct policy){0};
	else
		assert_int_equal(done, -ENOMEM);
	pump(w);
	check(&w->bus);
}

static void step_monitor(struct world *w)
{
	struct client *r = &w->root;
	int answer = ask(w, r,
		CALL(BUS, BUS ".Monitoring", "BecomeMonitor", .signature = "asu",
			.strings = {"type='signal'"}));
	bool there = peer_is_there(&w->bus, r->peer);

	assert_int_equal(
		there && r->peer->state == PEER_MONITOR, answer == MESSAGE_RETURN && !r->hung_up);
	step_signals(w);
}

static void step_leave(struct world *w)
{
	struct client *a = &w->actor;

	if (!a->hung_up && !w->service.hung_up)
		client_say(a, CALL(w->service.peer->unique_text, "i.x", "Unanswered"));
	pump(w);
	close(a->fd);
	a->fd = -1;
	pump(w);
	client_read(&w->service);
	assert_false(peer_is_there(&w->bus, a->peer));
	check(&w->bus);
}

/* The longest answer there is: whom it fails for is not the next who wants to say something. */
static void step_introspect(struct world *w)
{
	ask(w, &w->service, CALL(BUS, "org.freedesktop.DBus.Introspectable", "Introspect"));
}

static void (*const script[])(struct world *w) = {step_connect, step_names, step_more_names,
	step_matches, step_talk, step_signals, step_queue, step_activation, step_admin, step_reload,
	step_monitor, step_leave, step_introspect};

/* Those who took no part. */
static void calm_after(struct world *w)
{
	struct client *a = &w->calm[0], *b = &w->calm[1];

	join(w, &w->late);
	assert_false(w->late.hung_up);
	assert_true(peer_is_there(&w->bus, a->peer) && peer_is_there(&w->bus, b->peer));
	assert_int_equal(ask(w, a, ASK("GetId")), MESSAGE_RETURN);
	assert_int_equal(ask(w, a, ASK("RequestName", .signature = "su", .strings = {"c.calm"})),
		MESSAGE_RETURN);
	talk(w, a, b, "Calm", 0);
	assert_true(client_heard(b, "Calm", NULL));
	assert_false(a->hung_up || b->hung_up);
}

/* Whether something failed. */
static bool run(enum oom_plan plan, uint32_t n)
{
	static struct world w;
	bool failed;
	int before = dup(0), after;

	close(before);
	world_begin(&w);
	oom_arm(plan, n);
	oom_pause();
	for (size_t i = 0; i < ARRAY_SIZE(script); i++)
		script[i](&w);
	failed = oom_disarm();
	oom_arm(OOM_ONCE, OOM_MAX);
	calm_after(&w);
	oom_disarm();
	world_end(&w);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
	return failed;
}

static void test_all(uint32_t least)
{
	for (int plan = 0; plan < OOM_PLANS; plan++) {
		uint32_t n = 1;

		while (run(plan, n))
			assert_true(++n < OOM_MAX);
		assert_true(n > least);
	}
}

static void test_memory(void **state)
{
	(void)state;
	count_dups = false;
	test_all(50);
}

static void test_descriptors(void **state)
{
	(void)state;
	count_dups = true;
	test_all(3);
}

/* Who comes while there are no descriptors waits until somebody goes; who is there talks on. */
static void test_accept(void **state)
{
	static struct world w;
	struct rlimit all, none;
	int fd, lowest;

	(void)state;
	count_dups = false;
	world_begin(&w);
	client_init(&w.actor, -1);
	client_init(&w.late, -1);
	oom_arm(OOM_ONCE, OOM_MAX);
	oom_pause();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	lowest = dup(0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	none = (struct rlimit){(rlim_t)lowest, all.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&w.address, w.address_size), 0);
	pump(&w);
	assert_true(w.bus.paused);
	assert_int_equal(w.bus.incomplete_n, 0);
	talk(&w, &w.calm[0], &w.calm[1], "Paused", 0);
	assert_true(client_heard(&w.calm[1], "Paused", NULL));
	close(w.root.fd);
	w.root.fd = -1;
	pump(&w);
	assert_false(w.bus.paused);
	assert_int_equal(w.bus.incomplete_n, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	close(fd);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
