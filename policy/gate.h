/*
 * gate.h - puts a request before the judges, strictest answer wins, silence is denial. MAC judges
 * answer NONE or DENY (they can only object); rules judges always speak about what concerns them.
 */
#pragma once

#include "policy/flow.h"

struct judge {
	const char *name; /* "send rules", "selinux" ... */
	struct verdict (*ask)(const struct judge *judge, const struct request *request);
	void *state;
	bool by_labels; /* a MAC judge: asked by gate_ask_labels, too */
	bool tried; /* struct gate's `permissive` makes its denials advisory */
};

struct gate {
	const struct judge *const *judges; /* NULL-terminated */
	/* the one listener; told of every DENY, advisory ones too, and where note_allowed is set
	 * once of a request that is allowed (not once per judge) */
	void (*note)(void *arg, const struct request *request, const struct verdict *verdict);
	void *note_arg;
	bool note_allowed;
	bool permissive; /* --permissive: what rules deny is noted, and let through */
	/* sets `audit` to the last <audit> rule that speaks to the sender and of this answer; may be
	 * NULL */
	void (*audits)(const struct request *request, struct verdict *v);
	/* verdicts on deliveries that were given before, NULL: each is asked anew. Whoever changes
	 * judges or what they go by changes `epoch`. */
	struct flow *flow;
	struct epoch epoch; /* but for `mac` */
	/* the generation of the MAC policy, asked before each verdict; NULL: there is none */
	uint64_t (*mac_epoch)(void *arg);
	void *mac_arg;
};

struct verdict gate_ask(const struct gate *gate, const struct request *request);
/* Only the MAC judges, for what no rule speaks of (Hello, watching others). NONE: none objects. */
struct verdict gate_ask_labels(const struct gate *gate, const struct request *request);

/* For what was found out elsewhere: the listener is told. */
void gate_tell(const struct gate *gate, const struct request *request, const struct verdict *v);
/* For refusals no judge speaks about (limits, driver checks): told to the listener, and returned. */
struct verdict gate_refuse_limit(
	const struct gate *gate, const struct request *request, enum limit limit, int64_t figure);
struct verdict gate_refuse(
	const struct gate *gate, const struct request *request, const char *text);
