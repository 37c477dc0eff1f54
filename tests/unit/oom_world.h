/*
 * oom_world.h - a bus in this process with a supervisor, a listener and some clients, run until
 * nothing moves while allocations fail, or duplicates of descriptors do (count_dups)
 */
#pragma once

#include <sys/un.h>

#include "base/channel.h"
#include "broker/listener.h"
#include "broker/supervisor.h"
#include "tests/unit/client.h"
#include "tests/unit/oom.h"

/* The n-th duplicate of a descriptor fails instead, or all from it on. */
static bool count_dups;

static inline bool dup_fails(int command)
{
	bool fails = false;

	if (!count_dups || command != F_DUPFD_CLOEXEC)
		return false;
	oom_resume();
	fails = oom_now();
	oom_pause();
	errno = EMFILE;
	return fails;
}

/* Under which name the C library has it depends on the size of off_t. */
#define FCNTL_WRAP(name)                                                                           \
	int __real_##name(int fd, int command, long arg);                                          \
	int __wrap_##name(int fd, int command, long arg);                                          \
	int __wrap_##name(int fd, int command, long arg)                                           \
	{                                                                                          \
		return dup_fails(command) ? -1 : __real_##name(fd, command, arg);                  \
	}
FCNTL_WRAP(fcntl)
FCNTL_WRAP(fcntl64)

struct world {
	struct bus bus;
	struct supervisor supervisor;
	int launch; /* the supervisor's other end */
	struct sockaddr_un address;
	socklen_t address_size;
	struct client calm[2], actor, service, slow, root, late;
	struct policy next;
};

static inline void attempt_begin(void)
{
	if (!count_dups)
		oom_resume();
}

/* Until nothing moves: all that the loop would do. The slow one reads, or does not. */
static inline void pump_while(struct world *w, bool slow_reads)
{
	struct epoll_event events[64];
	int n, rounds = 0;

	attempt_begin();
	do {
		do {
			batch_flush(&w->bus);
			peers_reap(&w->bus);
		} while (w->bus.batch.used > 0);
		oom_pause();
		if (slow_reads)
			client_read(&w->slow);
		attempt_begin();
		n = epoll_wait(w->bus.loop.epoll_fd, events, 64, 0);
		w->bus.loop.pending = events;
		w->bus.loop.pending_n = n;
		for (int i = 0; i < n; i++) {
			struct source *s = events[i].data.ptr;

			if (s)
				assert_int_equal(s->ready(s, events[i].events), 0);
		}
		w->bus.loop.pending_n = 0;
		assert_true(++rounds < 1000);
	} while (n > 0);
	oom_pause();
}

static inline void pump(struct world *w)
{
	pump_while(w, true);
}

/* --- what must always be so --- */

static inline void check_peer(struct peer *peer)
{
	uint32_t owned = 0, primary = peer->state == PEER_ACTIVE;

	list_for_each (at, &peer->owned) {
		owned++;
		primary += name_owner(list_entry(at, struct owner, peer_link)->name) == peer;
	}
	assert_int_equal(peer->owned_n, owned);
	assert_int_equal(peer->party.names_n, owned + 1);
	assert_int_equal(peer->primary_n, primary);
	assert_ptr_equal(name_owner(peer->name), peer);
	for (uint32_t i = 0; i < peer->party.names_n; i++) {
		struct name *name = name_find(&peer->bus->names, peer->name_set[i]);

		assert_non_null(name);
		assert_int_equal(name_owner(name) == peer, i < primary);
	}
}

static inline void check_names(struct bus *bus)
{
	uint32_t owned = 0;

	for (struct name *n = bus->names.table; n; n = n->hh.next) {
		bool has_rules = n->rules && !matches_is_empty(n->rules);

		owned += name_owner(n) != NULL;
		assert_true(name_owner(n) || n->permanent || has_rules);
	}
	assert_int_equal(bus->names.owned, owned);
}

static inline void check(struct bus *bus)
{
	uint32_t peers = 0, rules = 0, calls = 0;

	assert_true(list_is_empty(&bus->dying));
	list_for_each (at, &bus->peers) {
		struct peer *peer = list_entry(at, struct peer, link);

		peers++;
		assert_int_equal(peer->state, PEER_ACTIVE);
		assert_ptr_equal(peer->subject.image, &bus->policy.image);
		rules += peer->matches.rules;
		calls += peer->calls_n;
		check_peer(peer);
	}
	list_for_each (at, &bus->watchers) {
		struct peer *peer = list_entry(at, struct peer, link);

		assert_int_equal(peer->state, PEER_MONITOR);
		rules += peer->matches.rules;
	}
	assert_int_equal(bus->peers_n, peers);
	assert_int_equal(bus->match_rules, rules);
	assert_int_equal(HASH_COUNT(bus->replies.table), calls + 1);
	check_names(bus);
}

/* --- before and after --- */

static inline void policy_make(struct policy *ret)
{
	struct builder *b = peers_policy(PEERS_OPEN);
	struct service service;

	builder_header(b)->auth = AUTH_EXTERNAL;
	service = (struct service){.name = builder_text(b, SLICE("com.A"))};
	builder_service(b, &service, NULL);
	service = (struct service){.name = builder_text(b, SLICE("com.B")),
		.systemd_service = builder_text(b, SLICE("b.service"))};
	builder_service(b, &service, NULL);
	peers_policy_finish(b, ret);
}

static inline int letter_ignored(struct source *source, uint32_t events)
{
	(void)source;
	(void)events;
	return 0;
}

static inline void listener_make(struct world *w)
{
	socklen_t size = sizeof(w->address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* the kernel makes up a name */
	w->address = (struct sockaddr_un){.sun_family = AF_UNIX};
	RULEBOOK_MUST(bind(fd, (struct sockaddr *)&w->address, sizeof(sa_family_t)) == 0);
	RULEBOOK_MUST(getsockname(fd, (struct sockaddr *)&w->address, &size) == 0);
	w->address_size = size;
	RULEBOOK_MUST(listen(fd, 8) == 0 && listener_add(&w->bus, fd) == 0);
}

static inline void add(struct world *w, struct client *c, uint32_t uid)
{
	int fd;
	struct peer *peer = peers_add(&w->bus, uid, &fd);

	client_init(c, fd);
	c->peer = peer;
}

static inline void world_begin(struct world *w)
{
	struct policy policy;
	int pair[2], small = 1;

	*w = (struct world){.launch = -1};
	policy_make(&policy);
	policy_make(&w->next);
	RULEBOOK_MUST(bus_init(&w->bus, &policy) == 0);
	trail_init(&w->bus.trail, -1, "test");
	memset(w->bus.guid, 'a', 32);
	w->bus.users.bus_uid = BUS_USER;
	RULEBOOK_MUST(channel_pair(pair) == 0);
	w->launch = pair[1];
	w->supervisor.bus = &w->bus;
	w->bus.supervisor = &w->supervisor;
	RULEBOOK_MUST(
		source_init(&w->supervisor.source, &w->bus.loop, pair[0], 0, letter_ignored) == 0);
	add(w, &w->calm[0], BOB);
	add(w, &w->calm[1], CAROL);
	add(w, &w->service, DAVE);
	add(w, &w->slow, BOB);
	add(w, &w->root, ROOT);
	setsockopt(w->slow.peer->source.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	listener_make(w);
}

static inline void world_end(struct world *w)
{
	struct client *all[] = {
		&w->calm[0], &w->calm[1], &w->actor, &w->service, &w->slow, &w->root, &w->late};

	source_fini(&w->supervisor.source);
	close(w->supervisor.source.fd);
	bus_fini(&w->bus);
	policy_close(&w->next);
	assert_null(w->bus.users.table);
	assert_null(w->bus.names.table);
	assert_null(w->bus.activations);
	assert_int_equal(w->bus.match_rules, 0);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		client_fini(all[i]);
	close(w->launch);
}
