/*
 * activation.c - holding messages for a service that is being started. What is held is charged to
 * its sender; a start that never ends is given up after service_start_timeout, and its program
 * with it: a second one would have to share the name with it.
 */
#include <errno.h>
#include <stdio.h>

#include "broker/activation.h"
#include "broker/copy.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/park.h"
#include "broker/peer.h"
#include "broker/route.h"
#include "broker/supervisor.h"
#include "broker/systemd_start.h"
#include "broker/transit.h"
#include "link/launch_broker.h"

#define START_SUCCESS 1 /* what StartServiceByName returns */

/* One message, or one StartServiceByName call, that waits. */
struct held {
	struct list link; /* activation.held */
	struct list peer_link; /* peer.held */
	struct peer *peer;
	struct charge charge;
	uint32_t serial;
	bool no_reply;
	struct copy *copy; /* NULL: StartServiceByName */
};

static void held_free(struct held *h)
{
	list_unlink(&h->link);
	list_unlink(&h->peer_link);
	copy_free(h->copy);
	charge_return(&h->charge);
	free(h);
}

static void activation_free(struct activation *a)
{
	list_for_each_safe (at, &a->held)
		held_free(list_entry(at, struct held, link));
	timer_cancel(&a->timer);
	systemd_withdraw(a->bus, a->serial);
	HASH_DELETE(hh, a->bus->activations, a);
	free(a->unit);
	free(a->name);
	free(a);
}

static struct activation *find(struct bus *bus, struct slice name)
{
	struct activation *a;

	HASH_FIND(hh, bus->activations, name.text, name.size, a);
	return a;
}

static int overdue(struct timer *timer)
{
	struct activation *a = container_of(timer, struct activation, timer);
	struct broker_failure failure = {
		a->serial, slice_of(a->name), SLICE("org.freedesktop.DBus.Error.TimedOut"), {0}};
	char text[512];

	snprintf(text, sizeof(text), "\"%.300s\" did not take its name in time (%s=%lldms)",
		a->name, limit_name(LIMIT_SERVICE_START_TIMEOUT),
		(long long)bus_limit(a->bus, LIMIT_SERVICE_START_TIMEOUT));
	failure.text = slice_of(text);
	/* should launch not hear of it, one program more is left running */
	if (!a->unit)
		(void)supervisor_stop_service(a->bus->supervisor, a->serial);
	activation_failed(a->bus, &failure);
	return 0;
}

/* By systemd where the service has a unit and the bus was told so, else by launch. systemd itself
 * comes or does not: its file is there for its name alone. */
static int start(struct bus *bus, struct activation *a)
{
	const struct image *image = &bus->policy.image;
	const struct service *service = image_service(image, slice_of(a->name));

	if (bus->systemd_activation && slice_is(slice_of(a->name), SYSTEMD_NAME))
		return 0;
	if (!bus->systemd_activation || !service || !service->systemd_service.at)
		return supervisor_start_service(bus->supervisor, a->serial, slice_of(a->name));
	a->unit = strdup(image_string(image, service->systemd_service));
	if (!a->unit)
		return -ENOMEM;
	return systemd_start(bus, a);
}

/* The start of a service, begun if it is not under way. */
static int begin(struct bus *bus, struct slice name, enum limit *ret_limit, struct activation **ret)
{
	struct activation *a = find(bus, name);
	int64_t patience = bus_limit(bus, LIMIT_SERVICE_START_TIMEOUT);
	int r;

	if (a) {
		*ret = a;
		return 0;
	}
	*ret_limit = LIMIT_MAX_PENDING_SERVICE_STARTS;
	if (HASH_COUNT(bus->activations) >= (uint64_t)bus_limit(bus, *ret_limit))
		return FAULT_LIMITS;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->bus = bus;
	a->serial = ++bus->start_serial;
	list_init(&a->held);
	a->name = strndup(name.text, name.size);
	if (a->name)
		HASH_ADD_KEYPTR(hh, bus->activations, a->name, name.size, a);
	if (!a->name || hash_failed()) {
		free(a->name);
		free(a);
		return -ENOMEM;
	}
	r = start(bus, a);
	if (r < 0) {
		activation_free(a);
		return r;
	}
	if (patience > 0)
		timer_arm(&a->timer, &bus->loop, (uint64_t)patience * 1000, overdue);
	*ret = a;
	return 0;
}

/* Who waits and for the answer to what. */
static struct held *held_new(struct peer *peer, const struct message *m)
{
	struct held *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->peer = peer;
	h->serial = m->serial;
	h->no_reply = m->flags & MESSAGE_NO_REPLY_EXPECTED;
	if (charge_take(&h->charge, peer->user, sizeof(*h), 0) != 0) {
		free(h);
		return NULL;
	}
	return h;
}

/* NULL for want of memory, descriptors or quota. */
static struct held *held_message(struct transit *t)
{
	struct held *h = held_new(t->sender, t->message);

	if (!h)
		return NULL;
	h->copy = copy_new(t);
	if (h->copy)
		return h;
	held_free(h);
	return NULL;
}

/* Nothing is started before policy agrees, and polkit where that wants to hear it. */
static int permitted(struct transit *t)
{
	struct verdict v = transit_ask(t, NULL, false);
	int r;

	if (v.answer == ANSWER_ASK) {
		r = park_ask(t, NULL, v.rule);
		if (r != 0)
			return r;
		v = transit_ask(t, NULL, false);
	}
	t->by_grant = v.reason == REASON_CONSENT;
	return v.answer == ANSWER_ALLOW ? 0 : FAULT_DENIED;
}

static void held_link(struct activation *a, struct held *h)
{
	list_append(&a->held, &h->link);
	list_append(&h->peer->held, &h->peer_link);
}

int activation_hold(struct transit *t)
{
	struct activation *a;
	struct held *h;
	int r = permitted(t);

	if (r != 0)
		return r;
	t->limit = LIMIT_MAX_INCOMING_BYTES;
	/* what waits for polkit was sent before it, or after */
	if (!t->number)
		t->number = ++t->bus->lanes.number;
	h = held_message(t);
	if (!h)
		return FAULT_LIMITS;
	r = begin(t->bus, t->message->destination, &t->limit, &a);
	if (r != 0) {
		held_free(h);
		return r;
	}
	held_link(a, h);
	return 0;
}

int activation_start(struct call *call, struct slice name)
{
	enum limit limit = LIMIT_MAX_INCOMING_BYTES;
	struct held *h = held_new(call->peer, call->message);
	struct activation *a;
	int r = h ? begin(call->bus, name, &limit, &a) : FAULT_LIMITS;

	if (r == 0) {
		held_link(a, h);
		call->done = true;
		return 0;
	}
	if (h)
		held_free(h);
	if (r < 0)
		return r;
	return call_refuse(
		call, r, "%s=%lld", limit_name(limit), (long long)bus_limit(call->bus, limit));
}

static void answer_start(struct bus *bus, struct held *h)
{
	struct compose_header header = {.type = MESSAGE_RETURN,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.serial = driver_serial(bus),
		.reply_serial = h->serial,
		.signature = "u",
		.destination = h->peer->unique_name};
	struct compose c;

	if (h->no_reply)
		return;
	compose_begin(&c, &bus->message, &header);
	compose_u32(&c, START_SUCCESS);
	if (compose_end(&c) == 0)
		driver_send(bus, h->peer, c.out, -1);
}

static void held_route(struct held *h)
{
	const struct copy *copy = h->copy;
	const char *why = NULL;
	struct transit t;
	struct message m;

	if (message_parse(&m, copy->bytes, copy->size, &why) != 0)
		return;
	transit_init(&t, h->peer, &m, copy->fds);
	t.grant = copy->grant ? grant_ref(copy->grant) : NULL;
	t.number = copy->number;
	route_held(&t);
	transit_fini(&t);
}

void activation_done(struct bus *bus, struct slice name)
{
	struct activation *a = find(bus, name);

	if (!a)
		return;
	list_for_each_safe (at, &a->held) {
		struct held *h = list_entry(at, struct held, link);

		if (h->copy)
			held_route(h);
		else
			answer_start(bus, h);
		/* what was collected for this round points into it; the message that brought the
		 * name is still on its way */
		batch_send(bus);
		held_free(h);
	}
	activation_free(a);
}

void activation_failed(struct bus *bus, const struct broker_failure *failure)
{
	struct activation *a = find(bus, failure->name);

	/* how an earlier one ended says nothing of this one */
	if (!a || a->serial != failure->serial)
		return;
	list_for_each_safe (at, &a->held) {
		struct held *h = list_entry(at, struct held, link);

		driver_send_failure(bus, h->peer, h->serial, failure->error, failure->text);
	}
	activation_free(a);
}

void activation_forget(struct peer *peer)
{
	list_for_each_safe (at, &peer->held)
		held_free(list_entry(at, struct held, peer_link));
}

void activations_fini(struct bus *bus)
{
	for (struct activation *a = bus->activations, *next; a; a = next) {
		next = a->hh.next;
		activation_free(a);
	}
}
