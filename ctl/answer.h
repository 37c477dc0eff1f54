/* answer.h - what the gate says to a request, and as it is printed: in lines, or as members of JSON */
#pragma once

#include "ctl/json.h"
#include "policy/verdict.h"

/* Judges that can have rules on trial. */
#define WOULD_MAX 6

struct outcome {
	struct verdict verdict;
	struct verdict would[WOULD_MAX]; /* what rules and restrictions on trial would have said */
	uint32_t would_n;
	const char *unlabelled; /* why those were not asked who judge by the labels given; NULL */
};

/* The gate's answer, by the rules of the bus. */
void answer_get(struct outcome *ret, const struct request *request);
/* The same, whatever is on trial. */
struct verdict request_answer(const struct request *request);
/* "allow", "ask" (polkit) or "deny" */
const char *answer_word(const struct verdict *v);
/* verdict_explain's sentence, to be freed; NULL without memory */
char *answer_sentence(const struct verdict *v, const struct request *request);
/* "verdict", "judge", "rule", "reason", and where there is one "action", in the object that is open */
void verdict_json(struct json *j, const struct verdict *v, const struct request *request);
/* The same, "would" and "audit" */
void answer_json(struct json *j, const struct outcome *a, const struct request *request);
/* One line each, for what goes with the verdict. */
void answer_print_more(const struct outcome *a, const struct request *request);
/* "file", "line" and "text", as an object */
void rule_json(struct json *j, const char *key, const struct image *image, const struct rule *rule);
void restriction_json(struct json *j, const char *key, const struct image *image,
	const struct restriction *restriction);
