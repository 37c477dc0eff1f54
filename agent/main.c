/*
 * main.c - dbus-warden-polkit: relays the broker's questions to polkit. polkit answers questions
 * about others to root alone, so this runs as root, without capabilities (launch took them).
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/authority.h"
#include "agent/cage.h"
#include "base/log.h"
#include "link/launch_broker.h"

int main(int argc, char **argv)
{
	int r;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "dbus-warden-polkit is started by dbus-warden, not by hand\n");
		return 2;
	}
	log_open("dbus-warden-polkit", LOG_TO_STDERR);
	signal(SIGPIPE, SIG_IGN);
	r = cage_enter(&agent_cage);
	if (r < 0) {
		log_error("No cage: %s", strerror(-r));
		return 1;
	}
	return authority_run(LINK_FD, argv[1]);
}
