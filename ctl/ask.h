/* ask.h - a question in words becomes a request, and the gate answers it */
#pragma once

#include "ctl/person.h"
#include "policy/gate.h"

/* "One that no rule names": rules cannot name it, as "*" means any there. */
#define OTHER SLICE("*")

/* Points into itself: it must not be moved. */
struct ask {
	struct person subject, peer;
	struct traffic traffic;
	struct request request;
};

/* What the options ask for. 0 or -1, told to standard error; ask_fini in any case. */
int ask_init(struct ask *ret, const struct policy *policy, const struct options *o);
void ask_fini(struct ask *a);
/* The gate's answer, by the judges of the bus; MAC is not asked. */
struct verdict request_answer(const struct request *request);
/* The question in one line, to be freed: "user 1000: send method_call ... to user 0, owner of ..." */
char *ask_describe(const struct ask *a);
