/*
 * load.c - puts one kind of load on a message bus and prints what it cost the bus.
 *
 * The client side is written by hand on plain sockets, so that it costs little next to the bus and
 * so that no client library's habits are measured: messages are built once and only their serial
 * is changed, what arrives is only counted. One process plays all the clients, and what is under
 * way at one time is bounded, so that a bus is measured at routing and not at swapping.
 *
 * The processor time of the bus is read from the clock of its processes between the moment when
 * all clients are set up and the moment when the last message arrived.
 */
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BUS "org.freedesktop.DBus"
#define NAME "org.example.Bench"
#define NAME_MAX_ 40
#define PAYLOAD_MAX 16384
#define PAIRS_MAX 64
#define RECEIVERS 100
#define BATCH 64 /* messages in one write, if they fit into OUT_BYTES */
#define OUT_BYTES 32768
#define WINDOW_ONE_WAY 256 /* messages under way */
#define WINDOW_FAN_OUT 4 /* signals under way, each to RECEIVERS clients */
#define DEADLINE_SECONDS 120 /* a bus that loses a message must not hold the run up */

enum { CALL = 1, RETURN = 2, ERROR = 3, SIGNAL = 4 };
enum { NO_REPLY = 1, NO_AUTO_START = 2 };

struct bytes {
	unsigned char at[PAYLOAD_MAX + 1024];
	size_t n;
};

struct header {
	uint8_t type, flags;
	uint32_t reply_serial;
	const char *path, *interface, *member, *destination;
};

struct client {
	int fd;
	uint32_t serial;
	char unique[NAME_MAX_];
	struct bytes template; /* what it sends in the run */
	unsigned char out[OUT_BYTES]; /* of which out_at..out_n is still to be written */
	size_t out_at, out_n;
	unsigned char in[256 * 1024];
	size_t in_at, in_n;
};

struct message {
	uint8_t type;
	uint32_t serial;
	const unsigned char *body;
	uint32_t body_n;
};

struct run {
	struct client *clients;
	unsigned int clients_n;
	uint64_t todo; /* messages to be sent in all */
	uint64_t sent, received; /* received: deliveries */
	size_t payload;
};

struct load {
	const char *name;
	unsigned int receivers; /* per sender */
	void (*run)(struct run *run);
	bool paired; /* several senders are wanted, each with its own receiver */
};

/* -- building messages (little endian only, as the machines are) -- */

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

/* A whole message: `args` are strings, then `number` if it is given (RequestName's flags). */
static void build(struct bytes *b, const struct header *h, const char *const *args, size_t args_n,
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
	if (h->reply_serial) {
		put_align(b, 8);
		put(b, "\5\1u", 4);
		put_u32(b, h->reply_serial);
	}
	put_field(b, 8, 'g', *signature ? signature : NULL);
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

/* -- a client -- */

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

/* Reads once what is there. False: nothing (non-blocking sockets only). */
static bool client_fill(struct client *c)
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

static uint32_t u32_at(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* The next whole message that was read, if there is one. An error from the bus ends the run. */
static bool client_next(struct client *c, struct message *ret)
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

static struct message client_ask_bus(
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

/* Connects, authenticates and says Hello, all in one write as sd-bus does. */
static void client_open(struct client *c, const char *address)
{
	static struct bytes hello;
	char text[512], id[16];
	int n, lines = 0;
	size_t i;

	*c = (struct client){.fd = address_connect(address), .serial = 1};
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

static void client_close(struct client *c)
{
	close(c->fd);
}

/* Sends up to `n` copies of the template; what the socket does not take is kept. */
static void client_send(struct client *c, unsigned int n)
{
	ssize_t done;

	for (unsigned int i = 0; i < n && c->out_n + c->template.n <= sizeof(c->out); i++) {
		c->serial++;
		memcpy(c->template.at + 8, &c->serial, 4);
		memcpy(c->out + c->out_n, c->template.at, c->template.n);
		c->out_n += c->template.n;
	}
	done = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (done < 0 && errno != EAGAIN)
		err(1, "writing to the bus");
	c->out_at += done > 0 ? (size_t)done : 0;
	if (c->out_at == c->out_n)
		c->out_at = c->out_n = 0;
}

static unsigned int client_room(const struct client *c)
{
	return c->out_n ? 0 : (unsigned int)(sizeof(c->out) / c->template.n);
}

/* -- the loads -- */

static void client_prepare(struct client *c, const struct run *run, const struct header *header)
{
	static char payload[PAYLOAD_MAX];
	const char *arg = payload;

	memset(payload, 'x', run->payload);
	payload[run->payload] = 0;
	build(&c->template, header, &arg, 1, NULL);
}

/* Reads what came for the receivers, all clients but the first. */
static void run_receive(struct run *run, const struct pollfd *polls, uint8_t type)
{
	struct message m;

	for (unsigned int i = 1; i < run->clients_n; i++) {
		if (!polls[i].revents || !client_fill(&run->clients[i]))
			continue;
		while (client_next(&run->clients[i], &m))
			run->received += m.type == type;
	}
}

/* One sender; `fan` receivers get each message. */
static void run_stream(struct run *run, uint8_t type, unsigned int window)
{
	struct client *sender = &run->clients[0];
	unsigned int fan = run->clients_n - 1;
	struct pollfd polls[1 + RECEIVERS];

	for (unsigned int i = 0; i < run->clients_n; i++)
		polls[i] = (struct pollfd){.fd = run->clients[i].fd, .events = i ? POLLIN : 0};
	while (run->received < run->todo * fan) {
		uint64_t under_way = run->sent - run->received / fan;
		uint64_t n = window > under_way ? window - under_way : 0;

		n = n < BATCH ? n : BATCH;
		n = n < client_room(sender) ? n : client_room(sender);
		n = n < run->todo - run->sent ? n : run->todo - run->sent;
		if (n || sender->out_n)
			client_send(sender, (unsigned int)n);
		run->sent += n;
		polls[0].events = sender->out_n ? POLLOUT : 0;
		if (poll(polls, run->clients_n, -1) < 0)
			err(1, "poll");
		run_receive(run, polls, type);
	}
}

static void run_one_way(struct run *run)
{
	client_prepare(&run->clients[0], run,
		&(struct header){.type = CALL,
			.flags = NO_REPLY | NO_AUTO_START,
			.path = "/org/example/Bench",
			.interface = "org.example.Bench",
			.member = "Note",
			.destination = NAME ".n0"});
	run_stream(run, CALL, WINDOW_ONE_WAY);
}

static void run_fan_out(struct run *run)
{
	client_prepare(&run->clients[0], run,
		&(struct header){.type = SIGNAL,
			.path = "/org/example/Bench",
			.interface = "org.example.Bench",
			.member = "Changed"});
	run_stream(run, SIGNAL, WINDOW_FAN_OUT);
}

static void client_reply(struct client *c, const struct client *caller, uint32_t serial)
{
	build(&c->template,
		&(struct header){.type = RETURN,
			.flags = NO_REPLY,
			.reply_serial = serial,
			.destination = caller->unique},
		NULL, 0, NULL);
	client_send(c, 1);
}

/* Even clients call, each the odd one after it; an answer is followed by the next call. */
static void run_ping_pong(struct run *run)
{
	struct epoll_event events[2 * PAIRS_MAX];
	int ep = epoll_create1(EPOLL_CLOEXEC);

	for (unsigned int i = 0; i < run->clients_n; i++) {
		struct epoll_event on = {.events = EPOLLIN, .data.u32 = i};
		char name[NAME_MAX_];

		if (epoll_ctl(ep, EPOLL_CTL_ADD, run->clients[i].fd, &on) < 0)
			err(1, "epoll");
		if (i % 2)
			continue;
		snprintf(name, sizeof(name), NAME ".n%u", i / 2);
		client_prepare(&run->clients[i], run,
			&(struct header){.type = CALL,
				.flags = NO_AUTO_START,
				.path = "/org/example/Bench",
				.interface = "org.example.Bench",
				.member = "Ask",
				.destination = name});
		client_send(&run->clients[i], 1);
		run->sent++;
	}
	while (run->received < run->todo) {
		int n = epoll_wait(ep, events, 2 * PAIRS_MAX, -1);

		for (int e = 0; e < n; e++) {
			unsigned int i = events[e].data.u32;
			struct client *c = &run->clients[i];
			struct message m;

			if (!client_fill(c))
				continue;
			while (client_next(c, &m)) {
				if (m.type == CALL) {
					client_reply(c, &run->clients[i - 1], m.serial);
				} else if (m.type == RETURN) {
					run->received++;
					client_send(c, run->sent < run->todo);
					run->sent += run->sent < run->todo;
				}
			}
		}
	}
	close(ep);
}

static const struct load loads[] = {
	{"one-way", 1, run_one_way, false},
	{"ping-pong", 1, run_ping_pong, true},
	{"fan-out", RECEIVERS, run_fan_out, false},
	{"connect", 0, NULL, false},
};

static void run_connect(struct run *run, const char *address)
{
	for (; run->received < run->todo; run->received++) {
		client_open(&run->clients[0], address);
		client_close(&run->clients[0]);
	}
}

/* -- set-up and measuring -- */

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		err(1, "reading a clock");
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t processor_time(char **pids)
{
	uint64_t sum = 0;

	for (; *pids; pids++) {
		clockid_t clock;

		if (clock_getcpuclockid((pid_t)strtol(*pids, NULL, 10), &clock) != 0)
			errx(1, "process %s has no clock", *pids);
		sum += nanoseconds(clock);
	}
	return sum;
}

static void run_set_up(struct run *run, const struct load *load, const char *address)
{
	const uint32_t do_not_queue = 4;

	for (unsigned int i = 0; i < run->clients_n; i++) {
		struct client *c = &run->clients[i];
		char name[NAME_MAX_];

		client_open(c, address);
		if (load->run == run_fan_out && i > 0)
			client_ask_bus(c, "AddMatch",
				"type='signal',interface='org.example.Bench',member='Changed'",
				NULL);
		if (load->run != run_fan_out && i % 2 == 1) {
			snprintf(name, sizeof(name), NAME ".n%u", i / 2);
			if (u32_at(client_ask_bus(c, "RequestName", name, &do_not_queue).body) != 1)
				errx(1, "%s is owned by somebody else", name);
		}
		fcntl(c->fd, F_SETFL, O_NONBLOCK);
	}
}

int main(int argc, char **argv)
{
	struct run run = {.payload = 32};
	struct rlimit files = {4096, 4096};
	const struct load *load = NULL;
	uint64_t cpu, wall;
	unsigned int senders;

	if (argc < 7)
		errx(2, "usage: load ADDRESS LOAD SENDERS MESSAGES PAYLOAD-BYTES PID...");
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		if (strcmp(argv[2], loads[i].name) == 0)
			load = &loads[i];
	}
	senders = (unsigned int)strtoul(argv[3], NULL, 10);
	run.todo = strtoull(argv[4], NULL, 10);
	run.payload = strtoul(argv[5], NULL, 10);
	if (!load || senders < 1 || senders > (load->paired ? PAIRS_MAX : 1) ||
		run.todo < senders || run.payload > 256)
		errx(2, "no such load: %s with %s senders", argv[2], argv[3]);
	run.clients_n = senders * (1 + load->receivers);
	run.clients = calloc(run.clients_n, sizeof(*run.clients));
	if (!run.clients)
		err(1, "memory");
	setrlimit(RLIMIT_NOFILE, &files);
	alarm(DEADLINE_SECONDS);

	if (load->run)
		run_set_up(&run, load, argv[1]);
	cpu = processor_time(argv + 6);
	wall = nanoseconds(CLOCK_MONOTONIC);
	if (load->run)
		load->run(&run);
	else
		run_connect(&run, argv[1]);
	wall = nanoseconds(CLOCK_MONOTONIC) - wall;
	cpu = processor_time(argv + 6) - cpu;
	printf("%llu %llu %llu\n", (unsigned long long)run.received, (unsigned long long)wall,
		(unsigned long long)cpu);
	free(run.clients);
	return 0;
}
