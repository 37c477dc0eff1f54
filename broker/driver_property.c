/* driver_property.c - the driver's two properties, and small answers about the bus itself */
#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"

static void features(struct call *call)
{
	size_t open = compose_open_array(&call->reply, 4);

	compose_string(&call->reply, SLICE("ActivatableServicesChanged"));
	if (mac_is_apparmor(&call->bus->mac))
		compose_string(&call->reply, SLICE("AppArmor"));
	compose_string(&call->reply, SLICE("HeaderFiltering"));
	if (mac_is_selinux(&call->bus->mac))
		compose_string(&call->reply, SLICE("SELinux"));
	if (call->bus->systemd_activation)
		compose_string(&call->reply, SLICE("SystemdActivation"));
	compose_close_array(&call->reply, open, 4);
}

static void interfaces(struct call *call)
{
	size_t open = compose_open_array(&call->reply, 4);

	compose_string(&call->reply, SLICE("org.freedesktop.DBus.Monitoring"));
	compose_string(&call->reply, SLICE("org.freedesktop.DBus.Debug.Stats"));
	compose_close_array(&call->reply, open, 4);
}

static const struct {
	const char *name;
	void (*write)(struct call *call);
} properties[] = {
	{"Features", features},
	{"Interfaces", interfaces},
};

/* The index of the property, or a fault (negated, so that 0 stays an index). */
static int find_property(struct call *call, struct slice interface, struct slice name)
{
	if (!slice_is(interface, DRIVER_NAME))
		return -call_refuse(
			call, FAULT_UNKNOWN_INTERFACE, "\"%.*s\"", SLICE_FMT(interface));
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		if (slice_is(name, properties[i].name))
			return (int)i;
	}
	return -call_refuse(call, FAULT_UNKNOWN_PROPERTY, "\"%.*s\"", SLICE_FMT(name));
}

int driver_property_get(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice interface = body_string(&body), name = body_string(&body);
	int i = find_property(call, interface, name);

	if (i < 0)
		return -i;
	compose_signature(&call->reply, "as");
	properties[i].write(call);
	return 0;
}

int driver_property_get_all(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice interface = body_string(&body);
	size_t open;

	if (!slice_is(interface, DRIVER_NAME))
		return call_refuse(call, FAULT_UNKNOWN_INTERFACE, "\"%.*s\"", SLICE_FMT(interface));
	open = compose_open_array(&call->reply, 8);
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		compose_align(&call->reply, 8);
		compose_string(&call->reply, slice_of(properties[i].name));
		compose_signature(&call->reply, "as");
		properties[i].write(call);
	}
	compose_close_array(&call->reply, open, 8);
	return 0;
}

int driver_property_set(struct call *call)
{
	struct body body = body_of(call->message);
	struct slice interface = body_string(&body), name = body_string(&body);
	int i = find_property(call, interface, name);

	return i < 0 ? -i : FAULT_READ_ONLY;
}

int driver_get_id(struct call *call)
{
	compose_string(&call->reply, slice_of(call->bus->guid));
	return 0;
}

int driver_ping(struct call *call)
{
	(void)call;
	return 0;
}

int driver_get_machine_id(struct call *call)
{
	if (!call->bus->machine_id[0])
		return call_refuse(call, FAULT_FAILED, "this machine has no machine id");
	compose_string(&call->reply, slice_of(call->bus->machine_id));
	return 0;
}
