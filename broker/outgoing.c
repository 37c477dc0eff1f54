/*
 * outgoing.c - a receiver's queue. A user may fill what the other users leave of it by half, so
 * that a queue can never be taken whole; the receiver's own user and privileged senders may fill it
 * to the limit. A message that waits is charged to its sender; one of the bus to the receiver.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "broker/bus.h"
#include "broker/fault.h"
#include "broker/outgoing.h"
#include "broker/peer.h"
#include "broker/undertaker.h"

#define FLUSH_PACKETS 128

void outgoing_init(struct outgoing *out)
{
	*out = (struct outgoing){0};
	list_init(&out->packets);
}

static void share_return(struct outgoing *out, const struct packet *p)
{
	struct share *share;
	uint32_t uid = p->payer;

	out->bytes -= p->size;
	out->fds -= p->fds_n;
	HASH_FIND(hh, out->shares, &uid, sizeof(uid), share);
	if (!share)
		return;
	share->bytes -= p->size;
	share->fds -= p->fds_n;
	if (share->bytes == 0 && share->fds == 0) {
		HASH_DELETE(hh, out->shares, share);
		free(share);
	}
}

static void fds_free(struct packet *p)
{
	for (uint32_t i = 0; p->fds && i < p->fds_n; i++)
		undertake(p->giver, REMAINS_PASSED, p->fds[i]);
	p->fds = NULL;
}

static void packet_free(struct outgoing *out, struct packet *p)
{
	list_unlink(&p->link);
	share_return(out, p);
	fds_free(p);
	user_unref(p->giver);
	charge_return(&p->charge);
	free(p);
}

static void drop_all(struct outgoing *out)
{
	list_for_each_safe (at, &out->packets)
		packet_free(out, list_entry(at, struct packet, link));
	timer_cancel(&out->stalled);
}

void outgoing_fini(struct outgoing *out)
{
	drop_all(out);
	out->cut = true;
}

void outgoing_cut(struct peer *to)
{
	to->out.cut = true;
	drop_all(&to->out);
	/* one that is still there learns of it, and hangs up */
	shutdown(to->source.fd, SHUT_WR);
	source_set(&to->source, to->source.events & ~(uint32_t)EPOLLOUT);
}

struct user *outgoing_payer(const struct peer *to, const struct parcel *parcel)
{
	return parcel->payer ? parcel->payer : to->user;
}

static int receiver_stalled(struct timer *timer)
{
	struct outgoing *out = container_of(timer, struct outgoing, stalled);

	peer_kill_limit(
		container_of(out, struct peer, out), VERB_PROTOCOL, LIMIT_STALLED_RECEIVER_TIMEOUT);
	return 0;
}

/* Services of the system do not go because of what others send them, or of what the bus tells them
 * of others: only root can be in the way of root. Who watches is nobody's service. */
static bool is_protected(const struct peer *to, const struct parcel *parcel)
{
	return peer_is_privileged(to) && to->state != PEER_MONITOR &&
	       !(parcel->payer && user_is_privileged(parcel->payer));
}

/* Somebody was refused because this queue is not taken: the receiver has to move now. */
static void has_to_move(struct peer *to, const struct parcel *parcel)
{
	int64_t after = peer_limit(to, LIMIT_STALLED_RECEIVER_TIMEOUT);

	if (after > 0 && !is_protected(to, parcel) && !list_is_linked(&to->out.stalled.link))
		timer_arm(
			&to->out.stalled, &to->bus->loop, (uint64_t)after * 1000, receiver_stalled);
}

static int refuse_full(
	struct peer *to, const struct parcel *parcel, enum limit limit, enum limit *ret_limit)
{
	has_to_move(to, parcel);
	*ret_limit = limit;
	return FAULT_LIMITS;
}

static bool has_room(uint64_t max, uint64_t all, uint64_t mine, bool whole)
{
	uint64_t others = all - mine;

	return all <= max && mine <= (whole ? max - others : (max - others) / 2);
}

int outgoing_check(struct peer *to, const struct parcel *parcel, enum limit *ret_limit)
{
	struct outgoing *out = &to->out;
	struct user *payer = outgoing_payer(to, parcel);
	struct share *share;
	bool whole = payer == to->user || user_is_privileged(payer);
	/* As in the reference a queue may be overrun by one message. But nobody fills one of root's
	 * so that what root sends there is refused. */
	bool overruns = whole || !peer_is_privileged(to);
	uint64_t bytes = overruns ? 0 : parcel->header_size + parcel->body_size;
	uint64_t fds = overruns ? 0 : parcel->fds_n;

	if (list_is_empty(&out->packets))
		return 0;
	HASH_FIND(hh, out->shares, &payer->uid, sizeof(payer->uid), share);
	if (!has_room((uint64_t)peer_limit(to, LIMIT_MAX_OUTGOING_BYTES), out->bytes + bytes,
		    (share ? share->bytes : 0) + bytes, whole))
		return refuse_full(to, parcel, LIMIT_MAX_OUTGOING_BYTES, ret_limit);
	if (parcel->fds_n && !has_room((uint64_t)peer_limit(to, LIMIT_MAX_OUTGOING_UNIX_FDS),
				     out->fds + fds, (share ? share->fds : 0) + fds, whole))
		return refuse_full(to, parcel, LIMIT_MAX_OUTGOING_UNIX_FDS, ret_limit);
	return 0;
}

static int share_take(struct outgoing *out, uint32_t uid, size_t bytes, uint32_t fds)
{
	struct share *share;

	HASH_FIND(hh, out->shares, &uid, sizeof(uid), share);
	if (!share) {
		share = calloc(1, sizeof(*share));
		if (!share)
			return -ENOMEM;
		share->uid = uid;
		HASH_ADD(hh, out->shares, uid, sizeof(share->uid), share);
		if (hash_failed()) {
			free(share);
			return -ENOMEM;
		}
	}
	share->bytes += bytes;
	share->fds += fds;
	out->bytes += bytes;
	out->fds += fds;
	if (out->bytes > out->bytes_peak)
		out->bytes_peak = out->bytes;
	if (out->fds > out->fds_peak)
		out->fds_peak = out->fds;
	return 0;
}

static int fds_copy(struct packet *p, const int *fds, uint32_t n, struct user *giver)
{
	p->giver = user_ref(giver);
	p->fds = (int *)(p->bytes + ((p->size + 7) & ~(size_t)7));
	for (p->fds_n = 0; p->fds_n < n; p->fds_n++) {
		int fd = fcntl(fds[p->fds_n], F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			return FAULT_LIMITS;
		p->fds[p->fds_n] = fd;
	}
	return 0;
}

static void bytes_copy(struct packet *p, const struct parcel *parcel, size_t skip)
{
	size_t at = 0;

	if (skip < parcel->header_size) {
		at = parcel->header_size - skip;
		memcpy(p->bytes, (const char *)parcel->header + skip, at);
		skip = parcel->header_size;
	}
	skip -= parcel->header_size;
	if (parcel->body_size > skip)
		memcpy(p->bytes + at, (const char *)parcel->body + skip, parcel->body_size - skip);
}

/* The whole of outgoing_queue but what happens on failure. */
static int queue_copy(struct peer *to, const struct parcel *parcel, size_t skip)
{
	struct outgoing *out = &to->out;
	struct user *payer = outgoing_payer(to, parcel);
	size_t size = parcel->header_size + parcel->body_size - skip;
	size_t room = packet_room(size);
	uint32_t fds_n = skip == 0 ? parcel->fds_n : 0;
	struct packet *p = calloc(1, room + fds_n * sizeof(int));
	int r;

	if (!p)
		return -ENOMEM;
	p->size = size;
	p->payer = payer->uid;
	r = charge_take(&p->charge, payer, room, fds_n);
	/* part of it has gone out: the rest is kept at any price */
	if (r != 0 && skip == 0) {
		free(p);
		return r;
	}
	if (fds_n)
		r = fds_copy(p, parcel->fds, fds_n, parcel->giver ? parcel->giver : payer);
	else
		r = 0;
	if (r == 0)
		r = share_take(out, p->payer, size, fds_n);
	if (r != 0) {
		fds_free(p);
		user_unref(p->giver);
		charge_return(&p->charge);
		free(p);
		return r;
	}
	bytes_copy(p, parcel, skip);
	if (list_is_empty(&out->packets))
		source_set(&to->source, to->source.events | EPOLLOUT);
	list_append(&out->packets, &p->link);
	return 0;
}

int outgoing_queue(struct peer *to, const struct parcel *parcel, size_t skip)
{
	int r;

	if (to->out.cut)
		return 0;
	r = queue_copy(to, parcel, skip);
	if (r < 0 || (r > 0 && skip > 0))
		outgoing_cut(to);
	/* many queues, none of them full, can hold all that a sender may have waiting */
	else if (r > 0 && !list_is_empty(&to->out.packets))
		has_to_move(to, parcel);
	return r > 0 ? r : 0;
}

/* sendmsg with or without descriptors; bytes sent or -errno */
static ssize_t send_vector(int fd, struct iovec *iov, size_t n, const int *fds, uint32_t fds_n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(PARCEL_FDS_MAX * sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n};
	ssize_t sent;

	if (fds_n) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fds_n * sizeof(int));
		memset(&control, 0, msg.msg_controllen);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds_n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, fds_n * sizeof(int));
	}
	sent = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

static bool is_patience(ssize_t error)
{
	return error == -EAGAIN || error == -EINTR || error == -ENOBUFS || error == -ENOMEM;
}

static bool is_gone(ssize_t error)
{
	return error == -EPIPE || error == -ECONNRESET || error == -ENOTCONN || error == -EBADF;
}

static int send_now(struct peer *to, const struct parcel *parcel)
{
	struct iovec iov[2] = {{(void *)parcel->header, parcel->header_size},
		{(void *)parcel->body, parcel->body_size}};
	size_t size = parcel->header_size + parcel->body_size;
	ssize_t n = send_vector(to->source.fd, iov, 2, parcel->fds, parcel->fds_n);

	if (n < 0 && !is_patience(n)) {
		/* a descriptor that cannot be passed is the sender's problem, not the receiver's */
		if (parcel->fds_n && !is_gone(n))
			return FAULT_LIMITS;
		outgoing_cut(to);
		return 0;
	}
	if (n < 0)
		n = 0;
	if ((size_t)n < size)
		return outgoing_queue(to, parcel, (size_t)n);
	return 0;
}

int outgoing_send(struct peer *to, const struct parcel *parcel)
{
	struct outgoing *out = &to->out;

	if (out->cut || to->state == PEER_DYING)
		return 0;
	if (!list_is_empty(&out->packets))
		return outgoing_queue(to, parcel, 0);
	if (!parcel->fds_n && !parcel->transient && batch_may_add(to, parcel))
		return batch_add(to->bus, to, parcel);
	batch_flush_peer(to);
	if (out->cut)
		return 0;
	if (!list_is_empty(&out->packets))
		return outgoing_queue(to, parcel, 0);
	return send_now(to, parcel);
}

/* As many packets as go together: one with descriptors only ever stands first. */
static size_t gather(struct outgoing *out, struct iovec *iov)
{
	size_t n = 0;

	list_for_each (at, &out->packets) {
		struct packet *p = list_entry(at, struct packet, link);

		if (n == FLUSH_PACKETS || (n > 0 && p->fds))
			break;
		iov[n++] = (struct iovec){p->bytes + p->sent, p->size - p->sent};
		if (p->fds)
			break;
	}
	return n;
}

static void packets_sent(struct outgoing *out, size_t sent)
{
	while (sent > 0) {
		struct packet *p = list_entry(out->packets.next, struct packet, link);
		size_t rest = p->size - p->sent;

		fds_free(p);
		if (sent < rest) {
			p->sent += sent;
			return;
		}
		sent -= rest;
		packet_free(out, p);
	}
}

void outgoing_flush(struct peer *to)
{
	struct outgoing *out = &to->out;
	struct iovec iov[FLUSH_PACKETS];
	struct packet *first;
	size_t n;
	ssize_t sent;

	if (list_is_empty(&out->packets))
		return;
	first = list_entry(out->packets.next, struct packet, link);
	n = gather(out, iov);
	sent = send_vector(to->source.fd, iov, n, first->fds, first->fds ? first->fds_n : 0);
	if (sent < 0 && is_patience(sent))
		return;
	if (sent < 0 && first->fds && !is_gone(sent)) {
		packet_free(out, first);
	} else if (sent < 0) {
		outgoing_cut(to);
		return;
	} else {
		packets_sent(out, (size_t)sent);
		timer_cancel(&out->stalled);
	}
	if (list_is_empty(&out->packets)) {
		timer_cancel(&out->stalled);
		source_set(&to->source, to->source.events & ~(uint32_t)EPOLLOUT);
	}
}
