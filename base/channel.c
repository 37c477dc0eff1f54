/*
 * channel.c - one letter, one datagram: type, a filler that keeps the fields 8-aligned, fields.
 * SOCK_SEQPACKET keeps the borders and tells when the other side is gone. A letter is refused whole
 * where any of it is missing: half a set of descriptors is worse than none.
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/channel.h"
#include "base/drop.h"

struct envelope {
	uint32_t type;
	uint32_t filler;
};

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int) * LETTER_FDS)];
};

int channel_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

/* Whether the other side went away is one answer, whichever way the kernel words it. */
static int channel_error(int error)
{
	return error == ECONNRESET || error == ENOTCONN ? -EPIPE : -error;
}

int channel_send(int fd, uint32_t type, const struct writer *fields, const int *fds, uint32_t fds_n)
{
	struct envelope envelope = {.type = type};
	struct iovec iov[2] = {{&envelope, sizeof(envelope)}, {NULL, 0}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	union control control = {0};
	ssize_t n;

	assert(fds_n <= LETTER_FDS);
	if (fields) {
		if (fields->bad)
			return -ENOMEM;
		iov[1] = (struct iovec){fields->data, fields->size};
	}
	if (sizeof(envelope) + iov[1].iov_len > LETTER_MAX)
		return -EMSGSIZE;
	if (fds_n > 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * fds_n);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fds_n);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fds_n);
	}
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? channel_error(errno) : 0;
}

static void letter_take_fds(struct letter *l, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		l->fds_n = (uint32_t)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		assert(l->fds_n <= LETTER_FDS);
		memcpy(l->fds, CMSG_DATA(c), sizeof(int) * l->fds_n);
	}
}

/* Who goes with something of ours unread has the kernel say so once, before what it said itself: that
 * is still to be read, and then the end. */
static bool is_to_be_read_again(void)
{
	return errno == EINTR || errno == ECONNRESET;
}

/* The size of the datagram that is next; waits for it where the socket does. */
static int channel_next(int fd, size_t *ret)
{
	ssize_t n;

	do
		n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	while (n < 0 && is_to_be_read_again());
	if (n < 0)
		return channel_error(errno);
	if (n == 0)
		return -EPIPE;
	*ret = (size_t)n;
	return 0;
}

int channel_recv(int fd, struct letter *ret)
{
	struct letter l = {.fds = {-1, -1, -1, -1}};
	union control control;
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	size_t size = 0;
	ssize_t n;
	int r;

	r = channel_next(fd, &size);
	if (r < 0)
		return r;
	/* what is too long is taken off the queue all the same, and refused below */
	size = size < LETTER_MAX ? size : LETTER_MAX;
	l.buffer = malloc(size);
	if (!l.buffer)
		return -ENOMEM;
	iov = (struct iovec){l.buffer, size};
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && is_to_be_read_again());
	if (n < 0) {
		r = channel_error(errno);
		letter_fini(&l);
		return r;
	}
	letter_take_fds(&l, &msg);
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || (size_t)n < sizeof(struct envelope)) {
		letter_fini(&l);
		return -EBADMSG;
	}
	l.type = ((const struct envelope *)l.buffer)->type;
	l.data = l.buffer + sizeof(struct envelope);
	l.size = (size_t)n - sizeof(struct envelope);
	*ret = l;
	return 0;
}

void letter_fini(struct letter *l)
{
	for (uint32_t i = 0; i < l->fds_n; i++) {
		if (l->fds[i] >= 0)
			close(l->fds[i]);
	}
	free(l->buffer);
	*l = (struct letter){.fds = {-1, -1, -1, -1}};
}
