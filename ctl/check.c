/* check.c - one question, one answer */
#include <stdlib.h>

#include "ctl/answer.h"
#include "ctl/ask.h"
#include "ctl/command.h"

static int check_print(const struct ask *a, const struct options *o)
{
	struct verdict v = request_answer(&a->request);
	DROP_HEAP char *question = ask_describe(a);
	DROP_HEAP char *sentence = answer_sentence(&v, &a->request);

	if (o->json) {
		struct json j = {.to = stdout};

		json_open(&j, NULL, '{');
		json_string(&j, "question", question);
		answer_json(&j, &v, &a->request);
		json_close(&j, '}');
		json_end(&j);
	} else {
		puts(sentence ? sentence : answer_word(&v));
	}
	return v.answer == ANSWER_ALLOW ? STATUS_GOOD : STATUS_BAD;
}

int check_run(const struct options *o)
{
	struct policy policy;
	struct ask a = {0};
	int status = STATUS_ERROR;

	if (policy_open(&policy, o) == 0 && ask_init(&a, &policy, o) == 0)
		status = check_print(&a, o);
	ask_fini(&a);
	policy_close(&policy);
	return status;
}
