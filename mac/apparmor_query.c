/* apparmor_query.c - written into a fixed room; what does not fit the kernel would not take either */
#include <string.h>

#include "mac/apparmor_query.h"

static void put(struct apparmor_query *q, struct slice s)
{
	if (s.size > sizeof(q->bytes) - q->size) {
		q->bad = true;
		return;
	}
	if (s.size)
		memcpy(q->bytes + q->size, s.text, s.size);
	q->size += s.size;
}

void apparmor_query_init(struct apparmor_query *q, const char *label, const char *bus_type)
{
	static const char class[] = {'\0', APPARMOR_CLASS_DBUS};

	q->size = APPARMOR_QUERY_HEAD;
	q->bad = false;
	memset(q->bytes, 0, APPARMOR_QUERY_HEAD);
	put(q, slice_of(label));
	put(q, (struct slice){class, sizeof(class)});
	put(q, slice_of(bus_type));
}

void apparmor_query_add(struct apparmor_query *q, struct slice field)
{
	put(q, (struct slice){"", 1});
	put(q, field);
}
