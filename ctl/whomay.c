/* whomay.c - who may own a name, call what there and see it, as a table, as JSON, or as a graph */
#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "ctl/json.h"
#include "ctl/survey.h"

struct table {
	struct survey survey;
	uint16_t *allowed; /* owned: by probe, then by who */
	uint16_t *owns, *sees; /* owned: by who */
};

static int table_fill(struct table *t)
{
	struct survey *s = &t->survey;

	t->allowed = calloc((size_t)s->probes_n * s->whos_n + 1, sizeof(*t->allowed));
	t->owns = calloc((size_t)s->whos_n + 1, sizeof(*t->owns));
	t->sees = calloc((size_t)s->whos_n + 1, sizeof(*t->sees));
	if (!t->allowed || !t->owns || !t->sees) {
		say("%s", strerror(ENOMEM));
		return -1;
	}
	for (uint32_t who = 0; who < s->whos_n; who++) {
		t->owns[who] = survey_own(s, 0, who, s->name);
		t->sees[who] = survey_see(s, 0, who, s->name);
		for (uint32_t i = 0; i < s->probes_n; i++)
			t->allowed[i * s->whos_n + who] = survey_message(s, 0, who, i);
	}
	return 0;
}

static bool row_tells(const struct table *t, uint32_t probe)
{
	return survey_tells(&t->survey, t->allowed, t->survey.whos_n, probe);
}

/* Those who may, and those for whom polkit is asked. */
static void answers_print(const struct survey *s, const uint16_t *answers)
{
	survey_print(s, answers, SAYS_YES, stdout);
	for (uint32_t i = 0; i < s->actions_n; i++) {
		uint16_t says = (uint16_t)(SAYS_ASK + i);

		if (!survey_any(s, answers, says))
			continue;
		fputs("; with ", stdout);
		says_print(s, says, stdout);
		fputs(": ", stdout);
		survey_print(s, answers, says, stdout);
	}
	putchar('\n');
}

static void table_print(const struct table *t)
{
	const struct survey *s = &t->survey;

	printf("may own %.*s: ", SLICE_FMT(s->name));
	answers_print(s, t->owns);
	if (survey_any(s, t->sees, SAYS_NO)) {
		printf("do not see it: ");
		survey_print(s, t->sees, SAYS_NO, stdout);
		putchar('\n');
	}
	printf("may call there:\n");
	for (uint32_t i = 0; i < s->probes_n; i++) {
		if (!row_tells(t, i))
			continue;
		fputs("  ", stdout);
		probe_print(&s->probes[i], stdout);
		fputs(": ", stdout);
		answers_print(s, &t->allowed[i * s->whos_n]);
	}
}

static void checks_json(struct json *j, const struct survey *s, const uint16_t *answers)
{
	json_open(j, "checked", '[');
	for (uint32_t i = 0; i < s->actions_n; i++) {
		if (!survey_any(s, answers, (uint16_t)(SAYS_ASK + i)))
			continue;
		json_open(j, NULL, '{');
		json_text(j, "action", s->actions[i]);
		survey_json(j, "subjects", s, answers, (uint16_t)(SAYS_ASK + i));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void call_json(struct json *j, const struct table *t, uint32_t probe)
{
	const struct survey *s = &t->survey;
	const struct probe *p = &s->probes[probe];

	json_open(j, NULL, '{');
	json_text(j, "interface", p->interface);
	json_text(j, "member", p->member);
	json_text(j, "path", p->path);
	json_text(j, "arg0", p->arg0);
	json_number(j, "fds", p->fds);
	survey_json(j, "allowed", s, &t->allowed[probe * s->whos_n], SAYS_YES);
	checks_json(j, s, &t->allowed[probe * s->whos_n]);
	json_close(j, '}');
}

static void table_json(const struct table *t)
{
	const struct survey *s = &t->survey;
	struct json j = {.to = stdout};

	json_open(&j, NULL, '{');
	json_text(&j, "name", s->name);
	json_open(&j, "subjects", '[');
	for (uint32_t i = 0; i < s->whos_n; i++)
		json_string(&j, NULL, s->whos[i].label);
	json_close(&j, ']');
	survey_json(&j, "own", s, t->owns, SAYS_YES);
	checks_json(&j, s, t->owns);
	survey_json(&j, "blind", s, t->sees, SAYS_NO);
	json_open(&j, "calls", '[');
	for (uint32_t i = 0; i < s->probes_n; i++)
		if (row_tells(t, i))
			call_json(&j, t, i);
	json_close(&j, ']');
	json_close(&j, '}');
	json_end(&j);
}

/* A name in Graphviz's quotes. */
static void dot_quote(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void dot_edges(const struct survey *s, const uint16_t *allowed, const char *to)
{
	for (uint32_t i = 0; i < s->whos_n; i++) {
		uint32_t base = s->whos[i].base == i ? 0 : s->whos[i].base;

		if (i > 0 ? allowed[i] == allowed[base] : allowed[0] == SAYS_NO)
			continue;
		fputs("  ", stdout);
		dot_quote(s->whos[i].label);
		fputs(" -> ", stdout);
		dot_quote(to);
		if (allowed[i] >= SAYS_ASK)
			printf(" [style=dotted, label=\"polkit %.*s\"];\n",
				SLICE_FMT(s->actions[allowed[i] - SAYS_ASK]));
		else
			puts(allowed[i] ? ";" : " [style=dashed, color=red, label=\"not\"];");
	}
}

static int table_graph(const struct table *t)
{
	const struct survey *s = &t->survey;

	fputs("digraph ", stdout);
	dot_quote(s->name.text);
	fputs(" {\n  rankdir=LR;\n  node [shape=box];\n  label=", stdout);
	dot_quote(s->name.text);
	puts(";");
	for (uint32_t i = 0; i < s->whos_n; i++) {
		fputs("  ", stdout);
		dot_quote(s->whos[i].label);
		puts(" [shape=ellipse];");
	}
	for (uint32_t i = 0; i < s->probes_n; i++) {
		DROP_HEAP char *label = NULL;
		size_t size;
		FILE *to;

		if (!row_tells(t, i))
			continue;
		to = open_memstream(&label, &size);
		if (!to)
			return say("%s", strerror(errno));
		probe_print(&s->probes[i], to);
		fclose(to);
		dot_edges(s, &t->allowed[i * s->whos_n], label);
	}
	puts("}");
	return STATUS_GOOD;
}

static int table_show(const struct table *t, const struct options *o)
{
	if (o->graph)
		return table_graph(t);
	if (o->json)
		table_json(t);
	else
		table_print(t);
	return STATUS_GOOD;
}

int whomay_run(const struct options *o)
{
	struct policy policy;
	const struct policy *policies[] = {&policy};
	struct table t = {0};
	int status = STATUS_ERROR;

	if (policy_open(&policy, o) == 0 &&
		survey_init(&t.survey, policies, 1, o->peer_user) == 0 &&
		survey_probe(&t.survey, slice_of(o->rest[0]), RULE_SEND, 1) == 0 &&
		table_fill(&t) == 0)
		status = table_show(&t, o);
	survey_fini(&t.survey);
	free(t.allowed);
	free(t.owns);
	free(t.sees);
	policy_close(&policy);
	return status;
}
