/* copy.c - what of a message outlives the buffer that it came in */
#include <fcntl.h>

#include "broker/copy.h"
#include "broker/peer.h"
#include "broker/transit.h"
#include "broker/undertaker.h"

struct copy *copy_new(struct transit *t)
{
	const struct message *m = t->message;
	size_t room = (m->size + 7) & ~(size_t)7;
	size_t all = sizeof(struct copy) + room + m->fds * sizeof(int);
	struct copy *copy = calloc(1, all);

	if (!copy)
		return NULL;
	if (charge_take(&copy->charge, t->sender->user, all, m->fds) != 0) {
		free(copy);
		return NULL;
	}
	copy->number = t->number;
	copy->size = m->size;
	copy->fds = (int *)(copy->bytes + room);
	memcpy(copy->bytes, m->bytes, m->size);
	for (; copy->fds_n < m->fds; copy->fds_n++) {
		copy->fds[copy->fds_n] = fcntl(t->parcel.fds[copy->fds_n], F_DUPFD_CLOEXEC, 0);
		if (copy->fds[copy->fds_n] < 0) {
			copy_free(copy);
			return NULL;
		}
	}
	copy->grant = t->grant ? grant_ref(t->grant) : NULL;
	return copy;
}

void copy_free(struct copy *copy)
{
	if (!copy)
		return;
	for (uint32_t i = 0; i < copy->fds_n; i++)
		undertake(copy->charge.user, REMAINS_PASSED, copy->fds[i]);
	charge_return(&copy->charge);
	grant_unref(copy->grant);
	free(copy);
}
