/*
 * load.c - puts one kind of load on a message bus and prints what it cost the bus.
 *
 * One process plays all the clients (client.h), and what is under way at one time is bounded, so that a
 * bus is measured at routing and not at swapping.
 *
 * The processor time of the bus is read from the clock of its processes between the moment when
 * all clients are set up and the moment when the last message arrived.
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define NAME "org.example.Bench"
#define PAIRS_MAX 64
#define RECEIVERS 100
#define BATCH 64 /* messages in one write, if they fit into OUT_BYTES */
#define WINDOW_ONE_WAY 256 /* messages under way */
#define WINDOW_FAN_OUT 4 /* signals under way, each to RECEIVERS clients */
#define DEADLINE_SECONDS 120 /* a bus that loses a message must not hold the run up */

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
static void run_calls(struct run *run, int passed)
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
				.destination = name,
				.fds = passed >= 0});
		run->clients[i].passed = passed;
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

static void run_ping_pong(struct run *run)
{
	run_calls(run, -1);
}

/* Each call takes a descriptor along. */
static void run_passing(struct run *run)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0)
		err(1, "/dev/null");
	run_calls(run, null);
	close(null);
}

static const struct load loads[] = {
	{"one-way", 1, run_one_way, false},
	{"ping-pong", 1, run_ping_pong, true},
	{"passing", 1, run_passing, true},
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
