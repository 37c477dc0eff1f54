/*
 * explain.c - all rules that speak to a subject, in the order of reading, with what each had to say.
 * The answers are the judges'; should the list not come to the same, that is a fault and said.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "ctl/ask.h"
#include "ctl/command.h"
#include "policy/covers.h"
#include "policy/differs.h"
#include "policy/pattern.h"
#include "policy/rules.h"

struct explanation {
	const struct request *request;
	const struct options *options;
	struct json json;
	bool wrong; /* the list contradicts a judge */
};

/* Some rules that speak to a subject, and what came of them. */
struct listing {
	const struct subject *subject;
	enum rule_verb verb;
	const struct rule *decides, *would; /* would: the one on trial that would decide */
	const char *decided; /* how that reads */
	uint8_t on; /* of audit rules: which decision it was */
};

/* "default", "group 4", "unit a.service" ... */
static const char *section_name(
	const struct image *image, const struct section *s, char *buf, size_t size)
{
	static const char *const contexts[] = {[SECTION_DEFAULT] = "default",
		[SECTION_GROUP] = "group",
		[SECTION_USER] = "user",
		[SECTION_NO_CONSOLE] = "at_console=false",
		[SECTION_UNIT] = "unit",
		[SECTION_LABEL] = "label",
		[SECTION_MANDATORY] = "mandatory"};
	const char *context = contexts[s->context];

	if (s->context == SECTION_GROUP || s->context == SECTION_USER)
		snprintf(buf, size, "%s %" PRIu32, context, s->id);
	else if (s->context == SECTION_UNIT || s->context == SECTION_LABEL)
		snprintf(buf, size, "%s %s", context, image_string(image, image->patterns[s->id]));
	else
		snprintf(buf, size, "%s", context);
	return buf;
}

/* What a rule has to do with the request; `differs`: NULL if it fits. */
static const char *rule_says(const struct listing *l, const struct rule *rule, const char *differs)
{
	if (differs)
		return "differs in ";
	if (rule == l->decides)
		return l->decided;
	if (rule == l->would)
		return rule->effect == EFFECT_CHECK ? "fits, on trial: would ask polkit"
						    : "fits, on trial: would deny";
	return rule_is_on_trial(rule) ? "fits, on trial" : "fits";
}

static void rule_print(struct explanation *x, const struct listing *l, const struct rule *rule,
	const struct section *section, const char *differs)
{
	const struct image *image = l->subject->image;
	char buf[256];
	const char *where = section_name(image, section, buf, sizeof(buf));

	if (x->options->fitting && differs)
		return;
	if (x->options->json) {
		json_open(&x->json, NULL, '{');
		rule_json(&x->json, "rule", image, rule);
		json_string(&x->json, "policy", where);
		json_truth(&x->json, "fits", !differs);
		json_string(&x->json, "differs", differs);
		json_truth(&x->json, "decides", rule == l->decides);
		if (rule_is_on_trial(rule))
			json_truth(&x->json, "would", rule == l->would);
		json_close(&x->json, '}');
		return;
	}
	printf("  %s %s:%" PRIu32 " [%s] %s: %s%s\n", rule == l->decides ? "*" : " ",
		image_string(image, rule->file), rule->line, where, image_string(image, rule->text),
		rule_says(l, rule, differs), differs ? differs : "");
}

static bool section_speaks(const struct section *s, enum rule_verb verb)
{
	return verb != RULE_CONNECT || s->context == SECTION_DEFAULT ||
	       s->context == SECTION_MANDATORY;
}

/* Walks the rules. The last that fits and is in force has to be the one that decides, and one on
 * trial that comes after it the one that would. */
static void rules_walk(struct explanation *x, const struct listing *l, bool print)
{
	const struct image *image = l->subject->image;
	const struct rule *last = NULL, *would = NULL;

	for (uint32_t i = 0; i < l->subject->sections_n; i++) {
		const struct section *s = l->subject->sections[i];
		const struct rule *rule = image->rules + s->rules[l->verb].first;

		if (!section_speaks(s, l->verb))
			continue;
		for (uint32_t n = s->rules[l->verb].count; n > 0; n--, rule++) {
			const char *differs = rule_differs(image, rule, x->request);

			if (!differs && rule->effect == EFFECT_AUDIT && !(rule->on & l->on))
				differs = "on";
			if (!differs && rule_is_on_trial(rule)) {
				would = rule;
			} else if (!differs) {
				last = rule;
				would = NULL;
			}
			if (print)
				rule_print(x, l, rule, s, differs);
		}
	}
	x->wrong |= last != l->decides || would != l->would;
}

static void judge_explain(struct explanation *x, const struct judge *judge, enum rule_verb verb,
	const struct party *judged)
{
	struct listing l = {.verb = verb, .decided = "fits, decides"};
	struct verdict v;
	DROP_HEAP char *sentence = NULL;

	if (!judged)
		return;
	v = judge->ask(judge, x->request);
	if (v.answer == ANSWER_NONE)
		return;
	v.judge = judge;
	sentence = answer_sentence(&v, x->request);
	l.subject = judged->subject;
	l.decides = v.rule;
	l.would = v.would;
	if (!x->options->json) {
		printf("%s of user %" PRIu32 ", in reading order (the last that fits decides):\n",
			judge->name, judged->subject->identity->uid);
		rules_walk(x, &l, true);
		printf("  %s\n", sentence ? sentence : "");
		return;
	}
	json_open(&x->json, NULL, '{');
	verdict_json(&x->json, &v, x->request);
	json_open(&x->json, "rules", '[');
	rules_walk(x, &l, true);
	json_close(&x->json, ']');
	json_close(&x->json, '}');
}

static void restriction_print(
	struct explanation *x, const struct subject *subject, const struct restriction *r)
{
	const struct image *image = subject->image;
	const char *differs = restriction_differs(image, r, subject->identity);

	if (x->options->json) {
		json_open(&x->json, NULL, '{');
		restriction_json(&x->json, "rule", image, r);
		json_truth(&x->json, "met", !differs);
		json_string(&x->json, "differs", differs);
		json_truth(&x->json, "trial", r->permissive);
		json_close(&x->json, '}');
		return;
	}
	printf("  %s %s:%" PRIu32 " %s: %s%s%s\n", differs && !r->permissive ? "*" : " ",
		image_string(image, r->file), r->line, image_string(image, r->text),
		differs ? "not met, differs in " : "met", differs ? differs : "",
		differs && r->permissive ? " (on trial: would deny)" : "");
}

/* What restrictions ask of who wants the name. */
static void restrictions_explain(struct explanation *x)
{
	const struct subject *subject = x->request->sender->subject;
	const struct image *image = subject->image;
	struct slice name = x->request->name;
	bool any = false;

	if (x->options->json)
		json_open(&x->json, "restrictions", '[');
	for (uint32_t i = 0; i < image->header->restrictions.count; i++) {
		const struct restriction *r = &image->restrictions[i];

		if (!restriction_is_on(image, r, name))
			continue;
		if (!any && !x->options->json)
			printf("restrictions of %.*s (each must be met):\n", SLICE_FMT(name));
		any = true;
		restriction_print(x, subject, r);
	}
	if (x->options->json)
		json_close(&x->json, ']');
}

static bool subject_has_rules(const struct subject *subject, enum rule_verb verb)
{
	for (uint32_t i = 0; i < subject->sections_n; i++)
		if (subject->sections[i]->rules[verb].count)
			return true;
	return false;
}

/* Which audit rule wants the decision recorded. */
static void audit_explain(struct explanation *x, const struct verdict *v)
{
	const struct party *sender = x->request->sender;
	struct listing l = {.verb = x->request->verb == VERB_OWN ? RULE_AUDIT_OWN : RULE_AUDIT,
		.decides = v->audit,
		.decided = "fits, records",
		.on = v->answer == ANSWER_ALLOW ? ON_ALLOW : ON_DENY};

	if ((x->request->verb != VERB_OWN && x->request->verb != VERB_SEND) || !sender ||
		v->answer == ANSWER_ASK || !subject_has_rules(sender->subject, l.verb))
		return;
	l.subject = sender->subject;
	if (x->options->json)
		json_open(&x->json, "audits", '[');
	else
		printf("audit rules of user %" PRIu32
		       ", in reading order (the last that fits records):\n",
			sender->subject->identity->uid);
	rules_walk(x, &l, true);
	if (x->options->json)
		json_close(&x->json, ']');
}

static void judges_explain(struct explanation *x)
{
	const struct request *request = x->request;

	judge_explain(x, &rules_connect, RULE_CONNECT, request->sender);
	judge_explain(x, &rules_own, RULE_OWN, request->sender);
	judge_explain(x, &rules_see, RULE_SEE, request->sender);
	judge_explain(x, &rules_send, RULE_SEND, request->sender);
	judge_explain(x, &rules_receive, RULE_RECEIVE, request->recipient);
}

static void explain_json(struct explanation *x, const struct outcome *answer, const char *question)
{
	json_open(&x->json, NULL, '{');
	json_string(&x->json, "question", question);
	answer_json(&x->json, answer, x->request);
	if (x->request->verb == VERB_OWN)
		restrictions_explain(x);
	json_open(&x->json, "judges", '[');
	judges_explain(x);
	json_close(&x->json, ']');
	audit_explain(x, &answer->verdict);
	json_close(&x->json, '}');
	json_end(&x->json);
}

static int explain_print(struct ask *a, const struct options *o)
{
	struct explanation x = {.request = &a->request, .options = o, .json = {.to = stdout}};
	struct outcome answer;
	DROP_HEAP char *question = ask_describe(a);
	DROP_HEAP char *sentence = NULL;

	ask_answer(a, &answer);
	sentence = answer_sentence(&answer.verdict, &a->request);
	if (o->json) {
		explain_json(&x, &answer, question);
	} else {
		printf("%s\n", question ? question : "");
		if (a->request.verb == VERB_OWN)
			restrictions_explain(&x);
		judges_explain(&x);
		audit_explain(&x, &answer.verdict);
		printf("%s\n", sentence ? sentence : answer_word(&answer.verdict));
		answer_print_more(&answer, &a->request);
	}
	if (x.wrong)
		return say("the list of rules does not agree with the answer: please report this");
	return answer.verdict.answer == ANSWER_ALLOW ? STATUS_GOOD : STATUS_BAD;
}

int explain_run(const struct options *o)
{
	return ask_run(o, explain_print, true);
}
