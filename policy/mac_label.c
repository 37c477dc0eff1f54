/* mac_label.c - a hash table by text; entries end with their last reference, their numbers for good */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/drop.h"
#include "base/hash.h"
#include "policy/mac_label.h"

struct mac_label_entry {
	UT_hash_handle hh;
	struct mac_label label;
	char *name; /* owned, behind the text */
	char text[];
};

/* "NAME (MODE)"; without the second part, or with an unknown one, the whole is the name. */
static size_t name_size(struct slice text, enum mac_label_mode *ret_mode)
{
	static const struct {
		const char *suffix;
		enum mac_label_mode mode;
	} modes[] = {
		{" (enforce)", LABEL_ENFORCED},
		{" (kill)", LABEL_ENFORCED},
		{" (prompt)", LABEL_ENFORCED},
		{" (user)", LABEL_ENFORCED},
		{" (mixed)", LABEL_ENFORCED},
		{" (complain)", LABEL_COMPLAIN},
		{" (unconfined)", LABEL_UNCONFINED},
	};

	*ret_mode = slice_is(text, "unconfined") ? LABEL_UNCONFINED : LABEL_ENFORCED;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		size_t n = strlen(modes[i].suffix);

		if (text.size <= n || memcmp(text.text + text.size - n, modes[i].suffix, n) != 0)
			continue;
		*ret_mode = modes[i].mode;
		return text.size - n;
	}
	return text.size;
}

static struct mac_label_entry *entry_new(struct mac_labels *labels, struct slice text)
{
	enum mac_label_mode mode;
	size_t size = name_size(text, &mode);
	struct mac_label_entry *e = calloc(1, sizeof(*e) + text.size + 1 + size + 1);

	if (!e)
		return NULL;
	memcpy(e->text, text.text, text.size);
	e->name = e->text + text.size + 1;
	memcpy(e->name, text.text, size);
	e->label = (struct mac_label){
		.number = labels->given + 1,
		.mode = mode,
		.by_name = mode == LABEL_UNCONFINED ? labels->all_by_name : labels->by_name,
		.name = e->name,
		.entry = e,
	};
	HASH_ADD_KEYPTR(hh, labels->table, e->text, text.size, e);
	if (hash_failed()) {
		free(e);
		return NULL;
	}
	labels->given++;
	return e;
}

int mac_label_get(struct mac_labels *labels, struct slice text, struct mac_label **ret)
{
	struct mac_label_entry *e;

	HASH_FIND(hh, labels->table, text.text, text.size, e);
	if (!e)
		e = entry_new(labels, text);
	if (!e)
		return -ENOMEM;
	e->label.refs++;
	*ret = &e->label;
	return 0;
}

void mac_label_put(struct mac_labels *labels, struct mac_label *label)
{
	if (!label || --label->refs > 0)
		return;
	HASH_DELETE(hh, labels->table, label->entry);
	free(label->entry);
}
