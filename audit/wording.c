/*
 * wording.c - a record as a line for programs and as a sentence for people. The clients choose many
 * of these bytes, so no value is written raw: neither a field nor a line can be forged by one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "audit/record.h"
#include "base/drop.h"

/* The longest line: of each field a blank, the key and "="; the value twice (hexadecimal), or a
 * number's digits; for texts the key again with "_cut=" and a number. sizeof counts the blank. */
#define NUMBER_WORST 20
#define UNSET "4294967295" /* as the kernel writes it */
#define LINE_NUMBER(key, max) (sizeof(key) + 1 + NUMBER_WORST)
#define LINE_WORD(key, max) (sizeof(key) + 1 + (max))
#define LINE_TEXT(key, max) (sizeof(key) + 1 + 2 * (max) + sizeof(key) + 5 + NUMBER_WORST)
#define LINE_PROSE(key, max) 0
#define FIELD(id, key, kind, max) +LINE_##kind(key, max)
_Static_assert((0
#include "audit/record.def"
		       ) <= RECORD_LINE_MAX,
	"a line of nothing but the longest values fits");
#undef FIELD

static const struct {
	const char *word, *phrase;
} phrases[] = {
	{"driver", "call of the bus driver"},
	{"monitor", "become a monitor"},
	{"protocol", "break the protocol"},
};

/* what happened to the bus itself: nobody was allowed or denied anything */
static const struct {
	const char *verb, *done, *failed;
} events[] = {
	{"policy", "policy in force", "policy not taken"},
	{"records", "records are kept again", "records were lost"},
};

static void put(struct writer *w, struct slice s)
{
	writer_bytes(w, s.text, s.size);
}

static void put_string(struct writer *w, const char *text)
{
	put(w, slice_of(text));
}

static void put_number(struct writer *w, int64_t number)
{
	char digits[NUMBER_WORST + 1];

	snprintf(digits, sizeof(digits), "%" PRId64, number);
	put_string(w, digits);
}

/* libaudit's rule for values that come from outside, and two bytes more: the kernel puts the whole
 * line between single quotes, and ausearch takes the first "res=" that it finds for the result. */
static void put_encoded(struct writer *w, struct slice s)
{
	static const char digits[] = "0123456789ABCDEF";
	bool plain = true;
	char *p;

	for (size_t i = 0; i < s.size && plain; i++)
		plain = s.text[i] > ' ' && s.text[i] < 0x7f && !strchr("\"'=", s.text[i]);
	if (plain) {
		put_string(w, "\"");
		put(w, s);
		put_string(w, "\"");
		return;
	}
	p = writer_grow(w, 2 * s.size);
	for (size_t i = 0; p && i < s.size; i++) {
		*p++ = digits[(unsigned char)s.text[i] >> 4];
		*p++ = digits[s.text[i] & 15];
	}
}

/* For people: names, paths and units as they are, whatever else as in the line. */
static void put_readable(struct writer *w, const struct record_value *v)
{
	bool plain = v->text.size > 0;

	for (size_t i = 0; i < v->text.size && plain; i++) {
		char c = v->text.text[i];

		plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || (c && strchr("_-./:@\\+,", c));
	}
	if (plain)
		put(w, v->text);
	else
		put_encoded(w, v->text);
	if (v->full > v->text.size)
		put_string(w, "[cut]");
}

/* What the policy's author wrote, with "?" for bytes that are no printable ASCII. */
static void put_prose(struct writer *w, const struct record_value *v)
{
	char *p = writer_grow(w, v->text.size);

	for (size_t i = 0; p && i < v->text.size; i++) {
		char c = v->text.text[i];

		*p++ = c >= ' ' && c < 0x7f ? c : '?';
	}
	if (v->full > v->text.size)
		put_string(w, "[cut]");
}

void record_value_text(struct writer *w, const struct record *record, enum record_field field)
{
	const struct record_value *v = &record->values[field];

	switch (record_kind_of(field)) {
	case RECORD_KIND_NUMBER:
		put_number(w, v->number);
		return;
	case RECORD_KIND_WORD:
		put(w, v->text);
		return;
	case RECORD_KIND_TEXT:
		put_encoded(w, v->text);
		return;
	case RECORD_KIND_PROSE:
		put_prose(w, v);
		return;
	}
}

/* "key=value" of one field, and how long it was before it was cut */
static void put_field(struct writer *w, const struct record *record, unsigned int field)
{
	const struct record_value *v = &record->values[field];

	put_string(w, record_key(field));
	put_string(w, "=");
	record_value_text(w, record, field);
	if (v->full <= v->text.size)
		return;
	put_string(w, " ");
	put_string(w, record_key(field));
	put_string(w, "_cut=");
	put_number(w, v->full);
}

void record_line(struct writer *w, const struct record *record)
{
	bool first = true;

	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		if (!record->values[i].known || record_kind_of(i) == RECORD_KIND_PROSE)
			continue;
		if (!first)
			put_string(w, " ");
		first = false;
		put_field(w, record, i);
	}
}

/* What the audit tools look for in every record: what they find first they take for the client's. */
static const struct {
	enum record_field field;
	const char *unknown;
} expected[] = {
	{RECORD_UID, UNSET},
	{RECORD_AUID, UNSET},
	{RECORD_SES, UNSET},
	{RECORD_PID, "?"},
	{RECORD_COMM, "?"},
	{RECORD_EXE, "?"},
};

static const char *unknown_of(unsigned int field)
{
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		if (expected[i].field == field)
			return expected[i].unknown;
	}
	return NULL;
}

static void put_again(
	struct writer *w, const struct record *record, unsigned int field, const char *key)
{
	put_string(w, key);
	if (record->values[field].known)
		record_value_text(w, record, field);
	else
		put_string(w, UNSET);
}

void record_audit_line(struct writer *w, const struct record *record)
{
	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		const char *unknown = unknown_of(i);

		if (i == RECORD_RES) {
			put_again(w, record, RECORD_UID, "suid=");
			put_again(w, record, RECORD_AUID, " sauid=");
			put_string(w, " ");
		}
		if (record->values[i].known && record_kind_of(i) != RECORD_KIND_PROSE) {
			put_field(w, record, i);
		} else if (unknown) {
			put_string(w, record_key(i));
			put_string(w, "=");
			put_string(w, unknown);
		} else {
			continue;
		}
		if (i + 1 < RECORD_FIELDS)
			put_string(w, " ");
	}
}

/* " (uid=1000 auid=1000 pid=4242 comm="gdbus" unit=ssh.service)" of what is known */
static void put_end_facts(struct writer *w, const struct record *r, unsigned int first)
{
	const char *before = " (";

	for (unsigned int i = END_UID; i <= END_LABEL; i++) {
		const struct record_value *v = &r->values[first + i];

		if (!v->known)
			continue;
		put_string(w, before);
		put_string(w, i == END_LABEL ? "label" : record_key(RECORD_SENDER + i));
		put_string(w, "=");
		if (record_kind_of(first + i) == RECORD_KIND_NUMBER)
			put_number(w, v->number);
		else if (i == END_COMM) /* programs choose it freely: always in quotes */
			put_encoded(w, v->text);
		else
			put_readable(w, v);
		before = " ";
	}
	if (*before == ' ' && before[1] == '\0')
		put_string(w, ")");
}

static void put_receiver(struct writer *w, const struct record *r)
{
	const struct record_value *to = &r->values[RECORD_DESTINATION];
	const struct record_value *peer = &r->values[RECORD_PEER];

	if (!to->known && !peer->known)
		return;
	put_string(w, " -> ");
	put_readable(w, to->known ? to : peer);
	if (to->known && peer->known && !slice_equal(to->text, peer->text)) {
		put_string(w, ", ");
		put_readable(w, peer);
	}
	put_end_facts(w, r, RECORD_PEER);
}

static void put_message(struct writer *w, const struct record *r)
{
	static const struct {
		enum record_field field;
		const char *before;
	} parts[] = {
		{RECORD_TYPE, " "},
		{RECORD_INTERFACE, " "},
		{RECORD_MEMBER, "."},
		{RECORD_ARG0, " arg0="},
		{RECORD_ERROR, " error="},
		{RECORD_PATH, " path="},
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!r->values[parts[i].field].known)
			continue;
		put_string(w, parts[i].field == RECORD_MEMBER && !r->values[RECORD_INTERFACE].known
				      ? " "
				      : parts[i].before);
		put_readable(w, &r->values[parts[i].field]);
	}
	if (r->values[RECORD_FDS].known) {
		put_string(w, " fds=");
		put_number(w, r->values[RECORD_FDS].number);
	}
}

static void put_verb(struct writer *w, const struct record *r)
{
	struct slice word = r->values[RECORD_VERB].text;

	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++) {
		if (slice_is(word, phrases[i].word))
			word = slice_of(phrases[i].phrase);
	}
	put(w, word);
}

static void put_head(struct writer *w, const struct record *record)
{
	const struct record_value *values = record->values;
	bool done = slice_is(values[RECORD_RES].text, "success");

	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (!slice_is(values[RECORD_VERB].text, events[i].verb))
			continue;
		put_string(w, done ? events[i].done : events[i].failed);
		put_string(w, ":");
		return;
	}
	if (values[RECORD_PERMISSIVE].known)
		put_string(w, "would be denied (permissive) ");
	else
		put_string(w, done ? "allowed " : "denied ");
	put_verb(w, record);
	put_string(w, ":");
}

/* What stands in no other part of the sentence: "(3 times)" */
static void put_counts(struct writer *w, const struct record *record)
{
	static const struct {
		enum record_field field;
		const char *before, *behind;
	} counts[] = {
		{RECORD_GENERATION, " generation ", ""},
		{RECORD_CHECKSUM, " checksum ", ""},
		{RECORD_REPEATS, " (", " times)"},
		{RECORD_OTHERS, " (and others of this user, together ", ")"},
		{RECORD_LOST, " (decisions not on record before this one: ", ")"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (!record->values[counts[i].field].known)
			continue;
		put_string(w, counts[i].before);
		record_value_text(w, record, counts[i].field);
		put_string(w, counts[i].behind);
	}
}

void record_sentence(struct writer *w, const struct record *record)
{
	const struct record_value *values = record->values;

	put_head(w, record);
	if (values[RECORD_SENDER].known) {
		put_string(w, " ");
		put_readable(w, &values[RECORD_SENDER]);
	}
	put_end_facts(w, record, RECORD_SENDER);
	if (values[RECORD_NAME].known) {
		put_string(w, " name ");
		put_readable(w, &values[RECORD_NAME]);
	}
	put_receiver(w, record);
	put_message(w, record);
	if (values[RECORD_WHY].known) {
		put_string(w, ": ");
		put_prose(w, &values[RECORD_WHY]);
	} else if (values[RECORD_TEXT].known) {
		/* of an event: its head ends with the colon */
		put_string(w, " ");
		put_prose(w, &values[RECORD_TEXT]);
	}
	put_counts(w, record);
}

void record_text(struct writer *w, const struct record *record)
{
	record_sentence(w, record);
	put_string(w, " | ");
	if (record_is_mac(record)) {
		record_mac(w, record);
		put_string(w, " | ");
	}
	record_line(w, record);
}

int record_level(const struct record *record)
{
	return slice_is(record->values[RECORD_RES].text, "success") &&
			       !record->values[RECORD_PERMISSIVE].known
		       ? LOG_INFO
		       : LOG_NOTICE;
}
