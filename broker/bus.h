/*
 * bus.h - the bus as a whole: what every connection shares. There is one, owned by main; it is
 * passed to whoever needs it.
 */
#pragma once

#include "audit/trail.h"
#include "base/loop.h"
#include "base/process.h"
#include "broker/account.h"
#include "broker/batch.h"
#include "broker/consult.h"
#include "broker/lane.h"
#include "broker/matches.h"
#include "broker/name.h"
#include "broker/reply.h"
#include "broker/variables.h"
#include "mac/mac.h"
#include "policy/gate.h"

#define BUS_JUDGES 12 /* more than there are */

/* A mapped and validated policy image. */
struct policy {
	struct image image;
	const void *bytes;
	size_t size;
	int fd; /* the sealed memfd, owned; for who may see the policy in force */
};

struct bus {
	struct loop loop;
	struct supervisor *supervisor; /* the channel to launch */
	struct list listeners; /* listener.link */
	bool ending; /* nothing is announced any more */
	bool paused; /* accepting stopped: no descriptors left */
	uint64_t paused_said; /* when that was last logged, loop_now() */
	uint32_t uid; /* the bus's own */
	char guid[33], machine_id[33], type[32];
	uint32_t pid; /* what the driver reports as its own: launch's */
	struct process own; /* the bus's own groups, for GetConnectionCredentials */
	struct processes processes; /* of the peers */
	bool systemd_activation;

	struct policy policy;
	uint64_t generation; /* of the policy, 1 is the first */
	bool hides; /* it has rules about who is told of a name */
	struct mac mac; /* who judges by labels */
	const struct judge *judges[BUS_JUDGES]; /* the gate's */
	struct gate gate;
	struct flow flow; /* the gate's */
	struct trail trail;

	struct users users;
	struct names names;
	struct name *driver_name; /* org.freedesktop.DBus: never owned by a peer */
	struct replies replies;
	struct matches matches; /* rules without sender; those with one are at their name */
	struct matches eaves; /* rules with eavesdrop='true', whatever their sender */
	struct matches monitors; /* rules of BecomeMonitor */

	struct list peers; /* peer.link, all that are registered */
	struct list watchers; /* peer.link of monitors */
	struct list resting; /* peer.rest_link: not read until what their users passed is closed */
	struct list dying; /* peer.dying_link: reaped at the end of the round */
	uint64_t next_id; /* of unique names */
	uint32_t peers_n, incomplete_n;
	uint32_t match_rules, match_rules_peak, match_rules_peak_per_peer, names_peak_per_peer;
	uint64_t route; /* number of the message being routed: a receiver gets it once */
	uint32_t serial; /* of the driver's messages */

	struct batch batch; /* what is to be sent at the end of the round */
	struct writer reply; /* the driver's answer being composed */
	struct writer message; /* another message of the driver being composed */
	struct list reloads; /* ReloadConfig callers waiting (driver_admin.c) */
	uint64_t reload_cookie; /* of the last reload asked for */
	bool reloading; /* it is under way */
	struct list for_systemd; /* the driver's messages to it while it is not there */
	size_t for_systemd_bytes; /* of those that nobody waits for */
	struct variables variables; /* of services */
	struct consult consult; /* polkit is asked */
	struct lanes lanes; /* of messages that wait for it */
	struct activation *activations; /* services being started, by name */
	uint64_t start_serial; /* of the last start of a service */
};

/* Takes no ownership of `policy`'s memory before it succeeds. 0 or -errno. */
int bus_init(struct bus *bus, const struct policy *policy);
/* Lets labels be judged, too, by what `channel` (to launch) says of the bus's own; once bus->type is
 * known and before anybody connects. 0, or -errno with a sentence in *ret_why. */
int bus_start_mac(struct bus *bus, int channel, const char **ret_why);
void bus_fini(struct bus *bus);

/*
 * Puts another policy in force: every registered peer's subject is derived anew, and names are taken
 * from whom it forbids them. All or nothing: on failure (-ENOMEM) the old one stays. On success the
 * old image is unmapped.
 */
int bus_set_policy(struct bus *bus, const struct policy *policy);
/* The limits that live in other structs (per-user pools) from the policy. */
static inline int64_t bus_limit(const struct bus *bus, enum limit limit)
{
	return image_limit(&bus->policy.image, limit);
}

/* Maps and validates, keeps a duplicate of `fd`; 0, or -errno with a sentence in *ret_why. */
int policy_open(struct policy *ret, int fd, const char **ret_why);
void policy_close(struct policy *policy);
