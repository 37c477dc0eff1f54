/*
 * nearest.c - of the rules that would have allowed a request, the one that fails by the least: what
 * an administrator wants to see beside "no rule matched". Walks all rules that speak to a subject;
 * asked for what is recorded only.
 */
#include "policy/differs.h"
#include "policy/fit.h"

/* The rules of one verb that speak to a subject, last first. */
struct walk {
	const struct subject *subject;
	enum rule_verb verb;
	uint32_t sections_left;
	const struct rule *rule, *first;
};

static struct walk walk_of(const struct subject *subject, enum rule_verb verb)
{
	return (struct walk){
		.subject = subject, .verb = verb, .sections_left = subject->sections_n};
}

static inline const struct rule *walk_next(struct walk *w)
{
	while (w->rule == w->first) {
		const struct section *s;

		if (!w->sections_left)
			return NULL;
		s = w->subject->sections[--w->sections_left];
		/* who may connect is asked of the bus, not of a user's or a group's section */
		if (w->verb == RULE_CONNECT && s->context != SECTION_DEFAULT &&
			s->context != SECTION_MANDATORY)
			continue;
		w->first = w->subject->image->rules + s->rules[w->verb].first;
		w->rule = w->first + s->rules[w->verb].count;
	}
	return --w->rule;
}

/* How far a rule is from fitting. */
struct distance {
	unsigned int differs, agrees;
	const char *name; /* of one attribute that differs */
};

static void distance_add(struct distance *d, enum fit fit, const char *name)
{
	d->agrees += fit == AGREES;
	if (fit == DIFFERS && d->differs++ == 0)
		d->name = name;
}

static struct distance distance_of(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	struct distance d = {0};

	switch ((enum rule_verb)rule->verb) {
	case RULE_CONNECT:
		distance_add(
			&d, who_fit(rule, q->identity), rule->who == WHO_USER ? "user" : "group");
		break;
	case RULE_OWN:
	case RULE_AUDIT_OWN:
	case RULE_SEE:
		distance_add(&d, name_fit(image, rule, q), rule_name_attribute(rule));
		break;
	case RULE_SEND:
	case RULE_RECEIVE:
	case RULE_AUDIT:
#define MEASURE(fit, send, receive)                                                                \
	distance_add(&d, fit(image, rule, q), rule->verb == RULE_RECEIVE ? receive : send);
		ATTRIBUTES(MEASURE)
#undef MEASURE
		break;
	case RULE_VERBS:
		break;
	}
	return d;
}

const struct rule *rules_nearest(enum rule_verb verb, const struct request *request,
	const struct image **ret_image, const char **ret_differs)
{
	const struct party *judged = verb == RULE_RECEIVE ? request->recipient : request->sender;
	const struct rule *rule, *nearest = NULL;
	struct distance least = {0};
	struct question q;
	struct walk w;
	bool by_arg0;

	if (!judged)
		return NULL;
	question_init(&q, request, verb);
	q.ret_by_arg0 = &by_arg0;
	w = walk_of(judged->subject, verb);
	while ((rule = walk_next(&w))) {
		struct distance d = distance_of(judged->subject->image, rule, &q);

		if (rule->effect == EFFECT_DENY || rule_is_on_trial(rule) || !d.differs)
			continue;
		/* of equally far ones the one that has more in common with the request */
		if (nearest && (d.differs > least.differs ||
				       (d.differs == least.differs && d.agrees <= least.agrees)))
			continue;
		nearest = rule;
		least = d;
	}
	if (!nearest)
		return NULL;
	*ret_image = judged->subject->image;
	*ret_differs = least.name;
	return nearest;
}
