/*
 * address.h - server addresses as text: "unix:path=/run/bus,guid=...;systemd:". Pure: nothing is
 * opened here. Rules: D-Bus specification, "Server Addresses".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_KEYS 8

struct address {
	char *buffer; /* owned: all texts below lie in it */
	const char *transport;
	struct {
		const char *key, *value; /* value: unescaped */
	} pairs[ADDRESS_KEYS];
	size_t pairs_n;
};

/*
 * Reads the first address of a ';'-separated list and moves *at behind it (to the NUL after the
 * last one). 0; -ENOMEM; -EINVAL with *ret_why a constant sentence.
 */
int address_next(const char **at, struct address *ret, const char **ret_why);
void address_fini(struct address *a);
/* The value of a key (of the first, where it is given twice), or NULL. */
const char *address_get(const struct address *a, const char *key);
/* `value` as it must stand in an address; to be freed. NULL without memory. */
char *address_escape(const char *value);
