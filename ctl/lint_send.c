/* lint_send.c - allow rules that let more through than their file is about */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "conf/file.h"
#include "ctl/ask.h"
#include "ctl/lint.h"

#define DRIVER "org.freedesktop.DBus"
#define ACTIONS_SIZE_MAX (1u << 20) /* of one file */

bool section_is_common(const struct section *s)
{
	return s->context == SECTION_DEFAULT || s->context == SECTION_NO_CONSOLE ||
	       s->context == SECTION_MANDATORY;
}

const char *section_whom(const struct section *s)
{
	static const char *const whom[] = {[SECTION_DEFAULT] = "everybody",
		[SECTION_GROUP] = "the group",
		[SECTION_USER] = "the user",
		[SECTION_NO_CONSOLE] = "everybody",
		[SECTION_UNIT] = "who runs in the unit",
		[SECTION_LABEL] = "who has the label",
		[SECTION_MANDATORY] = "everybody"};

	return whom[s->context];
}

bool section_is_root(const struct section *s)
{
	return s->context == SECTION_USER && s->id == 0;
}

bool rule_is_about_calls(const struct rule *rule)
{
	return (rule->type == 0 || rule->type == 1) && rule->broadcast != IS_TRUE &&
	       !(rule->error.at && !rule->type);
}

void lint_actions_read(struct lint *l, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		DROP_HEAP char *path = NULL, *data = NULL;
		size_t size, n = strlen(entry->d_name);
		int fd;

		if (n < 7 || strcmp(entry->d_name + n - 7, ".policy") != 0 ||
			asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			continue;
		fd = file_open(path);
		if (fd < 0)
			continue;
		if (file_read(fd, ACTIONS_SIZE_MAX, &data, &size) == 0)
			writer_bytes(&l->actions, data, strlen(data));
		close(fd);
	}
	if (dir)
		closedir(dir);
	l->failed |= l->actions.bad;
}

/*
 * Whether polkit actions are declared whose ids begin with the name; its version may be left out. A
 * vendor's other actions say nothing about this service.
 */
static bool name_has_actions(const struct lint *l, struct slice name)
{
	const char *at = (const char *)l->actions.data;
	size_t stem = name.size;

	while (stem > 0 && name.text[stem - 1] >= '0' && name.text[stem - 1] <= '9')
		stem--;
	for (size_t left = l->actions.size; left > stem + 5; at++, left--) {
		size_t n = 4 + stem;

		if (memcmp(at, "id=\"", 4) != 0 || strncasecmp(at + 4, name.text, stem) != 0)
			continue;
		while (n < left - 1 && at[n] >= '0' && at[n] <= '9')
			n++;
		if (at[n] == '.')
			return true;
	}
	return false;
}

/* Whether root may own the name, by the rules that are looked at. */
static bool root_may_own(struct lint *l, struct slice name)
{
	struct person root;
	bool may = false;

	if (person_init_like(&root, l->image, &(struct identity){0}) == 0) {
		const struct request request = {
			.verb = VERB_OWN, .sender = &root.party, .name = name};

		may = request_answer(&request).answer == ANSWER_ALLOW;
	} else {
		l->failed = true;
	}
	person_fini(&root);
	return may;
}

static void destination_look(struct lint *l, const struct rule *rule)
{
	struct slice name = image_slice(l->image, rule->name);

	if (rule->interface.at || rule->path.at || rule->member.at)
		return;
	if (slice_is(name, DRIVER)) {
		lint_add(l, LINT_OPEN_DRIVER, rule,
			"opens every method of the bus itself to everybody, those for "
			"administrators "
			"included: only the checks in the bus's own code are left");
		return;
	}
	if (!root_may_own(l, name))
		return;
	if (name_has_actions(l, name))
		lint_add_as(l, LINT_OPEN_SERVICE, NOTE, rule,
			"everybody may call every method of %.*s, which root may own; polkit "
			"actions of "
			"that name are installed, so the service seems to authorise its callers",
			SLICE_FMT(name));
	else
		lint_add(l, LINT_OPEN_SERVICE, rule,
			"everybody may call every method of %.*s, which root may own, and no "
			"polkit "
			"action of that name is installed: if the service does not authorise each "
			"call "
			"itself, this gives root's rights away",
			SLICE_FMT(name));
}

/* No destination, but an interface: it reaches that interface of every service. */
static void interface_look(
	struct lint *l, const struct section *s, const struct rule *rule, const char *who)
{
	struct slice interface = image_slice(l->image, rule->interface);
	struct slice member = image_slice(l->image, rule->member);
	enum severity severity = section_is_common(s) ? WARNING : NOTE;

	if (slice_is(interface, "org.freedesktop.DBus.Properties") &&
		(!member.text || slice_is(member, "Set"))) {
		lint_add(l, LINT_NO_DESTINATION, rule,
			"%s may read and set the properties of every service on the bus, as far as "
			"the "
			"services themselves let it",
			who);
		return;
	}
	if (slice_is(interface, "org.freedesktop.DBus.Introspectable") ||
		slice_is(interface, "org.freedesktop.DBus.Peer"))
		severity = NOTE;
	lint_add_as(l, LINT_NO_DESTINATION, severity, rule,
		"%s may send this to every service on the bus, not only to the one that the file "
		"is "
		"about",
		who);
}

void lint_sends(struct lint *l, const struct place_of_rule *at)
{
	const struct rule *rule = at->rule;
	bool common = section_is_common(at->section);
	const char *who = section_whom(at->section);

	if (rule->verb != RULE_SEND || rule->effect != EFFECT_ALLOW || l->options->session ||
		!rule_is_about_calls(rule) || section_is_root(at->section))
		return;
	if (rule->name_kind != NAME_ANY) {
		if (common)
			destination_look(l, rule);
		return;
	}
	if (rule->arg0_kind != ARG0_ANY)
		return; /* lint_arguments */
	if (rule->interface.at || rule->path.at || rule->member.at) {
		interface_look(l, at->section, rule, who);
		return;
	}
	lint_add_as(l, LINT_CALLS_TO_ANYONE, common ? ERROR : WARNING, rule,
		"%s may call every method of every service on the bus, whatever their own files "
		"say "
		"before it%s",
		who,
		rule->requested_reply != UNSET ? " (send_requested_reply limits replies only, not "
						 "calls: send_type is missing)"
					       : "");
}
