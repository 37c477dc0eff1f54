/* check.c - one question, one answer */
#include <stdlib.h>

#include "ctl/ask.h"
#include "ctl/command.h"

static int check_print(struct ask *a, const struct options *o)
{
	struct outcome answer;
	DROP_HEAP char *question = ask_describe(a);
	DROP_HEAP char *sentence = NULL;

	ask_answer(a, &answer);
	sentence = answer_sentence(&answer.verdict, &a->request);
	if (o->json) {
		struct json j = {.to = stdout};

		json_open(&j, NULL, '{');
		json_string(&j, "question", question);
		answer_json(&j, &answer, &a->request);
		json_close(&j, '}');
		json_end(&j);
	} else {
		puts(sentence ? sentence : answer_word(&answer.verdict));
		answer_print_more(&answer, &a->request);
	}
	return answer.verdict.answer == ANSWER_ALLOW ? STATUS_GOOD : STATUS_BAD;
}

int check_run(const struct options *o)
{
	return ask_run(o, check_print, false);
}
