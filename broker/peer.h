/*
 * peer.h - one connection, from accept to its end. A peer that goes away is marked dying and
 * reaped at the end of the round: while messages are routed nobody disappears.
 */
#pragma once

#include "base/process.h"
#include "broker/account.h"
#include "broker/bus.h"
#include "broker/keep.h"
#include "broker/matches.h"
#include "broker/outgoing.h"
#include "broker/sasl.h"
#include "broker/stream.h"

enum peer_state {
	PEER_AUTH, /* speaks SASL */
	PEER_UNNAMED, /* authenticated, has not said Hello */
	PEER_ACTIVE,
	PEER_MONITOR,
	PEER_DYING,
};

struct peer {
	struct bus *bus;
	struct source source;
	enum peer_state state;
	struct list link; /* bus.peers */
	struct list dying_link; /* bus.dying */
	struct list incomplete_link; /* user.incomplete, until Hello */
	struct list rest_link; /* bus.resting */
	struct timer auth_timer;

	struct process process; /* owns what identity borrows */
	struct identity identity;
	struct mac_label *mac_label; /* held for identity.mac; NULL: nobody judges by it */
	struct subject subject;
	struct party party; /* names: name_set */
	struct user *user;
	bool anonymous, takes_fds;

	uint64_t id;
	char unique_text[24];
	struct slice unique_name;
	struct name *name; /* the unique name's entry */
	struct slice *name_set; /* unique name, names it is primary owner of, names it waits for */
	uint32_t name_set_room, primary_n;
	struct list owned; /* owner.peer_link */
	uint32_t owned_n, owned_peak;

	struct sasl *sasl; /* only in PEER_AUTH */
	struct stream in;
	struct outgoing out;
	struct match_holder matches; /* in PEER_MONITOR: those of BecomeMonitor */
	struct list calls; /* reply.caller_link: its calls that wait for a reply */
	struct list duties; /* reply.callee_link: calls that it has not answered */
	uint32_t calls_n, calls_peak;
	struct list held; /* held.peer_link: messages that wait for a service */
	int64_t *limits; /* those that hold for it, where some differ from the bus's; owned */
	struct list parked; /* parked.peer_link: messages that wait for polkit */
	uint32_t parked_n;
	struct keep keep; /* what polkit said before */
	uint64_t last_route; /* bus.route of the last message it was given */
};

/* Takes `fd` over. A failure means this connection is not to be had, nothing else. */
int peer_new(struct bus *bus, int fd);
/* The end: no more input, gone at the end of the round. `why` is logged if not NULL. */
void peer_kill(struct peer *peer, const char *why);
/* The same for a limit that it is over, on record; `verb` is what it was about. */
void peer_kill_limit(struct peer *peer, enum verb verb, enum limit limit);
/* Of its process more is known than when it connected (base/process.h): what speaks to it is found
 * anew. */
void peer_known(struct peer *peer);
/* What speaks to it, found before, is its own from now on; or is found by the policy that is in force:
 * without memory it goes. */
void peer_subject_set(struct peer *peer, const struct subject *subject);
void peer_rederive(struct peer *peer);
/* Writes the unique name that Hello will give into unique_text. */
void peer_name_next(struct peer *peer);
/* Hello: gives the unique name. FAULT_LIMITS (with *ret_limit) or -ENOMEM. */
int peer_register(struct peer *peer, enum limit *ret_limit);
/* Drops names, rules, waiting calls and replies owed, telling everybody; for BecomeMonitor (the
 * peer lives on without name) and at the end. */
void peer_retire(struct peer *peer);
/* Reaps the dying until there are none. */
void peers_reap(struct bus *bus);
/* A pidfd of the process behind a connection, borrowed, or -1: struct trail's `pidfd`. */
int peer_pidfd(const struct party *party);
/* Frees one that is not announced anywhere (bus_fini). */
void peer_free(struct peer *peer);

/* Finds out which limits hold for it; to be called when its identity, names or the policy changed.
 * Without memory it goes: those of all may be wider. */
void peer_limits_renew(struct peer *peer);

static inline int64_t peer_limit(const struct peer *peer, enum limit limit)
{
	return peer->limits ? peer->limits[limit] : bus_limit(peer->bus, limit);
}

static inline bool peer_is_privileged(const struct peer *peer)
{
	return !peer->anonymous && user_is_privileged(peer->user);
}
