/*
 * gate.c - strictest answer wins, silence is denial. Advisory answers (permissive MAC) are told to
 * the listener and then forgotten. The listener hears of an allowed request once, not per judge.
 * What was judged before is taken from the flow cache; the listener hears of it all the same.
 */
#include "policy/gate.h"

static const struct image *request_image(const struct request *request)
{
	const struct party *party = request->sender ? request->sender : request->recipient;

	return party && party->subject ? party->subject->image : NULL;
}

/* What somebody is not told of, nobody has refused. */
static void gate_say(
	const struct gate *gate, const struct request *request, const struct verdict *v)
{
	if (gate->note && request->verb != VERB_SEE)
		gate->note(gate->note_arg, request, v);
}

static void gate_note(
	const struct gate *gate, const struct request *request, const struct verdict *v)
{
	if (v->answer == ANSWER_DENY || v->audit || gate->note_allowed)
		gate_say(gate, request, v);
}

/* What a rule on trial would have decided, had it been in force. */
static void gate_note_would(
	const struct gate *gate, const struct request *request, const struct verdict *v)
{
	const struct verdict would = {
		.answer = v->would->effect == EFFECT_CHECK ? ANSWER_ASK : ANSWER_DENY,
		.reason = REASON_RULE,
		.advisory = true,
		.judge = v->would_judge,
		.image = v->image,
		.rule = v->would,
	};

	gate_say(gate, request, &would);
}

/* Each judge's doubts are kept, though only one judge's answer is. */
static void verdict_keep(struct verdict *held, const struct verdict *v)
{
	bool by_arg0 = held->by_arg0 || v->by_arg0;
	const struct rule *would = held->would ? held->would : v->would;
	const struct judge *would_judge = held->would ? held->would_judge : v->judge;

	if (v->answer > held->answer)
		*held = *v;
	held->by_arg0 = by_arg0;
	held->would = would;
	held->would_judge = would_judge;
}

/* What is let through, and still told: would-be denials, and what a MAC policy wants to have recorded
 * although it allows it. False: there is nothing to tell. */
static bool gate_note_advisory(
	const struct gate *gate, const struct request *request, const struct verdict *v)
{
	if (v->answer != ANSWER_DENY && (v->answer == ANSWER_NONE || v->reason != REASON_LABELS))
		return false;
	gate_say(gate, request, v);
	return true;
}

/* *ret_lasting: asking again would say the same and tell the listener no more. */
static struct verdict judges_ask(
	const struct gate *gate, const struct request *request, bool *ret_lasting)
{
	struct verdict held = {.answer = ANSWER_NONE};
	bool would_pass = false;

	*ret_lasting = true;
	for (const struct judge *const *j = gate->judges; *j; j++) {
		struct verdict v = (*j)->ask(*j, request);

		v.judge = *j;
		if (gate->permissive && (*j)->tried && v.answer == ANSWER_DENY)
			v.advisory = true;
		if (v.advisory) {
			if (gate_note_advisory(gate, request, &v))
				*ret_lasting = false;
			held.by_arg0 |= v.by_arg0;
			would_pass |= gate->permissive && (*j)->tried;
			continue;
		}
		verdict_keep(&held, &v);
		if (held.answer == ANSWER_DENY)
			break;
	}
	if (held.answer == ANSWER_NONE && would_pass)
		held.answer = ANSWER_ALLOW;
	if (held.answer == ANSWER_NONE)
		held = (struct verdict){.answer = ANSWER_DENY, .reason = REASON_SILENCE};
	if (!held.image)
		held.image = request_image(request);
	if (held.answer == ANSWER_ASK || request->consent || held.labels.error)
		*ret_lasting = false;
	if (held.answer != ANSWER_ASK && gate->audits)
		gate->audits(request, &held);
	return held;
}

static void gate_keep(const struct gate *gate, const struct request *request, struct flow_key *key,
	const struct verdict *v, bool has_arg0)
{
	flow_put(gate->flow, key, v);
	if (v->by_arg0 && !has_arg0 && flow_key_arg0(key, request->traffic))
		flow_put(gate->flow, key, v);
}

static struct epoch gate_epoch(const struct gate *gate)
{
	struct epoch epoch = gate->epoch;

	if (gate->mac_epoch)
		epoch.mac = gate->mac_epoch(gate->mac_arg);
	return epoch;
}

struct verdict gate_ask(const struct gate *gate, const struct request *request)
{
	struct flow_key key;
	struct epoch epoch = gate_epoch(gate);
	bool by_arg0 = false, lasting, keyed = gate->flow && flow_key_init(&key, request, &epoch);
	const struct verdict *known = keyed ? flow_find(gate->flow, &key) : NULL;
	struct verdict v;

	/* under a key without it, a verdict by the first argument only says that there must be one with */
	if (known && known->by_arg0) {
		keyed = by_arg0 = flow_key_arg0(&key, request->traffic);
		known = keyed ? flow_find(gate->flow, &key) : NULL;
	}
	if (known) {
		v = *known;
	} else {
		v = judges_ask(gate, request, &lasting);
		if (keyed && lasting)
			gate_keep(gate, request, &key, &v, by_arg0);
	}
	if (v.answer == ANSWER_ASK)
		return v;
	if (v.would && v.answer != ANSWER_DENY)
		gate_note_would(gate, request, &v);
	gate_note(gate, request, &v);
	return v;
}

struct verdict gate_ask_labels(const struct gate *gate, const struct request *request)
{
	struct verdict v = {.answer = ANSWER_NONE};

	for (const struct judge *const *j = gate->judges; *j; j++) {
		if (!(*j)->by_labels)
			continue;
		v = (*j)->ask(*j, request);
		v.judge = *j;
		if (v.advisory)
			gate_note_advisory(gate, request, &v);
		else if (v.answer == ANSWER_DENY)
			break;
		v = (struct verdict){.answer = ANSWER_NONE};
	}
	if (v.answer == ANSWER_DENY) {
		v.image = request_image(request);
		gate_note(gate, request, &v);
	}
	return v;
}

void gate_tell(const struct gate *gate, const struct request *request, const struct verdict *v)
{
	gate_note(gate, request, v);
}

struct verdict gate_refuse_limit(
	const struct gate *gate, const struct request *request, enum limit limit, int64_t figure)
{
	struct verdict v = {
		.answer = ANSWER_DENY,
		.reason = REASON_LIMIT,
		.image = request_image(request),
		.limit = limit,
		.figure = figure,
	};

	gate_note(gate, request, &v);
	return v;
}

struct verdict gate_refuse(const struct gate *gate, const struct request *request, const char *text)
{
	struct verdict v = {
		.answer = ANSWER_DENY,
		.reason = REASON_FAULT,
		.image = request_image(request),
		.text = text,
	};

	gate_note(gate, request, &v);
	return v;
}
