/* lint_form.c - rules that can be judged by themselves: what they say cannot be meant */
#include "ctl/lint.h"

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Names of interfaces, errors and buses: parts between dots. `more`: a byte that is good, too. */
static bool dotted_is_good(struct slice s, char more, uint32_t parts_min)
{
	uint32_t parts = 1;

	for (size_t i = 0; i < s.size; i++) {
		if (s.text[i] == '.') {
			if (i == 0 || i + 1 == s.size || s.text[i - 1] == '.')
				return false;
			parts++;
		} else if (!is_name_byte(s.text[i]) && s.text[i] != more) {
			return false;
		}
	}
	return s.size > 0 && parts >= parts_min;
}

static bool path_is_good(struct slice s)
{
	if (s.size == 0 || s.text[0] != '/')
		return false;
	for (size_t i = 1; i < s.size; i++)
		if (!is_name_byte(s.text[i]) && (s.text[i] != '/' || s.text[i - 1] == '/'))
			return false;
	return s.size == 1 || s.text[s.size - 1] != '/';
}

static bool member_is_good(struct slice s)
{
	return dotted_is_good(s, '_', 1) && !memchr(s.text, '.', s.size);
}

static bool name_is_good(struct slice s, uint8_t kind)
{
	if (s.size > 0 && s.text[0] == ':')
		return dotted_is_good((struct slice){s.text + 1, s.size - 1}, '-', 2);
	return dotted_is_good(s, '-', kind == NAME_PREFIX ? 1 : 2);
}

/* A text of the rule that no message and no name can have; absent if there is none. */
static struct slice impossible_text(const struct image *image, const struct rule *rule)
{
	const struct slice name = image_slice(image, rule->name),
			   path = image_slice(image, rule->path),
			   interface = image_slice(image, rule->interface),
			   member = image_slice(image, rule->member),
			   error = image_slice(image, rule->error);

	if (name.text && !name_is_good(name, rule->name_kind))
		return name;
	if (path.text && !path_is_good(path))
		return path;
	if (interface.text && !dotted_is_good(interface, '_', 2))
		return interface;
	if (member.text && !member_is_good(member))
		return member;
	if (error.text && !dotted_is_good(error, '_', 2))
		return error;
	return (struct slice){NULL, 0};
}

bool rule_never_fits(const struct image *image, const struct rule *rule)
{
	return impossible_text(image, rule).text || rule->min_fds > rule->max_fds ||
	       (rule->broadcast == IS_TRUE && rule->type && rule->type != 4);
}

static void fitting_look(struct lint *l, const struct rule *rule)
{
	struct slice text = impossible_text(l->image, rule);
	bool closes = rule->effect == EFFECT_DENY || rule->effect == EFFECT_CHECK;
	enum severity severity = closes ? ERROR : WARNING;

	if (!rule_never_fits(l->image, rule))
		return;
	if (text.text)
		lint_add_as(l, LINT_NEVER_FITS, severity, rule,
			"\"%.*s\" is compared as it stands, and nothing can be called so%s",
			SLICE_FMT(text),
			memchr(text.text, '*', text.size)
				? " (a \"*\" inside a value is no wildcard)"
				: "");
	else
		lint_add_as(l, LINT_NEVER_FITS, severity, rule, "%s",
			rule->min_fds > rule->max_fds
				? "min_fds is above max_fds: no message has such a number of "
				  "descriptors"
				: "only signals are broadcast, and the rule is about another type");
}

static void eavesdrop_look(struct lint *l, const struct rule *rule)
{
	if (rule->eavesdrop != IS_TRUE || l->options->session)
		return;
	if (rule->effect == EFFECT_ALLOW)
		lint_add(l, LINT_EAVESDROP, rule,
			"eavesdropping is deprecated, and this lets messages be read by others "
			"than "
			"those they are addressed to");
	else
		lint_add_as(l, LINT_EAVESDROP, NOTE, rule,
			"eavesdropping is deprecated, and nobody may do it who is not allowed to");
}

void lint_forms(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *rule = at->rule;

	fitting_look(l, rule);
	eavesdrop_look(l, rule);
	if (rule->error.at && rule->type != 3)
		lint_add(l, LINT_ERROR_WITHOUT_TYPE, rule,
			"an error name is compared only where there is one: the rule fits every "
			"message "
			"that is no error, too");
	/* once for each section */
	if (at->section->context == SECTION_NO_CONSOLE &&
		rule == &l->image->rules[at->section->rules[RULE_CONNECT].first])
		lint_add(l, LINT_AT_CONSOLE, rule,
			"at_console is deprecated: nobody counts as being at the console, so the "
			"policy "
			"applies to everybody, root included, and after all of default, groups and "
			"users");
}

void lint_arguments(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *rule = at->rule;

	if (rule->arg0_kind == ARG0_ANY || rule->name_kind != NAME_ANY)
		return;
	lint_add(l, LINT_ARG0_ANYWHERE, rule,
		"fits whatever has this first argument, to every service on the bus: what the "
		"argument means is another thing for each of them");
}
