/*
 * may_call.c - could this subject send that name any method call? Asked before a service is
 * started on request: who may not talk to it has no business starting it. Constraints on path,
 * interface and member are taken as met by an allow and as avoidable under a deny, so the answer is
 * no only where every call would be refused.
 */
#include "policy/rules.h"

static bool names_destination(
	const struct image *image, const struct rule *rule, struct slice destination)
{
	struct slice name = image_slice(image, rule->name);

	if (rule->name_kind == NAME_ANY)
		return true;
	if (rule->name_kind == NAME_EXACT)
		return slice_equal(name, destination);
	return slice_leads(name, destination, '.');
}

/* Can the rule decide about some call to the destination? */
static bool can_fit(const struct image *image, const struct rule *rule, struct slice destination)
{
	return !rule_is_on_trial(rule) && (rule->type == 0 || rule->type == 1) &&
	       rule->broadcast != IS_TRUE && names_destination(image, rule, destination);
}

/* Does it fit every call to it? Only asked of one that can fit some. */
static bool fits_all(const struct rule *rule)
{
	return !rule->path.at && !rule->interface.at && !rule->member.at && rule->min_fds == 0 &&
	       rule->max_fds == UINT32_MAX && rule->arg0_kind == ARG0_ANY;
}

bool rules_may_call(const struct request *request)
{
	const struct subject *subject = request->sender->subject;
	struct slice destination = request->traffic->destination;

	for (uint32_t i = subject->sections_n; i-- > 0;) {
		const struct section *s = subject->sections[i];
		const struct rule *first = subject->image->rules + s->rules[RULE_SEND].first;

		for (uint32_t j = s->rules[RULE_SEND].count; j-- > 0;) {
			const struct rule *rule = &first[j];

			if (!can_fit(subject->image, rule, destination))
				continue;
			if (rule->effect != EFFECT_DENY)
				return true;
			if (fits_all(rule))
				return false;
		}
	}
	return false;
}
