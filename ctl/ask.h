/* ask.h - a question in words becomes a request, and the gate answers it */
#pragma once

#include "ctl/answer.h"
#include "ctl/labels.h"
#include "ctl/person.h"

/* "One that no rule names": rules cannot name it, as "*" means any there. */
#define OTHER SLICE("*")

/* Points into itself: it must not be moved. */
struct ask {
	struct person subject, peer;
	struct traffic traffic;
	struct request request;
	enum wish wish; /* WISH_LIMITS is no request: then there is only the subject */
	struct labels labels;
	bool labelled; /* a label was given */
	const char *bus_label;
	struct consent consent; /* what polkit says if it is asked; `text` NULL: nothing yet */
};

/* What the options ask for. 0 or -1, told to standard error; ask_fini in any case. */
int ask_init(struct ask *ret, const struct policy *policy, const struct options *o);
void ask_fini(struct ask *a);
/* The gate's answer, and where labels are given the kernel's; where it is to ask polkit and `consent` says what that says, with its consent. */
void ask_answer(struct ask *a, struct outcome *ret);
/* The question in one line, to be freed: "user 1000: send method_call ... to user 0, owner of ..." */
char *ask_describe(const struct ask *a);
/* A whole subcommand, an enum status: `print` answers what the options ask for; which limits hold is
 * answered here, `all` as for limits_print. */
int ask_run(
	const struct options *o, int (*print)(struct ask *a, const struct options *o), bool all);
