/* systemd_none.c - a build without libsystemd: nothing to notify, no sockets */
#include "base/systemd.h"

void systemd_notify(const char *state)
{
	(void)state;
}

int systemd_listen_fds(void)
{
	return 0;
}
