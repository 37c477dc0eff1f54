/*
 * may_call.c - could this subject send that name any method call? Asked before a service is
 * started on request: who may not talk to it has no business starting it, and who may only with
 * polkit's word needs that. A rule counts unless a later one that does not allow decides wherever it
 * would; constraints on path, interface and member are taken as met by an allow and as avoidable
 * under a deny, so the answer is no only where every call would be refused.
 */
#include "policy/covers.h"
#include "policy/rules.h"

/* The rules that can decide about some call to a name, the last first. */
struct walk {
	const struct subject *subject;
	struct slice destination;
	uint32_t sections, rules; /* that are left, and of the last of those sections */
};

static uint32_t rules_left(const struct subject *subject, uint32_t sections)
{
	return sections ? subject->sections[sections - 1]->rules[RULE_SEND].count : 0;
}

static struct walk walk_of(const struct request *request)
{
	const struct subject *subject = request->sender->subject;
	uint32_t n = subject->sections_n;

	return (struct walk){subject, request->traffic->destination, n, rules_left(subject, n)};
}

/* Can the rule decide about some call to the destination? */
static bool can_fit(const struct image *image, const struct rule *rule, struct slice destination)
{
	return !rule_is_on_trial(rule) && (rule->type == 0 || rule->type == 1) &&
	       rule->broadcast != IS_TRUE &&
	       name_kind_fits(rule->name_kind, image_slice(image, rule->name), destination);
}

static const struct rule *walk_back(struct walk *w)
{
	const struct image *image = w->subject->image;

	while (w->sections > 0) {
		const struct section *s = w->subject->sections[w->sections - 1];
		const struct rule *first = image->rules + s->rules[RULE_SEND].first;

		while (w->rules > 0) {
			const struct rule *rule = &first[--w->rules];

			if (can_fit(image, rule, w->destination))
				return rule;
		}
		w->rules = rules_left(w->subject, --w->sections);
	}
	return NULL;
}

/* Of a rule that can fit, what it says about calls to the destination. */
static struct rule about_calls(const struct rule *rule)
{
	struct rule r = *rule;

	r.name_kind = NAME_ANY;
	r.type = 1;
	r.broadcast = r.requested_reply = UNSET;
	return r;
}

/* Does it fit every call to it? Only asked of one that can fit some. */
static bool fits_all(const struct rule *rule)
{
	return !rule->path.at && !rule->interface.at && !rule->member.at && rule->min_fds == 0 &&
	       rule->max_fds == UINT32_MAX && rule->arg0_kind == ARG0_ANY;
}

/* Whether later rules leave it nothing to decide. */
static bool is_hidden(const struct request *request, const struct rule *rule)
{
	struct walk w = walk_of(request);
	const struct rule earlier = about_calls(rule), *at;

	while ((at = walk_back(&w)) != rule) {
		const struct rule later = about_calls(at);

		if (at->effect != EFFECT_ALLOW && rule_covers(w.subject->image, &later, &earlier))
			return true;
	}
	return false;
}

const struct rule *rules_may_call(const struct request *request)
{
	const struct rule *rule, *check = NULL;
	struct walk w = walk_of(request);

	while ((rule = walk_back(&w))) {
		if (rule->effect != EFFECT_DENY && !is_hidden(request, rule)) {
			if (rule->effect == EFFECT_ALLOW)
				return rule;
			if (!check)
				check = rule;
		}
		if (rule->effect != EFFECT_ALLOW && fits_all(rule))
			break;
	}
	return check;
}

static struct verdict start_ask(const struct judge *judge, const struct request *request)
{
	struct verdict v = {.answer = ANSWER_DENY,
		.reason = REASON_FAULT,
		.text = "no method call to the service is allowed"};
	const struct rule *rule;

	(void)judge;
	if (request->verb != VERB_ACTIVATE || !request->sender)
		return (struct verdict){.answer = ANSWER_NONE};
	v.image = request->sender->subject->image;
	rule = rules_may_call(request);
	if (rule)
		verdict_by_rule(&v, rule, request->consent);
	return v;
}

const struct judge rules_start = {.name = "start rules", .ask = start_ask, .tried = true};
