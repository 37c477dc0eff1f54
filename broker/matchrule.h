/*
 * matchrule.h - one match rule: parsed once from its text (specification 0.43, "Match Rules";
 * quoting as there), compared, printed and applied in that form.
 */
#pragma once

#include "broker/message.h"

#define MATCHRULE_TEXT_MAX 1024 /* longer ones: FAULT_LIMITS, as the reference */

enum arg_kind { ARG_STRING, ARG_PATH, ARG_NAMESPACE };

struct match_arg {
	uint8_t index; /* 0..63; ascending within a rule, each at most once */
	uint8_t kind;  /* enum arg_kind */
	struct slice text;
};

/* One allocation, everything inside it; free() with matchrule_free. Absent: text NULL, type 0. */
struct matchrule {
	uint8_t type;
	bool eavesdrop;
	bool path_is_namespace;
	uint8_t args_n;
	struct slice sender, interface, member, path, destination;
	struct match_arg args[];
};

/* FAULT_BAD_MATCH with a constant sentence in *ret_why, FAULT_LIMITS, -ENOMEM. */
int matchrule_parse(struct slice text, struct matchrule **ret, const char **ret_why);
void matchrule_free(struct matchrule *rule);
bool matchrule_equal(const struct matchrule *a, const struct matchrule *b);
/* The rule as text, canonical key order, quoted; for GetAllMatchRules. */
void matchrule_print(const struct matchrule *rule, struct writer *out);

/* What rules are applied to: a message, and lazily its arguments. */
struct matchable {
	const struct message *message;
	/* destination: the unique and well-known names its recipient owns; NULL, 0 for none */
	const struct slice *recipient_names;
	uint32_t recipient_names_n;
	bool args_read;
	struct message_args args;
};

/* Everything but `sender`, which the registry has resolved (matches.h). */
bool matchrule_fits(const struct matchrule *rule, struct matchable *m);
