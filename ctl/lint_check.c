/* lint_check.c - rules that ask, and rules that record: what they ask about, and whether there is something */
#include <inttypes.h>

#include "ctl/lint.h"
#include "policy/covers.h"

/* Whether a polkit action is declared in what lint_actions_read has read. */
static bool action_is_declared(const struct lint *l, struct slice action)
{
	const char *at = (const char *)l->actions.data;

	for (size_t left = l->actions.size; left > action.size + 5; at++, left--)
		if (memcmp(at, "id=\"", 4) == 0 && memcmp(at + 4, action.text, action.size) == 0 &&
			at[4 + action.size] == '"')
			return true;
	return false;
}

/* A deny that stands before the check in its section, and of whose calls the check takes all. A
 * section that makes an exception from others is meant to do that. */
static void undone_look(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *first = &l->image->rules[at->section->rules[at->rule->verb].first];

	for (const struct rule *deny = first; deny < at->rule; deny++) {
		struct rule calls = *deny;

		calls.type = deny->verb == RULE_SEND ? 1 : 0;
		if (deny->effect != EFFECT_DENY || deny->name_kind == NAME_ANY ||
			l->dead[deny - l->image->rules] ||
			(deny->verb == RULE_SEND && !rule_is_about_calls(deny)) ||
			!rule_covers(l->image, at->rule, &calls))
			continue;
		lint_add(l, LINT_CHECK_UNDOES, at->rule,
			"comes behind %s:%" PRIu32
			" %s, and what that refuses polkit is asked about",
			image_string(l->image, deny->file), deny->line,
			image_string(l->image, deny->text));
	}
}

void lint_checks(struct lint *l, const struct place_of_rule *at)
{
	struct slice action = image_slice(l->image, at->rule->action);

	if (at->rule->effect != EFFECT_CHECK)
		return;
	undone_look(l, at);
	if (action_is_declared(l, action))
		return;
	lint_add(l, LINT_NO_ACTION, at->rule,
		"no polkit action %.*s is declared here, and what polkit does not know it refuses",
		SLICE_FMT(action));
}

/* Whether a rule in force lets something through that the audit rule could fit. */
static bool is_allowed_somewhere(
	const struct lint *l, const struct rule *audit, enum rule_verb verb)
{
	for (uint32_t i = 0; i < l->image->header->rules.count; i++) {
		const struct rule *rule = &l->image->rules[i];

		if (rule->verb == verb && rule->effect != EFFECT_DENY && !rule_is_on_trial(rule) &&
			(!rule->type || !audit->type || rule->type == audit->type) &&
			rules_names_meet(l->image, rule, audit))
			return true;
	}
	return false;
}

void lint_audits(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *rule = at->rule;
	bool owns = rule->verb == RULE_AUDIT_OWN;

	if (rule->effect != EFFECT_AUDIT)
		return;
	/* signals to who has not asked for them are refused without a record */
	if (rule->on == ON_DENY && (owns || (rule->type && rule->type != 4))) {
		lint_add(l, LINT_AUDIT_NOTHING, rule,
			"adds nothing: what is refused is recorded without it");
		return;
	}
	if (rule->on == ON_ALLOW && !is_allowed_somewhere(l, rule, owns ? RULE_OWN : RULE_SEND))
		lint_add(l, LINT_AUDIT_NOTHING, rule,
			"records nothing: the rules that are looked at allow nothing of this");
}

/* Of the last see rules of a section one lets the name be seen. */
static bool section_shows(const struct lint *l, const struct section *s, const struct rule *deny)
{
	bool shows = false;

	for (uint32_t i = 0; i < s->rules[RULE_SEE].count; i++) {
		const struct rule *rule = &l->image->rules[s->rules[RULE_SEE].first + i];

		if (rules_names_meet(l->image, rule, deny))
			shows = rule->effect == EFFECT_ALLOW;
	}
	return shows;
}

/* A rule of the section that opens the hidden name, be it to own it or to call it. */
static const struct rule *section_opens(
	const struct lint *l, const struct section *s, const struct rule *deny)
{
	static const enum rule_verb verbs[] = {RULE_OWN, RULE_SEND};

	for (size_t v = 0; v < ARRAY_SIZE(verbs); v++)
		for (uint32_t i = 0; i < s->rules[verbs[v]].count; i++) {
			uint32_t index = s->rules[verbs[v]].first + i;
			const struct rule *rule = &l->image->rules[index];

			if (rule->effect != EFFECT_DENY && rule->name_kind == NAME_EXACT &&
				!l->dead[index] && rules_names_meet(l->image, rule, deny) &&
				(rule->verb == RULE_OWN || rule_is_about_calls(rule)))
				return rule;
		}
	return NULL;
}

void lint_sees(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *deny = at->rule;

	if (deny->verb != RULE_SEE || deny->effect != EFFECT_DENY)
		return;
	for (uint32_t i = 0; i < l->image->header->sections.count; i++) {
		const struct section *s = &l->image->sections[i];
		const struct rule *opens;

		if (s != at->section && !section_is_common(at->section) && !section_is_common(s))
			continue;
		opens = s != at->section && section_shows(l, s, deny) ? NULL
								      : section_opens(l, s, deny);
		if (!opens)
			continue;
		lint_add(l, LINT_SEEN_ANYWAY, deny,
			"%s may %s the name by %s:%" PRIu32 " %s, and so sees it", section_whom(s),
			opens->verb == RULE_OWN ? "own" : "call",
			image_string(l->image, opens->file), opens->line,
			image_string(l->image, opens->text));
		return;
	}
}
