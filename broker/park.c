/*
 * park.c - what waits is in the lane of its sender and recipient (lane.h) and leaves it at the front,
 * once nothing is asked about it any more. Nobody is asked about polkit itself, its agents or
 * systemd: the answer may depend on them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "broker/bus.h"
#include "broker/copy.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/inquiry.h"
#include "broker/park.h"
#include "broker/peer.h"
#include "broker/route.h"
#include "broker/sight.h"
#include "broker/transit.h"

#define RECIPIENTS 2 /* a connection, and the name by which it was called */

struct parked {
	struct lane_place waiting;
	struct list peer_link; /* peer.parked */
	struct peer *sender;
	struct place place;
	uint64_t
		recipient; /* number of the connection that it was for when it came; LANE_NAME: none */
	struct copy *copy;
	struct question question;
	bool interactive;
	uint32_t keep; /* seconds */
	struct writer key; /* for keep */
};

static void parked_free(struct parked *p)
{
	struct peer *sender = p->sender;

	consult_cancel(sender->bus, &p->question);
	lane_leave(&p->waiting);
	list_unlink(&p->peer_link);
	sender->parked_n--;
	sender->user->parked--;
	copy_free(p->copy);
	writer_fini(&p->key);
	free(p);
}

static int refuse_limit(struct transit *t, struct peer *to, enum limit limit)
{
	t->limit = limit;
	return transit_refuse_limit(t, to, limit);
}

/* Not yet in a lane. NULL: t->limit. */
static struct parked *parked_new(struct transit *t, const struct place *place)
{
	struct peer *sender = t->sender;
	struct parked *p;

	t->limit = LIMIT_MAX_PARKED_MESSAGES_PER_USER;
	if (sender->user->parked >= (uint64_t)peer_limit(sender, t->limit))
		return NULL;
	t->limit = LIMIT_MAX_INCOMING_BYTES;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->copy = copy_new(t);
	if (!p->copy || charge_take(&p->copy->charge, sender->user, sizeof(*p), 0) != 0) {
		copy_free(p->copy);
		free(p);
		return NULL;
	}
	p->sender = sender;
	p->place = *place;
	p->waiting.number = t->number;
	list_append(&sender->parked, &p->peer_link);
	sender->parked_n++;
	sender->user->parked++;
	return p;
}

/* Whom it must not overtake: all by which its recipient is known. */
static uint32_t recipients_of(
	const struct transit *t, const struct place *place, uint64_t ret[RECIPIENTS])
{
	struct slice name = t->message->destination;
	uint32_t n = 0;

	if (place->driver) {
		ret[n++] = LANE_DRIVER;
		return n;
	}
	if (place->to)
		ret[n++] = place->to->id;
	if (!place->copy && name.text && name.text[0] != ':')
		ret[n++] = LANE_NAME | hash_bytes(name.text, name.size);
	return n;
}

static int parked_join(struct parked *p, const struct transit *t)
{
	uint64_t recipients[RECIPIENTS];
	uint32_t n = recipients_of(t, &p->place, recipients);

	p->recipient = recipients[0];
	return lane_join(&t->bus->lanes, &p->waiting, p->sender->id, recipients, n);
}

/* Out of its lane and on its way. */
static void parked_go(struct parked *p)
{
	struct bus *bus = p->sender->bus;
	struct copy *copy = TAKE(p->copy);
	struct peer *sender = p->sender;
	struct place place = p->place;
	uint64_t number = p->waiting.number;
	const char *why = NULL;
	struct transit t;
	struct message m;

	parked_free(p);
	if (message_parse(&m, copy->bytes, copy->size, &why) == 0) {
		transit_init(&t, sender, &m, copy->fds);
		t.grant = copy->grant ? grant_ref(copy->grant) : NULL;
		t.number = number;
		route_parked(&t, &place);
		transit_fini(&t);
	}
	/* what was collected for this round points into it */
	batch_send(bus);
	copy_free(copy);
}

static void lane_run(struct lane *lane)
{
	struct lane_place *first;

	if (!lane || lane->held)
		return;
	lane_hold(lane);
	while ((first = lane_first(lane))) {
		struct parked *p = container_of(first, struct parked, waiting);

		if (p->question.id)
			break;
		parked_go(p);
	}
	lane_release(lane);
}

static void on_answer(struct question *q, const struct polkit_answer *answer)
{
	struct parked *p = container_of(q, struct parked, question);
	struct peer *sender = p->sender;

	inquiry_answered(p->copy->grant, answer, p->interactive);
	if (p->keep && (answer->result == AGENT_AUTHORISED || answer->result == AGENT_REFUSED))
		keep_put(&sender->keep, sender->bus, sender->user, &p->key, p->keep,
			answer->result == AGENT_AUTHORISED);
	lane_run(p->waiting.lane);
}

/* Asks. 0: nobody has to be waited for, t->grant. */
static int ask(struct transit *t, const struct place *place, struct inquiry *inquiry)
{
	const char *why = NULL;
	struct parked *p = parked_new(t, place);
	int r;

	if (!p)
		return refuse_limit(t, place->to, t->limit);
	p->interactive = inquiry->ask.interactive;
	p->keep = inquiry->keep;
	p->key = inquiry->key;
	inquiry->key = (struct writer){0};
	p->copy->grant = grant_new(inquiry->ask.action);
	r = p->copy->grant ? parked_join(p, t) : -ENOMEM;
	if (r == 0)
		r = charge_take(&p->copy->charge, t->sender->user, p->key.size, 0);
	if (r == 0) {
		inquiry->ask.action = p->copy->grant->consent.action;
		p->question.answered = on_answer;
		r = consult_ask(t->sender, &p->question, &inquiry->ask, &t->limit, &why);
	}
	if (r == 0)
		return TRANSIT_WAITS;
	if (why && r < 0) {
		t->grant = grant_ref(p->copy->grant);
		inquiry_failed(t->grant, why);
		r = 0;
	}
	parked_free(p);
	return r > 0 ? refuse_limit(t, place->to, t->limit) : r;
}

static int park(
	struct transit *t, const struct place *place, const struct rule *rule, struct slice name)
{
	struct inquiry inquiry;
	int r;

	if (t->grant)
		return transit_refuse(
			t, place->to, "the policy asks polkit for something else by now");
	if (t->sender->state != PEER_ACTIVE || t->sender->anonymous)
		return transit_refuse(t, place->to, "polkit cannot be asked about its sender");
	inquiry_init(&inquiry, t, rule, name);
	t->grant = inquiry_at_hand(&inquiry, t, place->to);
	r = t->grant ? 0 : ask(t, place, &inquiry);
	inquiry_fini(&inquiry);
	return r;
}

int park_ask(struct transit *t, struct peer *to, const struct rule *rule)
{
	return park(t, &(struct place){.to = to}, rule, (struct slice){NULL, 0});
}

int park_ask_name(struct transit *t, struct slice name, const struct rule *rule)
{
	return park(t, &(struct place){.driver = true}, rule, name);
}

/* Whether something that came before it waits; what comes out of a lane was first in it. */
static bool is_behind(const struct transit *t, const struct place *place)
{
	uint64_t recipients[RECIPIENTS];
	uint32_t n;

	if (!t->sender->parked_n)
		return false;
	n = recipients_of(t, place, recipients);
	for (uint32_t i = 0; i < n; i++) {
		const struct lane *lane = lane_find(&t->bus->lanes, t->sender->id, recipients[i]);
		const struct lane_place *first = lane ? lane_first(lane) : NULL;

		if (first && (!t->number || first->number < t->number))
			return true;
	}
	return false;
}

/* Holds what is ready, but not first. */
static int hold(struct transit *t, const struct place *place)
{
	struct parked *p = parked_new(t, place);

	if (!p)
		return refuse_limit(t, place->to, t->limit);
	if (parked_join(p, t) == 0)
		return 0;
	parked_free(p);
	return -ENOMEM;
}

bool park_behind(struct transit *t, struct peer *to, int *ret_fault)
{
	struct place place = {.to = to, .driver = slice_is(t->message->destination, DRIVER_NAME)};
	struct verdict v = {.answer = ANSWER_ALLOW};
	int r = 0;

	if (!is_behind(t, &place))
		return false;
	/* a refusal need not wait; that it does would show who owns a name that is hidden */
	if (!place.driver &&
		(t->message->type == MESSAGE_CALL || !sight_of(t->sender, t->message->destination)))
		v = transit_foresee(t, to);
	if (v.answer == ANSWER_DENY)
		return false;
	if (v.answer == ANSWER_ASK)
		r = park(t, &place, v.rule, (struct slice){NULL, 0});
	if (r == 0)
		r = hold(t, &place);
	*ret_fault = r == TRANSIT_WAITS ? 0 : r;
	return true;
}

bool park_copy_behind(struct transit *t, struct peer *to, bool eavesdrop)
{
	struct place place = {.to = to, .copy = true, .eavesdrop = eavesdrop};

	if (!is_behind(t, &place))
		return false;
	(void)hold(t, &place);
	return true;
}

/* What it has ready goes, whichever lane it is in. */
static void peer_run(struct peer *peer)
{
	struct list *at = peer->parked.next;

	while (at != &peer->parked) {
		struct parked *p = list_entry(at, struct parked, peer_link);
		const struct lane *lane = p->waiting.lane;
		bool ready = !lane->held && lane_first(lane) == &p->waiting && !p->question.id;

		if (ready)
			lane_run(p->waiting.lane);
		at = ready ? peer->parked.next : at->next;
	}
}

/* Better not at all than before what was sent earlier. */
static void refuse_called(struct peer *peer, struct slice name)
{
	const char *why = NULL;
	struct message m;

	list_for_each_safe (at, &peer->parked) {
		struct parked *p = list_entry(at, struct parked, peer_link);

		if (p->place.copy || p->place.driver ||
			message_parse(&m, p->copy->bytes, p->copy->size, &why) != 0 ||
			!slice_equal(m.destination, name))
			continue;
		route_refuse(peer, &m, FAULT_NO_MEMORY, NULL);
		parked_free(p);
	}
}

void park_name_changed(struct bus *bus, const struct name_change *change)
{
	struct slice name = change->name->text;

	if (!bus->lanes.pairs || !change->to || name.text[0] == ':')
		return;
	if (lanes_extend(
		    &bus->lanes, LANE_NAME | hash_bytes(name.text, name.size), change->to->id) == 0)
		return;
	log_warning("no memory to keep the order of messages that wait for %.*s", SLICE_FMT(name));
	list_for_each (at, &bus->peers) {
		struct peer *peer = list_entry(at, struct peer, link);

		refuse_called(peer, name);
		peer_run(peer);
	}
}

void park_sender_gone(struct peer *peer)
{
	bool flush = peer->state == PEER_DYING && !peer->bus->ending;

	list_for_each_safe (at, &peer->parked) {
		struct parked *p = list_entry(at, struct parked, peer_link);

		/* nobody hears what the bus answers */
		if (!flush || p->place.driver) {
			parked_free(p);
		} else if (p->question.id) {
			consult_cancel(peer->bus, &p->question);
			inquiry_failed(p->copy->grant, "its sender has gone");
		}
	}
	while (!list_is_empty(&peer->parked))
		lane_run(list_entry(peer->parked.next, struct parked, peer_link)->waiting.lane);
	keep_fini(&peer->keep);
}

/* Whether the message can reach nobody any more. */
static bool is_lost(const struct parked *p, const struct peer *gone, const struct message *m)
{
	const struct name *name;

	if (p->recipient != gone->id)
		return false;
	name = p->place.copy ? NULL : name_find(&gone->bus->names, m->destination);
	return !name || !name_owner(name) || name_owner(name) == gone;
}

static void recipient_lost(struct parked *p, const struct peer *gone)
{
	bool asked = p->question.id != 0;
	const char *why = NULL;
	struct transit t;
	struct message m;

	if (message_parse(&m, p->copy->bytes, p->copy->size, &why) != 0 || !is_lost(p, gone, &m))
		return;
	transit_init(&t, p->sender, &m, p->copy->fds);
	if (asked)
		transit_refuse(&t, NULL, "its recipient has gone while polkit was asked");
	if (!p->place.copy)
		route_refuse(p->sender, &m, FAULT_NO_REPLY, NULL);
	transit_fini(&t);
	parked_free(p);
}

void park_recipient_gone(struct peer *peer)
{
	struct lane *lane;

	while ((lane = lanes_forget(&peer->bus->lanes, peer->id))) {
		bool held = lane->held;

		lane_hold(lane);
		list_for_each_safe (at, &lane->waiting)
			recipient_lost(list_entry(at, struct parked, waiting.link), peer);
		if (held)
			continue;
		lane->held = false;
		if (lane_first(lane))
			lane_run(lane);
		else
			lane_release(lane);
	}
}
