/*
 * mac_label.h - the MAC labels of connections, each text kept once: equal labels have one number, and no
 * number is given twice, so that whoever remembers something about numbers (flow.h, mac/avc.h) can
 * do so without telling when a label is gone. A pure table: what labels mean is known in mac/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* What AppArmor writes behind a label: "NAME (complain)". SELinux knows nothing of the kind. */
enum mac_label_mode { LABEL_ENFORCED, LABEL_COMPLAIN, LABEL_UNCONFINED };

struct mac_label {
	uint64_t number; /* from 1 on */
	uint32_t refs;
	enum mac_label_mode mode;
	/* verdicts about who has it can depend on names, as the message and the peers bear them */
	bool by_name;
	const char *name; /* the text without the mode; NUL-terminated */
	struct mac_label_entry *entry;
};

struct mac_labels {
	struct mac_label_entry *table;
	uint64_t given; /* the last number */
	/* what `by_name` is for labels that do not count as unconfined, and for those that do */
	bool by_name, all_by_name;
};

/* A reference to the label of that text. 0 or -ENOMEM. */
int mac_label_get(struct mac_labels *labels, struct slice text, struct mac_label **ret);
/* Gives it back; NULL is allowed. */
void mac_label_put(struct mac_labels *labels, struct mac_label *label);
