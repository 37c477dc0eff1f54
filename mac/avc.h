/*
 * avc.h - what the kernel decided about pairs of labels, remembered by their numbers in a table of
 * fixed size; forgotten as a whole when the policy changes.
 */
#pragma once

#include "mac/selinux.h"

#define AVC_ENTRIES 1024 /* a power of two */

struct avc {
	struct avc_entry {
		uint64_t subject, object; /* 0: the place is empty */
		struct selinux_decision decision;
	} * entries; /* owned */
};

/* 0 or -ENOMEM. */
int avc_init(struct avc *avc);
void avc_fini(struct avc *avc);
/* NULL where it is not known, or where one of the two has no number (0). */
const struct selinux_decision *avc_find(const struct avc *avc, uint64_t subject, uint64_t object);
void avc_put(struct avc *avc, uint64_t subject, uint64_t object,
	const struct selinux_decision *decision);
void avc_forget(struct avc *avc);
