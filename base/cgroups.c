/*
 * cgroups.c - who adds one has read its path between two answers with the same number. That a process
 * went to another cgroup and back in between would be needed to put a wrong path here, and who may
 * write to both of them could as well put any process of the one into the other.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cgroups.h"

void cgroups_fini(struct cgroups *cgroups)
{
	for (struct cgroup *c = cgroups->table, *next; c; c = next) {
		next = c->hh.next;
		HASH_DEL(cgroups->table, c);
		free(c);
	}
}

const char *cgroups_find(const struct cgroups *cgroups, uint64_t id)
{
	struct cgroup *found;

	HASH_FIND(hh, cgroups->table, &id, sizeof(id), found);
	return found ? found->text : NULL;
}

void cgroups_add(struct cgroups *cgroups, uint64_t id, const char *text)
{
	size_t size = strlen(text) + 1;
	struct cgroup *c;

	if (cgroups_find(cgroups, id))
		return;
	if (HASH_COUNT(cgroups->table) == CGROUPS_MAX)
		cgroups_fini(cgroups);
	c = malloc(sizeof(*c) + size);
	if (!c)
		return;
	c->id = id;
	memcpy(c->text, text, size);
	HASH_ADD(hh, cgroups->table, id, sizeof(id), c);
	if (hash_failed())
		free(c);
}
