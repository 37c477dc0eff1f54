/*
 * test_flow_random.c - a bus in this process on which names, queues, connections and the policy
 * change at random between messages. Each delivery is judged with the flow cache and without it:
 * verdict, origin and wording are the same, what an audit rule wants recorded and a rule on trial
 * would have done, and so is what the listener hears.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/transit.h"
#include "tests/unit/peers.h"

#define DECISIONS 1200000
#define PEERS 6
/* A few messages again and again, so that there is something to find in the cache. */
#define MESSAGES 12

static uint32_t seed = 0x600df10e;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

static const char *const names[] = {"com.A", "com.A.b", "com.B", "com.C"};
static const char *const paths[] = {"/", "/a"};
static const char *const interfaces[] = {"com.I", "com.J"};
static const char *const members[] = {"M", "N"};
static const char *const arguments[] = {"", "a", "ab.service", "b"};
/* where connections are, and the sections of those who are there */
static const struct {
	const char *unit, *slices, *label;
} places[] = {{NULL, NULL, NULL}, {"a.service", "system.slice", "u:r:a_t"},
	{"foo@1.service", "system.slice", "u:r:b_t"}, {"foo@2.service", "system.slice", "u:r:a_t"},
	{"user@7.service/a.service", "user.slice user-7.slice", NULL}};
static const char *const identities[] = {"unit a.service", "unit foo@*.service",
	"unit user-*.slice", "unit *.service", "label u:*:a_t", "label *"};
static uint32_t groups[] = {10, 20, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40};

struct world {
	struct bus bus;
	struct peer *peers[PEERS];
	int fds[PEERS];
	struct saying {
		struct message message;
		uint8_t body[64];
	} messages[MESSAGES];
	uint64_t decisions, allowed, denied, by_rule, told;
	uint64_t asked, audited, tried, by_arg0, by_arg0_known;
	uint32_t reloads, name_changes, reconnects;
};

/* --- policies --- */

#define SECTIONS (18 + ARRAY_SIZE(identities))

/* Number of the section: two users and thirteen groups among them. */
static void write_section(char *to, size_t size, uint32_t number)
{
	static const char *const plain[] = {"default", "not_at_console", "mandatory"};

	if (number < 3)
		snprintf(to, size, "%s\n", plain[number]);
	else if (number < 5)
		snprintf(to, size, "user %u\n", ALICE + number - 3);
	else if (number < 18)
		snprintf(to, size, "group %u\n", groups[number - 5]);
	else
		snprintf(to, size, "%s\n", identities[number - 18]);
}

/* `unique`: a connection whose unique name some rules give, or NULL. */
static void add_rule(struct builder *b, uint32_t section, const struct peer *unique)
{
	static const char *const types[] = {"*", "*", "method_call", "error", "signal"};
	static const char *const answers[] = {"true", "false"};
	static const char *const elements[] = {"allow", "deny", "allow", "deny",
		"check polkit='com.a.do'", "audit on='allow'", "audit", "audit on='deny'"};
	bool send = draw(2);
	const char *verb = send ? "send" : "receive";
	const char *peer = send ? "send_destination" : "receive_sender";
	char text[400], *at = text;

	write_section(text, sizeof(text), section);
	at += strlen(at);
	at += sprintf(at, "<%s %s_type='%s'", elements[draw(send ? 8 : 2)], verb, types[draw(5)]);
	if (unique && draw(3) == 0)
		at += sprintf(at, " %s='%s'", peer, unique->unique_text);
	else if (draw(2))
		at += sprintf(
			at, " %s%s='%s'", peer, send && draw(2) ? "_prefix" : "", names[draw(4)]);
	if (draw(4) == 0)
		at += sprintf(at, " %s_path='%s'", verb, paths[draw(2)]);
	if (draw(3) == 0)
		at += sprintf(at, " %s_interface='%s'", verb, interfaces[draw(2)]);
	if (draw(4) == 0)
		at += sprintf(at, " %s_member='%s'", verb, members[draw(2)]);
	if (draw(6) == 0)
		at += sprintf(at, " %s_requested_reply='%s'", verb, answers[draw(2)]);
	if (draw(6) == 0)
		at += sprintf(at, " eavesdrop='%s'", answers[draw(2)]);
	if (draw(6) == 0)
		at += sprintf(at, " max_fds='%u'", draw(3));
	if (draw(6) == 0)
		at += sprintf(at, " log='true'");
	if (draw(6) == 0)
		at += sprintf(at, " trial='yes'");
	if (send && draw(6) == 0)
		at += sprintf(
			at, " send_arg0%s='%s'", draw(2) ? "_prefix" : "", arguments[draw(4)]);
	strcpy(at, "/>");
	rulebook_add(b, text);
}

static void world_reload(struct world *w)
{
	struct builder *b = peers_policy("");
	const struct peer *unique = draw(3) ? NULL : w->peers[draw(PEERS)];
	struct policy policy;

	for (uint32_t i = draw(40); i > 0; i--)
		add_rule(b, draw(2) ? 0 : draw(SECTIONS), unique);
	peers_policy_finish(b, &policy);
	assert_int_equal(bus_set_policy(&w->bus, &policy), 0);
	w->reloads++;
}

/* --- connections and names --- */

static void world_connect(struct world *w, uint32_t i)
{
	struct peer *peer = peers_add(&w->bus, ALICE + draw(3), &w->fds[i]);
	uint32_t place = draw(ARRAY_SIZE(places));

	peer->identity.uid = ALICE + draw(3);
	/* few of the groups, or more than an id of a subject can hold */
	peer->identity.groups = groups;
	peer->identity.groups_n = draw(8) ? draw(4) : ARRAY_SIZE(groups);
	peer->identity.unit = (char *)places[place].unit;
	peer->identity.slices = (char *)places[place].slices;
	peer->identity.label = (char *)places[place].label;
	peer->identity.label_size = places[place].label ? (uint32_t)strlen(places[place].label) : 0;
	subject_fini(&peer->subject);
	assert_int_equal(subject_init(&peer->subject, &w->bus.policy.image, &peer->identity), 0);
	w->peers[i] = peer;
}

static void world_reconnect(struct world *w, uint32_t i)
{
	peer_kill(w->peers[i], NULL);
	peers_reap(&w->bus);
	close(w->fds[i]);
	world_connect(w, i);
	w->reconnects++;
}

static void world_change_name(struct world *w)
{
	struct peer *peer = w->peers[draw(PEERS)];
	struct slice text = slice_of(names[draw(ARRAY_SIZE(names))]);
	struct name_change change;
	uint32_t code;

	if (draw(2)) {
		assert_int_equal(
			name_request(&w->bus.names, peer, text, draw(8), &code, &change), 0);
	} else {
		name_release(&w->bus.names, peer, text, &code, &change);
		if (change.name)
			name_put(change.name);
	}
	w->name_changes++;
}

static void world_change(struct world *w)
{
	if (draw(80) == 0)
		world_reload(w);
	else if (draw(40) == 0)
		world_reconnect(w, draw(PEERS));
	else
		world_change_name(w);
	/* nobody reads what the bus tells of it */
	batch_flush(&w->bus);
	for (uint32_t i = 0; i < PEERS; i++) {
		char bytes[4096];

		while (read(w->fds[i], bytes, sizeof(bytes)) > 0)
			;
	}
}

/* --- decisions --- */

static struct slice draw_text(const char *const *words, uint32_t n)
{
	return draw(4) == 0 ? (struct slice){NULL, 0} : slice_of(words[draw(n)]);
}

/* A string, an object path or a number, in either byte order. */
static void draw_body(struct message *m, uint8_t *body)
{
	static const char *const signatures[] = {"s", "s", "s", "sas", "o", "u"};
	const char *text = arguments[draw(ARRAY_SIZE(arguments))];
	uint32_t size = (uint32_t)strlen(text);

	if (draw(3) == 0)
		return;
	m->swapped = draw(2);
	m->signature = slice_of(signatures[draw(ARRAY_SIZE(signatures))]);
	size = m->swapped ? __builtin_bswap32(size) : size;
	memset(body, 0, 64);
	memcpy(body, &size, 4);
	strcpy((char *)body + 4, text);
	m->bytes = m->body = body;
	m->size = m->body_size = 4 + (uint32_t)strlen(text) + 1;
}

static void draw_message(struct saying *ret)
{
	static char longer[300];
	struct message m = {.type = (uint8_t)(1 + draw(4)), .fds = draw(6) ? 0 : draw(3)};

	memset(longer, 'x', sizeof(longer));
	m.path = draw_text(paths, ARRAY_SIZE(paths));
	m.interface = draw_text(interfaces, ARRAY_SIZE(interfaces));
	m.member = draw_text(members, ARRAY_SIZE(members));
	m.destination = draw_text(names, ARRAY_SIZE(names));
	m.reply_serial = m.type == MESSAGE_RETURN || m.type == MESSAGE_ERROR;
	if (draw(50) == 0)
		m.member = (struct slice){longer, 150 + draw(100)};
	draw_body(&m, ret->body);
	ret->message = m;
}

/* What the listener hears goes into one number. */
static void hear(void *arg, const struct request *request, const struct verdict *verdict)
{
	uint64_t *heard = arg;

	*heard = *heard * 31 + (uintptr_t)verdict->rule + verdict->answer + verdict->reason +
		 (uintptr_t)request->sender + verdict->advisory + (uintptr_t)verdict->audit * 3;
}

struct opinion {
	struct verdict verdict;
	uint64_t heard;
	char text[256];
};

static void opinion_get(struct world *w, struct transit *t, const struct peer *to, bool eavesdrop,
	bool cached, struct opinion *ret)
{
	struct request request = {.verb = VERB_SEND,
		.sender = t->sender ? &t->sender->party : NULL,
		.recipient = to ? &to->party : NULL,
		.traffic = &t->traffic,
		.requested_reply = t->requested_reply && !eavesdrop,
		.eavesdrop = eavesdrop};

	ret->heard = 0;
	w->bus.gate.note = hear;
	w->bus.gate.note_arg = &ret->heard;
	w->bus.gate.flow = cached ? &w->bus.flow : NULL;
	ret->verdict = transit_ask(t, to, eavesdrop);
	verdict_explain(&ret->verdict, &request, ret->text, sizeof(ret->text));
	w->bus.gate.note = NULL;
	w->bus.gate.flow = &w->bus.flow;
}

static void world_decide(struct world *w)
{
	struct peer *from = w->peers[draw(PEERS)], *to = w->peers[draw(PEERS)];
	const struct message m = w->messages[draw(MESSAGES)].message;
	uint64_t hits = w->bus.flow.hits;
	struct opinion cached, plain;
	struct transit t;
	bool eavesdrop = draw(8) == 0;

	/* some from the driver, some to it or to a service that does not run yet */
	if (draw(10) == 0)
		transit_init_driver(&t, &w->bus, &m);
	else
		transit_init(&t, from, &m, NULL);
	if (t.sender && draw(8) == 0)
		to = NULL;
	t.requested_reply = m.reply_serial && draw(2);
	opinion_get(w, &t, to, eavesdrop, true, &cached);
	hits = w->bus.flow.hits - hits;
	opinion_get(w, &t, to, eavesdrop, false, &plain);
	transit_fini(&t);
	assert_int_equal(cached.verdict.answer, plain.verdict.answer);
	assert_int_equal(cached.verdict.reason, plain.verdict.reason);
	assert_ptr_equal(cached.verdict.rule, plain.verdict.rule);
	assert_ptr_equal(cached.verdict.judge, plain.verdict.judge);
	assert_ptr_equal(cached.verdict.image, plain.verdict.image);
	assert_ptr_equal(cached.verdict.audit, plain.verdict.audit);
	assert_ptr_equal(cached.verdict.would, plain.verdict.would);
	if (plain.verdict.would)
		assert_ptr_equal(cached.verdict.would_judge, plain.verdict.would_judge);
	assert_int_equal(cached.heard, plain.heard);
	assert_string_equal(cached.text, plain.text);
	w->decisions++;
	w->allowed += cached.verdict.answer == ANSWER_ALLOW;
	w->denied += cached.verdict.answer == ANSWER_DENY;
	w->by_rule += cached.verdict.reason == REASON_RULE;
	w->told += cached.heard != 0;
	w->asked += cached.verdict.answer == ANSWER_ASK;
	w->audited += cached.verdict.audit != NULL;
	w->tried += cached.verdict.would != NULL;
	w->by_arg0 += plain.verdict.by_arg0;
	/* the first look-up tells that the argument counts, the second finds it */
	w->by_arg0_known += plain.verdict.by_arg0 && hits == 2;
}

static void test_random(void **state)
{
	struct world w = {0};

	(void)state;
	peers_begin(&w.bus, NULL, 0);
	w.bus.gate.note = NULL;
	for (uint32_t i = 0; i < PEERS; i++)
		world_connect(&w, i);
	for (uint32_t i = 0; i < MESSAGES; i++)
		draw_message(&w.messages[i]);
	while (w.decisions < DECISIONS) {
		world_change(&w);
		draw_message(&w.messages[draw(MESSAGES)]);
		for (uint32_t i = draw(200); i > 0; i--)
			world_decide(&w);
	}
	print_message("%lu to ask, %lu audited, %lu with a trial, %lu by an argument, %lu of them "
		      "known\n",
		(unsigned long)w.asked, (unsigned long)w.audited, (unsigned long)w.tried,
		(unsigned long)w.by_arg0, (unsigned long)w.by_arg0_known);
	print_message("%lu decisions: %lu allowed, %lu by a rule, %lu told; %lu from the cache; "
		      "%u reloads, %u changes of names, %u reconnects\n",
		(unsigned long)w.decisions, (unsigned long)w.allowed, (unsigned long)w.by_rule,
		(unsigned long)w.told, (unsigned long)w.bus.flow.hits, w.reloads, w.name_changes,
		w.reconnects);
	assert_true(w.allowed > DECISIONS / 20);
	assert_true(w.denied > DECISIONS / 20);
	assert_true(w.by_rule > DECISIONS / 4);
	assert_true(w.bus.flow.hits > DECISIONS / 10);
	assert_true(w.asked > DECISIONS / 200 && w.audited > DECISIONS / 50);
	assert_true(w.tried > DECISIONS / 50 && w.by_arg0 > DECISIONS / 50);
	assert_true(w.by_arg0_known > DECISIONS / 200);
	assert_true(w.reloads > 50 && w.name_changes > 5000 && w.reconnects > 100);
	for (uint32_t i = 0; i < PEERS; i++)
		close(w.fds[i]);
	bus_fini(&w.bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
