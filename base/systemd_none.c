/* systemd_none.c - a build without libsystemd: nothing to notify, no sockets, no journal */
#include <errno.h>

#include "base/systemd.h"

void systemd_notify(const char *state)
{
	(void)state;
}

int systemd_listen_fds(void)
{
	return 0;
}

int systemd_journal(const struct iovec *fields, int n)
{
	(void)fields;
	(void)n;
	return -ENOSYS;
}
