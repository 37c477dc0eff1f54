/* live.c - the one file that knows sd-bus */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <systemd/sd-bus.h>

#include "base/process.h"
#include "conf/file.h"
#include "ctl/live.h"
#include "ctl/say.h"

#define DRIVER "org.freedesktop.DBus"
#define DRIVER_PATH "/org/freedesktop/DBus"
#define CGROUP_SIZE_MAX (64u << 10)
#define NO_SUCH_NAME "org.freedesktop.DBus.Error.NameHasNoOwner"

struct live {
	sd_bus *bus;
};

static void drop_reply(sd_bus_message **m)
{
	sd_bus_message_unref(*m);
}
#define DROP_REPLY __attribute__((cleanup(drop_reply))) sd_bus_message *
#define DROP_ERROR __attribute__((cleanup(sd_bus_error_free))) sd_bus_error

static int bus_connect(sd_bus *bus, const char *address)
{
	int e = sd_bus_set_address(bus, address);

	if (e >= 0)
		e = sd_bus_set_bus_client(bus, 1);
	return e < 0 ? e : sd_bus_start(bus);
}

struct live *live_open(const char *address, bool session)
{
	struct live *live = calloc(1, sizeof(*live));
	int e = live ? 0 : -ENOMEM;

	if (e == 0 && address) {
		e = sd_bus_new(&live->bus);
		if (e >= 0)
			e = bus_connect(live->bus, address);
	} else if (e == 0) {
		e = session ? sd_bus_open_user(&live->bus) : sd_bus_open_system(&live->bus);
	}
	if (e >= 0)
		return live;
	say("cannot connect to the bus: %s", strerror(-e));
	live_close(live);
	return NULL;
}

void live_close(struct live *live)
{
	if (!live)
		return;
	sd_bus_flush_close_unref(live->bus);
	free(live);
}

/* Calls a method of the driver with no argument, or with a name. */
static int driver_call(struct live *live, const char *interface, const char *member,
	const char *name, sd_bus_error *error, sd_bus_message **ret)
{
	if (!name)
		return sd_bus_call_method(
			live->bus, DRIVER, DRIVER_PATH, interface, member, error, ret, NULL);
	return sd_bus_call_method(
		live->bus, DRIVER, DRIVER_PATH, interface, member, error, ret, "s", name);
}

static int call_failed(const char *member, const sd_bus_error *error, int e)
{
	say("%s: %s", member, error->message ? error->message : strerror(-e));
	return -1;
}

int live_image(struct live *live, uint64_t *ret_generation)
{
	DROP_ERROR error = SD_BUS_ERROR_NULL;
	DROP_REPLY reply = NULL;
	int fd = -1, own;
	int e = driver_call(live, "org.dbuswarden.Policy1", "GetImage", NULL, &error, &reply);

	if (e >= 0)
		e = sd_bus_message_read(reply, "ht", &fd, ret_generation);
	if (e < 0)
		return call_failed("GetImage", &error, e);
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return own < 0 ? call_failed("GetImage", &error, -errno) : own;
}

static int groups_read(sd_bus_message *m, struct live_peer *peer)
{
	const void *data;
	size_t size;
	int e = sd_bus_message_enter_container(m, 'v', "au");

	if (e >= 0)
		e = sd_bus_message_read_array(m, 'u', &data, &size);
	if (e < 0)
		return e;
	peer->groups = size ? malloc(size) : NULL;
	if (size && !peer->groups)
		return -ENOMEM;
	if (size)
		memcpy(peer->groups, data, size);
	peer->groups_n = (uint32_t)(size / sizeof(uint32_t));
	return sd_bus_message_exit_container(m);
}

/* The label ends in NUL, or should. */
static int label_read(sd_bus_message *m, struct live_peer *peer)
{
	const void *data;
	size_t size;
	int e = sd_bus_message_enter_container(m, 'v', "ay");

	if (e >= 0)
		e = sd_bus_message_read_array(m, 'y', &data, &size);
	if (e < 0)
		return e;
	free(peer->label);
	peer->label = strndup(data, size);
	return peer->label ? sd_bus_message_exit_container(m) : -ENOMEM;
}

/* Who may not read it, or comes too late, does not know the unit. */
static void unit_read(struct live_peer *peer, uint32_t pid)
{
	char path[40];
	DROP_HEAP char *cgroup = NULL;
	DROP_FD int fd = -1;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/cgroup", pid);
	fd = file_open(path);
	if (fd < 0 || file_read(fd, CGROUP_SIZE_MAX, &cgroup, &size) < 0)
		return;
	peer->unit = process_unit(cgroup);
	peer->slices = process_slices(cgroup);
}

static int credential_read(sd_bus_message *m, const char *key, struct live_peer *peer)
{
	uint32_t pid;
	int e;

	if (strcmp(key, "UnixUserID") == 0)
		return sd_bus_message_read(m, "v", "u", &peer->uid);
	if (strcmp(key, "UnixGroupIDs") == 0)
		return groups_read(m, peer);
	if (strcmp(key, "LinuxSecurityLabel") == 0)
		return label_read(m, peer);
	if (strcmp(key, "ProcessID") != 0)
		return sd_bus_message_skip(m, "v");
	e = sd_bus_message_read(m, "v", "u", &pid);
	if (e >= 0 && !peer->unit)
		unit_read(peer, pid);
	return e;
}

static int credentials_read(sd_bus_message *m, struct live_peer *peer)
{
	const char *key;
	int e = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (e >= 0 && (e = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		e = sd_bus_message_read(m, "s", &key);
		if (e >= 0)
			e = credential_read(m, key, peer);
		if (e >= 0)
			e = sd_bus_message_exit_container(m);
	}
	return e;
}

static int name_add(struct live_peer *peer, const char *name)
{
	char **grown = realloc(peer->names, (peer->names_n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	peer->names = grown;
	grown[peer->names_n] = strdup(name);
	return grown[peer->names_n++] ? 0 : -ENOMEM;
}

/* Whether the connection stands in the queue of the name. */
static int name_is_of(struct live *live, const char *name, const char *unique)
{
	DROP_ERROR error = SD_BUS_ERROR_NULL;
	DROP_REPLY reply = NULL;
	const char *waiting;
	bool found = false;
	int e = driver_call(live, DRIVER, "ListQueuedOwners", name, &error, &reply);

	/* gone meanwhile */
	if (e < 0)
		return sd_bus_error_has_name(&error, NO_SUCH_NAME) ? 0 : e;
	e = sd_bus_message_enter_container(reply, 'a', "s");
	while (e >= 0 && (e = sd_bus_message_read(reply, "s", &waiting)) > 0)
		found = found || strcmp(waiting, unique) == 0;
	return e < 0 ? e : found;
}

static int names_read(struct live *live, const char *unique, struct live_peer *peer)
{
	DROP_ERROR error = SD_BUS_ERROR_NULL;
	DROP_REPLY reply = NULL;
	const char *name;
	int e = name_add(peer, unique);

	if (e >= 0)
		e = driver_call(live, DRIVER, "ListNames", NULL, &error, &reply);
	if (e >= 0)
		e = sd_bus_message_enter_container(reply, 'a', "s");
	while (e >= 0 && (e = sd_bus_message_read(reply, "s", &name)) > 0) {
		if (name[0] == ':' || strcmp(name, DRIVER) == 0)
			continue;
		e = name_is_of(live, name, unique);
		if (e > 0)
			e = name_add(peer, name);
	}
	return e < 0 ? call_failed("ListNames", &error, e) : 0;
}

int live_peer(struct live *live, const char *name, struct live_peer *ret)
{
	DROP_ERROR error = SD_BUS_ERROR_NULL, late = SD_BUS_ERROR_NULL;
	DROP_REPLY owner = NULL;
	DROP_REPLY reply = NULL;
	const char *unique = NULL;
	int e = driver_call(live, DRIVER, "GetNameOwner", name, &error, &owner);

	*ret = (struct live_peer){.uid = UINT32_MAX};
	if (e < 0 && sd_bus_error_has_name(&error, NO_SUCH_NAME))
		return 1;
	if (e >= 0)
		e = sd_bus_message_read(owner, "s", &unique);
	if (e < 0)
		return call_failed("GetNameOwner", &error, e);
	e = driver_call(live, DRIVER, "GetConnectionCredentials", unique, &late, &reply);
	if (e >= 0)
		e = credentials_read(reply, ret);
	if (e < 0)
		return call_failed("GetConnectionCredentials", &late, e);
	return names_read(live, unique, ret);
}

void live_peer_fini(struct live_peer *peer)
{
	for (uint32_t i = 0; i < peer->names_n; i++)
		free(peer->names[i]);
	free(peer->names);
	free(peer->groups);
	free(peer->label);
	free(peer->unit);
	free(peer->slices);
	*peer = (struct live_peer){0};
}

int live_each(struct live *live, int (*each)(void *arg, const char *unique), void *arg)
{
	DROP_ERROR error = SD_BUS_ERROR_NULL;
	DROP_REPLY reply = NULL;
	const char *name;
	int e = driver_call(live, DRIVER, "ListNames", NULL, &error, &reply);
	int r = 0;

	if (e >= 0)
		e = sd_bus_message_enter_container(reply, 'a', "s");
	while (r == 0 && e >= 0 && (e = sd_bus_message_read(reply, "s", &name)) > 0)
		if (name[0] == ':')
			r = each(arg, name);
	return e < 0 ? call_failed("ListNames", &error, e) : r;
}

/* One more connection, which never sends: what it sees is not for it. */
static int monitor_open(struct live *live, sd_bus **ret)
{
	const char *address;
	int e = sd_bus_get_address(live->bus, &address);

	if (e >= 0)
		e = sd_bus_new(ret);
	if (e >= 0)
		e = sd_bus_set_monitor(*ret, 1);
	return e < 0 ? e : bus_connect(*ret, address);
}

static int monitor_become(sd_bus *bus, sd_bus_error *error)
{
	DROP_REPLY m = NULL;
	DROP_REPLY reply = NULL;
	int e = sd_bus_message_new_method_call(
		bus, &m, DRIVER, DRIVER_PATH, "org.freedesktop.DBus.Monitoring", "BecomeMonitor");

	if (e >= 0)
		e = sd_bus_message_append(m, "asu", 2, "type='method_call'",
			"type='error',sender='" DRIVER "'", (uint32_t)0);
	return e < 0 ? e : sd_bus_call(bus, m, 0, error, &reply);
}

static int message_watch(sd_bus_message *m, const struct live_watcher *watcher)
{
	struct live_call call = {.sender = sd_bus_message_get_sender(m),
		.destination = sd_bus_message_get_destination(m),
		.path = sd_bus_message_get_path(m),
		.interface = sd_bus_message_get_interface(m),
		.member = sd_bus_message_get_member(m)};
	uint64_t answered;

	if (sd_bus_message_is_method_call(m, NULL, NULL) > 0) {
		int e = sd_bus_message_get_cookie(m, &call.serial);

		return e < 0 ? e : watcher->called(watcher->arg, &call);
	}
	if (sd_bus_message_is_method_error(m, "org.freedesktop.DBus.Error.AccessDenied") > 0 &&
		call.destination && sd_bus_message_get_reply_cookie(m, &answered) >= 0)
		return watcher->refused(watcher->arg, call.destination, answered);
	return 0;
}

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int live_watch(struct live *live, uint32_t seconds, const struct live_watcher *watcher)
{
	DROP_ERROR error = SD_BUS_ERROR_NULL;
	uint64_t end = now_usec() + seconds * UINT64_C(1000000), now;
	sd_bus *bus = NULL;
	int e = monitor_open(live, &bus), r = 0;

	if (e >= 0)
		e = monitor_become(bus, &error);
	while (e >= 0 && r == 0 && (now = now_usec()) < end) {
		DROP_REPLY m = NULL;

		e = sd_bus_process(bus, &m);
		if (e == 0)
			e = sd_bus_wait(bus, end - now);
		else if (e > 0 && m)
			r = message_watch(m, watcher);
		e = e == -EINTR ? 0 : e;
	}
	sd_bus_close_unref(bus);
	return e < 0 ? call_failed("BecomeMonitor", &error, e) : r;
}
