/* driver_admin.c - what changes the bus: reload, activation environment, becoming a monitor */
#include <errno.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"
#include "broker/supervisor.h"
#include "broker/systemd_start.h"
#include "link/launch_broker.h"

/* A caller of ReloadConfig waits until the new policy is in force, or was refused. One reload is
 * asked for at a time: who calls while it is under way waits for the next, together with all others,
 * so that no number of callers fills the channel. */
struct waiting {
	struct list link; /* bus.reloads */
	struct charge charge;
	uint64_t cookie;
	struct peer *peer;
	uint32_t serial;
	bool no_reply;
};

static void waiting_free(struct waiting *w)
{
	list_unlink(&w->link);
	charge_return(&w->charge);
	free(w);
}

static int ask_reload(struct bus *bus)
{
	int r = supervisor_ask_reload(bus->supervisor, bus->reload_cookie + 1);

	if (r == 0) {
		bus->reload_cookie++;
		bus->reloading = true;
	}
	return r;
}

int driver_reload_config(struct call *call)
{
	struct bus *bus = call->bus;
	bool is_next = bus->reloading;
	struct waiting *w;

	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	if (charge_take(&w->charge, call->peer->user, sizeof(*w), 0) != 0) {
		free(w);
		return FAULT_LIMITS;
	}
	if (!is_next && ask_reload(bus) < 0) {
		waiting_free(w);
		return call_refuse(call, FAULT_RELOAD_FAILED, "the supervisor cannot be asked");
	}
	w->cookie = bus->reload_cookie + is_next;
	w->peer = call->peer;
	w->serial = call->message->serial;
	w->no_reply = call->message->flags & MESSAGE_NO_REPLY_EXPECTED;
	list_append(&bus->reloads, &w->link);
	call->done = true;
	return 0;
}

static void answer_reload(struct bus *bus, struct waiting *w)
{
	struct compose_header header = {.type = MESSAGE_RETURN,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.serial = driver_serial(bus),
		.reply_serial = w->serial,
		.destination = w->peer->unique_name};
	struct compose c;

	compose_begin(&c, &bus->message, &header);
	if (compose_end(&c) == 0 && !w->no_reply)
		driver_send(bus, w->peer, c.out, -1);
}

static void answer_waiting(struct bus *bus, uint64_t cookie, bool ok, const char *why)
{
	list_for_each_safe (at, &bus->reloads) {
		struct waiting *w = list_entry(at, struct waiting, link);

		if (w->cookie != cookie)
			continue;
		if (ok)
			answer_reload(bus, w);
		else
			driver_send_error(bus, w->peer, w->serial, FAULT_RELOAD_FAILED,
				peer_is_privileged(w->peer) ? why : NULL);
		waiting_free(w);
	}
}

void driver_reloaded(struct bus *bus, uint64_t cookie, bool ok, struct slice text)
{
	char why[512];

	snprintf(why, sizeof(why), "%.*s", SLICE_FMT(text));
	bus->reloading = false;
	answer_waiting(bus, cookie, ok, why);
	if (!list_is_empty(&bus->reloads) && ask_reload(bus) < 0)
		answer_waiting(
			bus, bus->reload_cookie + 1, false, "the supervisor cannot be asked");
}

void driver_forget(struct bus *bus, struct peer *peer)
{
	driver_drop_matches(bus, peer);
	list_for_each_safe (at, &bus->reloads) {
		struct waiting *w = list_entry(at, struct waiting, link);

		if (w->peer == peer)
			waiting_free(w);
	}
}

void driver_fini(struct bus *bus)
{
	list_for_each_safe (at, &bus->reloads)
		waiting_free(list_entry(at, struct waiting, link));
}

static int set_variables(struct bus *bus, const struct slice *texts, uint32_t n)
{
	int r = variables_count(&bus->variables, texts, n);

	if (r == 0)
		r = supervisor_set_environment(bus->supervisor, texts, n);
	variables_settle(&bus->variables, r == 0);
	return r == 0 && bus->systemd_activation ? systemd_set_environment(bus, texts, n) : r;
}

int driver_update_environment(struct call *call)
{
	struct body body = body_of(call->message);
	size_t end = body_array(&body, 8);
	struct slice *texts = calloc(2 * VARIABLES_MAX, sizeof(*texts));
	uint32_t n = 0;
	int r;

	if (!texts)
		return -ENOMEM;
	while (body.at < end && n + 2 <= 2 * VARIABLES_MAX) {
		body_align(&body, 8);
		texts[n++] = body_string(&body);
		texts[n++] = body_string(&body);
	}
	r = body.at < end ? FAULT_LIMITS : set_variables(call->bus, texts, n);
	free(texts);
	if (r == FAULT_LIMITS || r == -EMSGSIZE)
		return call_refuse(call, FAULT_LIMITS, "the variables are too many or too long");
	if (r == -ENOBUFS)
		return call_refuse(
			call, FAULT_LIMITS, "earlier variables are still to be taken over");
	return r;
}

/* Parses the rules of BecomeMonitor; all of them or none. */
static int parse_rules(
	struct call *call, struct body *body, struct matchrule ***ret, uint32_t *ret_n)
{
	size_t end = body_array(body, 4);
	uint32_t n = 0, room = 0;
	struct matchrule **rules = NULL;
	int r = 0;

	while (r == 0 && body->at < end) {
		struct slice text = body_string(body);
		const char *why = NULL;

		if (n == room) {
			struct matchrule **more;

			room = room ? room * 2 : 8;
			more = realloc(rules, room * sizeof(*rules));
			if (!more) {
				r = -ENOMEM;
				break;
			}
			rules = more;
		}
		r = matchrule_parse(text, &rules[n], &why);
		if (r == 0)
			n++;
		else if (r > 0)
			(void)call_refuse(call, r, "%s", why ? why : "the rule is too long");
	}
	while (r != 0 && n > 0)
		matchrule_free(rules[--n]);
	if (r != 0) {
		free(rules);
		return r;
	}
	*ret = rules;
	*ret_n = n;
	return 0;
}

static int rules_install(struct call *call, struct matchrule **rules, uint32_t n)
{
	struct bus *bus = call->bus;
	struct matchrule *all;
	int r = 0;

	if (n == 0) {
		r = matchrule_parse(SLICE(""), &all, NULL);
		if (r == 0)
			r = match_add(&bus->monitors, &call->peer->matches, all);
	}
	for (uint32_t i = 0; i < n; i++) {
		int added = match_add(&bus->monitors, &call->peer->matches, rules[i]);

		r = r == 0 ? added : r;
	}
	bus->match_rules += call->peer->matches.rules;
	return r;
}

int driver_become_monitor(struct call *call)
{
	struct body body = body_of(call->message);
	struct peer *peer = call->peer;
	struct matchrule **rules;
	uint32_t n, flags;
	int r = call_may_watch(call);

	if (r == 0)
		r = parse_rules(call, &body, &rules, &n);
	if (r != 0)
		return r;
	flags = body_u32(&body);
	r = flags ? call_refuse(call, FAULT_BAD_ARGS, "flags must be 0") : call_reply(call);
	if (r != 0) {
		while (n > 0)
			matchrule_free(rules[--n]);
		free(rules);
		return r;
	}
	/* while it still has names */
	call_record(call);
	peer_retire(peer);
	if (peer->state != PEER_DYING) {
		list_append(&call->bus->watchers, &peer->link);
		peer->state = PEER_MONITOR;
	}
	if (rules_install(call, rules, n) != 0)
		peer_kill(peer, "no memory for its rules");
	free(rules);
	return 0;
}
