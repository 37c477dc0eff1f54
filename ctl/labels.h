/*
 * labels.h - the labels of a question, put before the kernel of this machine as the bus would put
 * them: where SELinux is on, or AppArmor mediates, and the question says which labels are meant.
 */
#pragma once

#include "ctl/answer.h"
#include "ctl/person.h"
#include "mac/mac.h"

/* Points into itself: it must not be moved. */
struct labels {
	struct mac mac;
	struct mac_label *subject, *peer; /* held */
};

/*
 * Adds what the judges by label say: an objection takes the place of the verdict. `peer` is the other
 * end if it is a person. *ret_why: why they were not asked although there are any, or NULL.
 * labels_fini in any case.
 */
void labels_answer(struct labels *l, const struct request *request, struct person *subject,
	struct person *peer, const char *bus_label, struct outcome *ret, const char **ret_why);
void labels_fini(struct labels *l);
