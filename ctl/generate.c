/*
 * generate.c - the least policy with which a service does what it was seen to do. Whoever installs it
 * reads it first: what was not seen is not in it, and what was seen need not be right.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/drop.h"
#include "ctl/command.h"
#include "ctl/generate.h"
#include "policy/subject.h"

int generation_add_name(struct generation *g, const struct caller *owner, struct slice name)
{
	struct writer rule = {.limit = 0}, restriction = {.limit = 0};
	char section[WANTED_SECTION_SIZE], user[40];
	int e = 0;

	if (owner->uid == ID_NONE || !name.size || name.text[0] == ':')
		return 0;
	g->found = true;
	wanted_section(section, owner->uid, owner->unit, g->by);
	if (wanted_write_own(&rule, name))
		e = draft_add(&g->draft, section, (struct slice){(char *)rule.data, rule.size},
			NULL, NULL);
	if (e == 0 && rule.size && unit_is_of_system(owner->unit)) {
		snprintf(user, sizeof(user), "\" user=\"%" PRIu32 "\" unit=\"", owner->uid);
		writer_bytes(&restriction, "<restrict own=\"", 15);
		writer_bytes(&restriction, name.text, name.size);
		writer_bytes(&restriction, user, strlen(user));
		writer_bytes(&restriction, owner->unit.text, owner->unit.size);
		writer_bytes(&restriction, "\"/>", 3);
		e = draft_add(&g->restrictions, "",
			(struct slice){(char *)restriction.data, restriction.size}, NULL, NULL);
	}
	if (rule.bad || restriction.bad)
		e = -ENOMEM;
	writer_fini(&rule);
	writer_fini(&restriction);
	return e;
}

int generation_add_call(struct generation *g, const struct caller *caller,
	const struct wanted_message *call, struct draft_rule **ret)
{
	/* services have many objects: a path is named only where nothing else says what is called */
	struct wanted_message m = {.direction = "send",
		.name = call->name,
		.type = SLICE("method_call"),
		.path = call->interface.text ? (struct slice){NULL, 0} : call->path,
		.interface = call->interface,
		.member = call->member};
	struct writer rule = {.limit = 0};
	char section[WANTED_SECTION_SIZE];
	DROP_HEAP char *note = NULL;
	int e = 0;

	if (ret)
		*ret = NULL;
	if (caller->uid == ID_NONE || !m.name.text || !m.member.text ||
		!wanted_write_message(&rule, &m)) {
		g->passed_over++;
	} else if (asprintf(&note, "user %" PRIu32 "%s%.*s%s%.*s, at %.*s", caller->uid,
			   caller->unit.size ? ", " : "", SLICE_FMT(caller->unit),
			   caller->comm.size ? ", " : "", SLICE_FMT(caller->comm),
			   SLICE_FMT(call->path)) < 0) {
		e = -ENOMEM;
	} else {
		wanted_section(section, caller->uid, caller->unit, g->by);
		e = draft_add(&g->draft, section, (struct slice){(char *)rule.data, rule.size},
			note, ret);
	}
	if (rule.bad)
		e = -ENOMEM;
	writer_fini(&rule);
	return e;
}

static void generation_print(struct generation *g)
{
	struct writer what = {.limit = 0};

	wanted_write_comment(&what, g->what);
	printf("<busconfig>\n"
	       "  <!-- What %.*s was seen to need, by wardenctl generate: names, calls to it, and "
	       "calls\n"
	       "       of its own. What was not seen is not here, and calls may have been seen "
	       "that\n"
	       "       should not be allowed. -->\n",
		(int)what.size, (const char *)what.data);
	writer_fini(&what);
	draft_print(&g->draft, stdout);
	if (g->restrictions.all)
		puts("  <!-- With these, nobody else can own the names, whatever other files "
		     "allow: -->");
	for (const struct draft_rule *r = g->restrictions.all; r; r = r->hh.next)
		printf("  <!-- %s -->\n", r->key + r->section + 1);
	puts("</busconfig>");
}

static void generation_json(struct generation *g)
{
	struct json j = {.to = stdout};

	json_open(&j, NULL, '{');
	json_text(&j, "of", g->what);
	json_open(&j, "rules", '[');
	draft_json(&g->draft, &j);
	json_close(&j, ']');
	json_open(&j, "restrictions", '[');
	draft_json(&g->restrictions, &j);
	json_close(&j, ']');
	json_close(&j, '}');
	json_end(&j);
}

/* Units have a suffix that no bus name has to have; a bus name has no "/" or "@". */
static bool is_unit(const char *what)
{
	static const char *const suffixes[] = {".service", ".scope"};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t size = strlen(what), with = strlen(suffixes[i]);

		if (size > with && strcmp(what + size - with, suffixes[i]) == 0)
			return true;
	}
	return strchr(what, '/') || strchr(what, '@');
}

/* 0 or -1, told */
static int seconds_read(const char *text, uint32_t *ret)
{
	*ret = 0;
	if (!text || option_number(text, 31 * 86400, ret))
		return 0;
	say("--watch=%s: not a number of seconds", text);
	return -1;
}

int generate_run(const struct options *o)
{
	struct generation g = {.what = slice_of(o->rest[0]), .is_unit = is_unit(o->rest[0])};
	uint32_t seconds;
	int r;

	if (seconds_read(o->watch, &seconds) < 0 || wanted_by_read(o->by, &g.by) < 0)
		return STATUS_ERROR;
	if (o->from && seconds)
		return say("either --from, what was recorded, or --watch, what happens now");
	r = o->from ? generation_from_records(&g, o) : generation_from_bus(&g, o, seconds);
	if (g.passed_over)
		say("calls that no rule can be made of, and left out: %" PRIu64, g.passed_over);
	if (r == 0 && !g.found && !g.draft.all)
		r = say("nothing is %s of %s", o->from ? "recorded" : "to be seen", o->rest[0]);
	else if (r == 0 && o->json)
		generation_json(&g);
	else if (r == 0)
		generation_print(&g);
	draft_fini(&g.draft);
	draft_fini(&g.restrictions);
	return r ? STATUS_ERROR : STATUS_GOOD;
}
