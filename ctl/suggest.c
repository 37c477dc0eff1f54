/*
 * suggest.c - recorded refusals, turned into the rules that would admit them: a file that can be read,
 * judged and installed. What a rule cannot help stands in it as a comment, with the reason.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/drop.h"
#include "base/hash.h"
#include "ctl/command.h"
#include "ctl/filter.h"
#include "ctl/moment.h"
#include "ctl/wanted.h"
#include "ctl/wording.h"

/* Clients choose what they are refused; more kinds of it than this nobody reads. */
#define SUGGESTIONS_MAX 10000

/* All refusals that one rule would help. */
struct suggestion {
	char *key; /* owned: section and rule, or what could not be helped */
	enum hope hope;
	char section[WANTED_SECTION_SIZE];
	struct slice rule; /* in `key`; absent if there is none */
	const char *why;
	char *who, *what, *by; /* owned, of the last one: fit for comments */
	uint64_t times, last;
	UT_hash_handle hh;
};

struct suggestions {
	struct suggestion *all; /* owned */
	enum wanted_by by;
	struct people people;
	uint64_t beyond; /* refusals that were not looked at one by one */
};

static void suggestion_free(struct suggestion *s)
{
	if (!s)
		return;
	free(s->key);
	free(s->who);
	free(s->what);
	free(s->by);
	free(s);
}

DROP_WITH(suggestion, suggestion_free)

static void suggestions_fini(struct suggestions *all)
{
	struct suggestion *s, *next;

	HASH_ITER(hh, all->all, s, next)
	{
		HASH_DEL(all->all, s);
		suggestion_free(s);
	}
}

/* What of an entry a comment says. */
enum part { PART_WHO, PART_WHAT, PART_BY };

static void part_print(
	enum part part, const struct entry *e, unsigned int end, struct people *people, FILE *to)
{
	switch (part) {
	case PART_WHO:
		entry_print_end(e, end, people, to);
		return;
	case PART_WHAT:
		entry_print_what(e, people, to);
		return;
	case PART_BY:
		entry_print_why(e, to);
		return;
	}
}

/* Fit for a comment, to be freed; NULL without memory. */
static char *part_string(
	enum part part, const struct entry *e, unsigned int end, struct people *people)
{
	struct writer w = {.limit = 0};
	DROP_HEAP char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	part_print(part, e, end, people, to);
	if (fclose(to) != 0)
		return NULL;
	wanted_write_comment(&w, (struct slice){text, size});
	writer_bytes(&w, "", 1);
	if (!w.bad)
		return (char *)w.data;
	writer_fini(&w);
	return NULL;
}

/* Section and rule tell suggestions apart; without a rule, why there is none, and what for. To be
 * freed. */
static char *key_of(const struct wanted *w, const struct entry *e)
{
	static const enum record_field fields[] = {RECORD_VERB, RECORD_NAME, RECORD_DESTINATION,
		RECORD_TYPE, RECORD_INTERFACE, RECORD_MEMBER, RECORD_LIMIT};
	struct writer key = {.limit = 0};

	writer_bytes(&key, w->section, strlen(w->section));
	if (w->hope == HOPE_NONE)
		writer_bytes(&key, w->why, strlen(w->why));
	for (size_t i = 0; w->hope == HOPE_NONE && i < ARRAY_SIZE(fields); i++) {
		writer_bytes(&key, " ", 1);
		if (entry_value(e, fields[i]))
			record_value_text(&key, &e->record, fields[i]);
	}
	writer_bytes(&key, "\n", 1);
	writer_bytes(&key, w->rule.data, w->rule.size);
	writer_bytes(&key, "", 1);
	if (!key.bad)
		return (char *)key.data;
	writer_fini(&key);
	return NULL;
}

static int suggestion_new(struct suggestions *all, const struct wanted *w, const struct entry *e,
	struct suggestion **ret)
{
	DROP(suggestion) s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->hope = w->hope;
	s->why = w->why;
	memcpy(s->section, w->section, sizeof(s->section));
	s->who = part_string(PART_WHO, e, w->end, &all->people);
	s->what = part_string(PART_WHAT, e, w->end, &all->people);
	s->by = part_string(PART_BY, e, w->end, &all->people);
	s->key = s->who && s->what && s->by ? key_of(w, e) : NULL;
	if (!s->key)
		return -ENOMEM;
	if (w->hope != HOPE_NONE)
		s->rule = slice_of(strrchr(s->key, '\n') + 1);
	*ret = TAKE(s);
	return 0;
}

static int suggestion_add(struct suggestions *all, const struct wanted *w, const struct entry *e)
{
	int64_t repeats = entry_number(e, RECORD_REPEATS, 0);
	int64_t others = entry_number(e, RECORD_OTHERS, 0);
	DROP(suggestion) s = NULL;
	struct suggestion *known;
	int r = suggestion_new(all, w, e, &s);

	if (r < 0)
		return r;
	all->beyond += others > 1 ? (uint64_t)others - 1 : 0;
	HASH_FIND_STR(all->all, s->key, known);
	if (known) {
		s->times = known->times;
		s->last = known->last;
		HASH_DEL(all->all, known);
		suggestion_free(known);
	} else if (HASH_COUNT(all->all) >= SUGGESTIONS_MAX) {
		all->beyond++;
		return 0;
	}
	s->times += repeats > 0 ? (uint64_t)repeats : 1;
	s->last = e->time > s->last ? e->time : s->last;
	HASH_ADD_KEYPTR(hh, all->all, s->key, strlen(s->key), s);
	if (hash_failed())
		return -ENOMEM;
	(void)TAKE(s);
	return 0;
}

static int suggestion_compare(struct suggestion *a, struct suggestion *b)
{
	int order = (a->hope == HOPE_NONE) - (b->hope == HOPE_NONE);

	if (order == 0 && a->hope != HOPE_NONE)
		order = strcmp(a->section, b->section);
	return order != 0 ? order : strcmp(a->key, b->key);
}

static void times_print(const struct suggestion *s)
{
	char when[MOMENT_SIZE];

	moment_print(s->last, when);
	if (s->times > 1)
		printf("%" PRIu64 " times, ", s->times);
	if (s->last)
		printf("%s%s, ", s->times > 1 ? "last " : "", when);
}

/* What was refused, to whom, by what: each in a line of a comment. */
static void comment_print(const struct suggestion *s)
{
	printf("    <!-- ");
	times_print(s);
	printf("%s\n         %s\n         denied by %s", s->who, s->what, s->by);
	if (s->hope == HOPE_RULE)
		puts(" -->");
	else
		printf("\n         %s: %s -->\n",
			s->hope == HOPE_NONE ? "no rule helps" : "not added", s->why);
}

/* A rule that admits more than was seen is left to whoever reads it. */
static void rule_print(const struct suggestion *s)
{
	if (s->hope == HOPE_RULE)
		printf("    %.*s\n", SLICE_FMT(s->rule));
	else if (s->hope == HOPE_WIDE)
		printf("    <!-- %.*s -->\n", SLICE_FMT(s->rule));
}

static void suggestions_print(const struct suggestions *all)
{
	const char *section = NULL;

	puts("<busconfig>\n"
	     "  <!-- Suggested by wardenctl suggest. Nothing here is wider than what was refused; "
	     "whether\n"
	     "       it should have been allowed is for you to say. A deny in a policy that comes "
	     "later\n"
	     "       (at_console, unit, label, mandatory) still decides. -->");
	for (const struct suggestion *s = all->all; s; s = s->hh.next) {
		if (s->hope != HOPE_NONE && (!section || strcmp(section, s->section) != 0)) {
			if (section)
				puts("  </policy>");
			section = s->section;
			printf("  <policy %s>\n", section);
		} else if (s->hope == HOPE_NONE && section) {
			puts("  </policy>");
			section = NULL;
		}
		comment_print(s);
		rule_print(s);
	}
	if (section)
		puts("  </policy>");
	puts("</busconfig>");
}

static void suggestions_json(const struct suggestions *all)
{
	static const char *const hopes[] = {
		[HOPE_RULE] = "rule", [HOPE_WIDE] = "wide", [HOPE_NONE] = "none"};
	struct json j = {.to = stdout};
	char when[MOMENT_SIZE];

	json_open(&j, NULL, '[');
	for (const struct suggestion *s = all->all; s; s = s->hh.next) {
		json_open(&j, NULL, '{');
		json_string(&j, "help", hopes[s->hope]);
		if (s->hope != HOPE_NONE) {
			json_string(&j, "policy", s->section);
			json_text(&j, "rule", s->rule);
		}
		if (s->why)
			json_string(&j, "why", s->why);
		json_string(&j, "who", s->who);
		json_string(&j, "what", s->what);
		json_string(&j, "denied_by", s->by);
		json_number(&j, "times", (int64_t)s->times);
		moment_print_utc(s->last, when);
		if (s->last)
			json_string(&j, "last", when);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_end(&j);
}

static int suggestions_read(struct suggestions *all, struct records *records, struct filter *filter)
{
	const struct entry *e;
	int r;

	while ((r = records_next(records, &e)) > 0) {
		struct wanted wanted;

		if (!filter_passes(filter, e))
			continue;
		r = wanted_of(&wanted, e, all->by);
		if (r == 0)
			r = suggestion_add(all, &wanted, e);
		wanted_fini(&wanted);
		if (r < 0) {
			say("%s", strerror(-r));
			break;
		}
	}
	return r;
}

int suggest_run(const struct options *o)
{
	struct suggestions all = {.all = NULL};
	struct records_want want;
	struct records *records;
	struct filter filter;
	int r;

	if (wanted_by_read(o->by, &all.by) < 0 || filter_init(&filter, o, &want) < 0)
		return STATUS_ERROR;
	filter.allowed = false;
	if (records_open(&records, &want) < 0)
		return STATUS_ERROR;
	r = suggestions_read(&all, records, &filter);
	records_close(records);
	filter_fini(&filter);
	if (all.beyond)
		say("refusals more, too many to be looked at one by one: %" PRIu64, all.beyond);
	HASH_SORT(all.all, suggestion_compare);
	if (r == 0 && o->json)
		suggestions_json(&all);
	else if (r == 0)
		suggestions_print(&all);
	suggestions_fini(&all);
	return r < 0 ? STATUS_ERROR : STATUS_GOOD;
}
