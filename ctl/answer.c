/* answer.c - puts what policy/explain.c words where it is wanted */
#include <stdlib.h>

#include "base/drop.h"
#include "ctl/answer.h"
#include "policy/gate.h"

const char *answer_word(const struct verdict *v)
{
	return v->answer == ANSWER_ALLOW ? "allow" : "deny";
}

char *answer_sentence(const struct verdict *v, const struct request *request)
{
	int size = verdict_explain(v, request, NULL, 0);
	char *text = size < 0 ? NULL : malloc((size_t)size + 1);

	if (text)
		verdict_explain(v, request, text, (size_t)size + 1);
	return text;
}

void rule_json(struct json *j, const char *key, const struct image *image, const struct rule *rule)
{
	json_open(j, key, '{');
	json_text(j, "file", image_slice(image, rule->file));
	json_number(j, "line", rule->line);
	json_text(j, "text", image_slice(image, rule->text));
	json_close(j, '}');
}

void answer_json(struct json *j, const struct verdict *v, const struct request *request)
{
	DROP_HEAP char *sentence = answer_sentence(v, request);

	json_string(j, "verdict", answer_word(v));
	json_string(j, "judge", v->judge ? v->judge->name : NULL);
	if (v->rule)
		rule_json(j, "rule", v->image, v->rule);
	else
		json_string(j, "rule", NULL);
	json_string(j, "reason", sentence);
}
