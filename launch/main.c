/* main.c - dbus-warden: one command to start a whole bus */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "launch/announce.h"
#include "launch/daemon.h"
#include "launch/warden.h"

/* The broker knows what the bus offers. */
static int introspect(void)
{
	char path[PATH_MAX];
	int r = child_find("dbus-warden-broker", LIBEXEC_DIR, path);

	if (r == 0)
		execl(path, "dbus-warden-broker", "--introspect", (char *)NULL);
	perror(path);
	return 1;
}

static int version(void)
{
	printf("D-Bus Warden Message Bus Daemon %s\n"
	       "This is free software under the GNU Lesser General Public License, version 2.1 or "
	       "later.\nThere is NO WARRANTY, to the extent permitted by law.\n",
		VERSION);
	return 0;
}

int main(int argc, char **argv)
{
	char error[OPTIONS_ERROR];
	struct options options;
	int bad;

	if (daemon_guard_stdio() < 0)
		return 1;
	if (options_parse(argc, argv, &options, error) < 0) {
		fprintf(stderr, "%s\n", *error ? error : options_usage());
		return 1;
	}
	switch (options.action) {
	case ACTION_VERSION:
		return version();
	case ACTION_INTROSPECT:
		return introspect();
	case ACTION_HELP:
		fprintf(stderr, "%s\n", options_usage());
		return 1;
	case ACTION_RUN:
		break;
	}
	if (announce_check(options.print_address, options.print_pid, &bad) < 0) {
		fprintf(stderr, "Descriptor %d is not open\n", bad);
		return 1;
	}
	return warden_run(&options);
}
