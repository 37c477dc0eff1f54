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
