/*
 * test_rules_random.c - the judges against an evaluator that does what the rules say and nothing
 * clever: all rules written down as plain strings, walked forward in the order of their sections,
 * the last that fits decides. Random rules and requests from small sets of words; verdict and
 * line of origin have to be the same. Many small books of rules, and some with so many rules that
 * the index splits its buckets by all fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/drop.h"
#include "tests/unit/rulebook.h"

#define NAMES_MOST 12

/* xorshift: the same numbers on every machine */
static uint32_t seed = 0x1badb002;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

/* A third of the time nothing, else one of `n` words. */
static const char *draw_word(const char *const *words, uint32_t n)
{
	return draw(3) == 0 ? NULL : words[draw(n)];
}

/* names are drawn from the first few, or from all; the last three are nobody's well-known names */
static const char *const names[] = {"com.A", "com.A.b", "com.AB", "com.B", "com.A.b.c",
	"com.A.b.c.d", "com", "com.B.b", "org.x", "org.x.y", "org.x.yz", "org.x-y", "net.a.b.c.d.e",
	":1", ":1.1", ":1.2", "org.freedesktop.DBus"};
static const char *const paths[] = {"/", "/a", "/a/b", "/b", "/b/c", ""};
static const char *const interfaces[] = {"com.I", "com.J", "com.K", "com.L", "com.M.N"};
static const char *const members[] = {"M", "N", "O", "P", "Q"};
static const char *const errors[] = {"com.E", "com.F", "com.G"};
static const uint32_t gids[] = {10, 20, 30};

/* What one run draws from. */
struct shape {
	const char *what;
	uint32_t books, requests, rules_most;
	uint32_t names_n; /* how many names can be owned; how many one peer has at the most */
	uint32_t names_most;
	uint32_t contexts; /* the first of them: 1 puts everything into the default section */
	uint32_t words; /* how many paths, interfaces ... */
	uint32_t name_in; /* one rule in so many has a name */
};

struct plain_rule {
	enum section_context context;
	uint32_t id;
	enum rule_verb verb;
	bool allow;
	uint32_t type, min_fds, max_fds;
	const char *name, *path, *interface, *member, *error;
	bool prefix;
	enum tristate eavesdrop, requested_reply, broadcast;
	enum rule_who who;
	uint32_t who_id;
};

struct plain_side {
	bool is_driver;
	const char *names[NAMES_MOST];
	uint32_t names_n, uid, groups[3], groups_n;
};

struct plain_request {
	enum verb verb;
	struct plain_side from, to;
	uint32_t type, fds;
	const char *path, *interface, *member, *error, *destination, *name;
	bool is_reply, requested, eavesdrop;
};

/* --- the plain evaluator --- */

static bool applies(const struct plain_rule *r, const struct plain_side *who)
{
	if (r->context == SECTION_USER)
		return r->id == who->uid;
	if (r->context == SECTION_GROUP) {
		for (uint32_t i = 0; i < who->groups_n; i++)
			if (who->groups[i] == r->id)
				return true;
		return false;
	}
	return true;
}

static bool name_fits(const struct plain_rule *r, const char *name)
{
	char dotted[64];

	if (!r->prefix || strcmp(r->name, name) == 0)
		return strcmp(r->name, name) == 0;
	snprintf(dotted, sizeof(dotted), "%s.", r->name);
	return strncmp(name, dotted, strlen(dotted)) == 0;
}

static bool peer_fits(const struct plain_rule *r, const struct plain_side *peer, const char *absent)
{
	if (!r->name)
		return true;
	if (peer->is_driver)
		return absent && name_fits(r, absent);
	for (uint32_t i = 0; i < peer->names_n; i++)
		if (name_fits(r, peer->names[i]))
			return true;
	return false;
}

static bool field_fits(const char *wanted, const char *field, bool if_absent)
{
	if (!wanted)
		return true;
	return field ? strcmp(wanted, field) == 0 : if_absent;
}

static bool reply_fits(const struct plain_rule *r, const struct plain_request *q)
{
	bool requested = q->from.is_driver || (q->requested && !q->eavesdrop);

	if (!q->is_reply)
		return true;
	if (r->allow) {
		bool only_requested = r->requested_reply == UNSET || r->requested_reply == IS_TRUE;

		return !only_requested || requested || r->eavesdrop == IS_TRUE;
	}
	return r->requested_reply == IS_TRUE || !requested;
}

static bool message_fits(const struct plain_rule *r, const struct plain_request *q)
{
	bool broadcast = q->type == 4 && !q->destination;

	if (r->type && r->type != q->type)
		return false;
	if (!field_fits(r->path, q->path, true) || !field_fits(r->member, q->member, true) ||
		!field_fits(r->error, q->error, true) ||
		!field_fits(r->interface, q->interface, !r->allow))
		return false;
	if (q->fds < r->min_fds || q->fds > r->max_fds)
		return false;
	if (r->broadcast != UNSET && broadcast != (r->broadcast == IS_TRUE))
		return false;
	if (r->verb == RULE_RECEIVE && q->eavesdrop && r->allow && r->eavesdrop != IS_TRUE)
		return false;
	if (r->verb == RULE_RECEIVE && !q->eavesdrop && !r->allow && r->eavesdrop == IS_TRUE)
		return false;
	if (!reply_fits(r, q))
		return false;
	return r->verb == RULE_SEND ? peer_fits(r, &q->to, q->destination)
				    : peer_fits(r, &q->from, "org.freedesktop.DBus");
}

static bool connect_fits(const struct plain_rule *r, const struct plain_side *who)
{
	if (r->context != SECTION_DEFAULT && r->context != SECTION_MANDATORY)
		return false;
	if (r->who == WHO_USER)
		return r->who_id == who->uid;
	if (r->who == WHO_ANY)
		return true;
	for (uint32_t i = 0; i < who->groups_n; i++)
		if (who->groups[i] == r->who_id)
			return true;
	return false;
}

static bool plain_fits(const struct plain_rule *r, const struct plain_request *q)
{
	if (r->verb == RULE_CONNECT)
		return connect_fits(r, &q->from);
	if (r->verb == RULE_OWN)
		return !r->name || name_fits(r, q->name);
	return message_fits(r, q);
}

/* Walks section by section, each in the order of its rules. The last that fits, or -1. */
static int plain_ask(
	const struct plain_rule *rules, int n, enum rule_verb verb, const struct plain_request *q)
{
	const struct plain_side *who = verb == RULE_RECEIVE ? &q->to : &q->from;
	const uint32_t passes[][2] = {{SECTION_DEFAULT, 0}, {SECTION_GROUP, 10},
		{SECTION_GROUP, 20}, {SECTION_GROUP, 30}, {SECTION_USER, who->uid},
		{SECTION_NO_CONSOLE, 0}, {SECTION_MANDATORY, 0}};
	int last = -1;

	for (size_t pass = 0; pass < ARRAY_SIZE(passes); pass++)
		for (int i = 0; i < n; i++)
			if (rules[i].context == passes[pass][0] && rules[i].id == passes[pass][1] &&
				rules[i].verb == verb && applies(&rules[i], who) &&
				plain_fits(&rules[i], q))
				last = i;
	return last;
}

/* --- random rules and requests --- */

static const char *draw_field(const struct shape *s, const char *const *words, uint32_t n)
{
	return draw_word(words, s->words < n ? s->words : n);
}

/* A name that can be owned, or one of the last three. */
static const char *draw_name(const struct shape *s)
{
	uint32_t i = draw(s->names_n + 3);

	return names[i < s->names_n ? i : ARRAY_SIZE(names) - 1 - (i - s->names_n)];
}

static struct plain_rule draw_rule(const struct shape *s)
{
	static const uint32_t contexts[] = {SECTION_DEFAULT, SECTION_GROUP, SECTION_USER,
		SECTION_NO_CONSOLE, SECTION_MANDATORY};
	static const uint32_t verbs[] = {RULE_CONNECT, RULE_OWN, RULE_SEND, RULE_RECEIVE};
	struct plain_rule r = {.context = contexts[draw(s->contexts)],
		.verb = verbs[draw(6) % 4],
		.allow = draw(2),
		.max_fds = UINT32_MAX};

	r.verb = draw(3) ? (draw(2) ? RULE_SEND : RULE_RECEIVE) : r.verb;
	if (r.context == SECTION_GROUP)
		r.id = gids[draw(3)];
	if (r.context == SECTION_USER)
		r.id = draw(3);
	if (r.verb == RULE_CONNECT) {
		r.who = draw(3);
		r.who_id = r.who == WHO_GROUP ? gids[draw(3)] : draw(3);
		return r;
	}
	r.name = draw(s->name_in) ? NULL : draw_name(s);
	r.prefix = r.name && r.verb != RULE_RECEIVE && draw(2);
	if (r.verb == RULE_OWN)
		return r;
	r.type = draw(2) ? 0 : 1 + draw(4);
	r.path = draw(3) ? NULL : draw_field(s, paths, ARRAY_SIZE(paths));
	r.interface = draw(2) ? NULL : draw_field(s, interfaces, ARRAY_SIZE(interfaces));
	r.member = draw(3) ? NULL : draw_field(s, members, ARRAY_SIZE(members));
	r.error = draw(4) ? NULL : draw_field(s, errors, ARRAY_SIZE(errors));
	r.min_fds = draw(5) ? 0 : draw(4);
	r.max_fds = draw(5) ? UINT32_MAX : draw(4);
	r.eavesdrop = draw(3) ? UNSET : draw(3);
	r.requested_reply = draw(3) ? UNSET : draw(3);
	r.broadcast = r.verb == RULE_SEND && draw(4) == 0 ? draw(3) : UNSET;
	return r;
}

static struct plain_side draw_side(const struct shape *s, const char *unique)
{
	struct plain_side side = {.names = {unique}, .names_n = 1, .uid = draw(3)};

	while (side.names_n < s->names_most && draw(4))
		side.names[side.names_n++] = names[draw(s->names_n)];
	for (uint32_t i = 0; i < 3; i++)
		if (draw(2))
			side.groups[side.groups_n++] = gids[i];
	return side;
}

static struct plain_request draw_request(const struct shape *s)
{
	struct plain_request q = {.from = draw_side(s, ":1.1"), .to = draw_side(s, ":1.2")};

	q.verb = draw(6) ? VERB_SEND : draw(2) ? VERB_OWN : VERB_CONNECT;
	q.name = names[draw(s->names_n)];
	if (q.verb != VERB_SEND)
		return q;
	q.from.is_driver = draw(8) == 0;
	q.to.is_driver = !q.from.is_driver && draw(6) == 0;
	q.type = 1 + draw(4);
	q.fds = draw(2) ? 0 : draw(5);
	q.path = draw_field(s, paths, ARRAY_SIZE(paths));
	q.interface = draw_field(s, interfaces, ARRAY_SIZE(interfaces));
	q.member = draw_field(s, members, ARRAY_SIZE(members));
	q.error = q.type == 3 ? draw_field(s, errors, ARRAY_SIZE(errors)) : NULL;
	q.destination = draw(3) == 0 ? NULL : draw_name(s);
	q.is_reply = draw(3) == 0;
	q.requested = draw(2);
	q.eavesdrop = draw(4) == 0;
	return q;
}

/* --- the same for the judges --- */

static void add_rule(struct builder *b, const struct plain_rule *p, int line)
{
	struct rule r = {.verb = (uint8_t)p->verb,
		.line = (uint32_t)line,
		.effect = p->allow ? EFFECT_ALLOW : EFFECT_DENY,
		.id = p->who_id,
		.who = (uint8_t)p->who,
		.type = (uint8_t)p->type,
		.min_fds = p->min_fds,
		.max_fds = p->max_fds,
		.eavesdrop = (uint8_t)p->eavesdrop,
		.requested_reply = (uint8_t)p->requested_reply,
		.broadcast = (uint8_t)p->broadcast};

	r.name = builder_text(b, slice_of(p->name));
	r.name_kind = !p->name ? NAME_ANY : p->prefix ? NAME_PREFIX : NAME_EXACT;
	r.path = builder_text(b, slice_of(p->path));
	r.interface = builder_text(b, slice_of(p->interface));
	r.member = builder_text(b, slice_of(p->member));
	r.error = builder_text(b, slice_of(p->error));
	builder_rule(b, p->context, p->id, &r);
}

struct real_side {
	struct identity identity;
	struct subject subject;
	struct slice names[NAMES_MOST];
	struct party party;
};

static void real_side(struct real_side *to, const struct image *image, struct plain_side *from)
{
	to->identity = (struct identity){
		.uid = from->uid, .groups = from->groups, .groups_n = from->groups_n};
	assert_int_equal(subject_init(&to->subject, image, &to->identity), 0);
	for (uint32_t i = 0; i < from->names_n; i++)
		to->names[i] = slice_of(from->names[i]);
	to->party = (struct party){&to->subject, to->names, from->names_n, 0};
}

static struct verdict real_ask(const struct image *image, struct plain_request *q)
{
	static const struct judge *const judges[] = {
		&rules_connect, &rules_own, &rules_send, &rules_receive, NULL};
	const struct traffic traffic = {.type = (uint8_t)q->type,
		.is_reply = q->is_reply,
		.broadcast = q->type == 4 && !q->destination,
		.fds = q->fds,
		.path = slice_of(q->path),
		.interface = slice_of(q->interface),
		.member = slice_of(q->member),
		.error = slice_of(q->error),
		.destination = slice_of(q->destination)};
	struct real_side from, to;
	struct verdict v;

	real_side(&from, image, &q->from);
	real_side(&to, image, &q->to);
	v = gate_ask(&(struct gate){.judges = judges},
		&(struct request){.verb = q->verb,
			.traffic = &traffic,
			.bus_uid = 2,
			.sender = q->from.is_driver ? NULL : &from.party,
			.recipient = q->to.is_driver ? NULL : &to.party,
			.name = slice_of(q->name),
			.requested_reply = q->requested,
			.eavesdrop = q->eavesdrop});
	subject_fini(&from.subject);
	subject_fini(&to.subject);
	return v;
}

/* How often each outcome came up: a comparison of nothing but silence would prove little. */
static uint64_t allowed, denied, unmatched;

static void compare(
	const struct plain_rule *rules, int n, const struct image *image, struct plain_request *q)
{
	static const enum rule_verb first[] = {
		[VERB_CONNECT] = RULE_CONNECT, [VERB_OWN] = RULE_OWN, [VERB_SEND] = RULE_SEND};
	struct verdict v = real_ask(image, q);
	int origin;
	bool allow;

	origin = plain_ask(rules, n,
		q->verb == VERB_SEND && q->from.is_driver ? RULE_RECEIVE : first[q->verb], q);
	allow = origin >= 0 ? rules[origin].allow : q->verb == VERB_CONNECT && q->from.uid == 2;
	if (allow && q->verb == VERB_SEND && !q->from.is_driver && !q->to.is_driver) {
		int other = plain_ask(rules, n, RULE_RECEIVE, q);

		allow = other >= 0 && rules[other].allow;
		/* a permission is told with the rule for sending */
		origin = allow ? origin : other;
	}
	assert_int_equal(v.answer, allow ? ANSWER_ALLOW : ANSWER_DENY);
	assert_int_equal(v.reason, origin >= 0 ? REASON_RULE : REASON_NO_RULE);
	if (origin >= 0)
		assert_int_equal(v.rule->line, origin + 1);
	unmatched += origin < 0;
	allowed += origin >= 0 && allow;
	denied += origin >= 0 && !allow;
}

static void compare_book(const struct shape *s)
{
	struct plain_rule *rules = calloc(s->rules_most + 1, sizeof(*rules));
	int n = (int)draw(s->rules_most + 1);
	struct builder *b = builder_new();
	struct rulebook made;

	assert_true(rules && b);
	for (int i = 0; i < n; i++) {
		rules[i] = draw_rule(s);
		add_rule(b, &rules[i], i + 1);
	}
	rulebook_finish(&made, b);
	for (uint32_t i = 0; i < s->requests; i++) {
		struct plain_request q = draw_request(s);

		compare(rules, n, &made.image, &q);
	}
	rulebook_close(&made);
	free(rules);
}

static void test_random(void **state)
{
	static const struct shape rows[] = {
		{"few rules, few words", 3000, 400, 24, 4, 3, 5, 2, 2},
		{"few rules, many names", 1000, 400, 40, 13, NAMES_MOST, 5, 3, 1},
		{"one section", 1000, 400, 60, 13, 5, 1, 6, 2},
		{"hundreds of rules", 40, 2000, 500, 13, NAMES_MOST, 5, 6, 2},
		{"hundreds without a name", 40, 2000, 500, 4, 3, 1, 6, 50},
		{"thousands", 4, 2000, 8000, 13, 6, 1, 6, 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t asked = (uint64_t)rows[i].books * rows[i].requests;

		allowed = denied = unmatched = 0;
		for (uint32_t book = 0; book < rows[i].books; book++)
			compare_book(&rows[i]);
		print_message("%s: %lu allowed, %lu denied, %lu unmatched\n", rows[i].what,
			(unsigned long)allowed, (unsigned long)denied, (unsigned long)unmatched);
		assert_true(allowed > asked / 50);
		assert_true(denied > asked / 50);
		/* where there are many rules hardly anything is without one */
		assert_true(rows[i].rules_most > 100 || unmatched > asked / 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
