/*
 * verdict.h - an answer and its reason, a small value on the stack. No string is built until
 * somebody wants to read it; verdict_explain is the one place that words it.
 */
#pragma once

#include "policy/request.h"

/* the strictest wins: in this order */
enum answer { ANSWER_NONE, ANSWER_ALLOW, ANSWER_ASK, ANSWER_DENY };

struct judge;

enum reason {
	REASON_SILENCE, /* nobody said allow: denied */
	REASON_RULE, /* `rule` */
	REASON_NO_RULE, /* no rule fitted: denied (or the connect default) */
	REASON_RESTRICTION, /* `restriction` */
	REASON_CONSENT, /* `rule` is a <check>, `text` what polkit said */
	REASON_LIMIT, /* `limit`, `figure` */
	REASON_FAULT, /* `text`: a constant sentence */
};

struct verdict {
	enum answer answer;
	enum reason reason;
	bool advisory; /* permissive: noted, not enforced */
	const struct judge *judge;
	const struct image *image;
	const struct rule *rule;
	const struct restriction *restriction;
	const struct rule *audit; /* the <audit> that wants this decision recorded */
	/* a rule on trial that would have decided otherwise, and whose it is; the decision is that
	 * of the rules in force */
	const struct rule *would;
	const struct judge *would_judge;
	bool by_arg0; /* some rule had to look at the first argument */
	enum limit limit;
	int64_t figure; /* the value of the limit that was hit */
	const char *text; /* FAULT, CONSENT */
};

/*
 * Words a verdict into `buf` (always NUL-terminated): `deny by send rules: FILE:LINE <deny .../>`,
 * `deny by send rules: no rule matched; nearest: FILE:LINE <allow .../>, differs in send_member`,
 * `deny by receive rules: no rule matched`, `deny by limit: max_names_per_connection=512`.
 * `request` is the question the verdict answered (for the nearest rule). Returns what snprintf does.
 */
int verdict_explain(const struct verdict *v, const struct request *request, char *buf, size_t size);
