/*
 * selinux_judge.h - class dbus: acquire_svc on the context of a name (<associate>, else the bus's
 * own), send_msg from sender to recipient and from sender to the bus, for each delivery, replies and
 * broadcasts included. It only objects: NONE or DENY, advisory where kernel or domain are permissive.
 * Not asked, as in the reference: what the bus itself says, and services that do not run yet.
 */
#pragma once

#include "mac/avc.h"
#include "mac/spare.h"
#include "policy/gate.h"

enum { SELINUX_ACQUIRE, SELINUX_SEND, SELINUX_PERMISSIONS };

struct selinux_judge {
	struct judge judge;
	const struct selinux_kernel *kernel; /* NULL: SELinux is off, nothing is objected to */
	const struct mac_label *bus; /* borrowed */
	struct spare *spare; /* borrowed; NULL: none is kept */
	struct avc avc;
	uint64_t epoch; /* one more at each change of policy or mode */
	/* as of the last change; where it could not be read: `trouble`, and all of it is asked again */
	bool enforcing, deny_unknown;
	int trouble; /* -errno */
	uint16_t class;
	uint32_t bits[SELINUX_PERMISSIONS]; /* 0: the policy does not know the permission */
};

/* 0 or -errno; after a failure there is nothing to finish. */
int selinux_judge_init(struct selinux_judge *ret, const struct selinux_kernel *kernel,
	const struct mac_label *bus, struct spare *spare);
/* Harmless on a zeroed one. */
void selinux_judge_fini(struct selinux_judge *s);
/* The generation of the policy, after a look at the status page. */
uint64_t selinux_judge_epoch(struct selinux_judge *s);
