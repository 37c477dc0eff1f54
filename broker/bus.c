/* bus.c - making, changing and ending the bus as a whole */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/memfd.h"
#include "broker/activation.h"
#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/listener.h"
#include "broker/peer.h"
#include "broker/sight.h"
#include "broker/systemd_start.h"
#include "broker/tenure.h"
#include "broker/undertaker.h"
#include "policy/rules.h"

/* Times four verdicts that are remembered: about 3 MB once all are in use. */
#define FLOW_SETS 2048
#define WRITER_ROOM 4096 /* more than one name, or one sentence, takes */
#define USER_BYTES_MIN (64u << 20)

/* Silence is denial, so the order only decides whose reason is told first: labels, then these. */
static const struct judge *const judges[] = {
	&rules_connect,
	&restrictions,
	&rules_own,
	&rules_see,
	&rules_send,
	&rules_receive,
	&rules_start,
	NULL,
};

int policy_open(struct policy *ret, int fd, const char **ret_why)
{
	struct policy p = {0};
	int r = memfd_map(fd, IMAGE_SIZE_MAX, &p.bytes, &p.size);

	if (r < 0) {
		*ret_why = "the policy image cannot be mapped";
		return r;
	}
	r = image_open(&p.image, p.bytes, p.size, ret_why);
	if (r < 0) {
		policy_close(&p);
		return r;
	}
	p.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (p.fd < 0) {
		*ret_why = "no descriptor is left for the policy image";
		r = -errno;
		policy_close(&p);
		return r;
	}
	*ret = p;
	return 0;
}

void policy_close(struct policy *policy)
{
	if (policy->bytes)
		munmap((void *)policy->bytes, policy->size);
	if (policy->fd > 0)
		close(policy->fd);
	*policy = (struct policy){0};
}

/* What one user may hold at the most, over all its connections: enough for two full queues, and a
 * quarter of the descriptors that the process can have. */
static void pools_set(struct bus *bus)
{
	struct rlimit nofile = {.rlim_cur = 1024};
	uint64_t bytes = (uint64_t)bus_limit(bus, LIMIT_MAX_OUTGOING_BYTES);

	getrlimit(RLIMIT_NOFILE, &nofile);
	if (bytes > UINT64_MAX / 4)
		bytes = UINT64_MAX / 4;
	bus->users.max_bytes = bytes * 2 > USER_BYTES_MIN ? bytes * 2 : USER_BYTES_MIN;
	bus->users.most_fds =
		(uint32_t)(nofile.rlim_cur > UINT32_MAX ? UINT32_MAX : nofile.rlim_cur);
	bus->users.max_fds = bus->users.most_fds / 4;
}

/* What the kernel says of the bus itself, asked as of any peer. */
static int process_of_self(struct process *ret)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	r = process_of_socket(pair[0], NULL, ret);
	close(pair[0]);
	close(pair[1]);
	return r;
}

/* The trail hears of what is allowed only if some rule wants that logged. */
static bool wants_allowed(const struct image *image)
{
	for (uint32_t i = 0; i < image->header->rules.count; i++) {
		if (image->rules[i].log && image->rules[i].effect != EFFECT_DENY)
			return true;
	}
	return false;
}

/* What the gate has to know of the policy that is now in force. */
static void gate_renew(struct bus *bus)
{
	bus->generation++;
	bus->hides = sight_is_limited(&bus->policy.image);
	bus->names.changed = limits_by_name(&bus->policy.image) ? peer_limits_renew : NULL;
	bus->gate.note_allowed = wants_allowed(&bus->policy.image);
	bus->gate.epoch.rules = bus->generation;
	bus->gate.epoch.unique_names = flow_unique_names(&bus->policy.image);
}

/* What the driver says of names, and its refusals, are written where there is room already: what it
 * has done is told, and not that memory was short. */
static int writers_init(struct bus *bus)
{
	if (!writer_grow(&bus->reply, WRITER_ROOM) || !writer_grow(&bus->message, WRITER_ROOM))
		return -ENOMEM;
	bus->reply.size = bus->message.size = 0;
	return 0;
}

/* MAC first, as the reference asks. */
static void judges_gather(struct bus *bus)
{
	uint32_t n = mac_judges(&bus->mac, bus->judges);

	_Static_assert(ARRAY_SIZE(judges) + 2 <= BUS_JUDGES, "two more can come before them");
	for (size_t i = 0; i < ARRAY_SIZE(judges); i++)
		bus->judges[n++] = judges[i];
}

int bus_start_mac(struct bus *bus, int channel, const char **ret_why)
{
	struct mac_site site = mac_site();
	struct mac_setup setup = {
		.bus_type = bus->type,
		.apparmor = bus->policy.image.header->apparmor,
		.spare_of = channel,
		.loop = &bus->loop,
	};
	struct process launch;
	int r = process_of_socket(channel, NULL, &launch);

	if (r < 0) {
		*ret_why = "dbus-warden cannot be known";
		return r;
	}
	setup.label = (struct slice){launch.label, launch.label_size};
	r = mac_start(&bus->mac, &site, &setup, ret_why);
	process_fini(&launch);
	if (r < 0)
		return r;
	judges_gather(bus);
	if (bus->mac.bus) {
		bus->gate.mac_epoch = mac_epoch;
		bus->gate.mac_arg = &bus->mac;
	}
	return 0;
}

int bus_init(struct bus *bus, const struct policy *policy)
{
	int r;

	*bus = (struct bus){.uid = getuid()};
	list_init(&bus->listeners);
	list_init(&bus->peers);
	list_init(&bus->watchers);
	list_init(&bus->resting);
	list_init(&bus->dying);
	list_init(&bus->reloads);
	list_init(&bus->for_systemd);
	consult_init(&bus->consult);
	users_init(&bus->users, bus->uid);
	r = loop_init(&bus->loop);
	if (r == 0)
		r = batch_init(&bus->batch);
	if (r == 0)
		r = replies_init(&bus->replies);
	if (r == 0)
		r = writers_init(bus);
	if (r == 0)
		r = flow_init(&bus->flow, FLOW_SETS);
	if (r == 0)
		r = process_of_self(&bus->own);
	if (r < 0)
		return r;
	bus->driver_name = name_get(&bus->names, SLICE("org.freedesktop.DBus"));
	if (!bus->driver_name)
		return -ENOMEM;
	bus->driver_name->permanent = true;
	bus->policy = *policy;
	pools_set(bus);
	judges_gather(bus);
	bus->gate = (struct gate){.judges = bus->judges,
		.note = trail_note,
		.note_arg = &bus->trail,
		.audits = rules_audit,
		.flow = &bus->flow};
	gate_renew(bus);
	return 0;
}

void bus_fini(struct bus *bus)
{
	bus->ending = true;
	listeners_close(bus);
	list_for_each (at, &bus->peers)
		peer_kill(list_entry(at, struct peer, link), NULL);
	list_for_each (at, &bus->watchers)
		peer_kill(list_entry(at, struct peer, link), NULL);
	peers_reap(bus);
	for (struct user *u = bus->users.table, *next; u; u = next) {
		next = u->hh.next;
		user_ref(u);
		list_for_each_safe (at, &u->incomplete)
			peer_free(list_entry(at, struct peer, incomplete_link));
		user_unref(u);
	}
	driver_fini(bus);
	consult_fini(&bus->consult);
	activations_fini(bus);
	systemd_forget(bus);
	variables_fini(&bus->variables);
	replies_fini(&bus->replies);
	bus->driver_name->permanent = false;
	name_put(bus->driver_name);
	trail_fini(&bus->trail);
	batch_fini(&bus->batch);
	flow_fini(&bus->flow);
	mac_fini(&bus->mac);
	process_fini(&bus->own);
	processes_fini(&bus->processes);
	writer_fini(&bus->reply);
	writer_fini(&bus->message);
	undertaker_leave(bus->users.undertaker);
	loop_fini(&bus->loop);
	policy_close(&bus->policy);
}

/* Subjects for all registered peers under another image, in the order of bus.peers. */
static int subjects_derive(struct bus *bus, const struct image *image, struct subject *ret)
{
	uint32_t n = 0;
	int r = 0;

	list_for_each (at, &bus->peers) {
		struct peer *peer = list_entry(at, struct peer, link);

		r = subject_init(&ret[n], image, &peer->identity);
		if (r < 0)
			break;
		n++;
	}
	while (r < 0 && n > 0)
		subject_fini(&ret[--n]);
	return r;
}

/* Who has not said Hello yet is under the new policy, too; it was let in under the old one. */
static void unnamed_rederive(struct bus *bus)
{
	for (struct user *u = bus->users.table; u; u = u->hh.next) {
		list_for_each_safe (at, &u->incomplete) {
			struct peer *peer = list_entry(at, struct peer, incomplete_link);

			if (peer->state == PEER_UNNAMED)
				peer_rederive(peer);
		}
	}
}

int bus_set_policy(struct bus *bus, const struct policy *policy)
{
	struct subject *fresh = calloc(bus->peers_n + 1, sizeof(*fresh));
	struct policy old = bus->policy, held = *policy;
	uint32_t n = 0;
	int r;

	if (!fresh)
		return -ENOMEM;
	/* subjects keep a pointer to the image: it must be the one in the bus */
	bus->policy = held;
	r = subjects_derive(bus, &bus->policy.image, fresh);
	if (r < 0) {
		bus->policy = old;
		free(fresh);
		return r;
	}
	list_for_each (at, &bus->peers)
		peer_subject_set(list_entry(at, struct peer, link), &fresh[n++]);
	free(fresh);
	unnamed_rederive(bus);
	gate_renew(bus);
	pools_set(bus);
	/* before what waited goes on: names may be taken from whom it goes to */
	tenure_review(bus);
	/* the agent ends when nobody can ask it any more */
	if (!image_has_checks(&bus->policy.image))
		consult_set_channel(bus, -1);
	policy_close(&old);
	return 0;
}
