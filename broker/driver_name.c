/* driver_name.c - the driver's methods about names: Hello, owning, asking who owns what */
#include <errno.h>

#include "broker/activation.h"
#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/park.h"
#include "broker/peer.h"
#include "broker/sight.h"
#include "broker/supervisor.h"
#include "broker/syntax.h"
#include "broker/systemd_start.h"
#include "broker/transit.h"

#define START_ALREADY_RUNNING 2 /* what StartServiceByName returns */

int driver_hello(struct call *call)
{
	struct compose_header header = {.type = MESSAGE_RETURN,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.serial = driver_serial(call->bus),
		.reply_serial = call->message->serial,
		.signature = "s"};
	struct peer *peer = call->peer;
	struct request q = {.verb = VERB_CONNECT, .sender = &peer->party};
	struct name_change change;
	enum limit limit;
	int r;

	if (peer->state != PEER_UNNAMED)
		return FAULT_HELLO_TWICE;
	r = peer_register(peer, &limit);
	if (r == FAULT_LIMITS) {
		int64_t figure = peer_limit(peer, limit);

		gate_refuse_limit(&call->bus->gate, &q, limit, figure);
		return call_refuse(call, r, "%s=%lld", limit_name(limit), (long long)figure);
	}
	if (r != 0)
		return r;
	supervisor_greet(call->bus->supervisor, peer);
	header.destination = peer->unique_name;
	compose_begin(&call->reply, &call->bus->reply, &header);
	compose_string(&call->reply, peer->unique_name);
	r = call_reply(call);
	change = (struct name_change){peer->name, NULL, peer};
	driver_name_changed(call->bus, &change);
	return r;
}

/* What RequestName and ReleaseName say of names nobody can have. */
static int check_name(struct call *call, struct slice name)
{
	if (!syntax_is_well_known_name(name) || slice_is(name, DRIVER_NAME))
		return call_refuse(call, FAULT_BAD_NAME, "\"%.*s\"", SLICE_FMT(name));
	return 0;
}

static int refuse_unauthorised(struct call *call, enum verb verb, const struct grant *grant)
{
	int fault = verb == VERB_OWN ? FAULT_OWN_NOT_AUTHORISED : FAULT_NOT_AUTHORISED;

	return call_refuse(call, grant->fault == FAULT_INTERACTION ? FAULT_INTERACTION : fault,
		"\"%.*s\": %s", SLICE_FMT(grant->consent.action), grant->why);
}

/* Where a rule wants polkit's word first the call waits, unless that is there already. */
static int permitted(struct call *call, struct request *q, struct slice name)
{
	struct transit *t = call->transit;
	struct verdict v;
	int r;

	q->consent = t->grant ? &t->grant->consent : NULL;
	v = gate_ask(&call->bus->gate, q);
	if (v.answer == ANSWER_ASK) {
		r = park_ask_name(t, name, v.rule);
		call->waits = call->done = r == TRANSIT_WAITS;
		if (r == FAULT_LIMITS)
			return call_refuse(call, r, "%s=%lld", limit_name(t->limit),
				(long long)peer_limit(call->peer, t->limit));
		if (r != 0 && r != FAULT_DENIED)
			return call->waits ? 0 : r;
		q->consent = t->grant ? &t->grant->consent : NULL;
		if (r == 0)
			v = gate_ask(&call->bus->gate, q);
	}
	if (v.answer == ANSWER_ALLOW)
		return 0;
	if (v.reason == REASON_CONSENT)
		return refuse_unauthorised(call, q->verb, t->grant);
	return call_refuse(call, q->verb == VERB_OWN ? FAULT_OWN_DENIED : FAULT_DENIED, "\"%.*s\"",
		SLICE_FMT(name));
}

int driver_request_name(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice name = body_string(&body);
	uint32_t flags = body_u32(&body), code;
	struct peer *peer = call->peer;
	struct request q = {.verb = VERB_OWN, .sender = &peer->party, .name = name};
	int64_t most = peer_limit(peer, LIMIT_MAX_NAMES_PER_CONNECTION);
	struct name_change change;
	int r = check_name(call, name);

	if (r != 0)
		return r;
	r = permitted(call, &q, name);
	if (r != 0)
		return r;
	if (call->waits)
		return 0;
	/* the unique name counts, too */
	if (peer->owned_n + 1 >= (uint64_t)most) {
		gate_refuse_limit(&call->bus->gate, &q, LIMIT_MAX_NAMES_PER_CONNECTION, most);
		return call_refuse(call, FAULT_LIMITS, "%s=%lld",
			limit_name(LIMIT_MAX_NAMES_PER_CONNECTION), (long long)most);
	}
	r = name_request(&call->bus->names, peer, name, flags, &code, &change);
	if (r < 0)
		return r;
	if (peer->owned_n + 1 > call->bus->names_peak_per_peer)
		call->bus->names_peak_per_peer = peer->owned_n + 1;
	if (change.name) {
		driver_name_changed(call->bus, &change);
		activation_done(call->bus, name);
		if (slice_is(name, SYSTEMD_NAME))
			systemd_appeared(call->bus);
	}
	compose_u32(&call->reply, code);
	return 0;
}

int driver_release_name(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice name = body_string(&body);
	struct name_change change;
	uint32_t code;
	int r = check_name(call, name);

	if (r != 0)
		return r;
	name_release(&call->bus->names, call->peer, name, &code, &change);
	if (code == RELEASE_NOT_OWNER && !sight_of(call->peer, name))
		code = RELEASE_NON_EXISTENT;
	if (change.name) {
		driver_name_changed(call->bus, &change);
		name_put(change.name);
	}
	compose_u32(&call->reply, code);
	return 0;
}

static int no_owner(struct call *call, struct slice name)
{
	return call_refuse(call, FAULT_NO_OWNER, "\"%.*s\"", SLICE_FMT(name));
}

int driver_list_queued_owners(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice text = body_string(&body);
	struct name *name = sight_find(call->peer, text);
	bool is_driver = slice_is(text, DRIVER_NAME);
	size_t open;

	if (!is_driver && (!name || !name_owner(name)))
		return no_owner(call, text);
	open = compose_open_array(&call->reply, 4);
	if (is_driver || name->unique)
		compose_string(&call->reply, text);
	list_for_each (at, &name->queue)
		compose_string(
			&call->reply, list_entry(at, struct owner, name_link)->peer->unique_name);
	compose_close_array(&call->reply, open, 4);
	return 0;
}

int driver_name_has_owner(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice text = body_string(&body);
	struct name *name = sight_find(call->peer, text);

	compose_bool(&call->reply, name && (name->permanent || name_owner(name)));
	return 0;
}

int driver_get_name_owner(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice text = body_string(&body);
	struct name *name = sight_find(call->peer, text);

	if (name && name->permanent)
		compose_string(&call->reply, text);
	else if (name && name_owner(name))
		compose_string(&call->reply, name_owner(name)->unique_name);
	else
		return no_owner(call, text);
	return 0;
}

int driver_list_names(struct call *call)
{
	size_t open = compose_open_array(&call->reply, 4);

	compose_string(&call->reply, SLICE(DRIVER_NAME));
	for (struct name *n = call->bus->names.table; n; n = n->hh.next) {
		if (name_owner(n) && sight_of(call->peer, n->text))
			compose_string(&call->reply, n->text);
	}
	compose_close_array(&call->reply, open, 4);
	return 0;
}

int driver_list_activatable_names(struct call *call)
{
	const struct image *image = &call->bus->policy.image;
	size_t open = compose_open_array(&call->reply, 4);

	compose_string(&call->reply, SLICE(DRIVER_NAME));
	for (uint32_t i = 0; i < image->header->services.count; i++) {
		struct slice name = image_slice(image, image->services[i].name);

		if (sight_of(call->peer, name))
			compose_string(&call->reply, name);
	}
	compose_close_array(&call->reply, open, 4);
	return 0;
}

/* Who may send the service no method call at all may not start it, either; and who may only by
 * polkit's word has to have that (HACKING.md). */
static int start_service(struct call *call, struct slice name)
{
	struct traffic traffic = {.type = MESSAGE_CALL, .destination = name};
	struct request q = {
		.verb = VERB_ACTIVATE, .sender = &call->peer->party, .traffic = &traffic};
	int r = permitted(call, &q, name);

	if (r != 0 || call->waits)
		return r;
	return activation_start(call, name);
}

int driver_start_service_by_name(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice text = body_string(&body);
	struct name *name = sight_find(call->peer, text);

	if (!image_service(&call->bus->policy.image, text) || !sight_of(call->peer, text))
		return call_refuse(call, FAULT_SERVICE_UNKNOWN, "\"%.*s\"", SLICE_FMT(text));
	if (!name || !name_owner(name))
		return start_service(call, text);
	compose_u32(&call->reply, START_ALREADY_RUNNING);
	return 0;
}
