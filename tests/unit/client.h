/* client.h - the other end of a peer's socket: says messages, and remembers what it was told */
#pragma once

#include <errno.h>

#include "broker/compose.h"
#include "tests/unit/peers.h"

#define CLIENT_ROOM (1u << 20)

struct client {
	int fd;
	struct peer *peer; /* may be gone: see peer_is_there */
	uint8_t *in;
	size_t size, at; /* at: behind the lines of SASL */
	uint32_t serial, fds;
	bool hung_up; /* by the bus */
};

struct said {
	enum message_type type;
	uint8_t flags;
	const char *to, *interface, *member, *signature; /* of "s", "u", "as", "ay" */
	const char *strings[3]; /* "s", and the one string of "as" */
	uint32_t number; /* "u" */
	uint32_t reply_serial;
	size_t padding; /* how long "ay" is */
	int fd; /* goes with it if > 0 */
};

static inline void client_init(struct client *c, int fd)
{
	*c = (struct client){.fd = fd, .in = malloc(CLIENT_ROOM)};
	RULEBOOK_MUST(c->in);
}

static inline void client_fini(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
}

static inline bool peer_is_there(struct bus *bus, const struct peer *peer)
{
	list_for_each (at, &bus->peers) {
		if (list_entry(at, struct peer, link) == peer)
			return true;
	}
	list_for_each (at, &bus->watchers) {
		if (list_entry(at, struct peer, link) == peer)
			return true;
	}
	return false;
}

static inline void client_body(struct compose *m, const struct said *s)
{
	uint32_t string = 0;

	for (const char *type = s->signature; type && *type; type++) {
		if (*type == 's') {
			compose_string(m, slice_of(s->strings[string++]));
		} else if (*type == 'u') {
			compose_u32(m, s->number);
		} else if (*++type == 's') {
			size_t open = compose_open_array(m, 4);

			compose_string(m, slice_of(s->strings[string++]));
			compose_close_array(m, open, 4);
		} else {
			compose_u32(m, (uint32_t)s->padding);
			memset(writer_grow(m->out, s->padding), 'x', s->padding);
		}
	}
}

/* Returns the serial. What the socket does not take at once is not said. */
static inline uint32_t client_say(struct client *c, const struct said *s)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct compose_header header = {.type = s->type,
		.flags = s->flags,
		.serial = ++c->serial,
		.reply_serial = s->reply_serial,
		.fds = s->fd > 0,
		.path = s->member ? "/org/freedesktop/DBus" : NULL,
		.interface = s->interface,
		.member = s->member,
		.signature = s->signature,
		.no_sender = true};
	struct writer w = {0};
	struct compose m;
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (s->to)
		header.destination = slice_of(s->to);
	compose_begin(&m, &w, &header);
	client_body(&m, s);
	RULEBOOK_MUST(compose_end(&m) == 0);
	iov = (struct iovec){w.data, w.size};
	if (s->fd > 0) {
		memcpy(CMSG_DATA(&control.header), &s->fd, sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	(void)!sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	writer_fini(&w);
	return c->serial;
}

/* Takes all there is. */
static inline void client_read(struct client *c)
{
	for (;;) {
		union {
			struct cmsghdr header;
			char room[CMSG_SPACE(sizeof(int) * 16)];
		} control;
		struct iovec iov = {c->in + c->size, CLIENT_ROOM - c->size};
		struct msghdr msg = {.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

		for (size_t i = 0; h && i < (h->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			close(((int *)CMSG_DATA(h))[i]);
			c->fds++;
		}
		if (n <= 0) {
			c->hung_up |= n == 0 || errno != EAGAIN;
			return;
		}
		c->size += (size_t)n;
	}
}

/* The first message for which `is` says so, in what was told; what it points to lies there. */
static inline bool client_find(const struct client *c, struct message *ret,
	bool (*is)(const struct message *m, const void *arg), const void *arg)
{
	const char *why = NULL;
	size_t size;

	for (size_t at = c->at; at < c->size; at += size) {
		/* where it lay was a multiple of 8 for the bus, behind SASL it is not for us */
		static uint64_t aligned[CLIENT_ROOM / 8];

		if (message_measure(c->in + at, c->size - at, MESSAGE_SIZE_MAX, &size) != 0 ||
			size == 0 || size > c->size - at)
			return false;
		memcpy(aligned, c->in + at, size);
		RULEBOOK_MUST(message_parse(ret, (uint8_t *)aligned, size, &why) == 0);
		if (is(ret, arg))
			return true;
	}
	return false;
}

static inline bool is_answer(const struct message *m, const void *serial)
{
	return m->reply_serial == *(const uint32_t *)serial;
}

static inline bool is_member(const struct message *m, const void *member)
{
	return m->member.text && slice_is(m->member, member);
}

/* MESSAGE_RETURN or MESSAGE_ERROR; 0: no answer. */
static inline int client_answer(const struct client *c, uint32_t serial)
{
	struct message m;

	return client_find(c, &m, is_answer, &serial) ? m.type : 0;
}

static inline bool client_heard(const struct client *c, const char *member, uint32_t *ret_serial)
{
	struct message m;

	if (!client_find(c, &m, is_member, member))
		return false;
	if (ret_serial)
		*ret_serial = m.serial;
	return true;
}
