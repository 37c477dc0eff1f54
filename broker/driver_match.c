/* driver_match.c - AddMatch, RemoveMatch, and the rules of a peer that goes */
#include <errno.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"

/* Puts a rule where it is kept; for one with a sender the name is made. Takes the rule over. */
static int rule_add(struct peer *peer, struct matchrule *rule)
{
	struct bus *bus = peer->bus;
	struct matches *registry = rule->eavesdrop ? &bus->eaves : &bus->matches;
	struct name *name = NULL;
	int r;

	if (!rule->eavesdrop && rule->sender.text) {
		name = name_get(&bus->names, rule->sender);
		registry = name ? name_rules(name) : NULL;
	}
	if (!registry) {
		matchrule_free(rule);
		name_put(name);
		return -ENOMEM;
	}
	r = match_add(registry, &peer->matches, rule);
	if (r < 0)
		name_put(name);
	return r;
}

static int refuse_limit(struct call *call)
{
	struct request q = {.verb = VERB_DRIVER, .sender = &call->peer->party};
	enum limit limit = LIMIT_MAX_MATCH_RULES_PER_CONNECTION;
	int64_t figure = peer_limit(call->peer, limit);

	gate_refuse_limit(&call->bus->gate, &q, limit, figure);
	return call_refuse(call, FAULT_LIMITS, "%s=%lld", limit_name(limit), (long long)figure);
}

static void count_added(struct peer *peer)
{
	struct bus *bus = peer->bus;

	if (++bus->match_rules > bus->match_rules_peak)
		bus->match_rules_peak = bus->match_rules;
	if (peer->matches.rules > bus->match_rules_peak_per_peer)
		bus->match_rules_peak_per_peer = peer->matches.rules;
}

int driver_add_match(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice text = body_string(&body);
	struct peer *peer = call->peer;
	struct matchrule *rule;
	const char *why = NULL;
	int r;

	if (peer->matches.rules >= (uint64_t)peer_limit(peer, LIMIT_MAX_MATCH_RULES_PER_CONNECTION))
		return refuse_limit(call);
	r = matchrule_parse(text, &rule, &why);
	if (r > 0)
		return call_refuse(call, r, "%s", why ? why : "the rule is too long");
	if (r < 0)
		return r;
	if (rule->eavesdrop && !peer_is_privileged(peer)) {
		matchrule_free(rule);
		return call_refuse(call, FAULT_NOT_PRIVILEGED, "eavesdrop='true'");
	}
	r = rule->eavesdrop ? call_may_watch(call) : 0;
	if (r != 0) {
		matchrule_free(rule);
		return r;
	}
	r = rule_add(peer, rule);
	if (r == 0)
		count_added(peer);
	return r;
}

/* Drops a match by one; its sender's name may not be needed any more. */
static void match_drop(struct bus *bus, struct match *match)
{
	struct name *name = NULL;

	if (match->rule->sender.text)
		name = name_find(&bus->names, match->rule->sender);
	match_remove(match);
	bus->match_rules--;
	name_put(name);
}

int driver_remove_match(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice text = body_string(&body);
	struct matchrule *rule;
	struct matches *registry;
	struct match *match = NULL;
	struct name *name = NULL;
	const char *why = NULL;
	int r = matchrule_parse(text, &rule, &why);

	if (r > 0)
		return call_refuse(call, r, "%s", why ? why : "the rule is too long");
	if (r < 0)
		return r;
	registry = &call->bus->matches;
	if (rule->eavesdrop) {
		registry = &call->bus->eaves;
	} else if (rule->sender.text) {
		name = name_find(&call->bus->names, rule->sender);
		registry = name ? name->rules : NULL;
	}
	if (registry)
		match = match_find(registry, &call->peer->matches, rule);
	matchrule_free(rule);
	if (!match)
		return FAULT_NO_MATCH;
	match_drop(call->bus, match);
	return 0;
}

void driver_drop_matches(struct bus *bus, struct peer *peer)
{
	while (!list_is_empty(&peer->matches.matches)) {
		struct match *m = list_entry(peer->matches.matches.next, struct match, holder_link);

		match_drop(bus, m);
	}
}
