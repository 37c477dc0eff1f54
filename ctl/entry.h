/*
 * entry.h - a record as it is read back from where records are kept. What is read here went through
 * files that others write to as well: whatever is not just as audit/wording.c writes it is refused.
 */
#pragma once

#include "audit/record.h"

#define ENTRY_HOST_MAX 64

struct entry {
	uint64_t time; /* microseconds since 1970; 0: not known */
	char host[ENTRY_HOST_MAX + 1]; /* where it was recorded; "": not known */
	struct record record; /* its texts lie in `text` */
	uint32_t cuts[RECORD_FIELDS]; /* how long a text was; 0: it is whole */
	size_t used; /* of `text` */
	char text[3 * RECORD_LINE_MAX];
};

/* Nothing known. Entries point into themselves: they must not be moved but by entry_move. */
void entry_init(struct entry *e);
void entry_move(struct entry *to, const struct entry *from);
/*
 * One value by its key ("peer_uid"), worded as record_value_text does it; with "_cut" behind the key,
 * how long the text was. Other keys, and "?" for what is not known, are passed over. -EBADMSG for
 * what is not worded so, comes a second time, or is more than a record can hold.
 */
int entry_set(struct entry *e, struct slice key, struct slice value);
/* A record_line. 0, or -EBADMSG where it is none or has no verb or result. */
int entry_read_line(struct entry *e, struct slice line);
/* A record_sentence gives the reason, as worded there; what is no sentence gives none. */
int entry_read_sentence(struct entry *e, struct slice sentence);
/* A record_text, or a record_line alone. */
int entry_read_text(struct entry *e, struct slice text);
/* The same, but what is known already is left as it is. */
int entry_set_once(struct entry *e, struct slice key, struct slice value);
/* One value that is not encoded. -EBADMSG for what cannot be one of the field. */
int entry_set_raw(struct entry *e, enum record_field field, struct slice value);
/* After the last entry_set: 0, or -EBADMSG if it has not what every record has. */
int entry_finish(struct entry *e);
/* Is it in the words of a MAC policy? record_mac writes them, and says no verb: it is told from the
 * rest. -ENOENT for one that another bus wrote. */
bool entry_is_mac(struct slice text);
int entry_read_mac(struct entry *e, struct slice text);

/* NULL if it is not known. */
const struct record_value *entry_value(const struct entry *e, enum record_field field);
/* The text of a field, absent if it is not known. */
struct slice entry_text(const struct entry *e, enum record_field field);
/* The number of a field; `otherwise` if it is not known. */
int64_t entry_number(const struct entry *e, enum record_field field, int64_t otherwise);
bool entry_is_denied(const struct entry *e); /* refused, not only noted */
bool entry_is_permissive(const struct entry *e); /* noted as what would be refused */
