/* answer.c - asks the gate, and puts what policy/explain.c words where it is wanted */
#include <inttypes.h>
#include <stdlib.h>

#include "base/drop.h"
#include "ctl/answer.h"
#include "policy/rules.h"

/* Only what is advisory: the verdict is returned anyway. */
static void answer_note(void *arg, const struct request *request, const struct verdict *v)
{
	struct outcome *a = arg;

	(void)request;
	if (v->advisory && a->would_n < WOULD_MAX)
		a->would[a->would_n++] = *v;
}

void answer_get(struct outcome *ret, const struct request *request)
{
	static const struct judge *const judges[] = {&rules_connect, &restrictions, &rules_own,
		&rules_see, &rules_send, &rules_receive, NULL};
	const struct gate gate = {
		.judges = judges, .audits = rules_audit, .note = answer_note, .note_arg = ret};

	ret->would_n = 0;
	ret->unlabelled = NULL;
	ret->verdict = gate_ask(&gate, request);
}

struct verdict request_answer(const struct request *request)
{
	struct outcome a;

	answer_get(&a, request);
	return a.verdict;
}

const char *answer_word(const struct verdict *v)
{
	return v->answer == ANSWER_ALLOW ? "allow" : v->answer == ANSWER_ASK ? "ask" : "deny";
}

char *answer_sentence(const struct verdict *v, const struct request *request)
{
	int size = verdict_explain(v, request, NULL, 0);
	char *text = size < 0 ? NULL : malloc((size_t)size + 1);

	if (text)
		verdict_explain(v, request, text, (size_t)size + 1);
	return text;
}

static void origin_json(struct json *j, const char *key, const struct image *image,
	const struct image_text texts[2], uint32_t line)
{
	json_open(j, key, '{');
	json_text(j, "file", image_slice(image, texts[0]));
	json_number(j, "line", line);
	json_text(j, "text", image_slice(image, texts[1]));
	json_close(j, '}');
}

void rule_json(struct json *j, const char *key, const struct image *image, const struct rule *rule)
{
	origin_json(j, key, image, (struct image_text[]){rule->file, rule->text}, rule->line);
}

void restriction_json(struct json *j, const char *key, const struct image *image,
	const struct restriction *restriction)
{
	origin_json(j, key, image, (struct image_text[]){restriction->file, restriction->text},
		restriction->line);
}

void verdict_json(struct json *j, const struct verdict *v, const struct request *request)
{
	DROP_HEAP char *sentence = answer_sentence(v, request);

	json_string(j, "verdict", answer_word(v));
	json_string(j, "judge", v->judge ? v->judge->name : NULL);
	if (v->rule)
		rule_json(j, "rule", v->image, v->rule);
	else if (v->restriction)
		restriction_json(j, "rule", v->image, v->restriction);
	else
		json_string(j, "rule", NULL);
	if (v->rule && v->rule->effect == EFFECT_CHECK)
		json_text(j, "action", image_slice(v->image, v->rule->action));
	json_string(j, "reason", sentence);
}

void answer_json(struct json *j, const struct outcome *a, const struct request *request)
{
	const struct verdict *v = &a->verdict;

	verdict_json(j, v, request);
	if (a->would_n) {
		json_open(j, "would", '[');
		for (uint32_t i = 0; i < a->would_n; i++) {
			json_open(j, NULL, '{');
			verdict_json(j, &a->would[i], request);
			json_close(j, '}');
		}
		json_close(j, ']');
	}
	if (v->audit)
		rule_json(j, "audit", v->image, v->audit);
	if (a->unlabelled)
		json_string(j, "unlabelled", a->unlabelled);
}

void answer_print_more(const struct outcome *a, const struct request *request)
{
	const struct verdict *v = &a->verdict;

	if (v->answer == ANSWER_ASK)
		printf("  polkit is asked about %s\n", image_string(v->image, v->rule->action));
	for (uint32_t i = 0; i < a->would_n; i++) {
		DROP_HEAP char *sentence = answer_sentence(&a->would[i], request);

		printf("  on trial: %s\n", sentence ? sentence : "");
	}
	if (v->audit)
		printf("  recorded by %s:%" PRIu32 " %s\n", image_string(v->image, v->audit->file),
			v->audit->line, image_string(v->image, v->audit->text));
	if (a->unlabelled)
		printf("  labels were not asked about: %s\n", a->unlabelled);
}
