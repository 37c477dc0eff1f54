/*
 * apparmor.h - the kernel's side of AppArmor: whether it is on, whether this kernel can mediate D-Bus
 * with it at all, what it decides. Chosen by the build: apparmor.c or apparmor_none.c.
 *
 * What is opened by name, all below apparmorfs, and when: `features/dbus/mask` and `revision` at
 * start; `.access`, read and written, for each question that the flow cache does not answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether AppArmor can be asked about D-Bus. */
enum apparmor_support {
	APPARMOR_ABSENT, /* it is off, or this build is without it */
	APPARMOR_BLIND, /* it is on, but this kernel has no mediation of D-Bus */
	APPARMOR_MEDIATES,
};

enum apparmor_permission {
	APPARMOR_SEND,
	APPARMOR_RECEIVE,
	APPARMOR_EAVESDROP,
	APPARMOR_BIND,
	APPARMOR_PERMISSIONS
};

struct apparmor_decision {
	bool allowed;
	bool audited; /* the policy wants it recorded */
};

/* The bytes of a question begin with this many that are the library's own. */
#define APPARMOR_QUERY_HEAD 6
#define APPARMOR_CLASS_DBUS 32

/* The judge's way to the kernel; tests bring one of their own. */
struct apparmor_kernel {
	/* A descriptor that polls readable when the policy changed, or -errno. */
	int (*watch)(void);
	/* What came since: 1 it changed, 0 it did not, -errno. */
	int (*changed)(int fd);
	/* `query`: APPARMOR_QUERY_HEAD bytes of room, label, NUL, class, and what it takes, with NULs
	 * between. 0 or -errno. */
	int (*ask)(enum apparmor_permission permission, char *query, size_t size,
		struct apparmor_decision *ret);
};

/* NULL in a build without AppArmor. */
const struct apparmor_kernel *apparmor_kernel(void);
enum apparmor_support apparmor_supported(void);
