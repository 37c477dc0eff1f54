/* systemd.c - the one file that knows sd-daemon */
#include <systemd/sd-daemon.h>

#include "base/systemd.h"

void systemd_notify(const char *state)
{
	sd_notify(0, state);
}

int systemd_listen_fds(void)
{
	return sd_listen_fds(1);
}
