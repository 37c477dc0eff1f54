/*
 * reload.h - a new configuration for a running bus: compile beside the old one, offer it to the
 * broker, answer those who asked. One at a time: who asks during a reload is answered by the next
 * one, as this one may have read the files already.
 */
#pragma once

#include <stdbool.h>

#include "base/loop.h"
#include "launch/policy.h"
#include "link/launch_broker.h"

#define RELOAD_COOKIES 256

struct cookies {
	uint64_t array[RELOAD_COOKIES];
	uint32_t n;
};

/* Zero-initialised: nothing is going on. */
struct reload {
	struct compile compile;
	struct source compiled;
	struct policy offered; /* .data NULL: none */
	uint64_t serial; /* of the offer */
	struct timer deadline; /* of the compiler, then of the broker */
	bool busy, again;
	struct cookies now, later;
};

struct warden;

/* `cookie`: of a FROM_BROKER_RELOAD that waits for the answer, NULL without one. <0 ends the bus. */
int reload_ask(struct warden *w, const uint64_t *cookie);
/* FROM_BROKER_POLICY_TAKEN */
int reload_taken(struct warden *w, const struct broker_answer *answer);
void reload_fini(struct warden *w);
