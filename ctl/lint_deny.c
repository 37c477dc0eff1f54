/*
 * lint_deny.c - deny rules that do less, or more, than they seem to: what a call without interface
 * makes of them here and on other buses.
 */
#include <inttypes.h>

#include "ctl/lint.h"
#include "policy/covers.h"

static bool texts_meet(const struct image *image, struct image_text a, struct image_text b)
{
	return !a.at || !b.at || slice_equal(image_slice(image, a), image_slice(image, b));
}

/* Does the allow fit calls without interface that the deny is meant to stop? */
static bool allow_undercuts(
	const struct image *image, const struct rule *allow, const struct rule *deny)
{
	return allow->effect == EFFECT_ALLOW && !allow->interface.at &&
	       rule_is_about_calls(allow) && rules_names_meet(image, allow, deny) &&
	       texts_meet(image, allow->member, deny->member) &&
	       texts_meet(image, allow->path, deny->path);
}

/* The last such allow that is read before the deny by somebody both speak to. */
static const struct rule *undercut_find(const struct lint *l, const struct place_of_rule *at)
{
	const struct rule *found = NULL;

	for (uint32_t i = 0; i < l->image->header->sections.count; i++) {
		const struct section *s = &l->image->sections[i];
		const struct rule *rule = &l->image->rules[s->rules[RULE_SEND].first];
		bool before = s->context < at->section->context && !section_is_root(s);

		if (s != at->section && !before)
			continue;
		for (uint32_t n = s->rules[RULE_SEND].count; n > 0; n--, rule++) {
			if (s == at->section && rule >= at->rule)
				break;
			if (!l->dead[rule - l->image->rules] &&
				allow_undercuts(l->image, rule, at->rule))
				found = rule;
		}
	}
	return found;
}

static void interface_look(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *rule = at->rule, *allow = undercut_find(l, at);
	const char *member = image_string(l->image, rule->member);

	if (!allow)
		return;
	lint_add(l, LINT_DENY_BY_INTERFACE, rule,
		"a call may leave its interface out: dbus-broker then passes this deny over and "
		"%s:%" PRIu32
		" %s lets the call through, so there it can be dodged; dbus-warden and "
		"dbus-daemon refuse such a call, and with it every call%s%s that names no "
		"interface",
		image_string(l->image, allow->file), allow->line,
		image_string(l->image, allow->text), *member ? " of a member " : "", member);
}

void lint_denies(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *rule = at->rule;

	if (rule->verb != RULE_SEND || rule->effect != EFFECT_DENY || !rule_is_about_calls(rule))
		return;
	if (rule->name_kind != NAME_ANY) {
		/* what follows is about a bus that does not know units and labels */
		if (rule->interface.at && !section_is_root(at->section) &&
			at->section->context != SECTION_UNIT &&
			at->section->context != SECTION_LABEL && rule->arg0_kind == ARG0_ANY)
			interface_look(l, at);
		return;
	}
	if (!rule->interface.at && !rule->path.at && !rule->member.at)
		return;
	lint_add(l, LINT_DENY_WITHOUT_DESTINATION, rule,
		"refuses this towards every service on the bus, not only the one that the file is "
		"about%s",
		rule->interface.at
			? ", and fits every call that leaves its interface out, whatever "
			  "that is meant for"
			: "");
}
