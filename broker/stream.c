/*
 * stream.c - reading. One recvmsg per wake-up into the round's shared input; messages are handled
 * where they lie, and only the beginning of an incomplete one is copied. A message too large for
 * that is collected on the heap, charged to its sender from its first bytes on.
 *
 * Descriptors arrive with the last bytes of a read (the kernel ends a read there). They may be
 * claimed by the messages that these bytes belong to; what is left when those are complete was
 * sent with no message and is dropped.
 */
#include <errno.h>
#include <sys/socket.h>

#include "broker/fault.h"
#include "broker/peer.h"
#include "broker/route.h"
#include "broker/stream.h"
#include "broker/undertaker.h"

#define RELAY_ROOM 512 /* what a header can grow by */

void stream_fini(struct stream *stream, struct user *user)
{
	timer_cancel(&stream->fd_timer);
	for (uint32_t i = 0; i < stream->fds_n; i++)
		undertake(user, REMAINS_PASSED, stream->fds[i]);
	free(stream->fds);
	free(stream->held);
	charge_return(&stream->charge);
	*stream = (struct stream){0};
}

static void held_free(struct stream *in)
{
	free(in->held);
	in->held = NULL;
	in->held_size = in->held_room = in->want = 0;
}

static void fds_drop(struct peer *peer, uint32_t n)
{
	struct stream *in = &peer->in;

	for (uint32_t i = 0; i < n; i++)
		undertake(peer->user, REMAINS_PASSED, in->fds[i]);
	in->fds_n -= n;
	memmove(in->fds, in->fds + n, in->fds_n * sizeof(int));
	timer_cancel(&in->fd_timer);
}

static int fds_keep(struct stream *in, const int *fds, size_t n)
{
	int *more = realloc(in->fds, (in->fds_n + n) * sizeof(int));

	if (!more)
		return -ENOMEM;
	in->fds = more;
	memcpy(in->fds + in->fds_n, fds, n * sizeof(int));
	in->fds_n += (uint32_t)n;
	if (in->fds_n > in->fds_peak)
		in->fds_peak = in->fds_n;
	return 0;
}

/* The kernel has put the descriptors into our table: keep them all or close them all. Whether they
 * were negotiated is known when what came with them is read: BEGIN may stand before it. */
static int fds_collect(struct peer *peer, struct msghdr *msg)
{
	int r = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		int fds[STREAM_FDS_MAX];
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		if (r == 0)
			r = fds_keep(&peer->in, fds, n);
		for (size_t i = 0; r != 0 && i < n; i++)
			undertake(peer->user, REMAINS_PASSED, fds[i]);
	}
	return r;
}

/* Where the kernel cannot tell which process connected, its first bytes do. */
static void hear(struct peer *peer, struct msghdr *msg, size_t n)
{
	struct ucred writer = {.pid = 0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&writer, CMSG_DATA(c), sizeof(writer));
	}
	if (process_hear(&peer->process, peer->source.fd, writer.pid, n))
		peer_known(peer);
}

/* Bytes read; 0 at the end of file; -errno. */
static ssize_t receive(struct peer *peer, void *to, size_t room)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(STREAM_FDS_MAX * sizeof(int)) +
			   CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = {to, room};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(peer->source.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int r;

	if (n < 0)
		return -errno;
	peer->in.fds_lost |= (msg.msg_flags & MSG_CTRUNC) != 0;
	peer->in.received += (uint64_t)n;
	if (msg.msg_controllen == 0)
		return n;
	r = fds_collect(peer, &msg);
	if (r == 0 && peer->process.doubted)
		hear(peer, &msg, (size_t)n);
	return r < 0 ? r : n;
}

static int fds_overdue(struct timer *timer)
{
	struct stream *in = container_of(timer, struct stream, fd_timer);

	peer_kill_limit(container_of(in, struct peer, in), VERB_PROTOCOL, LIMIT_PENDING_FD_TIMEOUT);
	return 0;
}

/* One complete message. False: the peer is no longer to be listened to. */
static bool handle_message(struct peer *peer, const uint8_t *bytes, size_t size)
{
	struct stream *in = &peer->in;
	const char *why = NULL;
	struct message m;
	uint32_t fds;

	if (message_parse(&m, bytes, size, &why) != 0) {
		route_violation(peer, FAULT_MALFORMED, why);
		return false;
	}
	if (m.fds > (uint64_t)peer_limit(peer, LIMIT_MAX_MESSAGE_UNIX_FDS)) {
		route_violation(peer, FAULT_TOO_LARGE, "too many file descriptors");
		return false;
	}
	fds = m.fds;
	if (m.fds > in->fds_n && !in->fds_lost) {
		route_violation(peer, FAULT_FDS_MISMATCH, NULL);
		return false;
	}
	if (m.fds > in->fds_n) {
		route_refuse(peer, &m, FAULT_FDS_REFUSED, "they were withheld from the bus");
		fds = in->fds_n;
		in->fds_lost = false;
	} else {
		route_message(peer, &m, in->fds);
	}
	if (peer->state == PEER_DYING)
		return false;
	if (fds)
		fds_drop(peer, fds);
	return true;
}

/* What came with an incomplete message is bounded in number, charged and timed. */
static bool fds_hold(struct peer *peer)
{
	struct stream *in = &peer->in;
	struct bus *bus = peer->bus;
	int64_t patience = bus_limit(bus, LIMIT_PENDING_FD_TIMEOUT);

	if (in->fds_n == 0)
		return true;
	if (in->fds_n > (uint64_t)peer_limit(peer, LIMIT_MAX_MESSAGE_UNIX_FDS))
		route_violation(peer, FAULT_TOO_LARGE, "too many file descriptors");
	else if (charge_take(&in->charge, peer->user, 0, in->fds_n - in->charge.fds) != 0)
		route_violation(peer, FAULT_TOO_LARGE, "its user has used up its share of the bus");
	else if (!list_is_linked(&in->fd_timer.link))
		timer_arm(&in->fd_timer, &bus->loop, (uint64_t)patience * 1000, fds_overdue);
	return peer->state != PEER_DYING;
}

static bool fds_negotiated(struct peer *peer)
{
	if (peer->in.fds_n == 0 || peer->takes_fds)
		return true;
	route_violation(peer, FAULT_FDS_MISMATCH, "descriptors were not negotiated");
	return false;
}

/* Keeps an incomplete message for the next read. */
static void hold(struct peer *peer, const uint8_t *bytes, size_t size, size_t want)
{
	struct stream *in = &peer->in;
	size_t room = want > STREAM_READ ? want : size;

	if (!fds_hold(peer))
		return;
	if (charge_take(&in->charge, peer->user, room, 0) != 0) {
		route_violation(peer, FAULT_TOO_LARGE, "its user has used up its share of the bus");
		return;
	}
	in->held = malloc(room);
	if (!in->held) {
		peer_kill(peer, "no memory for its message");
		return;
	}
	memcpy(in->held, bytes, size);
	if (room > in->held_peak)
		in->held_peak = room;
	in->held_size = size;
	in->held_room = room;
	in->want = want;
}

/* The relayed message is longer than what came in by its sender's name: both must be valid. */
static size_t size_limit(const struct peer *peer)
{
	uint64_t limit = (uint64_t)peer_limit(peer, LIMIT_MAX_MESSAGE_SIZE);

	return limit < MESSAGE_SIZE_MAX - RELAY_ROOM ? limit : MESSAGE_SIZE_MAX - RELAY_ROOM;
}

/* Handles all complete messages and keeps the rest. */
static void consume(struct peer *peer, const uint8_t *bytes, size_t size)
{
	size_t at = 0, want = 0;

	while (at < size && peer->state != PEER_DYING) {
		int r;

		if (peer->state == PEER_AUTH) {
			at += route_sasl(peer, bytes + at, size - at);
			continue;
		}
		if (!fds_negotiated(peer))
			return;
		r = message_measure(bytes + at, size - at, size_limit(peer), &want);
		if (r != 0) {
			route_violation(peer, r, NULL);
			return;
		}
		if (want == 0 || want > size - at)
			break;
		if (!handle_message(peer, bytes + at, want))
			return;
		at += want;
		want = 0;
		batch_settle(peer->bus);
	}
	if (peer->state == PEER_DYING)
		return;
	if (at < size) {
		hold(peer, bytes + at, size - at, want);
		return;
	}
	peer->in.fds_lost = false;
	if (peer->in.fds_n)
		fds_drop(peer, peer->in.fds_n);
}

/* A message larger than the shared input is collected where it is held. */
static ssize_t read_large(struct peer *peer)
{
	struct stream *in = &peer->in;
	ssize_t n = receive(peer, in->held + in->held_size, in->want - in->held_size);
	uint8_t *bytes;
	size_t size;

	if (n <= 0)
		return n;
	in->held_size += (size_t)n;
	if (!fds_negotiated(peer) || !fds_hold(peer) || in->held_size < in->want)
		return n;
	bytes = TAKE(in->held);
	size = in->held_size;
	held_free(in);
	consume(peer, bytes, size);
	/* what was collected for this round points into it */
	batch_flush(peer->bus);
	free(bytes);
	if (!in->held)
		charge_return(&in->charge);
	return n;
}

static ssize_t read_shared(struct peer *peer)
{
	struct stream *in = &peer->in;
	size_t held = in->held_size;
	uint8_t *input = batch_input(peer->bus, held + STREAM_READ);
	ssize_t n = receive(peer, input + held, STREAM_READ);

	if (n <= 0)
		return n;
	if (held) {
		memcpy(input, in->held, held);
		held_free(in);
	}
	charge_return(&in->charge);
	batch_input_take(peer->bus, held + (size_t)n);
	consume(peer, input, held + (size_t)n);
	return n;
}

/* Whatever it brings would have to wait to be closed, too. Who is not read and hangs up is gone. */
static void rest(struct peer *peer)
{
	if (list_is_linked(&peer->rest_link)) {
		peer_kill(peer, NULL);
		return;
	}
	list_append(&peer->bus->resting, &peer->rest_link);
	source_set(&peer->source, peer->source.events & ~(uint32_t)EPOLLIN);
}

void streams_resume(struct bus *bus)
{
	list_for_each_safe (at, &bus->resting) {
		struct peer *peer = list_entry(at, struct peer, rest_link);

		if (!user_may_bring(peer->user))
			continue;
		list_unlink(&peer->rest_link);
		if (peer->state != PEER_DYING)
			source_set(&peer->source, peer->source.events | EPOLLIN);
	}
}

static void stream_read(struct peer *peer)
{
	ssize_t n = peer->in.want > STREAM_READ ? read_large(peer) : read_shared(peer);

	if (n == 0)
		peer_kill(peer, NULL);
	else if (n < 0 && n != -EAGAIN && n != -EINTR)
		peer_kill(peer, NULL);
}

void stream_ready(struct peer *peer)
{
	if (user_may_bring(peer->user))
		stream_read(peer);
	else
		rest(peer);
}
