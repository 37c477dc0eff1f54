/* systemd.c - the one file that knows libsystemd */
#include <systemd/sd-daemon.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/systemd.h"

void systemd_notify(const char *state)
{
	sd_notify(0, state);
}

int systemd_listen_fds(void)
{
	return sd_listen_fds(1);
}

int systemd_journal(const struct iovec *fields, int n)
{
	return sd_journal_sendv(fields, n);
}
