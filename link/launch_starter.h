/*
 * launch_starter.h - what dbus-warden and dbus-warden-starter say to one another: start this program,
 * and what became of it. The socket is systemd's, at STARTER_SOCKET; each connection to it is one
 * service, with a dbus-warden-starter of its own that finds it as descriptor LINK_FD.
 */
#pragma once

#include "base/channel.h"
#include "base/slice.h"

#define STARTER_SOCKET "/run/dbus-warden/starter"
#define STARTER_TEXTS 8192

enum to_starter {
	TO_STARTER_START = 161, /* once: an order */
	TO_STARTER_STOP, /* no fields: the start was given up, the program is killed */
};

enum from_starter {
	FROM_STARTER_FAILED = 177, /* it cannot be executed: errno */
	FROM_STARTER_UNFIT, /* it cannot become who it is to be: errno */
	FROM_STARTER_ENDED, /* it has ended: waitpid's status */
};

/* Arrays end with NULL. */
struct starter_order {
	const char *account; /* to run as */
	const char *const *argv; /* [0]: the program's path */
	const char *const *envp;
};

void starter_order_write(struct writer *w, const struct starter_order *order);
/* The texts lie in the letter, the arrays in `room`. 0 or -EBADMSG. */
int starter_order_read(
	const struct letter *l, const char *room[STARTER_TEXTS], struct starter_order *ret);
void starter_number_write(struct writer *w, uint32_t number);
int starter_number_read(const struct letter *l, uint32_t *ret);
