/*
 * explain.c - all rules that speak to a subject, in the order of reading, with what each had to say.
 * The answers are the judges'; should the list not come to the same, that is a fault and said.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "ctl/answer.h"
#include "ctl/ask.h"
#include "ctl/command.h"
#include "policy/differs.h"

struct explanation {
	const struct request *request;
	const struct options *options;
	struct json json;
	bool wrong; /* the list contradicts a judge */
};

static const char *const contexts[] = {[SECTION_DEFAULT] = "default",
	[SECTION_GROUP] = "group",
	[SECTION_USER] = "user",
	[SECTION_NO_CONSOLE] = "at_console=false",
	[SECTION_MANDATORY] = "mandatory"};

/* "default", "group 4", ... */
static const char *section_name(const struct section *s, char *buf, size_t size)
{
	if (s->context != SECTION_GROUP && s->context != SECTION_USER)
		return contexts[s->context];
	snprintf(buf, size, "%s %" PRIu32, contexts[s->context], s->id);
	return buf;
}

/* `differs`: NULL if the rule fits */
static void rule_print(struct explanation *x, const struct image *image, const struct rule *rule,
	const struct section *section, const char *differs, bool decides)
{
	char buf[40];
	const char *where = section_name(section, buf, sizeof(buf));

	if (x->options->fitting && differs)
		return;
	if (x->options->json) {
		json_open(&x->json, NULL, '{');
		rule_json(&x->json, "rule", image, rule);
		json_string(&x->json, "policy", where);
		json_truth(&x->json, "fits", !differs);
		json_string(&x->json, "differs", differs);
		json_truth(&x->json, "decides", decides);
		json_close(&x->json, '}');
		return;
	}
	printf("  %s %s:%" PRIu32 " [%s] %s: %s%s\n", decides ? "*" : " ",
		image_string(image, rule->file), rule->line, where, image_string(image, rule->text),
		differs	  ? "differs in "
		: decides ? "fits, decides"
			  : "fits",
		differs ? differs : "");
}

static bool section_speaks(const struct section *s, enum rule_verb verb)
{
	return verb != RULE_CONNECT || s->context == SECTION_DEFAULT ||
	       s->context == SECTION_MANDATORY;
}

/* Walks the rules; returns the last that fits. */
static const struct rule *rules_walk(struct explanation *x, const struct subject *subject,
	enum rule_verb verb, const struct rule *decisive, bool print)
{
	const struct rule *last = NULL;

	for (uint32_t i = 0; i < subject->sections_n; i++) {
		const struct section *s = subject->sections[i];
		const struct rule *rule = subject->image->rules + s->rules[verb].first;

		if (!section_speaks(s, verb))
			continue;
		for (uint32_t n = s->rules[verb].count; n > 0; n--, rule++) {
			const char *differs = rule_differs(subject->image, rule, x->request);

			last = differs ? last : rule;
			if (print)
				rule_print(x, subject->image, rule, s, differs, rule == decisive);
		}
	}
	return last;
}

static void judge_explain(struct explanation *x, const struct judge *judge, enum rule_verb verb,
	const struct party *judged)
{
	struct verdict v;
	DROP_HEAP char *sentence = NULL;

	if (!judged)
		return;
	v = judge->ask(judge, x->request);
	if (v.answer == ANSWER_NONE)
		return;
	v.judge = judge;
	sentence = answer_sentence(&v, x->request);
	x->wrong |= rules_walk(x, judged->subject, verb, NULL, false) != v.rule;
	if (!x->options->json) {
		printf("%s of user %" PRIu32 ", in reading order (the last that fits decides):\n",
			judge->name, judged->subject->identity->uid);
		rules_walk(x, judged->subject, verb, v.rule, true);
		printf("  %s\n", sentence ? sentence : "");
		return;
	}
	json_open(&x->json, NULL, '{');
	answer_json(&x->json, &v, x->request);
	json_open(&x->json, "rules", '[');
	rules_walk(x, judged->subject, verb, v.rule, true);
	json_close(&x->json, ']');
	json_close(&x->json, '}');
}

static int explain_print(const struct ask *a, const struct options *o)
{
	struct explanation x = {.request = &a->request, .options = o, .json = {.to = stdout}};
	struct verdict v = request_answer(&a->request);
	DROP_HEAP char *question = ask_describe(a);
	DROP_HEAP char *sentence = answer_sentence(&v, &a->request);

	if (o->json) {
		json_open(&x.json, NULL, '{');
		json_string(&x.json, "question", question);
		answer_json(&x.json, &v, &a->request);
		json_open(&x.json, "judges", '[');
	} else {
		printf("%s\n", question ? question : "");
	}
	judge_explain(&x, &rules_connect, RULE_CONNECT, a->request.sender);
	judge_explain(&x, &rules_own, RULE_OWN, a->request.sender);
	judge_explain(&x, &rules_send, RULE_SEND, a->request.sender);
	judge_explain(&x, &rules_receive, RULE_RECEIVE, a->request.recipient);
	if (o->json) {
		json_close(&x.json, ']');
		json_close(&x.json, '}');
		json_end(&x.json);
	} else {
		printf("%s\n", sentence ? sentence : answer_word(&v));
	}
	if (x.wrong)
		return say("the list of rules does not agree with the answer: please report this");
	return v.answer == ANSWER_ALLOW ? STATUS_GOOD : STATUS_BAD;
}

int explain_run(const struct options *o)
{
	struct policy policy;
	struct ask a = {0};
	int status = STATUS_ERROR;

	if (policy_open(&policy, o) == 0 && ask_init(&a, &policy, o) == 0)
		status = explain_print(&a, o);
	ask_fini(&a);
	policy_close(&policy);
	return status;
}
