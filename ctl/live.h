/*
 * live.h - the running bus, asked over a connection of our own (libsystemd's sd-bus; live_none.c
 * stands for a build without it). Failures are told to standard error where they happen.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/drop.h"

struct live;

/* Who a connection is, as the bus says. */
struct live_peer {
	uint32_t uid;
	uint32_t *groups; /* owned; in the bus's order */
	uint32_t groups_n;
	char *label; /* owned, as are the next two; NULL where it is not known */
	char *unit, *slices; /* where its process is now; the bus looked when it connected */
	char **names; /* owned, each too: unique name, names owned and queued for */
	uint32_t names_n;
};

/* `address` NULL: the system bus, or the session bus. NULL on failure. */
struct live *live_open(const char *address, bool session);
void live_close(struct live *live);
/* The sealed image in force, the caller's to close, and its number; -1 on failure. */
int live_image(struct live *live, uint64_t *ret_generation);
/* `name`: a unique name or any other. 0; 1: nobody has it; -1 on failure. */
int live_peer(struct live *live, const char *name, struct live_peer *ret);
void live_peer_fini(struct live_peer *peer);
/* Calls `each` with the unique name of every connection, until it returns other than 0. That, or -1
 * on failure. */
int live_each(struct live *live, int (*each)(void *arg, const char *unique), void *arg);

/* A method call that a monitor sees; absent texts are NULL. */
struct live_call {
	const char *sender, *destination, *path, *interface, *member;
	uint64_t serial;
};

/* `refused` comes after `called`: the bus did not let that one through. Other than 0 ends it. */
struct live_watcher {
	int (*called)(void *arg, const struct live_call *call);
	int (*refused)(void *arg, const char *sender, uint64_t serial);
	void *arg;
};

/* Watches for so many seconds, as a monitor with a connection of its own: `live` may be asked
 * meanwhile. 0; what a function returned; -1 on failure. */
int live_watch(struct live *live, uint32_t seconds, const struct live_watcher *watcher);
