/*
 * channel.h - datagrams with descriptors between our own processes (SOCK_SEQPACKET pairs): the
 * part that all pairs of processes share. A letter is a type and its encoded fields.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/writer.h"

#define LETTER_MAX 131072
#define LETTER_FDS 4

struct letter {
	uint32_t type;
	const uint8_t *data; /* 8-aligned, inside `buffer` */
	size_t size;
	int fds[LETTER_FDS]; /* owned by the letter; take one by replacing it with -1 */
	uint32_t fds_n;
	uint8_t *buffer;
};

/* A connected pair, both close-on-exec. 0 or -errno. */
int channel_pair(int ret[2]);
/* `fields` may be NULL; fails if it is bad. Never blocks: -EAGAIN when the other side is slow. */
int channel_send(
	int fd, uint32_t type, const struct writer *fields, const int *fds, uint32_t fds_n);
/* Blocks unless `fd` is non-blocking. 0; -EAGAIN; -EPIPE when the other side is gone and all that it
 * sent was read; -EBADMSG for a truncated or too short datagram (its descriptors are closed). */
int channel_recv(int fd, struct letter *ret);
void letter_fini(struct letter *l);
