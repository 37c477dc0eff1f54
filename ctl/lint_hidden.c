/*
 * lint_hidden.c - rules that a later one always takes the decision from, or that fit nothing. Only what speaks to all whom
 * the rule speaks to counts: the rest of its own section, and the sections for everybody after it.
 */
#include <inttypes.h>

#include "ctl/lint.h"
#include "policy/covers.h"

/* The first rule of a section, from index `from` on, that covers `rule`. */
static const struct rule *section_hides(
	const struct image *image, const struct section *s, uint32_t from, const struct rule *rule)
{
	for (uint32_t i = from; i < s->rules[rule->verb].count; i++) {
		const struct rule *later = &image->rules[s->rules[rule->verb].first + i];

		if (rule_covers(image, later, rule))
			return later;
	}
	return NULL;
}

static const struct rule *policy_hides(
	const struct image *image, const struct section *s, uint32_t index, const struct rule *rule)
{
	const struct rule *later = section_hides(image, s, index + 1, rule);

	for (uint32_t i = 0; !later && i < image->header->sections.count; i++) {
		const struct section *other = &image->sections[i];

		if (other->context > s->context && section_is_common(other))
			later = section_hides(image, other, 0, rule);
	}
	return later;
}

/* An allow that another file takes back: that is how administrators narrow what packages say. */
static bool is_override(
	const struct image *image, const struct rule *rule, const struct rule *later)
{
	return rule->effect == EFFECT_ALLOW &&
	       !slice_equal(image_slice(image, rule->file), image_slice(image, later->file));
}

static void rule_look(struct lint *l, const struct section *s, enum rule_verb verb, uint32_t index)
{
	const struct image *image = l->image;
	uint32_t at = s->rules[verb].first + index;
	const struct rule *rule = &image->rules[at];
	const struct rule *later = policy_hides(image, s, index, rule);

	l->dead[at] = later || rule_never_fits(image, rule);
	if (!later || rule_never_fits(image, rule))
		return;
	if (later->effect == rule->effect)
		lint_add(l, LINT_REDUNDANT, rule,
			"adds nothing: %s:%" PRIu32 " %s says the same of all that it fits",
			image_string(image, later->file), later->line,
			image_string(image, later->text));
	else
		lint_add_as(l, LINT_SHADOWED, is_override(image, rule, later) ? NOTE : WARNING,
			rule,
			"never decides: %s:%" PRIu32
			" %s comes later, fits whatever it fits, and says the opposite",
			image_string(image, later->file), later->line,
			image_string(image, later->text));
}

void lint_hidden(struct lint *l)
{
	for (uint32_t i = 0; i < l->image->header->sections.count; i++) {
		const struct section *s = &l->image->sections[i];

		for (unsigned int verb = 0; verb < RULE_VERBS; verb++)
			for (uint32_t n = 0; n < s->rules[verb].count; n++)
				rule_look(l, s, verb, n);
	}
}
