/*
 * undertaker.h - closes what clients had a hand in: descriptors that they passed, and connections, in
 * whose queues there may be more of them. A close() may sleep, and the broker has one thread for
 * everybody, so others do it (digger.h). What waits to be closed is charged to who passed it.
 */
#pragma once

#include "base/loop.h"
#include "broker/account.h"
#include "broker/digger.h"

struct bus;

/* For each kind of remains, a few threads: connections are closed in no time or soon (digger.c). */
#define DIGGERS_PASSED 32
#define DIGGERS_CONNECTION 8

/* Who closes what is of one kind. */
struct crew {
	struct undertaker *undertaker;
	struct list waiting; /* estate.link: whose turn will come */
	struct list idle; /* digger.link */
	uint32_t idle_n;
	uint32_t reserved; /* so many are there for root, the user of the bus and nobody */
	uint32_t fresh; /* what nobody was woken for yet */
	struct timer due; /* until somebody is */
};

struct undertaker {
	struct bus *bus;
	struct source source; /* of the eventfd by which the diggers tell that they are done */
	int *next; /* by descriptor: which one its user left after it, or -1 */
	struct crew crews[REMAINS];
	struct list busy; /* digger.link, of both crews */
	struct timer watch; /* while somebody digs */
	struct digger diggers[DIGGERS_PASSED + DIGGERS_CONNECTION];
};

/* All but the threads. 0 or -errno. */
int undertaker_init(struct undertaker *undertaker);
/* And the threads, before there are clients; fewer where the system allows no more. 0 or -errno. */
int undertaker_start(struct undertaker *undertaker);
/* From now on it works for this bus. 0 or -errno. */
int undertaker_serve(struct undertaker *undertaker, struct bus *bus);
/* The end: what is not closed is left to the end of the process. */
void undertaker_leave(struct undertaker *undertaker);

/* Closes `fd`, which nobody uses any more, in the name of this user; soon after undertaker_send. */
void undertake(struct user *user, enum remains kind, int fd);
/* Wakes who has something to do; at the end of the round. Harmless on NULL. */
void undertaker_send(struct undertaker *undertaker);
/* Returns the charges of what is closed. */
void undertaker_settle(struct undertaker *undertaker);
