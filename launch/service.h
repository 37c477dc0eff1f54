/*
 * service.h - services that launch starts itself because nobody else does: programs named in the
 * policy image, and only those. One start of a service at a time.
 */
#pragma once

#include "base/list.h"
#include "launch/child.h"

/* A service whose program runs. */
struct service_run {
	struct list link; /* services.runs */
	struct child child;
	struct services *services;
	char *name;
	uint64_t since; /* loop_now() */
};

struct services {
	struct list runs;
};

struct warden;

void services_init(struct services *s);
/* Starts it, or tells the broker why not. <0 ends the bus. */
int service_start(struct warden *w, struct slice name);
/* Forgets them; they go on and notice that the bus is gone. */
void services_fini(struct services *s);
