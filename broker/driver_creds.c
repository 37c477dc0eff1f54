/* driver_creds.c - who a connection is: what the kernel said of it when it connected */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"
#include "broker/sight.h"

/* The connection a method asks about. *ret is NULL for the driver itself. */
static int find_connection(struct call *call, struct peer **ret)
{
	struct body body = body_of(call->message);
	struct slice text = body_string(&body);
	struct name *name = sight_find(call->peer, text);

	*ret = NULL;
	if (name && name->permanent)
		return 0;
	*ret = name ? name_owner(name) : NULL;
	if (!*ret)
		return call_refuse(call, FAULT_NO_OWNER, "\"%.*s\"", SLICE_FMT(text));
	return 0;
}

int driver_get_unix_user(struct call *call)
{
	struct peer *peer;
	int r = find_connection(call, &peer);

	if (r != 0)
		return r;
	if (peer && peer->anonymous)
		return call_refuse(call, FAULT_FAILED, "the connection is anonymous");
	compose_u32(&call->reply, peer ? peer->process.uid : call->bus->uid);
	return 0;
}

int driver_get_process_id(struct call *call)
{
	struct peer *peer;
	int r = find_connection(call, &peer);

	if (r != 0)
		return r;
	if (peer && (peer->anonymous || peer->process.pid <= 0))
		return FAULT_NO_PID;
	compose_u32(&call->reply, peer ? (uint32_t)peer->process.pid : call->bus->pid);
	return 0;
}

int driver_get_adt(struct call *call)
{
	struct peer *peer;
	int r = find_connection(call, &peer);

	return r != 0 ? r : FAULT_NO_ADT;
}

int driver_get_selinux_context(struct call *call)
{
	const struct mac_label *label;
	struct peer *peer;
	int r = find_connection(call, &peer);

	if (r != 0)
		return r;
	label = peer ? peer->mac_label : call->bus->mac.bus;
	if (!mac_is_selinux(&call->bus->mac) || !label)
		return FAULT_NO_SELINUX;
	compose_bytes(&call->reply, slice_of(label->name));
	return 0;
}

static void entry(struct compose *c, const char *key, const char *type)
{
	compose_align(c, 8);
	compose_string(c, slice_of(key));
	compose_signature(c, type);
}

static void compose_groups(struct compose *c, const uint32_t *groups, uint32_t n)
{
	size_t open;

	entry(c, "UnixGroupIDs", "au");
	open = compose_open_array(c, 4);
	for (uint32_t i = 0; i < n; i++)
		compose_u32(c, groups[i]);
	compose_close_array(c, open, 4);
}

static void compose_peer(struct compose *c, const struct peer *peer)
{
	const struct process *p = &peer->process;

	if (peer->anonymous)
		return;
	entry(c, "UnixUserID", "u");
	compose_u32(c, p->uid);
	compose_groups(c, p->groups, p->groups_n);
	if (p->pid > 0) {
		entry(c, "ProcessID", "u");
		compose_u32(c, (uint32_t)p->pid);
	}
	if (p->label) {
		entry(c, "LinuxSecurityLabel", "ay");
		/* with its final NUL, unlike GetConnectionSELinuxSecurityContext */
		compose_bytes(c, (struct slice){p->label, p->label_size + 1});
	}
}

static void compose_bus(struct compose *c, const struct bus *bus)
{
	entry(c, "UnixUserID", "u");
	compose_u32(c, bus->uid);
	compose_groups(c, bus->own.groups, bus->own.groups_n);
	entry(c, "ProcessID", "u");
	compose_u32(c, bus->pid);
}

/* A descriptor of the process for this reply, or -1. */
static int process_fd(const struct call *call, const struct peer *peer)
{
	if (!call->peer->takes_fds)
		return -1;
	/* a descriptor that SELinux keeps from its receiver (class fd, permission use) takes the whole
	 * message with it, and sd-bus the connection: refpolicy does so to logind */
	if (mac_is_selinux(&call->bus->mac))
		return -1;
	if (!peer)
		return (int)syscall(SYS_pidfd_open, (pid_t)call->bus->pid, 0);
	if (peer->anonymous || peer->process.pidfd < 0)
		return -1;
	return fcntl(peer->process.pidfd, F_DUPFD_CLOEXEC, 0);
}

int driver_get_credentials(struct call *call)
{
	struct compose_header header = {.type = MESSAGE_RETURN,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.reply_serial = call->message->serial,
		.signature = "a{sv}",
		.destination = call->peer->unique_name};
	struct peer *peer;
	size_t open;
	int r = find_connection(call, &peer);

	if (r != 0)
		return r;
	call->fd = process_fd(call, peer);
	header.serial = driver_serial(call->bus);
	header.fds = call->fd >= 0;
	compose_begin(&call->reply, &call->bus->reply, &header);
	open = compose_open_array(&call->reply, 8);
	if (peer)
		compose_peer(&call->reply, peer);
	else
		compose_bus(&call->reply, call->bus);
	if (call->fd >= 0) {
		entry(&call->reply, "ProcessFD", "h");
		compose_u32(&call->reply, 0);
	}
	compose_close_array(&call->reply, open, 8);
	return 0;
}
