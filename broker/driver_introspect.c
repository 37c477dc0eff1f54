/* driver_introspect.c - the driver's introspection data, made from the table it is called by */
#include <errno.h>

#include "broker/bus.h"
#include "broker/driver.h"
#include "broker/peer.h"

static void put(struct writer *w, const char *text)
{
	writer_bytes(w, text, strlen(text));
}

/* The length of the first complete type of a valid signature. */
static size_t type_size(const char *s)
{
	size_t n = 0;
	int depth = 0;

	do {
		while (s[n] == 'a')
			n++;
		if (s[n] == '(' || s[n] == '{')
			depth++;
		else if (s[n] == ')' || s[n] == '}')
			depth--;
		n++;
	} while (depth > 0);
	return n;
}

static void put_args(struct writer *w, const char *signature, const char *direction)
{
	while (*signature) {
		size_t n = type_size(signature);

		put(w, "      <arg");
		if (direction) {
			put(w, " direction=\"");
			put(w, direction);
			put(w, "\"");
		}
		put(w, " type=\"");
		writer_bytes(w, signature, n);
		put(w, "\"/>\n");
		signature += n;
	}
}

static void put_main_extras(struct writer *w)
{
	static const struct {
		const char *name, *signature;
	} signals[] = {
		{"NameOwnerChanged", "sss"},
		{"NameLost", "s"},
		{"NameAcquired", "s"},
		{"ActivatableServicesChanged", ""},
	};
	static const char *const properties[] = {"Features", "Interfaces"};

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		put(w, "    <property name=\"");
		put(w, properties[i]);
		put(w, "\" type=\"as\" access=\"read\">\n"
		       "      <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\""
		       " value=\"const\"/>\n    </property>\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		put(w, "    <signal name=\"");
		put(w, signals[i].name);
		put(w, "\">\n");
		put_args(w, signals[i].signature, NULL);
		put(w, "    </signal>\n");
	}
}

static void put_method(struct writer *w, const struct method *m)
{
	put(w, "    <method name=\"");
	put(w, m->member);
	put(w, "\">\n");
	put_args(w, m->in, "in");
	put_args(w, m->out, "out");
	put(w, "    </method>\n");
}

int driver_introspect_write(struct writer *w)
{
	const char *interface = NULL;

	put(w, "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
	       "\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n<node>\n");
	for (size_t i = 0; i < driver_methods_n; i++) {
		const struct method *m = &driver_methods[i];

		if (!interface || strcmp(interface, m->interface) != 0) {
			if (interface)
				put(w, "  </interface>\n");
			put(w, "  <interface name=\"");
			put(w, m->interface);
			put(w, "\">\n");
			if (strcmp(m->interface, DRIVER_NAME) == 0)
				put_main_extras(w);
			interface = m->interface;
		}
		put_method(w, m);
	}
	put(w, "  </interface>\n</node>\n");
	return w->bad ? -ENOMEM : 0;
}

/* From the root the driver's object can be found by walking down. */
static void put_parent(struct writer *w, const char *child)
{
	put(w, "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
	       "\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
	       "<node>\n  <interface name=\"org.freedesktop.DBus.Introspectable\">\n"
	       "    <method name=\"Introspect\">\n"
	       "      <arg direction=\"out\" type=\"s\"/>\n    </method>\n  </interface>\n"
	       "  <interface name=\"org.freedesktop.DBus.Peer\">\n"
	       "    <method name=\"GetMachineId\">\n"
	       "      <arg direction=\"out\" type=\"s\"/>\n    </method>\n"
	       "    <method name=\"Ping\">\n    </method>\n  </interface>\n  <node name=\"");
	put(w, child);
	put(w, "\"/>\n</node>\n");
}

int driver_introspect(struct call *call)
{
	static const struct {
		const char *path, *child;
	} parents[] = {
		{"/", "org/freedesktop/DBus"},
		{"/org", "freedesktop"},
		{"/org/freedesktop", "DBus"},
	};
	struct writer w = {0};
	bool done = false;

	for (size_t i = 0; i < ARRAY_SIZE(parents) && !done; i++) {
		done = slice_is(call->message->path, parents[i].path);
		if (done)
			put_parent(&w, parents[i].child);
	}
	if (!done)
		(void)driver_introspect_write(&w);
	if (!w.bad)
		compose_string(&call->reply, (struct slice){(const char *)w.data, w.size});
	call->reply.out->bad |= w.bad;
	writer_fini(&w);
	return 0;
}
