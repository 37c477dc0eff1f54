/*
 * peers.h - a bus in this process, everything allowed, with registered peers on socket pairs whose
 * other end the test holds. Users are made up: ROOT is privileged, ALICE and the next ones are not.
 */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/memfd.h"
#include "broker/consult.h"
#include "broker/peer.h"
#include "tests/unit/rulebook.h"

enum { ROOT = 0, BUS_USER = 900, ALICE = 1001, BOB, CAROL, DAVE };

#define PEERS_OPEN                                                                                 \
	"default\n<allow user='*'/>\n<allow own='*'/>\n<allow send_type='*'/>\n<allow "            \
	"receive_type='*'/>\n"

struct test_limit {
	enum limit limit;
	int64_t value;
};

/* A policy of those rules that limits nothing yet. */
static inline struct builder *peers_policy(const char *rules)
{
	struct builder *b = builder_new();

	RULEBOOK_MUST(b);
	rulebook_add(b, rules);
	for (int i = 0; i < LIMITS; i++)
		builder_header(b)->limits[i] = INT32_MAX;
	return b;
}

/* Frees the builder. */
static inline void peers_policy_finish(struct builder *b, struct policy *ret)
{
	const char *why = NULL;
	size_t size;
	void *data;
	int fd;

	RULEBOOK_MUST(builder_finish(b, &data, &size) == 0);
	builder_free(b);
	fd = memfd_seal("policy", data, size);
	free(data);
	RULEBOOK_MUST(fd >= 0 && policy_open(ret, fd, &why) == 0);
	close(fd);
}

static inline void peers_begin(struct bus *bus, const struct test_limit *limits, size_t n)
{
	struct builder *b = peers_policy(PEERS_OPEN);
	struct policy policy;

	for (size_t i = 0; i < n; i++)
		builder_header(b)->limits[limits[i].limit] = limits[i].value;
	peers_policy_finish(b, &policy);
	RULEBOOK_MUST(bus_init(bus, &policy) == 0);
	trail_init(&bus->trail, -1, "test");
	bus->users.bus_uid = BUS_USER;
}

/* Whoever it is for the kernel: for the bus it is this user's from now on. */
static inline void peer_become(struct peer *peer, uint32_t uid)
{
	struct user *user = user_get(&peer->bus->users, uid);

	RULEBOOK_MUST(user);
	peer->user->connections--;
	user_unref(peer->user);
	peer->user = user;
	user->connections++;
}

/* *ret_fd is the other end, non-blocking. */
static inline struct peer *peers_add(struct bus *bus, uint32_t uid, int *ret_fd)
{
	enum limit limit;
	struct peer *peer = NULL;
	int pair[2];

	RULEBOOK_MUST(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	RULEBOOK_MUST(peer_new(bus, pair[0]) == 0);
	for (struct user *u = bus->users.table; u; u = u->hh.next) {
		if (u->incomplete_n)
			peer = list_entry(u->incomplete.next, struct peer, incomplete_link);
	}
	RULEBOOK_MUST(peer && peer->state == PEER_AUTH);
	sasl_fini(peer->sasl);
	free(TAKE(peer->sasl));
	RULEBOOK_MUST(subject_init(&peer->subject, &bus->policy.image, &peer->identity) == 0);
	RULEBOOK_MUST(peer_register(peer, &limit) == 0);
	peer->takes_fds = true;
	peer_become(peer, uid);
	*ret_fd = pair[1];
	return peer;
}

/* The bus has an agent, which is the test; *fd was the one before, or is -1. */
static inline void peers_agent(struct bus *bus, int *fd)
{
	int pair[2];

	RULEBOOK_MUST(channel_pair(pair) == 0);
	if (*fd >= 0)
		close(*fd);
	*fd = pair[1];
	RULEBOOK_MUST(fcntl(*fd, F_SETFL, O_NONBLOCK) == 0);
	consult_set_channel(bus, pair[0]);
}
