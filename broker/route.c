/*
 * route.c - routing: authentication bytes to SASL, messages to their receivers. Each refusal is an
 * error reply to the sender, whatever the type of its message was; a broadcast that is refused to
 * some receiver stays silent.
 */
#include <errno.h>
#include <stdio.h>

#include "broker/activation.h"
#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/park.h"
#include "broker/peer.h"
#include "broker/route.h"
#include "broker/sight.h"
#include "broker/transit.h"
#include "policy/rules.h"

void route_violation(struct peer *peer, int fault, const char *why)
{
	struct request q = {.verb = VERB_PROTOCOL, .sender = &peer->party};
	char text[256];

	snprintf(text, sizeof(text), "%s%s%s", fault_sentence(fault), why ? ": " : "",
		why ? why : "");
	gate_refuse(&peer->bus->gate, &q, text);
	peer_kill(peer, NULL);
}

void route_refuse(struct peer *peer, const struct message *m, int fault, const char *detail)
{
	driver_send_error(peer->bus, peer, m->serial, fault < 0 ? FAULT_NO_MEMORY : fault, detail);
}

/* The connect question, once the peer has proved who it is. */
static void authenticated(struct peer *peer)
{
	struct bus *bus = peer->bus;
	struct request q = {.verb = VERB_CONNECT, .sender = &peer->party, .bus_uid = bus->uid};

	peer->anonymous = peer->sasl->anonymous;
	peer->takes_fds = peer->sasl->fds;
	sasl_fini(peer->sasl);
	free(TAKE(peer->sasl));
	if (peer->anonymous) {
		/* nobody in particular: rules for users and groups do not fit it */
		peer->identity.uid = ID_NONE;
		peer->identity.groups_n = 0;
		q.bus_uid = ID_NONE;
	}
	peer->state = PEER_UNNAMED;
	if (subject_init(&peer->subject, &bus->policy.image, &peer->identity) < 0) {
		peer_kill(peer, "no memory for its policy");
		return;
	}
	peer_limits_renew(peer);
	if (gate_ask(&bus->gate, &q).answer != ANSWER_ALLOW)
		peer_kill(peer, NULL);
}

/* With whatever else the round has for it: who sends Hello along is woken once. */
static void sasl_answer(struct peer *peer, const struct writer *answer)
{
	const void *kept = batch_copy(peer->bus, answer);
	const struct parcel parcel = {.header = kept ? kept : answer->data,
		.header_size = answer->size,
		.transient = !kept};

	(void)outgoing_send(peer, &parcel);
}

size_t route_sasl(struct peer *peer, const uint8_t *bytes, size_t size)
{
	struct bus *bus = peer->bus;
	struct request q = {.verb = VERB_CONNECT, .sender = &peer->party};
	enum sasl_outcome outcome;
	size_t used = 0;

	bus->reply.size = 0;
	bus->reply.bad = false;
	outcome = sasl_feed(peer->sasl, bytes, size, &used, &bus->reply);
	if (bus->reply.size && !bus->reply.bad)
		sasl_answer(peer, &bus->reply);
	for (; peer->sasl->refusals > 0; peer->sasl->refusals--)
		gate_refuse(&bus->gate, &q, peer->sasl->refused);
	if (bus->reply.bad || outcome == SASL_FAILED)
		route_violation(peer, FAULT_MALFORMED, peer->sasl->why);
	else if (outcome == SASL_DONE)
		authenticated(peer);
	return outcome == SASL_MORE ? size : used;
}

/* The sentence for a refused send: what the sender knows anyway, and nothing of others. */
static void refuse_denied(struct peer *peer, struct transit *t)
{
	static const char *const types[] = {
		"invalid", "method_call", "method_return", "error", "signal"};
	const struct message *m = t->message;
	char text[768];

	snprintf(text, sizeof(text),
		"type=\"%s\", sender=\"%s\" (uid=%u pid=%d) interface=\"%.*s\" member=\"%.*s\" "
		"error name=\"%.*s\" requested_reply=\"%d\" destination=\"%.*s\"",
		types[m->type < ARRAY_SIZE(types) ? m->type : 0], peer->unique_text,
		peer->process.uid, peer->process.pid,
		SLICE_FMT(m->interface.text ? m->interface : SLICE("(unset)")),
		SLICE_FMT(m->member.text ? m->member : SLICE("(unset)")),
		SLICE_FMT(m->error.text ? m->error : SLICE("(unset)")), t->requested_reply,
		SLICE_FMT(m->destination));
	route_refuse(peer, m, FAULT_DENIED, text);
}

/* The limit is that of who gets the message, or of who awaits a reply or polkit's word. */
static int64_t limit_figure(const struct transit *t)
{
	static const bool of_sender[LIMITS] = {
		[LIMIT_MAX_REPLIES_PER_CONNECTION] = true,
		[LIMIT_MAX_POLKIT_CHECKS_PER_USER] = true,
		[LIMIT_MAX_PARKED_MESSAGES_PER_USER] = true,
	};
	const struct peer *whose = of_sender[t->limit] ? t->sender : t->addressee;

	return whose ? peer_limit(whose, t->limit) : bus_limit(t->bus, t->limit);
}

static void refuse_limit(struct peer *peer, struct transit *t)
{
	struct request q = {.verb = VERB_SEND, .sender = &peer->party, .traffic = &t->traffic};
	char text[96];

	/* whoever met it has not told the trail */
	if (t->refusals == peer->bus->trail.refusals)
		gate_refuse_limit(&peer->bus->gate, &q, t->limit, limit_figure(t));

	snprintf(text, sizeof(text), "%s=%lld", limit_name(t->limit), (long long)limit_figure(t));
	route_refuse(peer, t->message, FAULT_LIMITS, text);
}

/* No such receiver, and which. */
static void refuse_name(struct peer *peer, const struct message *m, int fault)
{
	char text[272];

	snprintf(text, sizeof(text), "\"%.*s\"", SLICE_FMT(m->destination));
	route_refuse(peer, m, fault, text);
}

/* polkit was asked, and did not say yes: which action, and why not. */
static void refuse_unauthorised(struct peer *peer, struct transit *t)
{
	const struct grant *grant = t->grant;
	char text[512];

	snprintf(text, sizeof(text), "\"%.*s\": %s", SLICE_FMT(grant->consent.action), grant->why);
	route_refuse(peer, t->message, grant->fault, text);
}

static void refuse(struct peer *peer, struct transit *t, int fault)
{
	/* that it was denied would show that there is such a name */
	if (fault == FAULT_DENIED && !sight_of(peer, t->message->destination))
		fault = t->message->flags & MESSAGE_NO_AUTO_START ? FAULT_NO_OWNER
								  : FAULT_SERVICE_UNKNOWN;
	if (fault == FAULT_DENIED && t->by_grant)
		refuse_unauthorised(peer, t);
	else if (fault == FAULT_DENIED)
		refuse_denied(peer, t);
	else if (fault == FAULT_LIMITS)
		refuse_limit(peer, t);
	else if (fault == FAULT_NO_OWNER || fault == FAULT_SERVICE_UNKNOWN)
		refuse_name(peer, t->message, fault);
	else
		route_refuse(peer, t->message, fault, NULL);
}

static bool wants_reply(const struct message *m)
{
	return m->type == MESSAGE_CALL && !(m->flags & MESSAGE_NO_REPLY_EXPECTED);
}

/* A call is only delivered if its reply can be awaited. */
static int expect_reply(struct transit *t, struct peer *to)
{
	struct request q = {.verb = VERB_SEND,
		.sender = &t->sender->party,
		.recipient = &to->party,
		.traffic = &t->traffic};
	int r;

	if (!wants_reply(t->message))
		return 0;
	r = reply_expect(t->bus, t->sender, to, t->message->serial);
	if (r == FAULT_LIMITS) {
		t->limit = LIMIT_MAX_REPLIES_PER_CONNECTION;
		gate_refuse_limit(&t->bus->gate, &q, t->limit, limit_figure(t));
	}
	return r;
}

/* Where a rule wants polkit's word first the message waits, unless that is there already. */
static int admit(struct transit *t, struct peer *to)
{
	int r = transit_admit(t, to, false);

	if (r != TRANSIT_ASKS)
		return r;
	r = park_ask(t, to, t->check);
	return r != 0 ? r : transit_admit(t, to, false);
}

static int unicast(struct transit *t, struct peer *to)
{
	const struct message *m = t->message;
	int r;

	if (m->reply_serial)
		t->requested_reply = reply_settle(t->bus, t->sender, to, m->reply_serial);
	if (m->reply_serial && !t->requested_reply && consult_is_agent(&t->bus->consult, to))
		return transit_refuse(t, to, "only polkit answers who asks it");
	r = admit(t, to);
	if (r != 0)
		return r;
	if (m->fds && !to->takes_fds)
		return FAULT_FDS_REFUSED;
	r = expect_reply(t, to);
	if (r != 0)
		return r;
	r = transit_send(t, to);
	if (r != 0 && wants_reply(m))
		(void)reply_settle(t->bus, to, t->sender, m->serial);
	return r;
}

/* Before Hello nothing but Hello is answered, and no rule hinders that; a second one is a call like
 * any other. */
static bool at_driver(struct peer *peer, struct transit *t)
{
	struct verdict v = {.answer = ANSWER_DENY};

	if (peer->state != PEER_UNNAMED)
		v = transit_ask(t, NULL, false);
	else if (transit_ask_labels(t))
		v.answer = ANSWER_ALLOW;
	if (v.answer == ANSWER_ALLOW)
		return driver_handle(peer, t);
	if (v.answer == ANSWER_ASK)
		transit_refuse(t, NULL, "polkit is not asked about calls to the bus");
	refuse(peer, t, FAULT_DENIED);
	return false;
}

/* Eavesdroppers are shown what was done, not what was asked in vain. */
static void spread_done(struct peer *peer, struct transit *t, bool done)
{
	if (done && peer->state == PEER_ACTIVE)
		transit_spread(t);
}

static void to_driver(struct peer *peer, struct transit *t)
{
	const struct message *m = t->message;
	bool is_hello = m->type == MESSAGE_CALL && m->member.text && slice_is(m->member, "Hello") &&
			(!m->interface.text || slice_is(m->interface, DRIVER_NAME));
	bool done = false;
	int r = 0;

	/* monitors see Hello with the name that it brings */
	if (is_hello && peer->state == PEER_UNNAMED) {
		peer_name_next(peer);
		t->sender_name = slice_of(peer->unique_text);
	}

	/* monitors see what a signal to the driver sets off before the signal, as in the reference */
	if (m->type == MESSAGE_CALL)
		transit_capture(t);
	if (!park_behind(t, NULL, &r))
		done = at_driver(peer, t);
	else if (r != 0)
		refuse(peer, t, r);
	if (m->type != MESSAGE_CALL)
		transit_capture(t);
	spread_done(peer, t, done);
}

static void to_addressee(struct peer *peer, struct transit *t)
{
	int r = 0;
	bool waits = park_behind(t, t->addressee, &r);

	if (!waits)
		r = unicast(t, t->addressee);
	if (waits ? r != 0 : r != 0 && r != TRANSIT_WAITS)
		refuse(peer, t, r);
	else if (!waits && r == 0)
		transit_spread(t);
}

/* 0: it waits, for the service that is started or for polkit. */
static int nobody(struct transit *t)
{
	const struct message *m = t->message;
	int r;

	if (m->flags & MESSAGE_NO_AUTO_START)
		return FAULT_NO_OWNER;
	if (!image_service(&t->bus->policy.image, m->destination))
		return FAULT_SERVICE_UNKNOWN;
	if (!park_behind(t, NULL, &r))
		r = activation_hold(t);
	return r == TRANSIT_WAITS ? 0 : r;
}

/* Nobody owns the name: perhaps a service can be started. Monitors see the message after what the
 * driver says to start it, as in the reference. */
static void to_nobody(struct peer *peer, struct transit *t)
{
	int r = nobody(t);

	transit_capture(t);
	if (r != 0)
		refuse(peer, t, r);
}

static void to_name(struct peer *peer, struct transit *t)
{
	const struct message *m = t->message;
	struct name *name = name_find(&peer->bus->names, m->destination);

	t->addressee = name ? name_owner(name) : NULL;
	if (!t->addressee) {
		to_nobody(peer, t);
		return;
	}
	transit_capture(t);
	to_addressee(peer, t);
}

static struct peer *owner_of(struct transit *t)
{
	struct name *name = name_find(&t->bus->names, t->message->destination);

	return name ? name_owner(name) : NULL;
}

void route_held(struct transit *t)
{
	struct peer *peer = t->sender;

	if (peer->state != PEER_ACTIVE)
		return;
	t->addressee = owner_of(t);
	if (t->addressee)
		to_addressee(peer, t);
	else
		refuse_name(peer, t->message, FAULT_SERVICE_UNKNOWN);
}

static void copy_to(struct transit *t, const struct place *place)
{
	int r = transit_deliver(t, place->to, place->eavesdrop);

	if (r > 0)
		driver_capture_error(t->bus, t->sender, t->message->serial, r);
}

void route_parked(struct transit *t, const struct place *place)
{
	struct peer *peer = t->sender;
	int r;

	if (place->copy) {
		copy_to(t, place);
		return;
	}
	if (place->driver) {
		/* one that is going asks for nothing any more */
		if (peer->state == PEER_ACTIVE)
			spread_done(peer, t, at_driver(peer, t));
		return;
	}
	t->addressee = owner_of(t);
	if (t->addressee) {
		to_addressee(peer, t);
		return;
	}
	r = nobody(t);
	if (r != 0)
		refuse(peer, t, r);
}

/* The specification lets later versions add types; this bus has no rules for them. */
static void refuse_unknown_type(struct peer *peer, struct transit *t)
{
	struct request q = {.verb = VERB_SEND, .sender = &peer->party, .traffic = &t->traffic};

	gate_refuse(&peer->bus->gate, &q, "the message is of no known type");
	refuse(peer, t, FAULT_DENIED);
}

static void without_destination(struct peer *peer, struct transit *t)
{
	const struct message *m = t->message;

	transit_capture(t);
	if (m->interface.text && slice_is(m->interface, "org.freedesktop.DBus.Peer"))
		driver_handle_undirected(peer, m);
	else if (m->type == MESSAGE_SIGNAL)
		transit_spread(t);
	else
		driver_handle_undirected(peer, m);
}

void route_message(struct peer *peer, const struct message *m, const int *fds)
{
	bool is_driver = m->destination.text && slice_is(m->destination, DRIVER_NAME);
	struct transit t;

	if (peer->state == PEER_MONITOR) {
		route_violation(peer, FAULT_MONITOR_SENT, NULL);
		return;
	}
	if (peer->state == PEER_UNNAMED && !(is_driver && m->type == MESSAGE_CALL)) {
		route_violation(peer, FAULT_NOT_REGISTERED, NULL);
		return;
	}
	transit_init(&t, peer, m, fds);
	if (m->type > MESSAGE_SIGNAL)
		refuse_unknown_type(peer, &t);
	else if (is_driver)
		to_driver(peer, &t);
	else if (m->destination.text)
		to_name(peer, &t);
	else
		without_destination(peer, &t);
	transit_fini(&t);
}
