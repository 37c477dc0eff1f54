/*
 * apparmor_judge.h - send and receive for each delivery (both ends' profiles are asked), bind for
 * names, eavesdrop for who watches others. It only objects: NONE or DENY, advisory for profiles in
 * complain mode. Not asked, as in the reference: what the bus itself says, replies that are waited
 * for, unconfined ends, and the receiver's profile of a service that does not run yet; of the
 * latter the sender is asked, with the label that its file assumes (AssumedAppArmorLabel).
 */
#pragma once

#include "mac/apparmor_query.h"
#include "mac/spare.h"
#include "policy/gate.h"

struct apparmor_judge {
	struct judge judge;
	const struct apparmor_kernel
		*kernel; /* NULL: it does not mediate, nothing is objected to */
	const struct mac_label *bus; /* borrowed */
	const char *bus_type; /* "system" ...: borrowed */
	struct spare *spare; /* borrowed; NULL: none is kept */
	int watch; /* polls readable when the policy changed; -1: not to be had */
	uint64_t epoch; /* one more at each change of policy; without a watch at each question */
};

/* 0 or -errno; after a failure there is nothing to finish. */
int apparmor_judge_init(struct apparmor_judge *ret, const struct apparmor_kernel *kernel,
	const struct mac_label *bus, const char *bus_type, struct spare *spare);
/* Harmless on a zeroed one. */
void apparmor_judge_fini(struct apparmor_judge *a);
/* When `watch` is readable. 0, or -errno where it does not serve any more. */
int apparmor_judge_look(struct apparmor_judge *a);
/* Does without it. */
void apparmor_judge_unwatch(struct apparmor_judge *a);
uint64_t apparmor_judge_epoch(struct apparmor_judge *a);
