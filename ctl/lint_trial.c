/* lint_trial.c - what is still on trial: told once for each policy, so that it is not forgotten there */
#include <inttypes.h>

#include "ctl/lint.h"

/* Whether an earlier rule of the section stands in the same file and is permissive, too. */
static bool is_told(const struct image *image, const struct section *s, const struct rule *rule)
{
	for (const struct rule *r = &image->rules[s->rules[0].first]; r < rule; r++)
		if (r->permissive &&
			slice_equal(image_slice(image, r->file), image_slice(image, rule->file)))
			return true;
	return false;
}

static uint32_t trials_n(const struct image *image, const struct section *s, struct image_text file)
{
	uint32_t n = 0;

	for (unsigned int verb = 0; verb < RULE_VERBS; verb++)
		for (uint32_t i = 0; i < s->rules[verb].count; i++) {
			const struct rule *rule = &image->rules[s->rules[verb].first + i];

			n += rule_is_on_trial(rule) &&
			     slice_equal(image_slice(image, rule->file), image_slice(image, file));
		}
	return n;
}

static void section_look(struct lint *l, const struct section *s, const struct rule *rule)
{
	uint32_t n;

	if (!rule->permissive || is_told(l->image, s, rule))
		return;
	n = trials_n(l->image, s, rule->file);
	if (n)
		lint_add(l, LINT_ON_TRIAL, rule,
			"the policy for %s is on trial: what its rules (%" PRIu32
			") refuse is let through and recorded",
			section_whom(s), n);
	else
		lint_add(l, LINT_ON_TRIAL, rule,
			"there is nothing to try: mode=\"permissive\" is about what is refused, "
			"and "
			"what a policy allows is allowed all the same");
}

void lint_trials(struct lint *l)
{
	const struct image *image = l->image;

	for (uint32_t i = 0; i < image->header->sections.count; i++) {
		const struct section *s = &image->sections[i];

		for (unsigned int verb = 0; verb < RULE_VERBS; verb++)
			for (uint32_t n = 0; n < s->rules[verb].count; n++)
				section_look(l, s, &image->rules[s->rules[verb].first + n]);
	}
	for (uint32_t i = 0; i < image->header->restrictions.count; i++)
		if (image->restrictions[i].permissive)
			lint_add_restriction(l, LINT_ON_TRIAL, &image->restrictions[i],
				"the restriction is on trial: who does not meet it may own the "
				"name, "
				"which is recorded");
}
