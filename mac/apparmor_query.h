/*
 * apparmor_query.h - a question to AppArmor in the bytes that policies are compiled for:
 *
 *     LABEL NUL CLASS BUS-TYPE                                          eavesdrop
 *     LABEL NUL CLASS BUS-TYPE NUL NAME                                 bind
 *     LABEL NUL CLASS BUS-TYPE NUL NAME NUL PEER-LABEL NUL PATH NUL INTERFACE NUL MEMBER
 *                                                                       send, receive
 *
 * What a message does not have is empty, not left out: else what follows would stand in its place.
 */
#pragma once

#include "base/slice.h"
#include "mac/apparmor.h"

/* More than the kernel takes: one page, less a little. */
#define APPARMOR_QUERY_MAX 4096

struct apparmor_query {
	size_t size;
	bool bad; /* it did not fit */
	char bytes[APPARMOR_QUERY_MAX];
};

void apparmor_query_init(struct apparmor_query *q, const char *label, const char *bus_type);
/* One field more; absent is empty. */
void apparmor_query_add(struct apparmor_query *q, struct slice field);
