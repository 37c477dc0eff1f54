/*
 * starter.c - dbus-warden-starter: starts one service for a system bus that systemd has walled in. A
 * service that has no unit would stand within these walls if the bus itself started it, and would
 * meet a read-only file system there. systemd starts one of us for each, outside of them; we are the
 * service's parent and stay until it ends.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/drop.h"
#include "base/log.h"
#include "launch/child.h"
#include "link/launch_broker.h"
#include "link/launch_starter.h"

/* Only who is what we are may have things started with our rights. */
static int check_peer(void)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(LINK_FD, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	return peer.uid == geteuid() ? 0 : -EPERM;
}

static int say(uint32_t type, uint32_t number)
{
	struct writer w = {0};
	int r;

	starter_number_write(&w, number);
	r = channel_send(LINK_FD, type, &w, NULL, 0);
	writer_fini(&w);
	return r;
}

static int start(struct child *child)
{
	static const char *room[STARTER_TEXTS];
	struct child_plan plan = {.channel = -1, .foreign = true};
	struct starter_order order;
	struct rlimit files;
	struct letter l;
	int r = channel_recv(LINK_FD, &l);

	if (r < 0)
		return r;
	r = l.type == TO_STARTER_START ? starter_order_read(&l, room, &order) : -EBADMSG;
	if (r == 0 && getrlimit(RLIMIT_NOFILE, &files) < 0)
		r = -errno;
	if (r == 0) {
		plan.program = order.argv[0];
		plan.argv = order.argv;
		plan.envp = (char *const *)(uintptr_t)order.envp;
		plan.account = order.account;
		plan.files = &files;
		r = child_start(child, &plan);
		if (r != 0)
			say(r < 0 ? FROM_STARTER_FAILED : FROM_STARTER_UNFIT, (uint32_t)abs(r));
	}
	letter_fini(&l);
	return r;
}

/* Until the service ends; the bus may end before. Returns waitpid's status. */
static int wait_for(struct child *child)
{
	struct pollfd on[] = {{.fd = child->pidfd, .events = POLLIN}, {LINK_FD, POLLIN, 0}};
	struct letter l;

	for (;;) {
		if (poll(on, ARRAY_SIZE(on), -1) < 0 && errno != EINTR)
			break;
		if (on[0].revents)
			break;
		if (!on[1].revents)
			continue;
		if (channel_recv(LINK_FD, &l) < 0) {
			on[1].fd = -1;
			continue;
		}
		if (l.type == TO_STARTER_STOP)
			child_kill(child);
		letter_fini(&l);
	}
	return child_finish(child, -1);
}

int main(int argc, char **argv)
{
	struct child child = {0};
	char how[128];
	int r, status;

	(void)argv;
	log_open("dbus-warden-starter", LOG_TO_STDERR);
	signal(SIGPIPE, SIG_IGN);
	r = argc == 1 ? check_peer() : -EINVAL;
	if (r < 0) {
		fprintf(stderr, "dbus-warden-starter is started by systemd for dbus-warden: %s\n",
			strerror(-r));
		return 2;
	}
	r = start(&child);
	if (r != 0) {
		log_error("The service cannot be started: %s", strerror(abs(r)));
		return 1;
	}
	status = wait_for(&child);
	say(FROM_STARTER_ENDED, (uint32_t)status);
	if (status == 0)
		return 0;
	child_describe(status, how, sizeof(how));
	log_warning("The service %s", how);
	return 1;
}
