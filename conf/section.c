/*
 * section.c - to whom the rules of a <policy> speak. A user or group that is not known is nobody, and
 * its rules are checked and lost; a unit or a label need not be known, it is asked of each
 * connection whether it is one.
 */
#include "base/drop.h"
#include "conf/section.h"
#include "conf/users.h"

static int section_of_context(struct reading *r, const char *value)
{
	if (strcmp(value, "default") == 0)
		r->section.context = SECTION_DEFAULT;
	else if (strcmp(value, "mandatory") == 0)
		r->section.context = SECTION_MANDATORY;
	else
		return reading_fault(
			r, "bad policy context \"%s\": must be default or mandatory", value);
	return 0;
}

static int section_of_id(
	struct reading *r, enum section_context context, const char *what, const char *value, int e)
{
	r->section.context = context;
	if (error_is_shortage(e))
		return e;
	if (e < 0) {
		r->section.unknown = true;
		reading_remark(r, LOG_WARNING, "unknown %s \"%s\"%s%s: this policy is ignored",
			what, value, e == -ENOENT ? "" : ": ", e == -ENOENT ? "" : strerror(-e));
	}
	return 0;
}

static int section_of_user(struct reading *r, const char *value)
{
	int e = user_resolve(r->c->site, value, &r->section.id);

	return section_of_id(r, SECTION_USER, "user", value, e);
}

static int section_of_group(struct reading *r, const char *value)
{
	int e = group_resolve(r->c->site, value, &r->section.id);

	return section_of_id(r, SECTION_GROUP, "group", value, e);
}

static int section_of_console(struct reading *r, const char *value)
{
	const char *const attributes[] = {"at_console", value, NULL};

	r->section.context = SECTION_NO_CONSOLE;
	if (strcmp(value, "true") == 0)
		reading_remark(r, LOG_NOTICE,
			"at_console=\"true\" applies to nobody: this policy is ignored");
	return attribute_choice(r, attributes, "at_console", "true", "false", &r->section.dead);
}

static int section_of_pattern(
	struct reading *r, enum section_context context, const char *what, const char *value)
{
	if (!*value)
		return reading_fault(r, "a %s must not be empty", what);
	r->section.context = context;
	r->section.pattern = arena_text(&r->c->arena, slice_of(value));
	return r->section.pattern.text ? 0 : -ENOMEM;
}

void unit_remark(struct reading *r, const char *pattern)
{
	static const char *const ends[] = {
		"*", ".service", ".scope", ".slice", ".socket", ".mount", ".swap"};
	size_t size = strlen(pattern);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i]);

		if (size >= n && strcmp(pattern + size - n, ends[i]) == 0)
			return;
	}
	reading_remark(r, LOG_WARNING,
		"nobody can be in a unit \"%s\": their names end in .service, .scope, .slice and "
		"the "
		"like",
		pattern);
}

static int section_of_unit(struct reading *r, const char *value)
{
	if (*value)
		unit_remark(r, value);
	return section_of_pattern(r, SECTION_UNIT, "unit", value);
}

static int section_of_label(struct reading *r, const char *value)
{
	return section_of_pattern(r, SECTION_LABEL, "label", value);
}

static const struct {
	const char *name;
	int (*begin)(struct reading *r, const char *value);
} kinds[] = {
	{"context", section_of_context},
	{"user", section_of_user},
	{"group", section_of_group},
	{"at_console", section_of_console},
	{"unit", section_of_unit},
	{"label", section_of_label},
};

int section_open(struct reading *r, const char *const *attributes)
{
	const char *value = NULL;
	size_t kind = 0, n = 0;
	int e;

	memset(&r->section, 0, sizeof(r->section));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *given = attribute_find(attributes, kinds[i].name);

		if (!given)
			continue;
		value = given;
		kind = i;
		n++;
	}
	if (n != 1)
		return reading_fault(r,
			"<policy> must have exactly one of context, user, group, at_console, unit "
			"and label");
	e = attribute_choice(
		r, attributes, "mode", "permissive", "enforcing", &r->section.permissive);
	return e ? e : kinds[kind].begin(r, value);
}
