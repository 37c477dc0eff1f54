/* bench_message.c - nanoseconds to parse and to relay typical messages, and bytes per nanosecond */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/drop.h"
#include "broker/compose.h"

#define ROUNDS 500000
#define BULK (1u << 20)

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void arguments_call(struct compose *c)
{
	compose_string(c, SLICE("org.example.Thing1"));
	compose_string(c, SLICE("Property"));
}

static void arguments_changed(struct compose *c)
{
	size_t all, some;

	compose_string(c, SLICE("org.bluez.Adapter1"));
	all = compose_open_array(c, 8);
	for (int i = 0; i < 6; i++) {
		compose_align(c, 8);
		compose_string(c, SLICE("Powered"));
		compose_signature(c, i % 2 ? "s" : "b");
		if (i % 2)
			compose_string(c, SLICE("a value of some length"));
		else
			compose_bool(c, true);
	}
	compose_close_array(c, all, 8);
	some = compose_open_array(c, 4);
	compose_close_array(c, some, 4);
}

static void arguments_bulk(struct compose *c)
{
	DROP_HEAP char *text = malloc(BULK);

	if (!text)
		err(EXIT_FAILURE, "malloc");
	memset(text, 'x', BULK);
	compose_string(c, (struct slice){text, BULK});
}

static void arguments_bytes(struct compose *c)
{
	DROP_HEAP char *bytes = calloc(1, BULK);

	if (!bytes)
		err(EXIT_FAILURE, "calloc");
	compose_bytes(c, (struct slice){bytes, BULK});
}

static const struct {
	const char *name, *signature;
	void (*arguments)(struct compose *c);
	unsigned int rounds;
} rows[] = {
	{"call, no arguments", "", NULL, ROUNDS},
	{"call, ss", "ss", arguments_call, ROUNDS},
	{"PropertiesChanged, 6 entries", "sa{sv}as", arguments_changed, ROUNDS},
	{"string of 1 MiB", "s", arguments_bulk, 500},
	{"ay of 1 MiB", "ay", arguments_bytes, ROUNDS},
};

int main(void)
{
	static uint8_t header[1024];
	const struct slice sender = SLICE(":1.42");

	printf("%-30s %8s %10s %10s\n", "message", "bytes", "ns parse", "ns relay");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct writer out = {0};
		struct compose c;
		struct message m;
		const char *why = "";
		size_t sum = 0;
		double from, parsed, relayed;

		compose_begin(&c, &out,
			&(struct compose_header){.type = MESSAGE_CALL,
				.serial = 1,
				.no_sender = true,
				.path = "/org/freedesktop/systemd1",
				.member = "Get",
				.interface = "org.freedesktop.DBus.Properties",
				.destination = SLICE("org.freedesktop.systemd1"),
				.signature = rows[i].signature});
		if (rows[i].arguments)
			rows[i].arguments(&c);
		if (compose_end(&c))
			errx(EXIT_FAILURE, "no memory");
		from = now_ns();
		for (unsigned int k = 0; k < rows[i].rounds; k++) {
			size_t size;

			if (message_measure(out.data, out.size, MESSAGE_SIZE_MAX, &size) ||
				message_parse(&m, out.data, size, &why))
				errx(EXIT_FAILURE, "%s: %s", rows[i].name, why);
			sum += m.fields_size;
		}
		parsed = now_ns() - from;
		from = now_ns();
		for (unsigned int k = 0; k < rows[i].rounds; k++)
			sum += message_relay_header(&m, sender, header);
		relayed = now_ns() - from;
		if (sum == 0) /* the work was done */
			return EXIT_FAILURE;
		printf("%-30s %8zu %10.1f %10.1f\n", rows[i].name, out.size,
			parsed / rows[i].rounds, relayed / rows[i].rounds);
		writer_fini(&out);
	}
	return EXIT_SUCCESS;
}
