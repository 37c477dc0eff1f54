/*
 * rules.h - the busconfig rules as judges: connect, own, send, receive. Semantics are those of
 * dbus-daemon, last fitting rule decides, nothing fitting denies (connect: all but the bus's own
 * uid are denied). The differences that are meant are listed in HACKING.md.
 */
#pragma once

#include "policy/gate.h"

extern const struct judge rules_connect, rules_own, rules_see, rules_send, rules_receive;
/* Whether a service may be started on request, as it would be by a call to it (may_call.c): verb
 * ACTIVATE, traffic->destination, recipient NULL. */
extern const struct judge rules_start;
/* Whether who wants a name is whom <restrict> lets have it (restrict.c); it only objects. */
extern const struct judge restrictions;

/* struct gate's `audits`. */
void rules_audit(const struct request *request, struct verdict *v);

/* Whether one rule about messages fits a request, an audit rule whatever it is `on` (exported for
 * explain and for tests). */
bool rule_fits(const struct image *image, const struct rule *rule, const struct request *request);

/*
 * A rule by which the sender's send rules let any method call at all through to
 * traffic->destination, whatever its path, interface or member (may_call.c): an allow if there is
 * one, else the last <check>; NULL: none. `request`: verb SEND or ACTIVATE, recipient NULL.
 */
const struct rule *rules_may_call(const struct request *request);

/* What a rule says: an answer, or whose word it waits for. */
void verdict_by_rule(struct verdict *v, const struct rule *rule, const struct consent *consent);

/*
 * Among the allow rules of `verb` that do not fit, the one with the fewest attributes that
 * differ; *ret_differs names one of those ("send_member"). NULL if there is none.
 */
const struct rule *rules_nearest(enum rule_verb verb, const struct request *request,
	const struct image **ret_image, const char **ret_differs);
