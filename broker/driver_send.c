/*
 * driver_send.c - what the bus says: replies, errors and signals. They pass the receiver's receive
 * rules like everybody's messages and are dropped silently where those refuse (the action they tell
 * of has happened all the same).
 */
#include "base/log.h"
#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/fault.h"
#include "broker/park.h"
#include "broker/peer.h"
#include "broker/syntax.h"
#include "broker/transit.h"

uint32_t driver_serial(struct bus *bus)
{
	if (++bus->serial == 0)
		bus->serial = 1;
	return bus->serial;
}

/* The driver's own bytes are parsed like everybody's: rules and monitors see one form. */
static bool begin(struct bus *bus, const struct writer *bytes, struct message *m, struct transit *t)
{
	const char *why = NULL;
	const uint8_t *kept;

	if (bus->ending)
		return false;
	kept = batch_copy(bus, bytes);
	/* without a copy the writer's own bytes are sent at once */
	if (message_parse(m, kept ? kept : bytes->data, bytes->size, &why) != 0) {
		log_error("A message of the bus itself is not sent: %s", why);
		return false;
	}
	transit_init_driver(t, bus, m);
	t->parcel.transient = !kept;
	return true;
}

void driver_show(struct bus *bus, const struct writer *bytes)
{
	struct message m;
	struct transit t;

	if (matches_is_empty(&bus->monitors) || !begin(bus, bytes, &m, &t))
		return;
	transit_capture(&t);
	transit_fini(&t);
}

static void deliver(struct bus *bus, struct peer *to, const struct writer *bytes, int fd, bool show)
{
	struct message m;
	struct transit t;
	int r = 0;

	if (!begin(bus, bytes, &m, &t))
		return;
	t.addressee = to;
	if (fd >= 0) {
		t.parcel.fds = &fd;
		t.parcel.fds_n = 1;
	}
	if (show)
		transit_capture(&t);
	if (to->state != PEER_DYING)
		r = transit_deliver(&t, to, false);
	transit_fini(&t);
	if (r > 0)
		driver_capture_error(bus, NULL, m.serial, r);
}

void driver_give(struct bus *bus, struct peer *to, const struct writer *bytes)
{
	deliver(bus, to, bytes, -1, false);
}

void driver_send(struct bus *bus, struct peer *to, const struct writer *bytes, int fd)
{
	deliver(bus, to, bytes, fd, true);
}

void driver_answer(struct peer *to, const struct writer *bytes)
{
	struct parcel parcel = {
		.header = bytes->data, .header_size = bytes->size, .transient = true};

	/* what it asked for itself may overrun its queue, but not without end */
	if (to->out.bytes / 2 <= (uint64_t)peer_limit(to, LIMIT_MAX_OUTGOING_BYTES))
		(void)outgoing_send(to, &parcel);
}

/* `about`: the name that it tells of, for those who may see it; absent: for everybody. */
static void broadcast(struct bus *bus, const struct writer *bytes, struct slice about)
{
	struct message m;
	struct transit t;

	if (!begin(bus, bytes, &m, &t))
		return;
	t.about = about;
	transit_capture(&t);
	transit_spread(&t);
	transit_fini(&t);
}

/* Sentences are cut to the size of a buffer, and may quote what clients sent: a character that was
 * cut in two goes. */
static struct slice whole_characters(struct slice text)
{
	if (syntax_is_utf8(text))
		return text;
	while (text.size && (text.text[text.size - 1] & 0xc0) == 0x80)
		text.size--;
	if (text.size)
		text.size--;
	return syntax_is_utf8(text) ? text : SLICE("");
}

static int compose_error(struct compose *c, struct bus *bus, struct writer *out,
	const struct peer *to, uint32_t serial, const char *error, struct slice text)
{
	struct compose_header header = {.type = MESSAGE_ERROR,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.serial = driver_serial(bus),
		.reply_serial = serial,
		.error = error,
		.signature = "s",
		.destination = to ? to->unique_name : SLICE(DRIVER_NAME)};

	compose_begin(c, out, &header);
	compose_string(c, whole_characters(text));
	return compose_end(c);
}

static void send_error(
	struct bus *bus, struct peer *to, uint32_t serial, const char *error, struct slice text)
{
	struct compose c;

	if (compose_error(&c, bus, &bus->message, to, serial, error, text) == 0)
		driver_send(bus, to, c.out, -1);
}

void driver_capture_error(struct bus *bus, struct peer *to, uint32_t serial, int fault)
{
	struct slice text = slice_of(fault_sentence(fault));
	/* the bus's own may hold the message that was refused */
	struct writer w = {0};
	struct compose c;
	struct message m;
	struct transit t;

	if (matches_is_empty(&bus->monitors))
		return;
	if (compose_error(&c, bus, &w, to, serial, fault_name(fault), text) == 0 &&
		begin(bus, &w, &m, &t)) {
		t.addressee = to;
		transit_capture(&t);
		transit_fini(&t);
	}
	writer_fini(&w);
}

void driver_send_error(
	struct bus *bus, struct peer *to, uint32_t serial, int fault, const char *detail)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s%s", fault_sentence(fault), detail ? ": " : "",
		detail ? detail : "");
	send_error(bus, to, serial, fault_name(fault), slice_of(text));
}

void driver_send_failure(
	struct bus *bus, struct peer *to, uint32_t serial, struct slice error, struct slice text)
{
	char name[256];

	snprintf(name, sizeof(name), "%.*s", SLICE_FMT(error));
	send_error(bus, to, serial, name, text);
}

static void compose_signal(struct bus *bus, struct compose *c, const char *member,
	const char *signature, struct slice destination)
{
	struct compose_header header = {.type = MESSAGE_SIGNAL,
		.flags = MESSAGE_NO_REPLY_EXPECTED,
		.serial = driver_serial(bus),
		.path = DRIVER_PATH,
		.interface = DRIVER_NAME,
		.member = member,
		.signature = signature,
		.destination = destination};

	compose_begin(c, &bus->message, &header);
}

static void send_name(struct bus *bus, struct peer *to, const char *member, struct slice name)
{
	struct compose c;

	compose_signal(bus, &c, member, "s", to->unique_name);
	compose_string(&c, name);
	if (compose_end(&c) == 0)
		driver_send(bus, to, c.out, -1);
}

void driver_name_changed(struct bus *bus, const struct name_change *change)
{
	struct slice name = change->name->text;
	struct compose c;

	park_name_changed(bus, change);
	if (change->from)
		send_name(bus, change->from, "NameLost", name);
	compose_signal(bus, &c, "NameOwnerChanged", "sss", (struct slice){NULL, 0});
	compose_string(&c, name);
	compose_string(&c, change->from ? change->from->unique_name : SLICE(""));
	compose_string(&c, change->to ? change->to->unique_name : SLICE(""));
	if (compose_end(&c) == 0)
		broadcast(bus, c.out, name);
	if (change->to)
		send_name(bus, change->to, "NameAcquired", name);
}

void driver_services_changed(struct bus *bus)
{
	struct compose c;

	compose_signal(bus, &c, "ActivatableServicesChanged", "", (struct slice){NULL, 0});
	if (compose_end(&c) == 0)
		broadcast(bus, c.out, (struct slice){NULL, 0});
}
