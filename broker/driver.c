/*
 * driver.c - dispatch: which method a call to the driver means, and whether it may be answered.
 * The policy has been asked before; checks here are those that hold whatever the policy says.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"
#include "broker/route.h"
#include "broker/systemd_start.h"
#include "broker/transit.h"

#define DBUS "org.freedesktop.DBus"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define PEER "org.freedesktop.DBus.Peer"
#define MONITORING "org.freedesktop.DBus.Monitoring"
#define POLICY "org.dbuswarden.Policy1" /* ours: docs/dbus-warden.1 */
#define STATS "org.freedesktop.DBus.Debug.Stats"

/* clang-format off */
const struct method driver_methods[] = {
	{ DBUS, "Hello", "", "s", METHOD_UNREGISTERED, driver_hello },
	{ DBUS, "RequestName", "su", "u", 0, driver_request_name },
	{ DBUS, "ReleaseName", "s", "u", 0, driver_release_name },
	{ DBUS, "StartServiceByName", "su", "u", 0, driver_start_service_by_name },
	{ DBUS, "UpdateActivationEnvironment", "a{ss}", "", METHOD_PRIVILEGED | METHOD_ONE_PATH | METHOD_RECORDED, driver_update_environment },
	{ DBUS, "NameHasOwner", "s", "b", 0, driver_name_has_owner },
	{ DBUS, "ListNames", "", "as", 0, driver_list_names },
	{ DBUS, "ListActivatableNames", "", "as", 0, driver_list_activatable_names },
	{ DBUS, "AddMatch", "s", "", 0, driver_add_match },
	{ DBUS, "RemoveMatch", "s", "", 0, driver_remove_match },
	{ DBUS, "GetNameOwner", "s", "s", 0, driver_get_name_owner },
	{ DBUS, "ListQueuedOwners", "s", "as", 0, driver_list_queued_owners },
	{ DBUS, "GetConnectionUnixUser", "s", "u", 0, driver_get_unix_user },
	{ DBUS, "GetConnectionUnixProcessID", "s", "u", 0, driver_get_process_id },
	{ DBUS, "GetAdtAuditSessionData", "s", "ay", 0, driver_get_adt },
	{ DBUS, "GetConnectionSELinuxSecurityContext", "s", "ay", 0, driver_get_selinux_context },
	{ DBUS, "ReloadConfig", "", "", METHOD_RECORDED, driver_reload_config },
	{ DBUS, "GetId", "", "s", 0, driver_get_id },
	{ DBUS, "GetConnectionCredentials", "s", "a{sv}", 0, driver_get_credentials },
	{ PROPERTIES, "Get", "ss", "v", METHOD_ONE_PATH, driver_property_get },
	{ PROPERTIES, "GetAll", "s", "a{sv}", METHOD_ONE_PATH, driver_property_get_all },
	{ PROPERTIES, "Set", "ssv", "", METHOD_ONE_PATH, driver_property_set },
	{ INTROSPECTABLE, "Introspect", "", "s", 0, driver_introspect },
	{ PEER, "GetMachineId", "", "s", 0, driver_get_machine_id },
	{ PEER, "Ping", "", "", 0, driver_ping },
	{ MONITORING, "BecomeMonitor", "asu", "", METHOD_PRIVILEGED | METHOD_ONE_PATH, driver_become_monitor },
	{ POLICY, "GetImage", "", "ht", METHOD_PRIVILEGED | METHOD_ONE_PATH, driver_get_image },
	{ STATS, "GetStats", "", "a{sv}", METHOD_PRIVILEGED | METHOD_ONE_PATH, driver_get_stats },
	{ STATS, "GetConnectionStats", "s", "a{sv}", METHOD_PRIVILEGED | METHOD_ONE_PATH, driver_get_connection_stats },
	{ STATS, "GetAllMatchRules", "", "a{sas}", METHOD_PRIVILEGED | METHOD_ONE_PATH, driver_get_all_match_rules },
};
/* clang-format on */
const size_t driver_methods_n = ARRAY_SIZE(driver_methods);

int call_refuse(struct call *call, int fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->detail, sizeof(call->detail), format, args);
	va_end(args);
	return fault;
}

int call_reply(struct call *call)
{
	int r = compose_end(&call->reply);

	if (r < 0)
		return r;
	call->done = true;
	if (!(call->message->flags & MESSAGE_NO_REPLY_EXPECTED))
		driver_send(call->bus, call->peer, call->reply.out, call->fd);
	return 0;
}

/* Interfaces but the main one, Peer and Introspectable exist on the driver's own path alone. */
static bool is_elsewhere(const struct method *m, struct slice path)
{
	return (m->flags & METHOD_ONE_PATH) && !slice_is(path, DRIVER_PATH);
}

static int find_method(const struct message *m, const struct method **ret)
{
	bool interface_known = !m->interface.text;

	for (size_t i = 0; i < driver_methods_n; i++) {
		const struct method *method = &driver_methods[i];
		bool is_main = strcmp(method->interface, DBUS) == 0;

		/* a method of the main interface is there, but refused, on other paths */
		if (is_elsewhere(method, m->path) && !is_main)
			continue;
		if (m->interface.text && !slice_is(m->interface, method->interface))
			continue;
		interface_known = true;
		if (!slice_is(m->member, method->member))
			continue;
		*ret = method;
		return 0;
	}
	return interface_known ? FAULT_UNKNOWN_METHOD : FAULT_UNKNOWN_INTERFACE;
}

static struct traffic traffic_of_call(const struct call *call)
{
	return (struct traffic){.type = MESSAGE_CALL,
		.path = call->message->path,
		.interface = call->message->interface,
		.member = call->message->member,
		.destination = call->message->destination};
}

int call_may_watch(struct call *call)
{
	struct traffic traffic = traffic_of_call(call);
	struct request q = {
		.verb = VERB_MONITOR, .sender = &call->peer->party, .traffic = &traffic};

	return gate_ask_labels(&call->bus->gate, &q).answer == ANSWER_DENY ? FAULT_DENIED : 0;
}

static struct request request_of_call(const struct call *call, const struct traffic *traffic)
{
	bool watches = call->method && call->method->run == driver_become_monitor;

	return (struct request){.verb = watches ? VERB_MONITOR : VERB_DRIVER,
		.sender = &call->peer->party,
		.traffic = traffic};
}

void call_record(const struct call *call)
{
	struct traffic traffic = traffic_of_call(call);
	struct request q = request_of_call(call, &traffic);

	trail_always(&call->bus->trail, &q, "always recorded");
}

/* A refusal of the driver's own, told to the trail like the policy's. */
static int refuse_privileged(struct call *call, const char *text)
{
	struct traffic traffic = traffic_of_call(call);
	struct request q = request_of_call(call, &traffic);

	gate_refuse(&call->bus->gate, &q, text);
	return FAULT_NOT_PRIVILEGED;
}

/* Who refused has not said why to the trail: then it is told here what the caller is told. */
static void refuse_unheard(const struct call *call, int fault)
{
	static const int refusals[] = {
		FAULT_LIMITS, FAULT_DENIED, FAULT_OWN_DENIED, FAULT_NO_HELLO};
	struct traffic traffic = traffic_of_call(call);
	struct request q = request_of_call(call, &traffic);
	char text[640];

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (refusals[i] != fault)
			continue;
		snprintf(text, sizeof(text), "%s%s%s", fault_sentence(fault),
			call->detail[0] ? ": " : "", call->detail);
		gate_refuse(&call->bus->gate, &q, text);
		return;
	}
}

static int run_method(struct call *call)
{
	const struct message *m = call->message;
	struct compose_header header = {.type = MESSAGE_RETURN,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.reply_serial = m->serial,
		.destination = call->peer->unique_name};
	int r;

	r = find_method(m, &call->method);
	if (call->peer->state == PEER_UNNAMED &&
		(r != 0 || !(call->method->flags & METHOD_UNREGISTERED)))
		return FAULT_NO_HELLO;
	if (r != 0)
		return call_refuse(
			call, r, "%.*s.%.*s", SLICE_FMT(m->interface), SLICE_FMT(m->member));
	if (is_elsewhere(call->method, m->path))
		return refuse_privileged(call, "this method is only on " DRIVER_PATH);
	if ((call->method->flags & METHOD_PRIVILEGED) && !peer_is_privileged(call->peer))
		return refuse_privileged(call, "only root and the user of the bus may do this");
	if (!slice_is(m->signature.text ? m->signature : SLICE(""), call->method->in))
		return call_refuse(call, FAULT_BAD_ARGS, "%s takes \"%s\", not \"%.*s\"",
			call->method->member, call->method->in, SLICE_FMT(m->signature));
	header.serial = driver_serial(call->bus);
	header.signature = call->method->out;
	compose_begin(&call->reply, &call->bus->reply, &header);
	r = call->method->run(call);
	if (r == 0 && (call->method->flags & METHOD_RECORDED))
		call_record(call);
	if (r == 0 && !call->done)
		r = call_reply(call);
	return r;
}

bool driver_handle(struct peer *peer, struct transit *t)
{
	struct call call = {
		.bus = peer->bus, .peer = peer, .message = t->message, .transit = t, .fd = -1};
	uint64_t refusals = peer->bus->trail.refusals;
	int r;

	if (t->message->type != MESSAGE_CALL) {
		systemd_signal(peer, t->message);
		return true;
	}
	r = run_method(&call);
	if (call.fd >= 0)
		close(call.fd);
	if (r == 0)
		return !call.waits;
	if (peer->bus->trail.refusals == refusals)
		refuse_unheard(&call, r);
	if (peer->state != PEER_DYING)
		driver_send_error(peer->bus, peer, t->message->serial, r < 0 ? FAULT_NO_MEMORY : r,
			call.detail[0] ? call.detail : NULL);
	return false;
}

void driver_handle_undirected(struct peer *peer, const struct message *m)
{
	struct compose_header header = {.type = MESSAGE_RETURN,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.reply_serial = m->serial,
		.no_sender = true};
	struct bus *bus = peer->bus;
	struct compose c;
	bool is_peer = slice_is(m->interface.text ? m->interface : SLICE(PEER), PEER);
	bool is_call = m->type == MESSAGE_CALL;
	bool is_id = is_call && is_peer && slice_is(m->member, "GetMachineId");

	/* what carries the interface Peer is answered, be it a call or not */
	if (!is_call && (!m->interface.text || !is_peer))
		return;
	header.serial = driver_serial(bus);
	if (is_id && bus->machine_id[0]) {
		header.signature = "s";
		compose_begin(&c, &bus->message, &header);
		compose_string(&c, slice_of(bus->machine_id));
	} else if (is_call && is_peer && slice_is(m->member, "Ping")) {
		compose_begin(&c, &bus->message, &header);
	} else {
		header.type = MESSAGE_ERROR;
		header.error = fault_name(FAULT_UNKNOWN_METHOD);
		header.signature = "s";
		compose_begin(&c, &bus->message, &header);
		compose_string(&c, slice_of(fault_sentence(FAULT_UNKNOWN_METHOD)));
	}
	if (compose_end(&c) == 0)
		driver_answer(peer, c.out);
}
