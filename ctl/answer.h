/* answer.h - a verdict as it is printed: in a line, or as members of a JSON object */
#pragma once

#include "ctl/json.h"
#include "policy/verdict.h"

/* "allow" or "deny" */
const char *answer_word(const struct verdict *v);
/* verdict_explain's sentence, to be freed; NULL without memory */
char *answer_sentence(const struct verdict *v, const struct request *request);
/* "verdict", "judge", "rule" and "reason", in the object that is open */
void answer_json(struct json *j, const struct verdict *v, const struct request *request);
/* "file", "line" and "text", as an object */
void rule_json(struct json *j, const char *key, const struct image *image, const struct rule *rule);
