/* lint_own.c - names that can be taken by who should not have them */
#include <inttypes.h>

#include "ctl/lint.h"
#include "policy/covers.h"

/* Users below are the system's own. */
#define UID_PEOPLE 1000

/* A rule of root's own section that allows it this name. */
static const struct rule *root_rule(const struct lint *l, const struct rule *rule)
{
	const struct section *s = image_section(l->image, SECTION_USER, 0);

	for (uint32_t i = 0; s && i < s->rules[RULE_OWN].count; i++) {
		const struct rule *other = &l->image->rules[s->rules[RULE_OWN].first + i];

		if (other->effect == EFFECT_ALLOW && other->name_kind != NAME_ANY &&
			rules_names_meet(l->image, rule, other))
			return other;
	}
	return NULL;
}

static uint32_t parts_n(struct slice name)
{
	uint32_t n = 1;

	for (size_t i = 0; i < name.size; i++)
		n += name.text[i] == '.';
	return n;
}

/* Prefixes below which many have their names. */
static bool prefix_is_shared(struct slice prefix)
{
	static const char *const shared[] = {"org.freedesktop", "org.gnome", "org.kde",
		"org.debian", "com.ubuntu", "com.canonical", "com.redhat", "org.fedoraproject",
		"org.opensuse", "com.github", "io.github", "com.gitlab", "io.gitlab"};

	if (parts_n(prefix) == 1)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		if (slice_is(prefix, shared[i]))
			return true;
	return false;
}

static void name_look(struct lint *l, const struct section *s, const struct rule *rule)
{
	const struct rule *root = root_rule(l, rule);
	struct slice name = image_slice(l->image, rule->name);
	bool common = section_is_common(s);

	if ((s->context == SECTION_USER && s->id < UID_PEOPLE) || s->context == SECTION_UNIT ||
		s->context == SECTION_LABEL)
		return;
	if (root) {
		lint_add(l, LINT_OWN_OF_ROOT, rule,
			"%s may take a name that %s:%" PRIu32
			" lets root own, and be taken for root's service by its callers",
			common			     ? "everybody"
			: s->context == SECTION_USER ? "an ordinary user"
						     : "every member of a group",
			image_string(l->image, root->file), root->line);
		return;
	}
	if (common)
		lint_add(l, LINT_OWN_BY_ANYONE, rule,
			"everybody may take the name %.*s and answer its callers", SLICE_FMT(name));
}

void lint_owns(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *rule = at->rule;
	struct slice name = image_slice(l->image, rule->name);

	if (rule->verb != RULE_OWN || rule->effect != EFFECT_ALLOW || l->options->session ||
		section_is_root(at->section))
		return;
	if (rule->name_kind == NAME_ANY) {
		lint_add(l, LINT_OWN_ANY, rule,
			"%s may take every name on the bus that is not denied later, also those of "
			"services that run as root",
			section_is_common(at->section) ? "everybody" : "somebody who is not root");
		return;
	}
	if (rule->name_kind == NAME_PREFIX && prefix_is_shared(name))
		lint_add(l, LINT_BROAD_PREFIX, rule,
			"below %.*s many services have their names, and all of them may be taken",
			SLICE_FMT(name));
	name_look(l, at->section, rule);
}
