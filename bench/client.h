/*
 * client.h - a client of a message bus, written by hand on a plain socket, so that it costs little next
 * to the bus and so that no client library's habits are measured: messages are built once and only
 * their serial is changed, what arrives is only counted. What goes wrong ends the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUS "org.freedesktop.DBus"
#define NAME_MAX_ 40
#define PAYLOAD_MAX 16384
#define OUT_BYTES 32768

enum { CALL = 1, RETURN = 2, ERROR = 3, SIGNAL = 4 };
enum { NO_REPLY = 1, NO_AUTO_START = 2 };

struct bytes {
	unsigned char at[PAYLOAD_MAX + 1024];
	size_t n;
};

struct header {
	uint8_t type, flags;
	uint32_t reply_serial;
	uint32_t fds; /* how many descriptors go with it */
	const char *path, *interface, *member, *destination;
};

struct client {
	int fd;
	int passed; /* goes with each message; -1: none */
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

uint32_t u32_at(const unsigned char *p);
/* A whole message: `args` are strings, then `number` if it is given (RequestName's flags). */
void build(struct bytes *b, const struct header *h, const char *const *args, size_t args_n,
	const uint32_t *number);

/* Connects, authenticates and says Hello, all in one write as sd-bus does. */
void client_open(struct client *c, const char *address);
void client_close(struct client *c);
/* Calls a method of the bus; `arg` and `number` may be NULL. Signals that come meanwhile are skipped. */
struct message client_ask_bus(
	struct client *c, const char *member, const char *arg, const uint32_t *number);
/* Sends up to `n` copies of the template (one at a time where a descriptor goes with it); what the
 * socket does not take is kept. */
void client_send(struct client *c, unsigned int n);
/* How many copies may be sent. */
unsigned int client_room(const struct client *c);
/* Reads once what is there; descriptors are dropped. False: nothing (non-blocking sockets only). */
bool client_fill(struct client *c);
/* The next whole message that was read, if there is one. An error from the bus ends the run. */
bool client_next(struct client *c, struct message *ret);
