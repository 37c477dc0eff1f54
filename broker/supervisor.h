/* supervisor.h - the broker's end of the channel to launch (link/launch_broker.h) */
#pragma once

#include "base/outbox.h"
#include "base/slice.h"
#include "broker/bus.h"

#define RESERVE_FDS 4

struct supervisor {
	struct bus *bus;
	struct source source;
	struct outbox outbox; /* launch may be slow: it waits for us, we never wait for it */
	int greetings; /* a channel; -1 */
	/* held so that letters with descriptors can be taken when clients have used up all others */
	int reserve[RESERVE_FDS];
};

/* Reads the first letter from `fd` (blocking) and makes the bus from it. 0 or -errno. */
int supervisor_start(struct supervisor *supervisor, struct bus *bus, int fd);
void supervisor_fini(struct supervisor *supervisor);

/* The connection has its name: its program can be asked for now. `supervisor` may be NULL. */
void supervisor_greet(struct supervisor *supervisor, const struct peer *peer);
int supervisor_ask_reload(struct supervisor *supervisor, uint64_t cookie);
/* Starts are told apart by their serial. */
int supervisor_start_service(struct supervisor *supervisor, uint64_t serial, struct slice name);
int supervisor_stop_service(struct supervisor *supervisor, uint64_t serial);
/* -EMSGSIZE if the texts do not fit a letter, -ENOBUFS if launch has too many left to take. */
int supervisor_set_environment(
	struct supervisor *supervisor, const struct slice *texts, uint32_t n);
