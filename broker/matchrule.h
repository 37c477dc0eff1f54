/*
 * matchrule.h - one match rule: parsed once from its text (specification 0.43, "Match Rules";
 * quoting as there), compared, printed and applied in that form.
 */
#pragma once

#include "base/writer.h"
#include "broker/message.h"

#define MATCHRULE_TEXT_MAX 1024 /* longer ones: FAULT_LIMITS, as the reference */

enum arg_kind { ARG_STRING, ARG_PATH, ARG_NAMESPACE };

struct match_arg {
	uint8_t index; /* 0..63; ascending within a rule, each at most once */
	uint8_t kind; /* enum arg_kind */
	struct slice text;
};

/* One allocation, everything inside it; free() with matchrule_free. Absent: text NULL, type 0. */
struct matchrule {
	uint8_t type;
	bool eavesdrop;
	bool path_is_namespace;
	uint8_t args_n;
	uint32_t image_size, hash;
	const char *image; /* all conditions as one run of bytes: equal rules, equal images */
	struct slice sender, interface, member, path, destination;
	struct match_arg args[];
};

/* FAULT_BAD_MATCH with a constant sentence in *ret_why, FAULT_LIMITS, -ENOMEM. */
int matchrule_parse(struct slice text, struct matchrule **ret, const char **ret_why);
void matchrule_free(struct matchrule *rule);
bool matchrule_equal(const struct matchrule *a, const struct matchrule *b);
/* The rule as text, in the reference's order of keys, quoted; for GetAllMatchRules. */
void matchrule_print(const struct matchrule *rule, struct writer *out);

/* What rules are applied to: a message, and lazily its arguments. Start with args_read 0. */
struct matchable {
	const struct message *message;
	/* destination: the unique and well-known names its recipient owns; NULL, 0 for none */
	const struct slice *recipient_names;
	uint32_t recipient_names_n;
	uint8_t args_read; /* so many were asked for: 0, 1 or MESSAGE_ARGS_MAX */
	struct message_args args;
};

/* The type of an argument (0: there is none), and for 's' and 'o' its text. */
char matchable_arg(struct matchable *m, unsigned int index, struct slice *ret);

/* Everything but `sender`, which the registry has resolved (matches.h). */
bool matchrule_fits(const struct matchrule *rule, struct matchable *m);
