/*
 * digger.h - a thread that closes descriptors, and sleeps in close() where their owners arranged for
 * that. It shares the table of descriptors with the process, and nothing else but this struct.
 */
#pragma once

#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/list.h"

#define DIGGER_ROOM 64

struct estate;

struct digger {
	struct list link; /* undertaker.idle, undertaker.busy */
	struct estate *estate; /* whose it has; NULL: nobody's */
	uint32_t settled; /* of those that it has closed, how many are nobody's any more */
	uint32_t watched, ticks; /* for how long it has not closed another one */

	/* the thread's while it digs */
	int fds[DIGGER_ROOM];
	uint32_t n;
	_Atomic uint32_t done; /* so many of them are closed */
	sem_t work;
	int event_fd; /* written to when all are */
	sem_t ready;
	int error; /* -errno of a thread that could not be made */
};

/* Makes the thread, which will write to `event_fd`. 0 or -errno. */
int digger_start(struct digger *digger, int event_fd);
/* What is in `fds` is its own until `done` says otherwise. */
void digger_send(struct digger *digger);
