/* driver_stats.c - org.freedesktop.DBus.Debug.Stats: what the bus holds, and for whom */
#include <errno.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"

static void number(struct compose *c, const char *key, uint32_t value)
{
	compose_align(c, 8);
	compose_string(c, slice_of(key));
	compose_signature(c, "u");
	compose_u32(c, value);
}

static uint32_t bounded(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

int driver_get_stats(struct call *call)
{
	const struct bus *bus = call->bus;
	struct compose *c = &call->reply;
	size_t open = compose_open_array(c, 8);

	number(c, "Serial", bus->serial);
	/* the reference reports the pool that its list links come from; there is none here */
	number(c, "ListMemPoolUsedBytes", 0);
	number(c, "ListMemPoolCachedBytes", 0);
	number(c, "ListMemPoolAllocatedBytes", 0);
	number(c, "ActiveConnections", bus->peers_n);
	number(c, "IncompleteConnections", bus->incomplete_n);
	number(c, "MatchRules", bus->match_rules);
	number(c, "PeakMatchRules", bus->match_rules_peak);
	number(c, "PeakMatchRulesPerConnection", bus->match_rules_peak_per_peer);
	number(c, "BusNames", bus->names.owned);
	number(c, "PeakBusNames", bus->names.owned_peak);
	number(c, "PeakBusNamesPerConnection", bus->names_peak_per_peer);
	compose_close_array(c, open, 8);
	return 0;
}

static uint32_t packets_waiting(const struct outgoing *out)
{
	uint32_t n = 0;

	list_for_each (at, &out->packets)
		n++;
	return n;
}

/* Messages are handled as they come in: what is incoming is at most one incomplete message. */
static void compose_queues(struct compose *c, const struct peer *peer)
{
	number(c, "IncomingMessages", peer->in.held != NULL);
	number(c, "IncomingBytes", bounded(peer->in.held_size));
	number(c, "IncomingFDs", peer->in.fds_n);
	number(c, "PeakIncomingBytes", bounded(peer->in.held_peak));
	number(c, "PeakIncomingFDs", peer->in.fds_peak);
	number(c, "OutgoingMessages", packets_waiting(&peer->out));
	number(c, "OutgoingBytes", bounded(peer->out.bytes));
	number(c, "OutgoingFDs", peer->out.fds);
	number(c, "PeakOutgoingBytes", bounded(peer->out.bytes_peak));
	number(c, "PeakOutgoingFDs", peer->out.fds_peak);
}

int driver_get_connection_stats(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice text = body_string(&body);
	struct name *name = name_find(&call->bus->names, text);
	const struct peer *peer = name ? name_owner(name) : NULL;
	struct compose *c = &call->reply;
	size_t open;

	if (name && name->permanent)
		return call_refuse(call, FAULT_BAD_ARGS, "the bus itself has no such figures");
	if (!peer)
		return call_refuse(call, FAULT_NO_OWNER, "\"%.*s\"", SLICE_FMT(text));
	open = compose_open_array(c, 8);
	number(c, "Serial", call->bus->serial);
	compose_align(c, 8);
	compose_string(c, SLICE("UniqueName"));
	compose_signature(c, "s");
	compose_string(c, peer->unique_name);
	number(c, "MatchRules", peer->matches.rules);
	number(c, "PeakMatchRules", peer->matches.peak);
	/* the unique name counts */
	number(c, "BusNames", peer->owned_n + 1);
	number(c, "PeakBusNames", peer->owned_peak + 1);
	number(c, "PendingReplies", peer->calls_n);
	number(c, "PeakPendingReplies", peer->calls_peak);
	compose_queues(c, peer);
	compose_close_array(c, open, 8);
	return 0;
}

int driver_get_all_match_rules(struct call *call)
{
	struct compose *c = &call->reply;
	struct writer text = {0};
	size_t open = compose_open_array(c, 8);

	list_for_each (at, &call->bus->peers) {
		struct peer *peer = list_entry(at, struct peer, link);
		size_t rules;

		if (list_is_empty(&peer->matches.matches))
			continue;
		compose_align(c, 8);
		compose_string(c, peer->unique_name);
		rules = compose_open_array(c, 4);
		list_for_each (link, &peer->matches.matches) {
			struct match *m = list_entry(link, struct match, holder_link);

			text.size = 0;
			matchrule_print(m->rule, &text);
			for (uint32_t i = 0; i < m->count; i++)
				compose_string(
					c, (struct slice){(const char *)text.data, text.size});
		}
		compose_close_array(c, rules, 4);
	}
	compose_close_array(c, open, 8);
	c->out->bad |= text.bad;
	writer_fini(&text);
	return 0;
}
