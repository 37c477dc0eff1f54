/*
 * main.c - dbus-warden-broker: the process that carries the messages. It is started by dbus-warden
 * with a channel as descriptor 3, has no privileges and opens nothing by itself; what it needs comes
 * through the channel.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "broker/cage.h"
#include "broker/driver.h"
#include "broker/peer.h"
#include "broker/supervisor.h"
#include "broker/undertaker.h"
#include "link/launch_broker.h"

/* The end of a round: everything collected goes out, the dead are mourned, and that goes out. */
static int round_end(struct loop *loop)
{
	struct bus *bus = container_of(loop, struct bus, loop);

	batch_flush(bus);
	while (!list_is_empty(&bus->dying)) {
		peers_reap(bus);
		batch_flush(bus);
	}
	undertaker_send(bus->users.undertaker);
	return 0;
}

static int print_introspection(void)
{
	struct writer w = {0};
	int r = driver_introspect_write(&w);

	if (r == 0 && fwrite(w.data, 1, w.size, stdout) != w.size)
		r = -1;
	writer_fini(&w);
	return r == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct bus bus;
	static struct supervisor supervisor;
	static struct undertaker undertaker;
	int r;

	if (argc == 2 && strcmp(argv[1], "--introspect") == 0)
		return print_introspection();
	if (argc != 1) {
		fprintf(stderr, "dbus-warden-broker is started by dbus-warden, not by hand\n");
		return 2;
	}
	log_open("dbus-warden-broker", LOG_TO_STDERR);
	/* launch stops the broker by closing the channel, after whoever asked it to */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = cage_files(&broker_cage);
	if (r == 0)
		r = undertaker_start(&undertaker);
	if (r == 0)
		r = cage_calls(&broker_cage);
	if (r < 0) {
		log_error("No cage, or no threads in it: %s", strerror(-r));
		return 1;
	}
	r = supervisor_start(&supervisor, &bus, LINK_FD);
	if (r < 0)
		return 1;
	r = undertaker_serve(&undertaker, &bus);
	if (r < 0)
		return 1;
	bus.loop.round = round_end;
	r = loop_run(&bus.loop);
	if (r < 0)
		log_error("The bus ends: %s", strerror(-r));
	supervisor_fini(&supervisor);
	bus_fini(&bus);
	return r < 0 ? 1 : 0;
}
