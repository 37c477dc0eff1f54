/* draft.h - a policy that is being drawn up: rules by section, each once, with how often it was used */
#pragma once

#include <stdio.h>

#include "base/hash.h"
#include "base/slice.h"
#include "ctl/json.h"

struct draft_rule {
	char *key; /* owned: the attribute of <policy>, a line end, the rule */
	size_t section; /* how much of `key` is that attribute */
	char *note; /* owned: of the first time, fit for a comment; may be NULL */
	uint64_t times;
	UT_hash_handle hh;
};

struct draft {
	struct draft_rule *all; /* owned */
};

void draft_fini(struct draft *d);
/* One use more of the rule. `note` is escaped here. 0, -ENOMEM, or -E2BIG where there are too many
 * rules for anybody to read. *ret (may be NULL) is borrowed. */
int draft_add(struct draft *d, const char *section, struct slice rule, const char *note,
	struct draft_rule **ret);
/* Each rule that was used, in the array that is open. */
void draft_json(struct draft *d, struct json *j);
/* The sections in order, with how often each rule was used; those that were never are left out. */
void draft_print(struct draft *d, FILE *to);
