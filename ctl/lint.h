/* lint.h - findings about a policy, and the finders of them */
#pragma once

#include "base/writer.h"
#include "ctl/policy.h"

enum severity { NOTE, WARNING, ERROR, SEVERITIES };

enum lint_kind {
#define KIND(id, name, severity, advice) LINT_##id,
#include "ctl/lint.def"
#undef KIND
	LINT_KINDS
};

struct finding {
	enum lint_kind kind;
	enum severity severity;
	char *file, *rule, *why; /* owned; rule is NULL for what is no rule */
	uint32_t line;
};

struct lint {
	const struct options *options;
	const struct image *image; /* the one that is looked at */
	struct writer actions; /* text of the polkit actions that are declared, for open-service */
	bool *dead; /* of each rule: it can never decide */
	struct finding *findings; /* owned */
	uint32_t findings_n;
	bool failed; /* no memory */
};

/* A rule where it stands. */
struct place_of_rule {
	const struct section *section;
	const struct rule *rule;
};

const char *lint_name(enum lint_kind kind);
void lint_add(struct lint *l, enum lint_kind kind, const struct rule *rule, const char *why, ...)
	__attribute__((format(printf, 4, 5)));
void lint_add_restriction(struct lint *l, enum lint_kind kind, const struct restriction *r,
	const char *why, ...) __attribute__((format(printf, 4, 5)));
void lint_add_override(struct lint *l, enum lint_kind kind, const struct override *o,
	const char *why, ...) __attribute__((format(printf, 4, 5)));
/* with another severity than its kind's */
void lint_add_as(struct lint *l, enum lint_kind kind, enum severity severity,
	const struct rule *rule, const char *why, ...) __attribute__((format(printf, 5, 6)));
/* of what is no rule */
void lint_add_at(struct lint *l, enum lint_kind kind, enum severity severity, struct slice file,
	uint32_t line, struct slice why);

/* Does the section speak to everybody? */
bool section_is_common(const struct section *s);
/* To whom it speaks: "everybody", "the unit" ... */
const char *section_whom(const struct section *s);
/* Does it speak to root only? */
bool section_is_root(const struct section *s);
/* May a rule decide about calls of methods? */
bool rule_is_about_calls(const struct rule *rule);

/* Is there no message or name that the rule could fit? */
bool rule_never_fits(const struct image *image, const struct rule *rule);

/* The finders. lint_hidden goes first: it fills `dead`, and dead rules are not looked at further. */
void lint_hidden(struct lint *l);
void lint_complaints(struct lint *l, const struct policy *policy);
void lint_sends(struct lint *l, const struct place_of_rule *at);
void lint_denies(struct lint *l, const struct place_of_rule *at);
void lint_owns(struct lint *l, const struct place_of_rule *at);
void lint_forms(struct lint *l, const struct place_of_rule *at);
void lint_arguments(struct lint *l, const struct place_of_rule *at);
void lint_checks(struct lint *l, const struct place_of_rule *at);
void lint_audits(struct lint *l, const struct place_of_rule *at);
void lint_sees(struct lint *l, const struct place_of_rule *at);
/* Of the policy as a whole. */
void lint_restrictions(struct lint *l);
void lint_patterns(struct lint *l);
void lint_trials(struct lint *l);
void lint_foreign(struct lint *l);
/* Reads the polkit actions declared in a folder; one that is missing declares none. */
void lint_actions_read(struct lint *l, const char *folder);
