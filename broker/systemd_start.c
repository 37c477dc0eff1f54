/* systemd_start.c - the ActivationRequest protocol between the bus and systemd */
#include <errno.h>

#include "broker/activation.h"
#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/peer.h"
#include "broker/syntax.h"
#include "broker/systemd_start.h"
#include "link/launch_broker.h"

#define ACTIVATOR "org.freedesktop.systemd1.Activator"
#define WAITING_BYTES_MAX (4 * VARIABLES_BYTES_MAX)

static struct peer *systemd_owner(struct bus *bus)
{
	struct name *name = name_find(&bus->names, SLICE(SYSTEMD_NAME));

	return name ? name_owner(name) : NULL;
}

/* As in the reference: by its unique name once it is there. */
static struct slice address(struct bus *bus)
{
	struct peer *systemd = systemd_owner(bus);

	return systemd ? systemd->unique_name : SLICE(SYSTEMD_NAME);
}

/* A message of the driver that waits until systemd is there. */
struct waiting {
	struct list link; /* bus.for_systemd */
	uint64_t start; /* the activation that it is for; 0: none */
	struct writer bytes;
};

static void waiting_free(struct bus *bus, struct waiting *w)
{
	list_unlink(&w->link);
	if (!w->start)
		bus->for_systemd_bytes -= w->bytes.size;
	writer_fini(&w->bytes);
	free(w);
}

/* Monitors see it now; systemd gets it when it is there. */
static int post(struct bus *bus, const struct writer *bytes, uint64_t start)
{
	struct peer *systemd = systemd_owner(bus);
	struct waiting *w;

	if (systemd) {
		driver_send(bus, systemd, bytes, -1);
		return 0;
	}
	/* starts have a limit of their own */
	if (!start && bus->for_systemd_bytes + bytes->size > WAITING_BYTES_MAX)
		return FAULT_LIMITS;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	writer_bytes(&w->bytes, bytes->data, bytes->size);
	if (w->bytes.bad) {
		writer_fini(&w->bytes);
		free(w);
		return -ENOMEM;
	}
	w->start = start;
	if (!start)
		bus->for_systemd_bytes += bytes->size;
	list_append(&bus->for_systemd, &w->link);
	driver_show(bus, bytes);
	return 0;
}

int systemd_start(struct bus *bus, const struct activation *activation)
{
	struct compose_header header = {.type = MESSAGE_SIGNAL,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.serial = driver_serial(bus),
		.path = DRIVER_PATH,
		.interface = ACTIVATOR,
		.member = "ActivationRequest",
		.signature = "s",
		.destination = SLICE(SYSTEMD_NAME)};
	struct compose c;
	int r;

	compose_begin(&c, &bus->message, &header);
	compose_string(&c, slice_of(activation->unit));
	r = compose_end(&c);
	return r < 0 ? r : post(bus, c.out, activation->serial);
}

void systemd_withdraw(struct bus *bus, uint64_t start)
{
	list_for_each_safe (at, &bus->for_systemd) {
		struct waiting *w = list_entry(at, struct waiting, link);

		if (w->start == start)
			waiting_free(bus, w);
	}
}

void systemd_appeared(struct bus *bus)
{
	struct peer *systemd = systemd_owner(bus);

	list_for_each_safe (at, &bus->for_systemd) {
		struct waiting *w = list_entry(at, struct waiting, link);

		if (!systemd)
			return;
		driver_give(bus, systemd, &w->bytes);
		waiting_free(bus, w);
	}
}

void systemd_forget(struct bus *bus)
{
	list_for_each_safe (at, &bus->for_systemd)
		waiting_free(bus, list_entry(at, struct waiting, link));
}

/* Every start that waits for the unit has failed: several names may share it. */
static void fail_unit(struct bus *bus, struct slice unit, struct slice error, struct slice text)
{
	for (struct activation *a = bus->activations, *next; a; a = next) {
		struct broker_failure failure = {a->serial, slice_of(a->name), error, text};

		next = a->hh.next;
		if (a->unit && slice_is(unit, a->unit))
			activation_failed(bus, &failure);
	}
}

void systemd_signal(struct peer *from, const struct message *m)
{
	struct body body = body_of(m);
	struct slice unit, error, text;

	if (m->type != MESSAGE_SIGNAL || !slice_is(m->interface, ACTIVATOR) ||
		!slice_is(m->member, "ActivationFailure") || !slice_is(m->signature, "sss"))
		return;
	/* anybody may send the signal: the policy is not relied on (CVE-2015-0245) */
	if (!peer_is_privileged(from) || systemd_owner(from->bus) != from)
		return;
	unit = body_string(&body);
	error = body_string(&body);
	text = body_string(&body);
	if (!syntax_is_error_name(error))
		error = SLICE("org.freedesktop.DBus.Error.Failed");
	fail_unit(from->bus, unit, error, text);
}

int systemd_set_environment(struct bus *bus, const struct slice *texts, uint32_t n)
{
	struct compose_header header = {.type = MESSAGE_CALL,
		.flags = MESSAGE_NO_REPLY_EXPECTED | MESSAGE_NO_AUTO_START,
		.serial = driver_serial(bus),
		.path = "/org/freedesktop/systemd1",
		.interface = "org.freedesktop.systemd1.Manager",
		.member = "SetEnvironment",
		.signature = "as",
		.destination = address(bus)};
	struct writer pair = {0};
	struct compose c;
	size_t open;
	int r;

	compose_begin(&c, &bus->message, &header);
	open = compose_open_array(&c, 4);
	for (uint32_t i = 0; i + 1 < n; i += 2) {
		pair.size = 0;
		writer_bytes(&pair, texts[i].text, texts[i].size);
		writer_bytes(&pair, "=", 1);
		writer_bytes(&pair, texts[i + 1].text, texts[i + 1].size);
		if (!pair.bad)
			compose_string(&c, (struct slice){(const char *)pair.data, pair.size});
	}
	compose_close_array(&c, open, 4);
	c.out->bad |= pair.bad;
	writer_fini(&pair);
	r = compose_end(&c);
	return r < 0 ? r : post(bus, c.out, 0);
}
