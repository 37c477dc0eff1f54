/*
 * record.h - one decision of the gate as it is remembered: who asked, what for, why the answer was
 * what it was. The one place that words a record, for whichever sink. The broker makes it of a
 * verdict and sends its fields, the recorder reads and words them.
 */
#pragma once

#include "base/writer.h"
#include "policy/verdict.h"

enum record_field {
#define FIELD(id, key, kind, max) RECORD_##id,
#include "audit/record.def"
#undef FIELD
	RECORD_FIELDS
};

enum record_kind { RECORD_KIND_NUMBER, RECORD_KIND_WORD, RECORD_KIND_TEXT, RECORD_KIND_PROSE };
/* Both ends have the same facts in the same order, from RECORD_SENDER and from RECORD_PEER on. */
enum { END_NAME, END_UID, END_AUID, END_SES, END_PID, END_COMM, END_UNIT, END_LABEL, END_NAMES };

/*
 * The letters on the recorder's channel. RECORD_LETTER: a record, its fields are record_write's; with
 * it may come a pidfd of the sender. RECORD_DONE is the answer: how many the recorder has dealt with
 * since it began (u64).
 */
enum { RECORD_LETTER = 1, RECORD_DONE };
/* No record_line and no record_sentence is longer; a kernel audit record takes 8560 bytes. */
#define RECORD_LINE_MAX 8448

struct record_value {
	bool known;
	struct slice text; /* WORD, TEXT, PROSE: not longer than record.def says */
	uint32_t full; /* how long `text` was before it was cut */
	int64_t number; /* NUMBER */
};

/* Texts are borrowed from where it was made of, or lie in `room`: not to be copied. */
struct record {
	struct record_value values[RECORD_FIELDS];
	struct {
		char names[97], peer_names[97]; /* "a.b,c.d,+3": three more did not fit */
		char judge[32];
		char rule[4096], audit[4096]; /* FILE:LINE */
		char checksum[17];
		char why[1024];
	} room;
};

/* Whether the first argument belongs to what is remembered: a rule looked at it, or an <audit> rule
 * wants the decision on record. */
bool record_has_arg0(const struct request *request, const struct verdict *verdict);
/* `bus` is the type of the bus, `lost` how many records before this one nobody could take. */
void record_of(struct record *ret, const char *bus, const struct request *request,
	const struct verdict *verdict, uint64_t lost);

/* What happens to the bus itself. */
struct record_event {
	const char *verb; /* "policy", "records" */
	const struct party *sender; /* who wanted it; NULL: unknown, or nobody in particular */
	uint64_t generation, checksum; /* of a policy; 0: none */
	uint64_t lost;
	const char *text; /* NULL: nothing to add */
	bool failed;
};
void record_of_event(struct record *ret, const char *bus, const struct record_event *event);

/* For what was not known when the record was made; a text is borrowed. */
void record_set_number(struct record *record, enum record_field field, uint64_t number);
void record_set_text(struct record *record, enum record_field field, struct slice text);

void record_write(struct writer *w, const struct record *record);
/* 0, or -EBADMSG for what record_write did not write; texts lie in `data`. */
int record_read(struct record *ret, const void *data, size_t size);

/* For people: `denied send: :1.7 (uid=1000 ...) -> org.example.Name ...: deny by send rules: ...`.
 * One line of printable ASCII without an end of line, as the next. */
void record_sentence(struct writer *w, const struct record *record);
/* For programs: `bus="system" verb=send sender=":1.7" uid=1000 ... res=failed`. */
void record_line(struct writer *w, const struct record *record);
/*
 * What SELinux or AppArmor refused (or wanted recorded) in their own words, so that audit2allow and
 * aa-logprof make rules of it; behind it who the client is, with our keys. Only where
 * record_is_mac, and not longer than RECORD_LINE_MAX.
 */
bool record_is_mac(const struct record *record);
void record_mac(struct writer *w, const struct record *record);
/* The line as it stands in the kernel's audit trail: facts about the sender that the audit tools
 * expect are there even where they are not known, and suid= and sauid= repeat the first two. */
void record_audit_line(struct writer *w, const struct record *record);
/* "SENTENCE | LINE", with the words of record_mac and " | " in between where there are any: for sinks
 * that take nothing but text. */
void record_text(struct writer *w, const struct record *record);
/* One value as it stands in the line. TEXT is encoded as libaudit does it: in quotes, or in
 * upper-case hexadecimal digits if a byte is a quote, "=", a blank or not printable ASCII. */
void record_value_text(struct writer *w, const struct record *record, enum record_field field);

const char *record_key(enum record_field field); /* "peer_uid" */
enum record_kind record_kind_of(enum record_field field);
/* Whether a text can be the value of a WORD, as it can be a key. */
bool record_word_is_good(struct slice word);
uint32_t record_max(enum record_field field); /* most bytes kept of a text */
/* syslog(3)'s level: what was let through is information, the rest is worth a notice. */
int record_level(const struct record *record);
