/*
 * peer.c - the life of a connection. What it did wrong ends it; what others do to it, or what
 * fails on their account, never does.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "broker/activation.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/listener.h"
#include "broker/park.h"
#include "broker/peer.h"
#include "broker/undertaker.h"

static int peer_ready(struct source *source, uint32_t events)
{
	struct peer *peer = container_of(source, struct peer, source);

	if (events & EPOLLOUT)
		outgoing_flush(peer);
	if ((events & ~(uint32_t)EPOLLOUT) && peer->state != PEER_DYING)
		stream_ready(peer);
	return 0;
}

static int auth_overdue(struct timer *timer)
{
	peer_kill_limit(
		container_of(timer, struct peer, auth_timer), VERB_CONNECT, LIMIT_AUTH_TIMEOUT);
	return 0;
}

/* What /proc said of its process, which may be later than the rest. */
static void identity_learn(struct peer *peer)
{
	const struct process *p = &peer->process;
	struct identity *identity = &peer->identity;

	identity->comm = p->comm;
	identity->unit = p->unit;
	identity->slices = p->slices;
	identity->loginuid = p->loginuid;
	identity->sessionid = p->sessionid;
}

static void identity_fill(struct peer *peer)
{
	const struct process *p = &peer->process;

	peer->identity = (struct identity){.uid = p->uid,
		.groups = p->groups,
		.groups_n = p->groups_n,
		.pid = p->pid,
		.label = p->label,
		.label_size = (uint32_t)p->label_size,
		.mac = peer->mac_label};
	identity_learn(peer);
}

/* Where labels are judged, who has none is nobody. */
static int label_find(struct peer *peer)
{
	struct request q = {.verb = VERB_CONNECT, .sender = &peer->party};
	int r = mac_label_of(&peer->bus->mac,
		(struct slice){peer->process.label, peer->process.label_size}, &peer->mac_label);

	identity_fill(peer);
	if (r == -EACCES)
		gate_refuse(&peer->bus->gate, &q, "the kernel gives no MAC label for it");
	return r;
}

/* Over the limit the user with the most unfinished connections loses its oldest. */
static void incomplete_add(struct peer *peer)
{
	struct bus *bus = peer->bus;

	list_append(&peer->user->incomplete, &peer->incomplete_link);
	peer->user->incomplete_n++;
	bus->incomplete_n++;
	while (bus->incomplete_n > (uint64_t)bus_limit(bus, LIMIT_MAX_INCOMPLETE_CONNECTIONS)) {
		struct user *most = users_most_incomplete(&bus->users);

		if (!most)
			return;
		peer_kill_limit(list_entry(most->incomplete.next, struct peer, incomplete_link),
			VERB_CONNECT, LIMIT_MAX_INCOMPLETE_CONNECTIONS);
	}
}

static void incomplete_drop(struct peer *peer)
{
	timer_cancel(&peer->auth_timer);
	if (!list_is_linked(&peer->incomplete_link))
		return;
	list_unlink(&peer->incomplete_link);
	peer->user->incomplete_n--;
	peer->bus->incomplete_n--;
}

static int sasl_start(struct peer *peer)
{
	const struct bus *bus = peer->bus;
	const struct image_header *header = bus->policy.image.header;

	peer->sasl = calloc(1, sizeof(*peer->sasl));
	if (!peer->sasl)
		return -ENOMEM;
	peer->sasl->uid = peer->process.uid;
	peer->sasl->mechanisms = header->auth & AUTH_EXTERNAL;
	/* ANONYMOUS needs both: that the mechanism is not ruled out, and <allow_anonymous/> */
	if ((header->flags & IMAGE_ALLOW_ANONYMOUS) && (header->auth & AUTH_ANONYMOUS))
		peer->sasl->mechanisms |= AUTH_ANONYMOUS;
	peer->sasl->fds_possible = true;
	peer->sasl->guid = bus->guid;
	return 0;
}

/* Or else the kernel drops an urgent byte as what is behind it is read; and with it, in our thread, the
 * descriptors that it was sent with. */
static void take_urgent(int fd)
{
	static const int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

int peer_new(struct bus *bus, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int64_t patience = bus_limit(bus, LIMIT_AUTH_TIMEOUT);
	int r;

	bus->users.connections++;
	if (!peer) {
		undertake(&bus->users.stranger, REMAINS_CONNECTION, fd);
		return -ENOMEM;
	}
	peer->bus = bus;
	peer->source.fd = fd;
	peer->process.pidfd = peer->process.candidate = -1;
	list_init(&peer->link);
	list_init(&peer->dying_link);
	list_init(&peer->incomplete_link);
	list_init(&peer->rest_link);
	list_init(&peer->owned);
	list_init(&peer->calls);
	list_init(&peer->held);
	list_init(&peer->parked);
	keep_init(&peer->keep);
	list_init(&peer->duties);
	outgoing_init(&peer->out);
	match_holder_init(&peer->matches);
	peer->party.subject = &peer->subject;
	peer->subject.identity = &peer->identity;
	r = process_of_socket(fd, &bus->processes, &peer->process);
	if (r == 0 && peer->process.doubted)
		process_doubt(&peer->process, fd);
	if (r == 0)
		r = label_find(peer);
	if (r == 0)
		peer->user = user_get(&bus->users, peer->process.uid);
	if (r == 0 && !peer->user)
		r = -ENOMEM;
	if (r == 0)
		r = sasl_start(peer);
	take_urgent(fd);
	if (r == 0)
		r = source_init(&peer->source, &bus->loop, fd, EPOLLIN, peer_ready);
	if (r < 0) {
		peer_free(peer);
		return r;
	}
	if (patience > 0)
		timer_arm(&peer->auth_timer, &bus->loop, (uint64_t)patience * 1000, auth_overdue);
	incomplete_add(peer);
	return 0;
}

/* Its client sees the end now, and reads what was sent before; the rest is done when it can be. In one
 * with nothing unread, to which nothing is added any more, there is nothing of its user's to wait for. */
static void connection_close(struct peer *peer)
{
	struct user *stranger = &peer->bus->users.stranger;
	int fd = peer->source.fd, unread = 1;

	source_fini(&peer->source);
	shutdown(fd, SHUT_RDWR);
	if (ioctl(fd, FIONREAD, &unread) < 0)
		unread = 1;
	undertake(peer->user && unread ? peer->user : stranger, REMAINS_CONNECTION, fd);
}

void peer_free(struct peer *peer)
{
	incomplete_drop(peer);
	batch_forget(peer);
	stream_fini(&peer->in, peer->user);
	outgoing_fini(&peer->out);
	match_holder_fini(&peer->matches);
	connection_close(peer);
	subject_fini(&peer->subject);
	process_fini(&peer->process);
	mac_label_put(&peer->bus->mac.labels, peer->mac_label);
	if (peer->sasl)
		sasl_fini(peer->sasl);
	free(peer->sasl);
	free(peer->name_set);
	free(peer->limits);
	user_unref(peer->user);
	list_unlink(&peer->link);
	list_unlink(&peer->dying_link);
	list_unlink(&peer->rest_link);
	free(peer);
}

void peer_known(struct peer *peer)
{
	identity_learn(peer);
	if (peer->subject.image)
		peer_rederive(peer);
}

void peer_subject_set(struct peer *peer, const struct subject *subject)
{
	subject_fini(&peer->subject);
	peer->subject = *subject;
	peer_limits_renew(peer);
}

void peer_rederive(struct peer *peer)
{
	struct subject fresh;

	if (subject_init(&fresh, &peer->bus->policy.image, &peer->identity) < 0)
		peer_kill(peer, "no memory for its policy");
	else
		peer_subject_set(peer, &fresh);
}

void peer_limits_renew(struct peer *peer)
{
	const struct image *image = &peer->bus->policy.image;
	int64_t limits[LIMITS];

	free(TAKE(peer->limits));
	if (!limits_of(image, &peer->identity, peer->party.names, peer->primary_n, limits))
		return;
	peer->limits = malloc(sizeof(limits));
	if (peer->limits)
		memcpy(peer->limits, limits, sizeof(limits));
	else
		peer_kill(peer, "no memory for its limits");
}

int peer_pidfd(const struct party *party)
{
	return container_of(party, const struct peer, party)->process.pidfd;
}

void peer_kill(struct peer *peer, const char *why)
{
	if (peer->state == PEER_DYING)
		return;
	if (why)
		log_notice("Disconnecting %s (uid=%u pid=%d comm=%s): %s",
			peer->unique_name.text ? peer->unique_text : "a new connection",
			peer->process.uid, peer->process.pid,
			peer->process.comm ? peer->process.comm : "?", why);
	peer->state = PEER_DYING;
	incomplete_drop(peer);
	list_append(&peer->bus->dying, &peer->dying_link);
}

void peer_kill_limit(struct peer *peer, enum verb verb, enum limit limit)
{
	struct request q = {.verb = verb, .sender = &peer->party};

	if (peer->state != PEER_DYING)
		gate_refuse_limit(&peer->bus->gate, &q, limit, peer_limit(peer, limit));
	peer_kill(peer, NULL);
}

static int register_limits(const struct peer *peer, enum limit *ret_limit)
{
	const struct bus *bus = peer->bus;

	*ret_limit = LIMIT_MAX_COMPLETED_CONNECTIONS;
	if (bus->peers_n >= (uint64_t)bus_limit(bus, *ret_limit))
		return FAULT_LIMITS;
	*ret_limit = LIMIT_MAX_CONNECTIONS_PER_USER;
	if (peer->user->connections >= (uint64_t)peer_limit(peer, *ret_limit))
		return FAULT_LIMITS;
	/* as many again may wait to be closed, beside what nobody was woken for yet */
	if (user_remains(peer->user, REMAINS_CONNECTION) >=
		(uint64_t)peer_limit(peer, *ret_limit) + DIGGER_ROOM)
		return FAULT_LIMITS;
	return 0;
}

void peer_name_next(struct peer *peer)
{
	snprintf(peer->unique_text, sizeof(peer->unique_text), ":1.%" PRIu64, peer->bus->next_id);
}

int peer_register(struct peer *peer, enum limit *ret_limit)
{
	struct bus *bus = peer->bus;
	int r = register_limits(peer, ret_limit);

	if (r != 0)
		return r;
	peer->id = bus->next_id;
	peer_name_next(peer);
	peer->unique_name = slice_of(peer->unique_text);
	peer->name = name_get(&bus->names, peer->unique_name);
	if (!peer->name || name_set_rebuild(peer) < 0) {
		name_put(TAKE(peer->name));
		peer->unique_name = (struct slice){NULL, 0};
		return -ENOMEM;
	}
	bus->next_id++;
	peer->name->unique = peer;
	if (++bus->names.owned > bus->names.owned_peak)
		bus->names.owned_peak = bus->names.owned;
	list_append(&bus->peers, &peer->link);
	bus->peers_n++;
	peer->user->connections++;
	incomplete_drop(peer);
	peer->state = PEER_ACTIVE;
	return 0;
}

static void unname(struct peer *peer)
{
	struct bus *bus = peer->bus;
	struct name_change change = {peer->name, peer, NULL};

	peer->name->unique = NULL;
	bus->names.owned--;
	driver_name_changed(bus, &change);
	name_put(TAKE(peer->name));
	bus->peers_n--;
	peer->user->connections--;
	list_unlink(&peer->link);
}

void peer_retire(struct peer *peer)
{
	struct bus *bus = peer->bus;

	park_sender_gone(peer);
	driver_forget(bus, peer);
	activation_forget(peer);
	while (!list_is_empty(&peer->owned)) {
		struct owner *o = list_entry(peer->owned.prev, struct owner, peer_link);
		struct name *name = o->name;
		struct name_change change;

		owner_drop(o, &change);
		if (change.name)
			driver_name_changed(bus, &change);
		name_put(name);
	}
	if (peer->name) {
		unname(peer);
		park_recipient_gone(peer);
	}
	/* the latest call first, as in the reference */
	while (!list_is_empty(&peer->duties)) {
		struct reply *r = list_entry(peer->duties.prev, struct reply, callee_link);
		struct peer *caller = r->caller;
		uint32_t serial = (uint32_t)r->key.serial;

		reply_drop(bus, r);
		driver_send_error(bus, caller, serial, FAULT_NO_REPLY, NULL);
	}
	while (!list_is_empty(&peer->calls))
		reply_drop(bus, list_entry(peer->calls.next, struct reply, caller_link));
}

void peers_reap(struct bus *bus)
{
	while (!list_is_empty(&bus->dying)) {
		struct peer *peer = list_entry(bus->dying.next, struct peer, dying_link);

		peer_retire(peer);
		peer_free(peer);
		listeners_resume(bus);
	}
}
