/*
 * supervisor.c - letters from launch: the first one makes the bus, later ones bring sockets and
 * policies. When launch is gone the broker ends, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "broker/activation.h"
#include "broker/driver.h"
#include "broker/listener.h"
#include "broker/peer.h"
#include "broker/supervisor.h"
#include "link/launch_broker.h"

/* Bytes of variables that launch has not taken yet: what clients may pile up of their own will. Other
 * letters are as few as the starts and reloads under way. */
#define BACKLOG_MAX (8 * LETTER_MAX)

static int take_fd(struct letter *l, uint32_t i)
{
	return i < l->fds_n ? TAKE_FD(l->fds[i]) : -1;
}

static int say(struct supervisor *s, uint32_t type, const struct writer *fields)
{
	return outbox_send(&s->outbox, &s->source, type, fields);
}

static int on_listen(struct supervisor *s, struct letter *l)
{
	int fd = take_fd(l, 0);

	return fd < 0 ? -EBADMSG : listener_add(s->bus, fd);
}

static int on_start(struct supervisor *s, struct letter *l)
{
	(void)l;
	return say(s, FROM_BROKER_READY, NULL);
}

static int on_recorder(struct supervisor *s, struct letter *l)
{
	int old, fd = take_fd(l, 0);

	if (fd < 0)
		return -EBADMSG;
	old = s->bus->trail.channel;
	trail_set_channel(&s->bus->trail, fd);
	if (old >= 0)
		close(old);
	return 0;
}

static int on_agent(struct supervisor *s, struct letter *l)
{
	int fd = take_fd(l, 0);

	if (fd < 0)
		return -EBADMSG;
	consult_set_channel(s->bus, fd);
	return 0;
}

/* Whether two images offer the same services to start. */
static bool services_equal(const struct image *a, const struct image *b)
{
	if (a->header->services.count != b->header->services.count)
		return false;
	for (uint32_t i = 0; i < a->header->services.count; i++) {
		if (!slice_equal(image_slice(a, a->services[i].name),
			    image_slice(b, b->services[i].name)))
			return false;
	}
	return true;
}

/* Which policy is in force, or (`why`) which one was not taken. */
static void policy_record(struct bus *bus, const char *why)
{
	trail_event(&bus->trail, &(struct record_event){.verb = "policy",
					 .generation = bus->generation,
					 .checksum = bus->policy.image.header->checksum,
					 .text = why,
					 .failed = why != NULL});
}

static int policy_take(struct supervisor *s, int fd, const char **ret_why, bool *ret_services)
{
	struct policy policy;
	int r = policy_open(&policy, fd, ret_why);

	if (r < 0)
		return r;
	*ret_why = mac_unfit(&s->bus->mac, policy.image.header->apparmor);
	if (*ret_why) {
		policy_close(&policy);
		return -ENOTSUP;
	}
	*ret_services = !services_equal(&s->bus->policy.image, &policy.image);
	r = bus_set_policy(s->bus, &policy);
	if (r < 0) {
		*ret_why = "no memory for the new policy";
		policy_close(&policy);
	}
	return r;
}

static int on_policy(struct supervisor *s, struct letter *l)
{
	struct broker_answer answer = {.ok = true, .text = SLICE("")};
	DROP_FD int fd = take_fd(l, 0);
	const char *why = NULL;
	bool services = false;
	struct writer w = {0};
	int r = broker_serial_read(l, &answer.serial);

	if (r < 0 || fd < 0)
		return -EBADMSG;
	r = policy_take(s, fd, &why, &services);
	if (r < 0) {
		answer.ok = false;
		answer.text = slice_of(why);
	}
	broker_answer_write(&w, &answer);
	r = say(s, FROM_BROKER_POLICY_TAKEN, &w);
	writer_fini(&w);
	if (answer.ok)
		policy_record(s->bus, NULL);
	if (services)
		driver_services_changed(s->bus);
	/* launch stops waiting for an answer for which there is no memory */
	return r == -ENOMEM ? 0 : r;
}

static int on_service_failed(struct supervisor *s, struct letter *l)
{
	struct broker_failure f;
	int r = broker_failure_read(l, &f);

	if (r == 0)
		activation_failed(s->bus, &f);
	return r;
}

static int on_reloaded(struct supervisor *s, struct letter *l)
{
	struct broker_answer answer;
	int r = broker_answer_read(l, &answer);
	char why[256];

	if (r == 0 && answer.serial == 0) {
		snprintf(why, sizeof(why), "%.*s", SLICE_FMT(answer.text));
		policy_record(s->bus, why);
		return 0;
	}
	if (r == 0)
		driver_reloaded(s->bus, answer.serial, answer.ok, answer.text);
	return r;
}

static const struct {
	uint32_t type;
	int (*handle)(struct supervisor *s, struct letter *l);
} letters[] = {
	{TO_BROKER_LISTEN, on_listen},
	{TO_BROKER_START, on_start},
	{TO_BROKER_POLICY, on_policy},
	{TO_BROKER_RELOADED, on_reloaded},
	{TO_BROKER_RECORDER, on_recorder},
	{TO_BROKER_AGENT, on_agent},
	{TO_BROKER_SERVICE_FAILED, on_service_failed},
};

static void reserve_take(struct supervisor *s)
{
	for (size_t i = 0; i < RESERVE_FDS; i++) {
		if (s->reserve[i] < 0)
			s->reserve[i] = fcntl(s->source.fd, F_DUPFD_CLOEXEC, 3);
	}
}

static void reserve_release(struct supervisor *s)
{
	for (size_t i = 0; i < RESERVE_FDS; i++) {
		if (s->reserve[i] >= 0)
			close(s->reserve[i]);
		s->reserve[i] = -1;
	}
}

static int take_letter(struct supervisor *s)
{
	struct letter l;
	int r = channel_recv(s->source.fd, &l);

	if (r == -EAGAIN)
		return 0;
	if (r == -EPIPE) {
		loop_stop(&s->bus->loop);
		return 0;
	}
	if (r < 0)
		return r;
	r = -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		if (letters[i].type == l.type)
			r = letters[i].handle(s, &l);
	}
	letter_fini(&l);
	return r;
}

static int supervisor_ready(struct source *source, uint32_t events)
{
	struct supervisor *s = container_of(source, struct supervisor, source);
	int r = events & EPOLLOUT ? outbox_flush(&s->outbox, &s->source) : 0;

	/* that launch is gone is read */
	if (r < 0 && r != -EPIPE)
		return r;
	if (!(events & ~(uint32_t)EPOLLOUT))
		return 0;
	reserve_release(s);
	r = take_letter(s);
	reserve_take(s);
	return r;
}

static void copy_id(char *to, size_t room, struct slice from)
{
	snprintf(to, room, "%.*s", SLICE_FMT(from));
}

static int setup(struct supervisor *s, struct bus *bus, struct letter *l, int channel)
{
	struct broker_setup m;
	struct policy policy;
	const char *why = NULL;
	DROP_FD int image = take_fd(l, 0);
	int recorder = take_fd(l, 1), greetings = take_fd(l, 2);
	int r = broker_setup_read(l, &m);

	if (r == 0)
		r = policy_open(&policy, image, &why);
	if (r == 0)
		r = bus_init(bus, &policy);
	if (r < 0) {
		log_error("No bus: %s", why ? why : strerror(-r));
		return r;
	}
	copy_id(bus->guid, sizeof(bus->guid), m.guid);
	copy_id(bus->machine_id, sizeof(bus->machine_id), m.machine_id);
	log_open("dbus-warden-broker", (m.flags & SETUP_STDERR ? LOG_TO_STDERR : 0u) |
					       (m.flags & SETUP_SYSLOG ? LOG_TO_SYSLOG : 0u));
	bus->pid = m.pid;
	bus->gate.permissive = m.flags & SETUP_PERMISSIVE;
	if (bus->gate.permissive)
		log_warning("The policy is on trial (--permissive): what it denies is let through");
	bus->systemd_activation = m.flags & SETUP_SYSTEMD_ACTIVATION;
	copy_id(bus->type, sizeof(bus->type),
		image_slice(&policy.image, policy.image.header->type));
	trail_init(&bus->trail, recorder, bus->type[0] ? bus->type : "bus");
	trail_fold(&bus->trail, &bus->loop);
	bus->trail.pidfd = peer_pidfd;
	policy_record(bus, NULL);
	r = bus_start_mac(bus, channel, &why);
	if (r < 0) {
		log_error("No bus: %s", why);
		return r;
	}
	s->bus = bus;
	s->greetings = greetings;
	bus->supervisor = s;
	for (size_t i = 0; i < RESERVE_FDS; i++)
		s->reserve[i] = -1;
	r = source_init(&s->source, &bus->loop, channel, EPOLLIN, supervisor_ready);
	if (r == 0)
		reserve_take(s);
	return r;
}

int supervisor_start(struct supervisor *supervisor, struct bus *bus, int fd)
{
	struct letter l;
	int r = channel_recv(fd, &l);

	if (r < 0) {
		log_error("Nothing came from dbus-warden: %s", strerror(-r));
		return r;
	}
	r = l.type == TO_BROKER_SETUP ? setup(supervisor, bus, &l, fd) : -EBADMSG;
	letter_fini(&l);
	return r;
}

void supervisor_fini(struct supervisor *supervisor)
{
	reserve_release(supervisor);
	outbox_fini(&supervisor->outbox);
	source_fini(&supervisor->source);
	if (supervisor->greetings >= 0)
		close(supervisor->greetings);
}

void supervisor_greet(struct supervisor *supervisor, const struct peer *peer)
{
	const struct broker_greeting greeting = {peer->unique_name, peer->process.pid};
	struct writer w = {0};
	int pidfd = peer->process.pidfd;

	if (!supervisor || supervisor->greetings < 0 || pidfd < 0)
		return;
	broker_greeting_write(&w, &greeting);
	/* where there is no room records go without its program */
	(void)channel_send(supervisor->greetings, FROM_BROKER_GREETING, &w, &pidfd, 1);
	writer_fini(&w);
}

int supervisor_ask_reload(struct supervisor *supervisor, uint64_t cookie)
{
	struct writer w = {0};
	int r;

	broker_serial_write(&w, cookie);
	r = say(supervisor, FROM_BROKER_RELOAD, &w);
	writer_fini(&w);
	return r;
}

int supervisor_start_service(struct supervisor *supervisor, uint64_t serial, struct slice name)
{
	struct broker_start start = {serial, name};
	struct writer w = {0};
	int r;

	broker_start_write(&w, &start);
	r = say(supervisor, FROM_BROKER_START_SERVICE, &w);
	writer_fini(&w);
	return r;
}

int supervisor_stop_service(struct supervisor *supervisor, uint64_t serial)
{
	struct writer w = {0};
	int r;

	broker_serial_write(&w, serial);
	r = say(supervisor, FROM_BROKER_STOP_SERVICE, &w);
	writer_fini(&w);
	return r;
}

int supervisor_set_environment(struct supervisor *supervisor, const struct slice *texts, uint32_t n)
{
	struct writer w = {.limit = LETTER_MAX - 64};
	int r;

	if (supervisor->outbox.bytes > BACKLOG_MAX)
		return -ENOBUFS;
	broker_texts_write(&w, texts, n);
	r = w.bad ? -EMSGSIZE : say(supervisor, FROM_BROKER_ENVIRONMENT, &w);
	writer_fini(&w);
	return r;
}
