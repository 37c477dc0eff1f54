/*
 * fit.h - what one attribute of a rule says about a request. What an attribute compares is written
 * once, in one function for each, which both the judges (rules.c) and the search for the nearest
 * rule (nearest.c) use. A new attribute belongs also into what the index takes for the same
 * (rules_are_twins, index.c), and what it looks at in a message into the key of the flow cache
 * (flow_key_init, flow.c).
 */
#pragma once

#include <assert.h>

#include "policy/index.h"
#include "policy/rules.h"

#define QUESTION_HASHES 8

/* What one attribute of a rule says about a request. */
enum fit { UNSAID, AGREES, DIFFERS };

/* One side of a delivery, or a name to be owned, laid out for comparing. */
struct question {
	const struct identity *identity; /* CONNECT: who asks */
	const struct traffic *traffic; /* SEND, RECEIVE */
	const struct slice *names; /* of the other side */
	uint32_t names_n;
	uint64_t sizes; /* bit n: one of the names has n bytes (modulo 64) */
	bool requested, eavesdrop;
	bool enforced; /* rules on trial that do not allow are not asked */
	uint8_t on; /* AUDIT: which decision it was, ON_* */
	bool *ret_by_arg0; /* set once a rule looks at the first argument */
	struct slice alone; /* `names` where there is no party that has some */
	/* for the index, once they were needed: hashes of the first names and of the fields; which
	 * fields there are */
	uint64_t name_hashes[QUESTION_HASHES], fields[FIELDS];
	uint32_t name_hashes_n, present;
	bool fields_hashed;
};

/* What the rules of a verb are asked by a request. `q` must stay where it is: it may point to itself. */
void question_init(struct question *q, const struct request *request, enum rule_verb verb);

static inline struct slice text_slice(const struct image *image, struct image_text t)
{
	return (struct slice){(const char *)image->bytes + t.at, t.size};
}

static inline enum fit fit_if(bool agrees)
{
	return agrees ? AGREES : DIFFERS;
}

/* Names begin alike and end differently: the last byte settles most comparisons. */
static inline bool name_equal(struct slice a, struct slice b)
{
	if (a.size != b.size)
		return false;
	return !a.size || (a.text[a.size - 1] == b.text[b.size - 1] && slice_equal(a, b));
}

static inline enum fit name_compare(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	struct slice name = text_slice(image, rule->name);

	for (uint32_t i = 0; i < q->names_n; i++)
		if (rule->name_kind == NAME_EXACT ? name_equal(name, q->names[i])
						  : slice_leads(name, q->names[i], '.'))
			return AGREES;
	return DIFFERS;
}

static inline enum fit name_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	if (rule->name_kind == NAME_ANY)
		return UNSAID;
	if (rule->name_kind == NAME_EXACT && !(q->sizes >> (rule->name.size & 63) & 1))
		return DIFFERS;
	return name_compare(image, rule, q);
}

/* A field that the message lacks is not compared. */
static inline enum fit text_fit(
	const struct image *image, struct image_text wanted, struct slice field)
{
	if (!wanted.at)
		return UNSAID;
	if (!field.text)
		return AGREES;
	return fit_if(wanted.size == field.size && slice_equal(text_slice(image, wanted), field));
}

static inline enum fit path_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	return text_fit(image, rule->path, q->traffic->path);
}

static inline enum fit member_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	return text_fit(image, rule->member, q->traffic->member);
}

static inline enum fit error_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	return text_fit(image, rule->error, q->traffic->error);
}

/* A call may leave its interface out: that must not get round a deny, nor profit from an allow. */
static inline enum fit interface_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	if (rule->interface.at && !q->traffic->interface.text)
		return fit_if(rule->effect != EFFECT_ALLOW);
	return text_fit(image, rule->interface, q->traffic->interface);
}

static inline enum fit type_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	return rule->type ? fit_if(rule->type == q->traffic->type) : UNSAID;
}

static inline enum fit broadcast_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	if (rule->broadcast == UNSET)
		return UNSAID;
	return fit_if((rule->broadcast == IS_TRUE) == q->traffic->broadcast);
}

static inline enum fit min_fds_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	return rule->min_fds ? fit_if(q->traffic->fds >= rule->min_fds) : UNSAID;
}

static inline enum fit max_fds_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	return rule->max_fds != UINT32_MAX ? fit_if(q->traffic->fds <= rule->max_fds) : UNSAID;
}

/* The first argument is not there, or no string: it is not what the rule names. */
static inline enum fit arg0_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	struct slice wanted = text_slice(image, rule->arg0), arg0;

	if (rule->arg0_kind == ARG0_ANY)
		return UNSAID;
	*q->ret_by_arg0 = true;
	arg0 = traffic_arg0(q->traffic);
	if (!arg0.text || arg0.size < wanted.size)
		return DIFFERS;
	return fit_if((rule->arg0_kind == ARG0_PREFIX || arg0.size == wanted.size) &&
		      slice_equal(wanted, (struct slice){arg0.text, wanted.size}));
}

/* An audit rule speaks of decisions of its kind. */
static inline enum fit on_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	return rule->effect == EFFECT_AUDIT ? fit_if(rule->on & q->on) : UNSAID;
}

/* allow: by default only what was asked for; deny: by default only what was not; a check is about
 * calls, which it stops also where they say that they answer something */
static inline enum fit reply_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	if (!q->traffic->is_reply)
		return UNSAID;
	if (rule->effect == EFFECT_AUDIT || rule->effect == EFFECT_CHECK)
		return UNSAID;
	if (rule->effect == EFFECT_DENY)
		return fit_if(rule->requested_reply == IS_TRUE || !q->requested);
	return fit_if(
		rule->requested_reply == IS_FALSE || rule->eavesdrop == IS_TRUE || q->requested);
}

/* An attribute of receiving only: allow must say it to cover copies, deny then covers only them. */
static inline enum fit eavesdrop_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	if (rule->verb != RULE_RECEIVE || q->eavesdrop == (rule->eavesdrop == IS_TRUE))
		return UNSAID;
	return fit_if(q->eavesdrop == (rule->effect == EFFECT_DENY));
}

#define ARG0_ATTRIBUTE(rule) ((rule)->arg0_kind == ARG0_PREFIX ? "send_arg0_prefix" : "send_arg0")

/* Cheapest first, the argument last: it is only read for rules that it decides. Function, its name in send rules, in receive rules. */
#define ATTRIBUTES(X)                                                                              \
	X(type_fit, "send_type", "receive_type")                                                   \
	X(name_fit, rule_name_attribute(rule), rule_name_attribute(rule))                          \
	X(reply_fit, "send_requested_reply", "receive_requested_reply")                            \
	X(eavesdrop_fit, "eavesdrop", "eavesdrop")                                                 \
	X(broadcast_fit, "send_broadcast", "receive_broadcast")                                    \
	X(min_fds_fit, "min_fds", "min_fds")                                                       \
	X(max_fds_fit, "max_fds", "max_fds")                                                       \
	X(interface_fit, "send_interface", "receive_interface")                                    \
	X(member_fit, "send_member", "receive_member")                                             \
	X(path_fit, "send_path", "receive_path")                                                   \
	X(error_fit, "send_error", "receive_error")                                                \
	X(on_fit, "on", "on")                                                                      \
	X(arg0_fit, ARG0_ATTRIBUTE(rule), ARG0_ATTRIBUTE(rule))

static inline bool message_fits(
	const struct image *image, const struct rule *rule, const struct question *q)
{
#define TEST(fit, send, receive)                                                                   \
	if (fit(image, rule, q) == DIFFERS)                                                        \
		return false;
	ATTRIBUTES(TEST)
#undef TEST
	return true;
}

/* Whether the identity is a member, primary group included. */
bool identity_has_group(const struct identity *identity, uint32_t gid);

static inline enum fit who_fit(const struct rule *rule, const struct identity *identity)
{
	if (rule->who == WHO_ANY)
		return UNSAID;
	if (rule->id == ID_NONE)
		return DIFFERS;
	return fit_if(rule->who == WHO_USER ? rule->id == identity->uid
					    : identity_has_group(identity, rule->id));
}

static inline bool question_fits(
	const struct question *q, const struct image *image, const struct rule *rule)
{
	if (q->enforced && rule_is_on_trial(rule))
		return false;
	if (rule->verb >= RULE_SEND)
		return message_fits(image, rule, q);
	if (rule->verb == RULE_CONNECT)
		return who_fit(rule, q->identity) != DIFFERS;
	return name_fit(image, rule, q) != DIFFERS && on_fit(image, rule, q) != DIFFERS;
}
