/* client.c - messages in little endian only, as the machines are; see client.h */
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

static void put(struct bytes *b, const void *data, size_t n)
{
	assert(b->n + n <= sizeof(b->at));
	memcpy(b->at + b->n, data, n);
	b->n += n;
}

static void put_align(struct bytes *b, size_t to)
{
	while (b->n % to)
		put(b, "", 1);
}

static void put_u32(struct bytes *b, uint32_t v)
{
	put_align(b, 4);
	put(b, &v, 4);
}

static void put_text(struct bytes *b, const char *text)
{
	put_u32(b, (uint32_t)strlen(text));
	put(b, text, strlen(text) + 1);
}

static void put_field(struct bytes *b, uint8_t code, char type, const char *text)
{
	unsigned char head[4] = {code, 1, (unsigned char)type, 0};

	if (!text)
		return;
	put_align(b, 8);
	put(b, head, 4);
	if (type == 'g') {
		unsigned char n = (unsigned char)strlen(text);

		put(b, &n, 1);
		put(b, text, n + 1u);
	} else {
		put_text(b, text);
	}
}

static void put_number(struct bytes *b, uint8_t code, uint32_t v)
{
	put_align(b, 8);
	put(b, (unsigned char[]){code, 1, 'u', 0}, 4);
	put_u32(b, v);
}

void build(struct bytes *b, const struct header *h, const char *const *args, size_t args_n,
	const uint32_t *number)
{
	unsigned char head[4] = {'l', h->type, h->flags, 1};
	char signature[8] = "";
	uint32_t fields, body;
	size_t start;

	assert(args_n < 4);
	memset(signature, 's', args_n);
	strcat(signature, number ? "u" : "");

	b->n = 0;
	put(b, head, 4);
	put_u32(b, 0); /* length of the body */
	put_u32(b, 1); /* serial */
	put_u32(b, 0); /* length of the fields */
	put_field(b, 1, 'o', h->path);
	put_field(b, 2, 's', h->interface);
	put_field(b, 3, 's', h->member);
	put_field(b, 6, 's', h->destination);
	if (h->reply_serial)
		put_number(b, 5, h->reply_serial);
	put_field(b, 8, 'g', *signature ? signature : NULL);
	if (h->fds)
		put_number(b, 9, h->fds);
	fields = (uint32_t)b->n - 16;
	put_align(b, 8);
	start = b->n;
	for (size_t i = 0; i < args_n; i++)
		put_text(b, args[i]);
	if (number)
		put_u32(b, *number);
	body = (uint32_t)(b->n - start);
	memcpy(b->at + 4, &body, 4);
	memcpy(b->at + 12, &fields, 4);
}

static void must_write(int fd, const void *data, size_t n)
{
	for (const char *p = data; n;) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done < 0)
			err(1, "writing to the bus");
		p += done;
		n -= (size_t)done;
	}
}

bool client_fill(struct client *c)
{
	ssize_t n;

	if (c->in_at) {
		memmove(c->in, c->in + c->in_at, c->in_n - c->in_at);
		c->in_n -= c->in_at;
		c->in_at = 0;
	}
	n = recv(c->fd, c->in + c->in_n, sizeof(c->in) - c->in_n, 0);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0)
		err(1, "reading from the bus");
	if (n == 0)
		errx(1, "the bus closed a connection");
	c->in_n += (size_t)n;
	return true;
}

uint32_t u32_at(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

bool client_next(struct client *c, struct message *ret)
{
	const unsigned char *m = c->in + c->in_at;
	size_t have = c->in_n - c->in_at, head, whole;

	if (have < 16)
		return false;
	if (m[0] != 'l')
		errx(1, "a message that is not in little endian");
	head = (16 + (size_t)u32_at(m + 12) + 7) & ~(size_t)7;
	whole = head + u32_at(m + 4);
	if (whole > sizeof(c->in))
		errx(1, "a message of %zu bytes", whole);
	if (have < whole)
		return false;
	if (m[1] == ERROR)
		errx(1, "the bus answered with an error: %.*s", (int)(whole - head), m + head + 4);
	*ret = (struct message){
		.type = m[1], .serial = u32_at(m + 8), .body = m + head, .body_n = u32_at(m + 4)};
	c->in_at += whole;
	return true;
}

static int address_connect(const char *address)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	bool abstract = strncmp(address, "unix:abstract=", 14) == 0;
	size_t n;
	int fd;

	if (!abstract && strncmp(address, "unix:path=", 10) != 0)
		errx(2, "not an address of a unix socket: %s", address);
	address = strchr(address, '=') + 1;
	n = strcspn(address, ",;");
	if (n + 1 >= sizeof(to.sun_path))
		errx(2, "the address is too long: %s", address);
	memcpy(to.sun_path + abstract, address, n);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&to,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + abstract)) < 0)
		err(1, "connecting to %.*s", (int)n, address);
	return fd;
}

/* Waits for the answer to the call that was just sent; signals to this client are skipped. */
static struct message client_answer(struct client *c)
{
	struct message m;

	for (;;) {
		while (client_next(c, &m)) {
			if (m.type == RETURN)
				return m;
		}
		client_fill(c);
	}
}

struct message client_ask_bus(
	struct client *c, const char *member, const char *arg, const uint32_t *number)
{
	static struct bytes b;

	build(&b,
		&(struct header){.type = CALL,
			.path = "/org/freedesktop/DBus",
			.interface = BUS,
			.member = member,
			.destination = BUS},
		&arg, arg != NULL, number);
	c->serial++;
	memcpy(b.at + 8, &c->serial, 4);
	must_write(c->fd, b.at, b.n);
	return client_answer(c);
}

void client_open(struct client *c, const char *address)
{
	static struct bytes hello;
	char text[512], id[16];
	int n, lines = 0;
	size_t i;

	*c = (struct client){.fd = address_connect(address), .passed = -1, .serial = 1};
	build(&hello,
		&(struct header){.type = CALL,
			.path = "/org/freedesktop/DBus",
			.interface = BUS,
			.member = "Hello",
			.destination = BUS},
		NULL, 0, NULL);
	snprintf(id, sizeof(id), "%u", (unsigned int)getuid());
	n = sprintf(text, "%cAUTH EXTERNAL ", 0);
	for (const char *digit = id; *digit; digit++)
		n += sprintf(text + n, "%02x", *digit);
	n += sprintf(text + n, "\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n");
	memcpy(text + n, hello.at, hello.n);
	must_write(c->fd, text, (size_t)n + hello.n);

	while (lines < 2) { /* OK, AGREE_UNIX_FD */
		client_fill(c);
		for (i = 0, lines = 0; i < c->in_n && lines < 2; i++)
			lines += c->in[i] == '\n';
	}
	if (memcmp(c->in, "OK ", 3) != 0)
		errx(1, "the bus refused to authenticate us");
	c->in_at = i;
	snprintf(c->unique, sizeof(c->unique), "%s", client_answer(c).body + 4);
}

void client_close(struct client *c)
{
	close(c->fd);
}

/* The descriptor goes with the first byte of a message. */
static ssize_t client_push(struct client *c)
{
	struct iovec iov = {c->out + c->out_at, c->out_n - c->out_at};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};

	if (c->passed >= 0 && c->out_at == 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &c->passed, sizeof(int));
	}
	return sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void client_send(struct client *c, unsigned int n)
{
	ssize_t done;

	for (unsigned int i = 0; i < n && c->out_n + c->template.n <= sizeof(c->out); i++) {
		c->serial++;
		memcpy(c->template.at + 8, &c->serial, 4);
		memcpy(c->out + c->out_n, c->template.at, c->template.n);
		c->out_n += c->template.n;
	}
	done = client_push(c);
	if (done < 0 && errno != EAGAIN)
		err(1, "writing to the bus");
	c->out_at += done > 0 ? (size_t)done : 0;
	if (c->out_at == c->out_n)
		c->out_at = c->out_n = 0;
}

unsigned int client_room(const struct client *c)
{
	if (c->out_n)
		return 0;
	return c->passed >= 0 ? 1 : (unsigned int)(sizeof(c->out) / c->template.n);
}
