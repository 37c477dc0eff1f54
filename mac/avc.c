/* avc.c - direct-mapped: who comes later takes the place */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "mac/avc.h"

int avc_init(struct avc *avc)
{
	avc->entries = calloc(AVC_ENTRIES, sizeof(*avc->entries));
	return avc->entries ? 0 : -ENOMEM;
}

void avc_fini(struct avc *avc)
{
	free(avc->entries);
	avc->entries = NULL;
}

static struct avc_entry *place(const struct avc *avc, uint64_t subject, uint64_t object)
{
	const uint64_t pair[2] = {subject, object};

	return &avc->entries[hash_bytes(pair, sizeof(pair)) & (AVC_ENTRIES - 1)];
}

const struct selinux_decision *avc_find(const struct avc *avc, uint64_t subject, uint64_t object)
{
	const struct avc_entry *e = place(avc, subject, object);

	if (!subject || !object || e->subject != subject || e->object != object)
		return NULL;
	return &e->decision;
}

void avc_put(
	struct avc *avc, uint64_t subject, uint64_t object, const struct selinux_decision *decision)
{
	if (subject && object)
		*place(avc, subject, object) = (struct avc_entry){subject, object, *decision};
}

void avc_forget(struct avc *avc)
{
	memset(avc->entries, 0, AVC_ENTRIES * sizeof(*avc->entries));
}
