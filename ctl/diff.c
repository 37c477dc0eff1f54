/*
 * diff.c - which answers change between two policies, whatever their text: asks both all that their
 * rules tell apart, and shows changes where they begin: what follows from a change of something more
 * general (any other member, any other name) is not said again.
 */
#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "ctl/limits.h"
#include "ctl/survey.h"

#define TYPES 5

struct general {
	struct probe *probes; /* owned, as are the answers */
	uint32_t probes_n;
	uint16_t *answers;
};

/* What is asked about a name, or of no name. */
enum matter { CONNECT, OWN, AUDIT_OWN, SEE, MATTERS };

static const struct {
	const char *what;
	uint16_t (*ask)(const struct survey *s, uint32_t image, uint32_t who, struct slice name);
	enum rule_verb verb; /* there is nothing to ask where there are no such rules, or ... */
	bool always;
} matters[MATTERS] = {[CONNECT] = {"connect", survey_connect, RULE_CONNECT, true},
	[OWN] = {"own", survey_own, RULE_OWN, true},
	[AUDIT_OWN] = {"record owning", survey_audit_own, RULE_AUDIT_OWN, false},
	[SEE] = {"see", survey_see, RULE_SEE, false}};

struct comparison {
	struct survey survey;
	const struct options *options;
	struct json json;
	struct slice *names; /* owned */
	uint32_t names_n;
	uint16_t *answers; /* owned; of the probes of one name: by probe, by policy, by who */
	/* the same for a name that no rule names: what is true of it needs not be said of others */
	struct general general[RULE_VERBS][TYPES];
	uint16_t *matters[MATTERS]; /* owned; the answers about such a name: by policy, by who */
	uint16_t *changed; /* owned; by who */
	uint32_t changes_n;
};

static int name_add(struct comparison *c, struct slice name)
{
	struct slice *grown;

	for (uint32_t i = 0; i < c->names_n; i++)
		if (slice_equal(c->names[i], name))
			return 0;
	grown = realloc(c->names, (c->names_n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	c->names = grown;
	grown[c->names_n++] = name;
	return 0;
}

/* Of a prefix also one below it. */
static int names_add(struct comparison *c, struct slice name, uint8_t kind)
{
	int e = kind == NAME_ANY ? 0 : name_add(c, name);

	if (kind != NAME_PREFIX || e)
		return e;
	name = arena_print(&c->survey.arena, "%.*s.*", SLICE_FMT(name));
	return name.text ? name_add(c, name) : -ENOMEM;
}

/* All names that rules and restrictions name. */
static int names_collect(struct comparison *c)
{
	int e = name_add(c, OTHER);

	for (uint32_t i = 0; i < c->survey.images_n; i++) {
		const struct image *image = c->survey.images[i];

		for (uint32_t n = 0; n < image->header->rules.count && e == 0; n++)
			e = names_add(c, image_slice(image, image->rules[n].name),
				image->rules[n].name_kind);
		for (uint32_t n = 0; n < image->header->restrictions.count && e == 0; n++)
			e = names_add(c, image_slice(image, image->restrictions[n].name),
				image->restrictions[n].name_kind);
	}
	return e;
}

/* Where the answers of a probe begin: whos_n of policy 0, then whos_n of policy 1. */
static uint16_t *answers_of(const struct comparison *c, uint32_t probe)
{
	return c->answers + (size_t)probe * 2 * c->survey.whos_n;
}

static bool answers_equal(const struct comparison *c, const uint16_t *a, const uint16_t *b)
{
	return memcmp(a, b, (size_t)2 * c->survey.whos_n * sizeof(*a)) == 0;
}

static int answers_fill(struct comparison *c)
{
	const struct survey *s = &c->survey;
	uint16_t *grown =
		realloc(c->answers, (size_t)(s->probes_n + 1) * 2 * s->whos_n * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	c->answers = grown;
	for (uint32_t i = 0; i < s->probes_n; i++)
		for (uint32_t image = 0; image < 2; image++)
			for (uint32_t who = 0; who < s->whos_n; who++)
				answers_of(c, i)[image * s->whos_n + who] =
					survey_message(s, image, who, i);
	return 0;
}

/* What somebody may do, and where: "send to NAME: MESSAGE", or as members of a JSON object. */
static void deed_print(struct comparison *c, const char *what, const struct probe *probe)
{
	static const char *const verbs[RULE_VERBS] = {
		[RULE_SEND] = "send", [RULE_RECEIVE] = "receive", [RULE_AUDIT] = "record sending"};
	const struct slice name = c->survey.name;
	DROP_HEAP char *message = NULL;
	size_t size = 0;
	FILE *to = probe ? open_memstream(&message, &size) : NULL;

	if (to) {
		probe_print(probe, to);
		fclose(to);
	}
	if (c->options->json) {
		json_string(&c->json, "what", what ? what : verbs[probe->verb]);
		json_text(&c->json, "name", name);
		json_string(&c->json, "message", message);
		return;
	}
	fputs(what ? what : verbs[probe->verb], stdout);
	if (name.text)
		printf(" %s%.*s",
			!probe			      ? ""
			: probe->verb == RULE_RECEIVE ? "from "
						      : "to ",
			SLICE_FMT(name));
	if (message)
		printf(": %s", message);
}

static void says_json(struct comparison *c, const char *key, uint16_t says)
{
	char buf[300];

	if (says < SAYS_ASK) {
		json_string(&c->json, key, says == SAYS_YES ? "allow" : "deny");
		return;
	}
	snprintf(buf, sizeof(buf), "polkit %.*s", SLICE_FMT(c->survey.actions[says - SAYS_ASK]));
	json_string(&c->json, key, buf);
}

/* One change, for all to whom it happens: they are marked in `changed`. */
static void change_print(struct comparison *c, uint16_t before, uint16_t after, const char *what,
	const struct probe *probe)
{
	const struct survey *s = &c->survey;
	bool narrows = after == SAYS_NO || (after != SAYS_YES && before == SAYS_YES);
	bool asks = before >= SAYS_ASK || after >= SAYS_ASK;

	c->changes_n++;
	if (c->options->json) {
		json_open(&c->json, NULL, '{');
		deed_print(c, what, probe);
		says_json(c, "before", before);
		says_json(c, "after", after);
		survey_json(&c->json, "subjects", s, c->changed, SAYS_YES);
		json_close(&c->json, '}');
		return;
	}
	printf("%c ", narrows ? '-' : before >= SAYS_ASK && after >= SAYS_ASK ? '~' : '+');
	deed_print(c, what, probe);
	fputs(": ", stdout);
	survey_print(s, c->changed, SAYS_YES, stdout);
	if (asks) {
		fputs(" (", stdout);
		says_print(s, before, stdout);
		fputs(" -> ", stdout);
		says_print(s, after, stdout);
		putchar(')');
	}
	putchar('\n');
}

/* The first who is changed like this, or nobody: whos_n. */
static uint32_t changed_mark(
	struct comparison *c, const uint16_t *answers, uint16_t before, uint16_t after)
{
	uint32_t n = c->survey.whos_n, first = n;

	for (uint32_t i = n; i-- > 0;) {
		c->changed[i] = answers[i] == before && answers[n + i] == after;
		first = c->changed[i] ? i : first;
	}
	return first;
}

/* Each kind of change once; what is gained first. */
static bool changes_tell(
	struct comparison *c, const uint16_t *answers, const char *what, const struct probe *probe)
{
	uint32_t n = c->survey.whos_n;
	bool any = false;

	for (int turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < n; i++) {
			uint16_t before = answers[i], after = answers[n + i];
			bool narrows =
				after == SAYS_NO || (after != SAYS_YES && before == SAYS_YES);

			if (before == after || narrows != (turn == 1) ||
				changed_mark(c, answers, before, after) != i)
				continue;
			change_print(c, before, after, what, probe);
			any = true;
		}
	return any;
}

/* `general`: the answers of which these are an exception, or NULL. */
static void changes_print(struct comparison *c, const uint16_t *answers, const uint16_t *general,
	const char *what, const struct probe *probe)
{
	uint32_t n = c->survey.whos_n;

	if (changes_tell(c, answers, what, probe) || !general ||
		memcmp(general, general + n, n * sizeof(*general)) == 0)
		return;
	if (c->options->json) {
		json_open(&c->json, NULL, '{');
		deed_print(c, what, probe);
		json_truth(&c->json, "unchanged", true);
		json_close(&c->json, '}');
		return;
	}
	fputs("= ", stdout);
	deed_print(c, what, probe);
	puts(": unchanged");
}

/* Keeps what was asked about a name that no rule names. */
static void general_keep(struct comparison *c, struct general *g)
{
	struct survey *s = &c->survey;

	g->probes = TAKE(s->probes);
	g->probes_n = s->probes_n;
	g->answers = TAKE(c->answers);
	s->probes_n = 0;
}

/* The answers to the same probe of a name that no rule names, or NULL. */
static const uint16_t *answers_general(const struct comparison *c, const struct probe *p)
{
	const struct general *g = &c->general[p->verb][p->type];

	for (uint32_t i = 0; i < g->probes_n; i++)
		if (probe_equal(&g->probes[i], p))
			return g->answers + (size_t)i * 2 * c->survey.whos_n;
	return NULL;
}

/* Shows what is not to be expected from what was shown of something more general. */
static void probe_compare(struct comparison *c, uint32_t probe)
{
	const struct probe *p = &c->survey.probes[probe];
	const uint32_t n = c->survey.whos_n, parent = survey_parent(&c->survey, probe);
	const uint16_t *answers = answers_of(c, probe), *general = answers_general(c, p);
	bool tells = survey_tells(&c->survey, c->answers, (size_t)2 * n, probe);
	bool expected = general && answers_equal(c, answers, general);

	if (!general && parent != probe)
		general = answers_of(c, parent);
	if (tells && !expected)
		changes_print(c, answers, general, NULL, p);
}

static int messages_compare(
	struct comparison *c, struct slice name, enum rule_verb verb, uint8_t type)
{
	if (survey_probe(&c->survey, name, verb, type) < 0 || answers_fill(c) < 0)
		return -1;
	for (uint32_t i = 0; i < c->survey.probes_n; i++)
		probe_compare(c, i);
	if (slice_equal(name, OTHER))
		general_keep(c, &c->general[verb][type]);
	return 0;
}

/* `name` is absent where none is asked about. */
static int matter_compare(struct comparison *c, enum matter matter, struct slice name)
{
	const struct survey *s = &c->survey;
	const uint16_t *general = c->matters[matter];
	DROP_HEAP uint16_t *answers = calloc((size_t)2 * s->whos_n, sizeof(*answers));

	if (!answers)
		return -1;
	for (uint32_t image = 0; image < 2; image++)
		for (uint32_t who = 0; who < s->whos_n; who++)
			answers[image * s->whos_n + who] = matters[matter].ask(s, image, who, name);
	c->survey.name = name;
	if (!general || !answers_equal(c, general, answers))
		changes_print(c, answers, general, matters[matter].what, NULL);
	if (name.text && !general)
		c->matters[matter] = TAKE(answers);
	return 0;
}

static int name_compare(struct comparison *c, struct slice name)
{
	static const enum rule_verb verbs[] = {RULE_SEND, RULE_RECEIVE, RULE_AUDIT};
	int e = 0;

	for (unsigned int m = OWN; m < MATTERS && e == 0; m++)
		if (matters[m].always || survey_has(&c->survey, matters[m].verb))
			e = matter_compare(c, m, name);
	for (size_t v = 0; v < ARRAY_SIZE(verbs); v++)
		for (uint8_t type = 1; type < TYPES && e == 0; type++)
			if (verbs[v] != RULE_AUDIT || survey_has(&c->survey, RULE_AUDIT))
				e = messages_compare(c, name, verbs[v], type);
	return e;
}

static int policies_compare(struct comparison *c)
{
	int e = matter_compare(c, CONNECT, (struct slice){NULL, 0});

	for (uint32_t i = 0; i < c->names_n && e == 0; i++)
		e = name_compare(c, c->names[i]);
	return e;
}

static void comparison_fini(struct comparison *c)
{
	for (unsigned int verb = 0; verb < RULE_VERBS; verb++)
		for (unsigned int type = 0; type < TYPES; type++) {
			free(c->general[verb][type].probes);
			free(c->general[verb][type].answers);
		}
	for (unsigned int matter = 0; matter < MATTERS; matter++)
		free(c->matters[matter]);
	survey_fini(&c->survey);
	free(c->names);
	free(c->answers);
	free(c->changed);
}

static int comparison_run(struct comparison *c, struct policy *policies, const struct options *o)
{
	const struct policy *both[] = {&policies[0], &policies[1]};

	if (survey_init(&c->survey, both, 2, o->peer_user) < 0)
		return STATUS_ERROR;
	c->changed = calloc(c->survey.whos_n, sizeof(*c->changed));
	if (!c->changed || names_collect(c) < 0)
		return say("%s", strerror(ENOMEM));
	if (o->json)
		json_open(&c->json, NULL, '[');
	if (policies_compare(c) < 0)
		return say("%s", strerror(ENOMEM));
	c->changes_n += limits_compare(both, o->json ? &c->json : NULL);
	if (o->json) {
		json_close(&c->json, ']');
		json_end(&c->json);
	}
	return c->changes_n ? STATUS_BAD : STATUS_GOOD;
}

int diff_run(const struct options *o)
{
	struct comparison c = {.options = o, .json = {.to = stdout}};
	struct policy policies[2];
	int status = STATUS_ERROR, opened = 0;

	while (opened < 2) {
		struct options one = {.configs = {(const char **)&o->rest[opened], 1}};

		if (strcmp(o->rest[opened], "live") == 0)
			one = (struct options){
				.live = true, .address = o->address, .session = o->session};
		if (policy_open(&policies[opened++], &one) < 0)
			break;
		if (opened == 2)
			status = comparison_run(&c, policies, o);
	}
	comparison_fini(&c);
	for (int i = 0; i < opened; i++)
		policy_close(&policies[i]);
	return status;
}
