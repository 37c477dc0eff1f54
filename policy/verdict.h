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
	REASON_LABELS, /* `labels` */
	REASON_LIMIT, /* `limit`, `figure` */
	REASON_FAULT, /* `text`: a constant sentence */
};

/*
 * Whose MAC policy speaks of what to whom. Texts are borrowed from the peers, the image and the judge;
 * who keeps a verdict keeps it under the numbers of the labels, which end when the texts do.
 */
struct label_reason {
	const char *subject; /* whose policy it is; NULL: no label is known */
	const char *object; /* NULL: the permission is one by itself */
	const char *class, *permission;
	int error; /* the kernel could not be asked: errno; else 0 */
	bool quiet; /* the MAC policy wants no record of it */
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
	struct label_reason labels;
	enum limit limit;
	int64_t figure; /* the value of the limit that was hit */
	const char *text; /* FAULT, CONSENT */
};

/*
 * Words a verdict into `buf` (always NUL-terminated): `deny by send rules: FILE:LINE <deny .../>`,
 * `deny by send rules: no rule matched; nearest: FILE:LINE <allow .../>, differs in send_member`,
 * `deny by receive rules: no rule matched`, `deny by limit: max_names_per_connection=512`,
 * `deny by selinux: user_t -> init_t dbus:send_msg` (with whole contexts).
 * `request` is the question the verdict answered (for the nearest rule). Returns what snprintf does.
 */
int verdict_explain(const struct verdict *v, const struct request *request, char *buf, size_t size);
