/*
 * broker.c - the broker reads what clients send and so may be theirs one day. `accepted` is all that
 * it can ask of us; anything else ends it, and the bus with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/channel.h"
#include "base/drop.h"
#include "base/log.h"
#include "launch/warden.h"
#include "link/launch_broker.h"

#define READY_SECONDS 30
#define STOP_MS 3000
#define PATIENCE_MS 10000 /* for room in the channel */

int broker_send(struct warden *w, uint32_t type, const struct writer *fields, int fd)
{
	struct pollfd writable = {.fd = w->broker_channel, .events = POLLOUT};
	int r;

	if (w->broker_channel < 0)
		return 0;
	r = channel_send(w->broker_channel, type, fields, &fd, fd >= 0 ? 1 : 0);
	/* it never waits for us, so we may for it: clients can make it ask faster than it listens */
	if (r == -EAGAIN && poll(&writable, 1, PATIENCE_MS) > 0)
		r = channel_send(w->broker_channel, type, fields, &fd, fd >= 0 ? 1 : 0);
	if (r == -EAGAIN)
		log_error("dbus-warden-broker does not read what it is sent");
	/* one that is going away is seen going: by its end */
	return r == -EPIPE ? 0 : r;
}

static int take_ready(struct warden *w, const struct letter *l)
{
	if (l->size != 0 || w->ready)
		return -EBADMSG;
	timer_cancel(&w->broker_deadline);
	return warden_ready(w);
}

static int take_reload(struct warden *w, const struct letter *l)
{
	uint64_t cookie;
	int r = broker_serial_read(l, &cookie);

	return r < 0 ? r : reload_ask(w, &cookie);
}

static int take_policy_taken(struct warden *w, const struct letter *l)
{
	struct broker_answer answer;
	int r = broker_answer_read(l, &answer);

	return r < 0 ? r : reload_taken(w, &answer);
}

static int take_environment(struct warden *w, const struct letter *l)
{
	DROP_HEAP struct slice *texts = calloc(2 * VARIABLES_MAX, sizeof(*texts));
	uint32_t n;
	int r;

	if (!texts)
		return -ENOMEM;
	r = broker_texts_read(l, texts, 2 * VARIABLES_MAX, &n);
	if (r < 0 || n % 2)
		return -EBADMSG;
	for (uint32_t i = 0; i < n && r != -ENOMEM; i += 2) {
		r = environment_set(&w->environment, texts[i], texts[i + 1]);
		if (r < 0)
			log_warning("\"%.*s\" does not become a variable of services: %s",
				SLICE_FMT(texts[i]), strerror(-r));
	}
	return r == -ENOMEM ? r : 0;
}

static int take_start_service(struct warden *w, const struct letter *l)
{
	struct broker_start start;
	int r = broker_start_read(l, &start);

	return r < 0 ? r : service_start(w, &start);
}

static int take_stop_service(struct warden *w, const struct letter *l)
{
	uint64_t serial;
	int r = broker_serial_read(l, &serial);

	if (r == 0)
		service_stop(w, serial);
	return r;
}

static const struct {
	uint32_t type;
	int (*take)(struct warden *w, const struct letter *l);
} accepted[] = {
	{FROM_BROKER_READY, take_ready},
	{FROM_BROKER_POLICY_TAKEN, take_policy_taken},
	{FROM_BROKER_RELOAD, take_reload},
	{FROM_BROKER_ENVIRONMENT, take_environment},
	{FROM_BROKER_START_SERVICE, take_start_service},
	{FROM_BROKER_STOP_SERVICE, take_stop_service},
};

static int broker_hear(struct warden *w, const struct letter *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		if (accepted[i].type == l->type && l->fds_n == 0)
			return accepted[i].take(w, l);
	}
	return -EBADMSG;
}

/* It has closed its channel, or broken the protocol, or is not ready in time: it has to go. Its end
 * ends the bus. */
static int broker_kill(struct timer *timer)
{
	struct warden *w = container_of(timer, struct warden, broker_deadline);

	if (!w->ready)
		log_error("dbus-warden-broker is not ready after %d seconds", READY_SECONDS);
	child_kill(&w->broker);
	return 0;
}

static int broker_ready(struct source *source, uint32_t events)
{
	struct warden *w = container_of(source, struct warden, broker_source);
	struct letter l;
	int r;

	(void)events;
	r = channel_recv(w->broker_channel, &l);
	if (r == -EAGAIN)
		return 0;
	if (r == 0) {
		r = broker_hear(w, &l);
		letter_fini(&l);
	}
	if (r == -EPIPE) {
		source_fini(source);
		timer_arm(&w->broker_deadline, &w->loop, STOP_MS * 1000ull, broker_kill);
		return 0;
	}
	if (r == -EBADMSG) {
		log_error("dbus-warden-broker sent what it must not send: it is stopped");
		source_fini(source);
		child_kill(&w->broker);
		return 0;
	}
	return r;
}

static int broker_ended(struct child *child, int status)
{
	struct warden *w = container_of(child, struct warden, broker);
	char how[128];

	child_describe(status, how, sizeof(how));
	log_error("dbus-warden-broker %s: the bus %s", how, w->ready ? "ends" : "cannot start");
	warden_end(w, 1);
	return 0;
}

/* Everything that it needs to begin, in order. */
static int broker_furnish(struct warden *w, int recorder_channel, int greetings)
{
	char id[ID_TEXT];
	int fds[] = {w->policy.fd, recorder_channel, greetings};
	struct broker_setup setup = {
		.guid = slice_of(w->guid), .pid = (uint32_t)getpid(), .flags = w->log_flags};
	struct writer fields = {0};
	int r;

	machine_id(id);
	setup.machine_id = slice_of(id);
	if (w->options->systemd_activation)
		setup.flags |= SETUP_SYSTEMD_ACTIVATION;
	if (w->options->permissive)
		setup.flags |= SETUP_PERMISSIVE;
	broker_setup_write(&fields, &setup);
	r = channel_send(w->broker_channel, TO_BROKER_SETUP, &fields, fds, ARRAY_SIZE(fds));
	writer_fini(&fields);
	/* before the first client can be there */
	agent_follow(w, &w->policy.image);
	for (size_t i = 0; i < w->listeners.n && r == 0; i++)
		r = broker_send(w, TO_BROKER_LISTEN, NULL, w->listeners.array[i].fd);
	return r < 0 ? r : broker_send(w, TO_BROKER_START, NULL, -1);
}

int broker_start(struct warden *w, int recorder_channel)
{
	const char *argv[] = {w->broker_path, NULL};
	struct child_plan plan = {.program = w->broker_path,
		.argv = argv,
		.quiet = w->in_background,
		.harmless = true,
		.user = w->user.change ? &w->user.who : NULL,
		.dies_with_us = true};
	int pair[2], greetings, r;

	r = channel_pair(pair);
	if (r < 0)
		return r;
	plan.channel = pair[1];
	w->broker_channel = pair[0];
	r = child_start(&w->broker, &plan);
	close(pair[1]);
	if (r == 0 && fcntl(w->broker_channel, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0)
		r = child_watch(&w->broker, &w->loop, broker_ended);
	if (r == 0)
		r = source_init(
			&w->broker_source, &w->loop, w->broker_channel, EPOLLIN, broker_ready);
	if (r == 0)
		r = exes_start(&w->exes, &w->loop, &greetings);
	if (r == 0) {
		r = broker_furnish(w, recorder_channel, greetings);
		close(greetings);
	}
	/* one that ended already is reported by its end */
	if (r < 0 && r != -EPIPE)
		return r;
	timer_arm(&w->broker_deadline, &w->loop, READY_SECONDS * 1000000ull, broker_kill);
	return 0;
}

void broker_stop(struct warden *w)
{
	timer_cancel(&w->broker_deadline);
	source_fini(&w->broker_source);
	if (w->broker_channel >= 0)
		close(w->broker_channel);
	w->broker_channel = -1;
	exes_stop(&w->exes);
	child_finish(&w->broker, STOP_MS);
}
