/*
 * systemd.h - what sd-daemon does for us: readiness messages, inherited sockets.
 * The build chooses systemd.c or systemd_none.c.
 */
#pragma once

/* sd_notify(3) text, e.g. "READY=1"; without systemd nothing happens. */
void systemd_notify(const char *state);
/* Number of sockets passed (LISTEN_FDS), the first is descriptor 3; 0 without systemd. Clears the
 * environment variables. -errno on failure. */
int systemd_listen_fds(void);
