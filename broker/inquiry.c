/*
 * inquiry.c - what polkit's rules can decide by: the message's own fields and what the kernel says of
 * its sender, whom polkit looks up by the name of its connection. How each result is worded for
 * records, and what of it the sender is told, stands in one table.
 */
#include <inttypes.h>
#include <stdio.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/inquiry.h"
#include "broker/peer.h"
#include "broker/transit.h"

static const struct {
	bool authorised;
	int fault;
	const char *told; /* to the sender */
	const char *said; /* by polkit, for records */
} results[AGENT_RESULTS] = {
	[AGENT_AUTHORISED] = {true, 0, "", "authorised"},
	[AGENT_AUTHENTICATED] = {true, 0, "", "authorised by authentication"},
	[AGENT_REFUSED] = {false, FAULT_NOT_AUTHORISED, "not authorised", "not authorised"},
	[AGENT_CHALLENGE] = {false, FAULT_INTERACTION, "nobody may be asked for it",
		"authentication is required, and the call does not allow it"},
	[AGENT_DISMISSED] = {false, FAULT_NOT_AUTHORISED, "the authentication was dismissed",
		"authentication was dismissed"},
	[AGENT_FAILED] = {false, FAULT_NOT_AUTHORISED, "polkit did not answer", "not answered"},
};

static void detail_add(struct agent_ask *ask, const char *key, struct slice value)
{
	if (value.text)
		ask->details[ask->details_n++] = (struct agent_detail){slice_of(key), value};
}

void inquiry_init(
	struct inquiry *q, const struct transit *t, const struct rule *rule, struct slice name)
{
	const struct message *m = t->message;
	const struct peer *sender = t->sender;
	struct agent_ask *ask = &q->ask;

	*q = (struct inquiry){.keep = rule->keep};
	snprintf(q->uid, sizeof(q->uid), "%" PRIu32, sender->identity.uid);
	ask->interactive = m->flags & MESSAGE_ALLOW_INTERACTIVE_AUTHORIZATION;
	ask->subject = sender->unique_name;
	ask->action = image_slice(&t->bus->policy.image, rule->action);
	detail_add(ask, "destination", m->destination);
	detail_add(ask, "path", m->path);
	detail_add(ask, "interface", m->interface);
	detail_add(ask, "member", m->member);
	detail_add(ask, "name", name);
	detail_add(ask, "sender_uid", slice_of(q->uid));
	detail_add(ask, "unit", slice_of(sender->identity.unit));
	if (q->keep) {
		struct agent_ask same = *ask;

		same.interactive = false;
		q->key.limit = LETTER_MAX;
		agent_ask_write(&q->key, &same);
		q->keep = q->key.bad ? 0 : q->keep;
	}
}

void inquiry_fini(struct inquiry *q)
{
	writer_fini(&q->key);
}

static bool owns(const struct peer *peer, const char *name)
{
	for (uint32_t i = 0; peer && i < peer->primary_n; i++) {
		if (slice_is(peer->name_set[i], name))
			return true;
	}
	return false;
}

/* Whoever owns polkit's name answers all questions anyway. */
static bool is_exempt(const struct peer *peer)
{
	return owns(peer, "org.freedesktop.PolicyKit1") ||
	       (owns(peer, "org.freedesktop.systemd1") && peer_is_privileged(peer));
}

struct grant *inquiry_at_hand(struct inquiry *q, const struct transit *t, const struct peer *to)
{
	bool exempt = is_exempt(t->sender) || is_exempt(to);
	const struct kept *kept = NULL;
	struct grant *grant;

	if (!exempt && q->keep)
		kept = keep_find(&t->sender->keep, t->bus, &q->key);
	if (!exempt && !kept)
		return NULL;
	grant = grant_new(q->ask.action);
	if (!grant)
		return NULL;
	grant->consent.authorised = exempt || kept->authorised;
	if (exempt)
		snprintf(grant->text, sizeof(grant->text),
			"nobody is asked about polkit and systemd");
	else
		snprintf(grant->text, sizeof(grant->text), "%s, said polkit %" PRIu64 " ms ago",
			kept->authorised ? "authorised" : "not authorised",
			(loop_now() - kept->since) / 1000);
	return grant;
}

void inquiry_answered(struct grant *grant, const struct polkit_answer *answer, bool interactive)
{
	uint64_t ms = answer->took / 1000;
	const char *said = results[answer->result].said;

	grant->consent.authorised = results[answer->result].authorised;
	grant->fault = results[answer->result].fault;
	grant->why = results[answer->result].told;
	if (answer->result == AGENT_CHALLENGE && interactive) {
		grant->fault = FAULT_NOT_AUTHORISED;
		grant->why = "authentication is required, and nobody could be asked for it";
		said = "authentication is required, and there is no agent to ask for it";
	}
	if (answer->result == AGENT_FAILED)
		snprintf(grant->text, sizeof(grant->text), "%s: %.*s, after %" PRIu64 " ms", said,
			SLICE_FMT(answer->text), ms);
	else
		snprintf(grant->text, sizeof(grant->text),
			"%s, said polkit (%.*s) after %" PRIu64 " ms", said,
			SLICE_FMT(answer->text), ms);
}

void inquiry_failed(struct grant *grant, const char *why)
{
	grant->consent.authorised = false;
	grant->fault = FAULT_NOT_AUTHORISED;
	grant->why = results[AGENT_FAILED].told;
	snprintf(grant->text, sizeof(grant->text), "%s: %s", results[AGENT_FAILED].said, why);
}
