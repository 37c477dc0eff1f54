/*
 * transit.c - gate and delivery. Whoever receives a message receives it through transit_deliver,
 * be it addressed, broadcast or eavesdropped; monitors alone are beyond policy.
 */
#include <errno.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/park.h"
#include "broker/peer.h"
#include "broker/sight.h"
#include "broker/transit.h"

/* As its receiver will read it. */
static struct slice first_string(const void *message)
{
	struct message_args args;

	message_args(message, 1, &args);
	return args.count && args.type[0] == 's' ? args.text[0] : (struct slice){NULL, 0};
}

static struct traffic traffic_of(const struct message *m)
{
	return (struct traffic){
		.type = m->type,
		.is_reply = m->reply_serial != 0,
		.broadcast = m->type == MESSAGE_SIGNAL && !m->destination.text,
		.fds = m->fds,
		.path = m->path,
		.interface = m->interface,
		.member = m->member,
		.error = m->error,
		.destination = m->destination,
		.read_arg0 = first_string,
		.message = m,
	};
}

void transit_init(struct transit *t, struct peer *sender, const struct message *m, const int *fds)
{
	*t = (struct transit){.bus = sender->bus, .sender = sender, .message = m};
	t->traffic = traffic_of(m);
	t->parcel.body = m->body;
	t->parcel.body_size = m->body_size;
	t->parcel.fds = fds;
	t->parcel.fds_n = m->fds;
	t->parcel.payer = t->parcel.giver = sender->user;
	t->route = ++t->bus->route;
	t->refusals = t->bus->trail.refusals;
}

void transit_init_driver(struct transit *t, struct bus *bus, const struct message *m)
{
	*t = (struct transit){.bus = bus, .message = m};
	t->traffic = traffic_of(m);
	t->parcel.header = m->bytes;
	t->parcel.header_size = m->size;
	/* answers of the driver are always requested (policy-semantics: "Replies") */
	t->requested_reply = t->traffic.is_reply;
	t->route = ++bus->route;
}

void transit_fini(struct transit *t)
{
	free(t->own_header);
	t->own_header = NULL;
	grant_unref(t->grant);
	t->grant = NULL;
}

/* Writes the relayed header, once for all receivers. Who has not said Hello is only heard by
 * monitors, which take no message without a valid sender. */
static int pack(struct transit *t)
{
	struct slice sender = t->sender ? t->sender->unique_name : SLICE(DRIVER_NAME);
	size_t room, size;
	uint8_t *header;

	if (t->parcel.header)
		return 0;
	if (!sender.text)
		sender = t->sender_name.text ? t->sender_name : SLICE(":not.active.yet");
	room = message_relay_room(t->message, sender);
	header = batch_alloc(t->bus, room);
	if (!header) {
		header = t->own_header = malloc(room);
		t->parcel.transient = true;
	}
	if (!header)
		return -ENOMEM;
	size = message_relay_header(t->message, sender, header);
	if (!t->own_header)
		batch_trim(t->bus, header + ((size + 7) & ~(size_t)7));
	t->parcel.header = header;
	t->parcel.header_size = size;
	return 0;
}

static struct request request_of(
	const struct transit *t, const struct peer *recipient, bool eavesdrop)
{
	return (struct request){.verb = VERB_SEND,
		.sender = t->sender ? &t->sender->party : NULL,
		.recipient = recipient ? &recipient->party : NULL,
		.traffic = &t->traffic,
		.requested_reply = t->requested_reply && !eavesdrop,
		.eavesdrop = eavesdrop,
		.consent = t->grant ? &t->grant->consent : NULL};
}

struct verdict transit_ask(const struct transit *t, const struct peer *recipient, bool eavesdrop)
{
	struct request q = request_of(t, recipient, eavesdrop);

	return gate_ask(&t->bus->gate, &q);
}

bool transit_ask_labels(const struct transit *t)
{
	struct request q = request_of(t, NULL, false);

	return gate_ask_labels(&t->bus->gate, &q).answer != ANSWER_DENY;
}

struct verdict transit_foresee(const struct transit *t, const struct peer *recipient)
{
	struct request q = request_of(t, recipient, false);
	struct gate quiet = t->bus->gate;

	quiet.note = NULL;
	return gate_ask(&quiet, &q);
}

int transit_refuse(struct transit *t, const struct peer *recipient, const char *text)
{
	struct request q = request_of(t, recipient, false);

	gate_refuse(&t->bus->gate, &q, text);
	return FAULT_DENIED;
}

static int refuse_limit(
	struct transit *t, const struct request *q, const struct peer *to, enum limit limit)
{
	t->limit = limit;
	gate_refuse_limit(&t->bus->gate, q, limit, peer_limit(to, limit));
	return FAULT_LIMITS;
}

int transit_refuse_limit(struct transit *t, const struct peer *recipient, enum limit limit)
{
	struct request q = request_of(t, recipient, false);

	t->limit = limit;
	gate_refuse_limit(&t->bus->gate, &q, limit, peer_limit(t->sender, limit));
	return FAULT_LIMITS;
}

int transit_admit(struct transit *t, struct peer *recipient, bool eavesdrop)
{
	struct request q = request_of(t, recipient, eavesdrop);
	struct verdict v = gate_ask(&t->bus->gate, &q);
	enum limit limit;

	t->by_grant = v.reason == REASON_CONSENT;
	t->check = v.rule;
	if (v.answer == ANSWER_ASK)
		return TRANSIT_ASKS;
	if (v.answer != ANSWER_ALLOW)
		return FAULT_DENIED;
	if (outgoing_check(recipient, &t->parcel, &limit) != 0)
		return refuse_limit(t, &q, recipient, limit);
	return 0;
}

int transit_send(struct transit *t, struct peer *recipient)
{
	struct request q;
	int r;

	if (t->message->fds && !recipient->takes_fds)
		return FAULT_FDS_REFUSED;
	r = pack(t);
	if (r < 0)
		return r;
	recipient->last_route = t->route;
	r = outgoing_send(recipient, &t->parcel);
	if (r == 0)
		return 0;
	q = request_of(t, recipient, false);
	return refuse_limit(t, &q, recipient,
		t->message->fds ? LIMIT_MAX_OUTGOING_UNIX_FDS : LIMIT_MAX_OUTGOING_BYTES);
}

int transit_deliver(struct transit *t, struct peer *recipient, bool eavesdrop)
{
	int r = transit_admit(t, recipient, eavesdrop);

	if (r == TRANSIT_ASKS)
		return transit_refuse(t, recipient, "polkit is asked about calls alone");
	return r != 0 ? r : transit_send(t, recipient);
}

/* What transit_spread passes through matches_find. */
struct spreading {
	struct transit *transit;
	bool eavesdrop;
	bool resolved; /* the registry has compared the sender */
};

/* Whether a rule's sender is this message's: the sender's unique name or one that it owns. */
static bool sender_fits(const struct transit *t, struct slice want)
{
	const struct peer *s = t->sender;

	if (!want.text)
		return true;
	if (!s)
		return slice_is(want, "org.freedesktop.DBus");
	for (uint32_t i = 0; i < s->primary_n; i++) {
		if (slice_equal(s->name_set[i], want))
			return true;
	}
	return false;
}

/* Neither what the message says nor that it came shows a name that the receiver does not see. */
static bool may_know(const struct transit *t, const struct peer *to, const struct matchrule *rule)
{
	if (!t->bus->hides)
		return true;
	return sight_of(to, t->about) && sight_of(to, rule->sender);
}

static void spread_one(void *arg, struct match *match)
{
	struct spreading *s = arg;
	struct transit *t = s->transit;
	struct peer *to = container_of(match->holder, struct peer, matches);
	int r;

	if (to->last_route == t->route || to->state != PEER_ACTIVE)
		return;
	if (!s->resolved && !sender_fits(t, match->rule->sender))
		return;
	if (!may_know(t, to, match->rule))
		return;
	to->last_route = t->route;
	if (t->sender && park_copy_behind(t, to, s->eavesdrop))
		return;
	r = transit_deliver(t, to, s->eavesdrop);
	/* nobody is told but monitors, which see the refusal as if the sender were */
	if (r > 0)
		driver_capture_error(t->bus, t->sender, t->message->serial, r);
}

static void matchable_init(struct matchable *m, const struct transit *t)
{
	m->message = t->message;
	m->recipient_names = t->addressee ? t->addressee->name_set : NULL;
	m->recipient_names_n = t->addressee ? t->addressee->primary_n : 0;
	m->args_read = false;
}

static void spread_by_sender(struct transit *t, struct matchable *m, struct spreading *s)
{
	const struct peer *from = t->sender;

	if (!from) {
		if (t->bus->driver_name->rules)
			matches_find(t->bus->driver_name->rules, m, spread_one, s);
		return;
	}
	if (from->name && from->name->rules)
		matches_find(from->name->rules, m, spread_one, s);
	list_for_each (at, &from->owned) {
		struct name *name = list_entry(at, struct owner, peer_link)->name;

		if (name->rules && name_owner(name) == from)
			matches_find(name->rules, m, spread_one, s);
	}
}

void transit_spread(struct transit *t)
{
	struct spreading s = {t, false, true};
	struct matchable m;

	matchable_init(&m, t);
	if (t->traffic.broadcast) {
		matches_find(&t->bus->matches, &m, spread_one, &s);
		spread_by_sender(t, &m, &s);
	}
	if (matches_is_empty(&t->bus->eaves))
		return;
	s.eavesdrop = t->message->destination.text;
	s.resolved = false;
	matches_find(&t->bus->eaves, &m, spread_one, &s);
}

static void capture_one(void *arg, struct match *match)
{
	struct transit *t = arg;
	struct peer *to = container_of(match->holder, struct peer, matches);
	struct parcel parcel;

	if (to->last_route == t->route || to->state != PEER_MONITOR)
		return;
	if (!sender_fits(t, match->rule->sender))
		return;
	to->last_route = t->route;
	/* a monitor that does not keep up, or takes no descriptors, misses messages */
	if (t->message->fds && !to->takes_fds)
		return;
	if (pack(t) < 0)
		return;
	/* nobody pays for being watched */
	parcel = t->parcel;
	parcel.payer = NULL;
	if (outgoing_check(to, &parcel, &t->limit) == 0)
		(void)outgoing_send(to, &parcel);
}

void transit_capture(struct transit *t)
{
	struct matchable m;

	if (matches_is_empty(&t->bus->monitors))
		return;
	matchable_init(&m, t);
	matches_find(&t->bus->monitors, &m, capture_one, t);
}
