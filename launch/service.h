/*
 * service.h - services that launch starts itself because nobody else does: programs named in the
 * policy image, and only those. A start is known by the serial that the broker gave it.
 */
#pragma once

#include "base/list.h"
#include "launch/child.h"
#include "launch/outside.h"

/* A service whose program runs: as our child, or outside of our unit. */
struct service_run {
	struct list link; /* services.runs */
	struct child child;
	struct outside outside;
	struct services *services;
	char *name;
	uint64_t serial;
};

struct services {
	struct list runs;
};

struct warden;
struct broker_start;

void services_init(struct services *s);
/* Starts it, or tells the broker why not. <0 ends the bus. */
int service_start(struct warden *w, const struct broker_start *start);
/* Kills the program of a start that is given up; one that has ended already is none. */
void service_stop(struct warden *w, uint64_t serial);
/* Forgets them; they go on and notice that the bus is gone. */
void services_fini(struct services *s);
