/*
 * selinux.h - the kernel's side of SELinux: whether it is on, where its policy lies, what it decides.
 * Chosen by the build: selinux.c or selinux_none.c.
 *
 * What is opened by name, and when: selinuxfs' `status` once, at start, and mapped (or, where that
 * is not to be had, a netlink socket); `class/dbus` with its permissions at start and after each
 * load of a policy; `access`, read and written, for each pair of labels that is not remembered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the policy says of one pair of contexts and one class: bit by bit, as `find` gave them. */
struct selinux_decision {
	uint32_t allowed;
	uint32_t audit_allow, audit_deny; /* what it wants recorded: of the allowed, of the rest */
	bool permissive; /* the subject's domain is */
};

/* The judge's way to the kernel; tests bring one of their own. */
struct selinux_kernel {
	/* From here on changes are noticed. 0 or -errno. */
	int (*open)(void);
	void (*close)(void);
	/* 1: another policy, or another mode, since the last call; 0; -errno */
	int (*changed)(void);
	/* 1, 0 or -errno */
	int (*enforces)(void);
	int (*denies_unknown)(void);
	/* 0; -ENOENT: the policy knows no such class or permission; -errno */
	int (*find)(
		const char *class, const char *permission, uint16_t *ret_class, uint32_t *ret_bit);
	/* 0 or -errno (-EINVAL: a context that the policy does not know) */
	int (*decide)(const char *subject, const char *object, uint16_t class,
		struct selinux_decision *ret);
};

/* NULL in a build without SELinux. */
const struct selinux_kernel *selinux_kernel(void);

bool selinux_is_on(void);
/* It is on in the kernel, but its file system is mounted read-only: libselinux calls it off then, as a
 * container that it is not for is to do (is_selinux_enabled(3)). */
bool selinux_is_shut(void);
/* The folder of the loaded policy (selinux_policy_root(3)), or NULL. */
const char *selinux_root(void);
