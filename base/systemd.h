/*
 * systemd.h - what libsystemd does for us: readiness messages, inherited sockets, the journal.
 * The build chooses systemd.c or systemd_none.c.
 */
#pragma once

#include <sys/uio.h>

/* sd_notify(3) text, e.g. "READY=1"; without systemd nothing happens. */
void systemd_notify(const char *state);
/* Number of sockets passed (LISTEN_FDS), the first is descriptor 3; 0 without systemd. Clears the
 * environment variables. -errno on failure. */
int systemd_listen_fds(void);
/* Sends one journal entry of "FIELD=value" vectors; 0 or -errno (-ENOSYS without systemd). */
int systemd_journal(const struct iovec *fields, int n);
