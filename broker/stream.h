/*
 * stream.h - what comes in from one peer: bytes become messages, descriptors find the message
 * they came with. An idle connection owns no buffer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "broker/account.h"

struct bus;
struct peer;

#define STREAM_READ 65536 /* bytes per read; smaller messages are put together in the batch input */
#define STREAM_FDS_MAX 253

struct stream {
	uint8_t *held; /* the beginning of an incomplete message; NULL: none */
	size_t held_size, held_room;
	size_t want; /* its whole size, once 16 bytes are there; else 0 */
	struct charge charge; /* for `held` and `fds` */
	int *fds; /* descriptors received and not claimed yet */
	uint32_t fds_n;
	bool fds_lost; /* some were withheld from us: not the peer's fault */
	struct timer fd_timer; /* an incomplete message may not hold descriptors for ever */
	uint64_t received; /* bytes, ever */
	size_t held_peak;
	uint32_t fds_peak;
};

/* `user` is whose descriptors it has; may be NULL where there are none. */
void stream_fini(struct stream *stream, struct user *user);
/* Reads once and handles what is complete. Kills the peer on end of file or broken input. */
void stream_ready(struct peer *peer);
/* Reads again from whoever was not read because what its user passed was not closed. */
void streams_resume(struct bus *bus);
