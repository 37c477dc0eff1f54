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

static void gate_note(
	const struct gate *gate, const struct request *request, const struct verdict *v)
{
	if (gate->note && (v->answer == ANSWER_DENY || gate->note_allowed))
		gate->note(gate->note_arg, request, v);
}

/* *ret_lasting: asking again would say the same and tell the listener no more. */
static struct verdict judges_ask(
	const struct gate *gate, const struct request *request, bool *ret_lasting)
{
	struct verdict held = {.answer = ANSWER_NONE};

	*ret_lasting = true;
	for (const struct judge *const *j = gate->judges; *j; j++) {
		struct verdict v = (*j)->ask(*j, request);

		v.judge = *j;
		if (v.advisory) {
			if (v.answer == ANSWER_DENY) {
				gate_note(gate, request, &v);
				*ret_lasting = false;
			}
			continue;
		}
		if (v.answer > held.answer)
			held = v;
		if (held.answer == ANSWER_DENY)
			break;
	}
	if (held.answer == ANSWER_NONE)
		held = (struct verdict){.answer = ANSWER_DENY, .reason = REASON_SILENCE};
	if (!held.image)
		held.image = request_image(request);
	if (held.answer == ANSWER_ASK)
		*ret_lasting = false;
	return held;
}

struct verdict gate_ask(const struct gate *gate, const struct request *request)
{
	struct flow_key key;
	bool lasting, keyed = gate->flow && flow_key_init(&key, request, &gate->epoch);
	const struct verdict *known = keyed ? flow_find(gate->flow, &key) : NULL;
	struct verdict v;

	if (known) {
		v = *known;
	} else {
		v = judges_ask(gate, request, &lasting);
		if (keyed && lasting)
			flow_put(gate->flow, &key, &v);
	}
	if (v.answer != ANSWER_ASK)
		gate_note(gate, request, &v);
	return v;
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
