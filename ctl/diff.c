/*
 * diff.c - which answers change between two policies, whatever their text: asks both all that their
 * rules tell apart, and shows changes where they begin: what follows from a change of something more
 * general (any other member, any other name) is not said again.
 */
#include <errno.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "ctl/survey.h"

#define TYPES 5

struct general {
	struct probe *probes; /* owned, as are the answers */
	uint32_t probes_n;
	bool *answers;
};

struct comparison {
	struct survey survey;
	const struct options *options;
	struct json json;
	struct slice *names; /* owned */
	uint32_t names_n;
	bool *answers; /* owned; of the probes of one name: by probe, by policy, by who */
	/* the same for a name that no rule names: what is true of it needs not be said of others */
	struct general general[RULE_VERBS][TYPES];
	bool *owns; /* owned; who may own such a name: by policy, by who */
	bool *changed; /* owned; by who */
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

/* All names that rules name; of prefixes, one below it, too. */
static int names_collect(struct comparison *c, struct arena *arena)
{
	int e = name_add(c, OTHER);

	for (uint32_t i = 0; i < c->survey.images_n; i++) {
		const struct image *image = c->survey.images[i];

		for (uint32_t n = 0; n < image->header->rules.count && e == 0; n++) {
			const struct rule *rule = &image->rules[n];
			struct slice name = image_slice(image, rule->name);

			if (rule->name_kind == NAME_ANY)
				continue;
			e = name_add(c, name);
			if (rule->name_kind != NAME_PREFIX || e)
				continue;
			name = arena_print(arena, "%.*s.*", SLICE_FMT(name));
			e = name.text ? name_add(c, name) : -ENOMEM;
		}
	}
	return e;
}

/* Where the answers of a probe begin: whos_n of policy 0, then whos_n of policy 1. */
static bool *answers_of(const struct comparison *c, uint32_t probe)
{
	return c->answers + (size_t)probe * 2 * c->survey.whos_n;
}

static int answers_fill(struct comparison *c)
{
	const struct survey *s = &c->survey;
	bool *grown = realloc(c->answers, (size_t)(s->probes_n + 1) * 2 * s->whos_n);

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
	const struct slice name = c->survey.name;
	const char *verb = what ? what : probe->verb == RULE_SEND ? "send" : "receive";
	DROP_HEAP char *message = NULL;
	size_t size = 0;
	FILE *to = probe ? open_memstream(&message, &size) : NULL;

	if (to) {
		probe_print(probe, to);
		fclose(to);
	}
	if (c->options->json) {
		json_string(&c->json, "what", verb);
		json_text(&c->json, "name", name);
		json_string(&c->json, "message", message);
		return;
	}
	fputs(verb, stdout);
	if (name.text)
		printf(" %s%.*s",
			!probe			   ? ""
			: probe->verb == RULE_SEND ? "to "
						   : "from ",
			SLICE_FMT(name));
	if (message)
		printf(": %s", message);
}

/* Says who gained or lost something; false if nobody did. `what` or `probe`: what it is. */
static bool change_print(struct comparison *c, const bool *answers, bool gained, const char *what,
	const struct probe *probe)
{
	const struct survey *s = &c->survey;
	bool any = false;

	for (uint32_t i = 0; i < s->whos_n; i++) {
		c->changed[i] = answers[i] != gained && answers[s->whos_n + i] == gained;
		any |= c->changed[i];
	}
	if (!any)
		return false;
	c->changes_n++;
	if (c->options->json) {
		json_open(&c->json, NULL, '{');
		deed_print(c, what, probe);
		json_string(&c->json, "before", gained ? "deny" : "allow");
		json_string(&c->json, "after", gained ? "allow" : "deny");
		survey_json(&c->json, "subjects", s, c->changed);
		json_close(&c->json, '}');
		return true;
	}
	printf("%c ", gained ? '+' : '-');
	deed_print(c, what, probe);
	fputs(": ", stdout);
	survey_print(s, c->changed, stdout);
	putchar('\n');
	return true;
}

/* `general`: the answers of which these are an exception, or NULL. */
static void changes_print(struct comparison *c, const bool *answers, const bool *general,
	const char *what, const struct probe *probe)
{
	uint32_t n = c->survey.whos_n;
	bool gained = change_print(c, answers, true, what, probe);
	bool lost = change_print(c, answers, false, what, probe);

	if (gained || lost || !general || memcmp(general, general + n, n) == 0)
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
static const bool *answers_general(const struct comparison *c, const struct probe *p)
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
	const bool *answers = answers_of(c, probe), *general = answers_general(c, p);
	bool tells = survey_tells(&c->survey, c->answers, (size_t)2 * n, probe);
	bool expected = general && memcmp(answers, general, (size_t)2 * n) == 0;

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

/* Who may own `name`, or connect where it is absent. */
static int subjects_compare(struct comparison *c, struct slice name)
{
	const struct survey *s = &c->survey;
	DROP_HEAP bool *answers = calloc((size_t)2 * s->whos_n, sizeof(bool));

	if (!answers)
		return -1;
	for (uint32_t image = 0; image < 2; image++)
		for (uint32_t who = 0; who < s->whos_n; who++)
			answers[image * s->whos_n + who] = name.text
								   ? survey_own(s, image, who, name)
								   : survey_connect(s, image, who);
	c->survey.name = name;
	if (!name.text || !c->owns || memcmp(c->owns, answers, (size_t)2 * s->whos_n) != 0)
		changes_print(c, answers, name.text ? c->owns : NULL, name.text ? "own" : "connect",
			NULL);
	if (name.text && !c->owns)
		c->owns = TAKE(answers);
	return 0;
}

static int policies_compare(struct comparison *c)
{
	static const enum rule_verb verbs[] = {RULE_SEND, RULE_RECEIVE};
	int e = subjects_compare(c, (struct slice){NULL, 0});

	for (uint32_t i = 0; i < c->names_n && e == 0; i++) {
		e = subjects_compare(c, c->names[i]);
		for (size_t v = 0; v < ARRAY_SIZE(verbs); v++)
			for (uint8_t type = 1; type < TYPES && e == 0; type++)
				e = messages_compare(c, c->names[i], verbs[v], type);
	}
	return e;
}

static void comparison_fini(struct comparison *c)
{
	for (unsigned int verb = 0; verb < RULE_VERBS; verb++)
		for (unsigned int type = 0; type < TYPES; type++) {
			free(c->general[verb][type].probes);
			free(c->general[verb][type].answers);
		}
	free(c->owns);
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
	c->changed = calloc(c->survey.whos_n, sizeof(bool));
	if (!c->changed || names_collect(c, &policies[0].compilation.arena) < 0)
		return say("%s", strerror(ENOMEM));
	if (o->json)
		json_open(&c->json, NULL, '[');
	if (policies_compare(c) < 0)
		return say("%s", strerror(ENOMEM));
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
