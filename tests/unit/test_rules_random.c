/*
 * test_rules_random.c - the gate with all its judges of rules against the plain evaluator (plain.h):
 * random books of rules, restrictions and requests; answer, reason, line of origin, what an audit
 * rule wants recorded, what a rule on trial would have done and what the listener hears have to be
 * the same. Many small books, and some with so many rules that the index splits its buckets by all
 * fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/drop.h"
#include "tests/unit/plain_draw.h"

/* What the gate says, in numbers; and what its listener heard, each as text. */
struct outcome {
	enum answer answer;
	enum reason reason;
	uint32_t line, would, audit; /* 0: none */
	char heard[200];
};

static void outcome_hear(
	struct outcome *o, bool advisory, enum answer answer, uint32_t line, uint32_t audit)
{
	size_t used = strlen(o->heard);

	snprintf(o->heard + used, sizeof(o->heard) - used, "%s%d %u %u; ", advisory ? "would " : "",
		(int)answer, line, audit);
}

/* --- as the plain evaluator has it --- */

/* Whether one restriction is told of rather than another: one in force, one that revokes, the shorter
 * name, the first. */
static bool plain_precedes(const struct plain_restriction *r, const struct plain_restriction *other)
{
	if (r->permissive != other->permissive)
		return !r->permissive;
	if (!r->permissive && r->revoke != other->revoke)
		return r->revoke;
	return strlen(r->name) < strlen(other->name);
}

/* The restriction that is not met, or -1. */
static int plain_restricted(const struct plain_book *book, const struct plain_request *q)
{
	const struct plain_restriction *r = book->restrictions;
	int found = -1;

	for (int i = 0; i < book->restrictions_n; i++) {
		if (!plain_name_fits(r[i].name, r[i].prefix, q->name) ||
			plain_meets(&r[i], &q->from))
			continue;
		if (found < 0 || plain_precedes(&r[i], &r[found]))
			found = i;
	}
	return found;
}

static void plain_decide(
	const struct plain_rule *r, int at, const struct plain_request *q, struct outcome *o)
{
	o->reason = REASON_RULE;
	o->line = (uint32_t)at + 1;
	o->answer = r->effect == EFFECT_ALLOW ? ANSWER_ALLOW : ANSWER_DENY;
	if (r->effect != EFFECT_CHECK || (r->interface && !q->interface))
		return;
	o->answer = ANSWER_ASK;
	if (!q->consent || strcmp(q->consent, r->action) != 0)
		return;
	o->answer = q->authorised ? ANSWER_ALLOW : ANSWER_DENY;
	o->reason = REASON_CONSENT;
}

/* What one kind of rules says. */
static struct outcome plain_judge(
	const struct plain_book *book, enum rule_verb verb, const struct plain_request *q)
{
	struct outcome o = {.answer = ANSWER_DENY, .reason = REASON_NO_RULE};
	struct plain_walk walk = {.verb = verb};
	int at = plain_ask(book, q, &walk);

	if (at >= 0 && book->rules[at].permissive && book->rules[at].effect != EFFECT_ALLOW) {
		o.would = (uint32_t)at + 1;
		walk.enforced = true;
		at = plain_ask(book, q, &walk);
	}
	if (at >= 0)
		plain_decide(&book->rules[at], at, q, &o);
	else if (verb == RULE_SEE || (verb == RULE_CONNECT && q->from.uid == q->bus_uid))
		o.answer = ANSWER_ALLOW;
	return o;
}

/* Brings a judge's answer to those before it. False: no other is asked. */
static bool plain_add(struct outcome *all, const struct outcome *one, bool permissive,
	const struct plain_request *q)
{
	uint32_t would = all->would ? all->would : one->would;
	char heard[sizeof(all->heard)];

	if (permissive && one->answer == ANSWER_DENY) {
		if (q->verb != VERB_SEE)
			outcome_hear(all, true, ANSWER_DENY, one->line, 0);
		return true;
	}
	memcpy(heard, all->heard, sizeof(heard));
	if (one->answer > all->answer)
		*all = *one;
	memcpy(all->heard, heard, sizeof(heard));
	all->would = would;
	return all->answer != ANSWER_DENY;
}

static bool plain_add_restrictions(const struct plain_book *book, const struct plain_request *q,
	bool permissive, struct outcome *o)
{
	struct outcome one = {.answer = ANSWER_DENY, .reason = REASON_RESTRICTION};
	int unmet = q->verb == VERB_OWN ? plain_restricted(book, q) : -1;

	if (unmet < 0)
		return true;
	one.line = PLAIN_RESTRICTIONS + (uint32_t)unmet;
	return plain_add(o, &one, permissive || book->restrictions[unmet].permissive, q);
}

static enum answer would_answer(const struct plain_book *book, uint32_t line)
{
	return book->rules[line - 1].effect == EFFECT_CHECK ? ANSWER_ASK : ANSWER_DENY;
}

/* What is told of the decision as a whole. */
static void plain_close(
	const struct plain_book *book, const struct plain_request *q, struct outcome *o)
{
	struct plain_walk walk = {.verb = q->verb == VERB_OWN ? RULE_AUDIT_OWN : RULE_AUDIT,
		.on = o->answer == ANSWER_ALLOW ? ON_ALLOW : ON_DENY};

	if (o->answer == ANSWER_ASK)
		return;
	if ((q->verb == VERB_OWN || q->verb == VERB_SEND) && !q->from.is_driver)
		o->audit = (uint32_t)(plain_ask(book, q, &walk) + 1);
	if (q->verb == VERB_SEE)
		return;
	if (o->would && o->answer != ANSWER_DENY)
		outcome_hear(o, true, would_answer(book, o->would), o->would, 0);
	if (o->answer == ANSWER_DENY || o->audit)
		outcome_hear(o, false, o->answer, o->line, o->audit);
}

static struct outcome plain_gate(
	const struct plain_book *book, const struct plain_request *q, bool permissive)
{
	static const enum rule_verb verbs[][2] = {[VERB_CONNECT] = {RULE_CONNECT, RULE_CONNECT},
		[VERB_OWN] = {RULE_OWN, RULE_OWN},
		[VERB_SEE] = {RULE_SEE, RULE_SEE},
		[VERB_SEND] = {RULE_SEND, RULE_RECEIVE}};
	struct outcome all = {.answer = ANSWER_NONE};
	bool more = plain_add_restrictions(book, q, permissive, &all);

	if (more && !(q->verb == VERB_SEND && q->from.is_driver)) {
		struct outcome one = plain_judge(book, verbs[q->verb][0], q);

		more = plain_add(&all, &one, permissive, q);
	}
	if (more && q->verb == VERB_SEND && !q->to.is_driver) {
		struct outcome one = plain_judge(book, RULE_RECEIVE, q);

		plain_add(&all, &one, permissive, q);
	}
	/* nobody but those who were not in earnest */
	if (all.answer == ANSWER_NONE)
		all.answer = ANSWER_ALLOW;
	plain_close(book, q, &all);
	return all;
}

/* --- as the gate has it --- */

struct real_side {
	struct identity identity;
	struct subject subject;
	struct slice names[PLAIN_NAMES];
	struct party party;
};

static void real_side(struct real_side *to, const struct image *image, struct plain_side *from)
{
	to->identity = (struct identity){.uid = from->uid,
		.groups = from->groups,
		.groups_n = from->groups_n,
		.unit = (char *)from->unit,
		.slices = (char *)from->slices,
		.label = (char *)from->label,
		.label_size = from->label ? (uint32_t)strlen(from->label) : 0};
	assert_int_equal(subject_init(&to->subject, image, &to->identity), 0);
	for (uint32_t i = 0; i < from->names_n; i++)
		to->names[i] = slice_of(from->names[i]);
	to->party = (struct party){&to->subject, to->names, from->names_n, 0};
}

static uint32_t verdict_line(const struct verdict *v)
{
	return v->restriction ? v->restriction->line : v->rule ? v->rule->line : 0;
}

static void hear(void *arg, const struct request *request, const struct verdict *v)
{
	(void)request;
	outcome_hear(arg, v->advisory, v->answer, verdict_line(v), v->audit ? v->audit->line : 0);
}

static struct slice read_arg0(const void *message)
{
	return slice_of(((const struct plain_request *)message)->arg0);
}

static struct traffic real_traffic(const struct plain_request *q)
{
	struct traffic traffic = {.type = (uint8_t)q->type,
		.is_reply = q->is_reply,
		.broadcast = q->type == 4 && !q->destination,
		.fds = q->fds,
		.path = slice_of(q->path),
		.interface = slice_of(q->interface),
		.member = slice_of(q->member),
		.error = slice_of(q->error),
		.destination = slice_of(q->destination)};

	if (q->fds % 2) {
		traffic.arg0 = slice_of(q->arg0);
	} else {
		traffic.read_arg0 = read_arg0;
		traffic.message = q;
	}
	return traffic;
}

static bool plain_is_call_to_nobody(const struct plain_request *q)
{
	return q->verb == VERB_SEND && q->type == 1 && !q->is_reply && !q->from.is_driver &&
	       q->to.is_driver && q->destination;
}

static uint64_t may_not_call;

/* Who is told that no call can be sent there could not have sent this one. */
static void check_may_call(const struct request *request, const struct verdict *v)
{
	if (rules_may_call(request))
		return;
	assert_int_equal(v->answer, ANSWER_DENY);
	may_not_call++;
}

static struct outcome real_ask(const struct image *image, struct plain_request *q, bool permissive)
{
	static const struct judge *const judges[] = {&rules_connect, &restrictions, &rules_own,
		&rules_see, &rules_send, &rules_receive, NULL};
	const struct traffic traffic = real_traffic(q);
	const struct consent consent = {slice_of(q->consent), q->authorised, "polkit"};
	struct real_side from, to;
	struct outcome o = {0};
	const struct gate gate = {.judges = judges,
		.audits = rules_audit,
		.note = hear,
		.note_arg = &o,
		.permissive = permissive};
	struct request request = {.verb = q->verb,
		.traffic = q->verb == VERB_SEND ? &traffic : NULL,
		.bus_uid = q->bus_uid,
		.sender = q->from.is_driver ? NULL : &from.party,
		.recipient = q->to.is_driver ? NULL : &to.party,
		.name = slice_of(q->name),
		.requested_reply = q->requested,
		.eavesdrop = q->eavesdrop,
		.consent = q->consent ? &consent : NULL};
	struct verdict v;

	real_side(&from, image, &q->from);
	real_side(&to, image, &q->to);
	v = gate_ask(&gate, &request);
	if (plain_is_call_to_nobody(q) && !permissive)
		check_may_call(&request, &v);
	o.answer = v.answer;
	o.reason = v.reason;
	o.line = verdict_line(&v);
	o.would = v.would ? v.would->line : 0;
	o.audit = v.audit ? v.audit->line : 0;
	subject_fini(&from.subject);
	subject_fini(&to.subject);
	return o;
}

/* How often each outcome came up: a comparison of nothing but silence would prove little. */
static struct {
	uint64_t allowed, denied, asked, unmatched, consented, restricted, tried, audited;
} counts;

static void count(const struct outcome *o)
{
	counts.unmatched += o->reason == REASON_NO_RULE;
	counts.allowed += o->line && o->answer == ANSWER_ALLOW;
	counts.denied += o->line && o->answer == ANSWER_DENY;
	counts.asked += o->answer == ANSWER_ASK;
	counts.consented += o->reason == REASON_CONSENT;
	counts.restricted += o->reason == REASON_RESTRICTION;
	counts.tried += o->would != 0;
	counts.audited += o->audit != 0;
}

static void compare(
	const struct plain_book *book, const struct image *image, struct plain_request *q)
{
	bool permissive = draw(5) == 0;
	struct outcome want = plain_gate(book, q, permissive), got = real_ask(image, q, permissive);

	assert_int_equal(got.answer, want.answer);
	assert_int_equal(got.reason, want.reason);
	assert_int_equal(got.would, want.would);
	assert_int_equal(got.audit, want.audit);
	assert_int_equal(got.line, want.line);
	assert_string_equal(got.heard, want.heard);
	count(&want);
}

static void compare_book(const struct shape *s)
{
	struct plain_book book;
	struct rulebook made;

	draw_book(s, &book, &made);
	for (uint32_t i = 0; i < s->requests; i++) {
		struct plain_request q = draw_request(s);

		compare(&book, &made.image, &q);
	}
	rulebook_close(&made);
	free(book.rules);
}

static void test_random(void **state)
{
	static const struct shape rows[] = {
		{"few rules, few words", 1500, 400, 24, 4, 3, 7, 2, 2},
		{"few rules, many names", 600, 400, 40, 13, PLAIN_NAMES, 7, 3, 1},
		{"one section", 400, 400, 60, 13, 5, 1, 6, 2},
		{"hundreds of rules", 40, 1000, 500, 13, PLAIN_NAMES, 7, 6, 2},
		{"hundreds without a name", 40, 1000, 500, 4, 3, 1, 6, 50},
		{"thousands", 4, 1000, 8000, 13, 6, 1, 6, 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t asked = (uint64_t)rows[i].books * rows[i].requests;

		memset(&counts, 0, sizeof(counts));
		for (uint32_t book = 0; book < rows[i].books; book++)
			compare_book(&rows[i]);
		print_message("%s: %lu allowed, %lu denied, %lu to ask, %lu unmatched, %lu with "
			      "consent, %lu restricted, %lu with a trial, %lu audited\n",
			rows[i].what, (unsigned long)counts.allowed, (unsigned long)counts.denied,
			(unsigned long)counts.asked, (unsigned long)counts.unmatched,
			(unsigned long)counts.consented, (unsigned long)counts.restricted,
			(unsigned long)counts.tried, (unsigned long)counts.audited);
		assert_true(counts.allowed > asked / 50);
		assert_true(counts.denied > asked / 50);
		assert_true(counts.asked > asked / 200 && counts.consented > asked / 500);
		assert_true(counts.tried > asked / 100 && counts.audited > asked / 100);
		assert_true(counts.restricted > asked / 500);
		/* where there are many rules hardly anything is without one */
		assert_true(rows[i].rules_most > 100 || counts.unmatched > asked / 50);
	}
	assert_true(may_not_call > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
