/*
 * listen.h - the sockets on which the bus listens, and the address by which clients reach them.
 * Only unix sockets: over anything else the kernel does not say who the peer is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listener {
	int fd; /* owned; non-blocking, close-on-exec, listening */
	char *address; /* owned; escaped, without guid */
	char *path; /* owned; absolute path of a file that we made, NULL for other sockets */
	dev_t dev; /* which file it is: one that took its place is not ours to remove */
	ino_t ino;
};

/* Zero-initialised is empty. */
struct listeners {
	struct listener *array; /* owned, in the order of the configuration */
	size_t n;
};

/* What the environment offers. */
struct listen_source {
	int first_fd, fds_n; /* sockets inherited from systemd */
	const char *runtime_dir; /* $XDG_RUNTIME_DIR or NULL */
};

#define LISTEN_WHY 512

/*
 * Listens on the first address of a ';'-separated list that works. 0, or -errno with a sentence in
 * `why`, that of the first address.
 */
int listeners_add(struct listeners *l, const struct listen_source *source, const char *addresses,
	char why[LISTEN_WHY]);
/* "unix:path=...,guid=...;..." of all, the last one first, as busconfig(5) of the reference
 * promises; to be freed, NULL without memory. */
char *listeners_address(const struct listeners *l, const char *guid);
/* Removes our socket files from the file system. */
void listeners_unlink(struct listeners *l);
/* Closes; leaves the files where they are. */
void listeners_fini(struct listeners *l);
