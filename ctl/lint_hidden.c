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

static bool says_the_same(const struct image *image, const struct rule *a, const struct rule *b)
{
	return a->effect == b->effect &&
	       slice_equal(image_slice(image, a->action), image_slice(image, b->action));
}

/* What the later one of two says that do not say the same. */
static const char *contradiction(const struct rule *rule, const struct rule *later)
{
	if (later->effect != EFFECT_CHECK)
		return "says the opposite";
	return rule->effect == EFFECT_CHECK ? "asks polkit about another action" : "asks polkit";
}

static void hidden_add(struct lint *l, const struct rule *rule, const struct rule *later)
{
	const struct image *image = l->image;
	const char *file = image_string(image, later->file);
	const char *text = image_string(image, later->text);

	if (says_the_same(image, rule, later))
		lint_add(l, LINT_REDUNDANT, rule,
			"adds nothing: %s:%" PRIu32 " %s says the same of all that it fits", file,
			later->line, text);
	else if (rule->effect == EFFECT_CHECK && later->effect == EFFECT_ALLOW)
		lint_add(l, LINT_UNCHECKED, rule,
			"polkit is never asked: %s:%" PRIu32
			" %s comes later, fits whatever it fits, and lets it through",
			file, later->line, text);
	else
		lint_add_as(l, LINT_SHADOWED, is_override(image, rule, later) ? NOTE : WARNING,
			rule,
			"never decides: %s:%" PRIu32
			" %s comes later, fits whatever it fits, and %s",
			file, later->line, text, contradiction(rule, later));
}

static void rule_look(struct lint *l, const struct section *s, enum rule_verb verb, uint32_t index)
{
	const struct image *image = l->image;
	uint32_t at = s->rules[verb].first + index;
	const struct rule *rule = &image->rules[at];
	const struct rule *later = policy_hides(image, s, index, rule);

	l->dead[at] = later || rule_never_fits(image, rule);
	if (later && !rule_never_fits(image, rule))
		hidden_add(l, rule, later);
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
