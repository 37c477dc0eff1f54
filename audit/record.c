/*
 * record.c - who, what, why; made of a verdict by the broker, sent, and read by the recorder, which
 * believes nothing of the form of what it reads.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/record.h"
#include "base/drop.h"
#include "base/reader.h"
#include "policy/gate.h"

static const struct {
	const char *key;
	enum record_kind kind;
	uint32_t max;
} fields[RECORD_FIELDS] = {
#define FIELD(id, key, kind, max) [RECORD_##id] = {key, RECORD_KIND_##kind, max},
#include "audit/record.def"
#undef FIELD
};

_Static_assert(RECORD_SENDER + END_NAMES == RECORD_NAMES, "the sender's fields");
_Static_assert(RECORD_PEER + END_UID == RECORD_PEER_UID, "the peer's fields");
_Static_assert(RECORD_PEER + END_NAMES == RECORD_PEER_NAMES, "the peer's fields");

static const char *const verbs[VERBS] = {
	[VERB_CONNECT] = "connect",
	[VERB_OWN] = "own",
	[VERB_SEND] = "send",
	[VERB_DRIVER] = "driver",
	[VERB_MONITOR] = "monitor",
	[VERB_ACTIVATE] = "activate",
	[VERB_PROTOCOL] = "protocol",
	[VERB_SEE] = "see",
};

/* D-Bus message types, 0 is none */
static const char *const types[] = {NULL, "method_call", "method_return", "error", "signal"};

const char *record_key(enum record_field field)
{
	return fields[field].key;
}

enum record_kind record_kind_of(enum record_field field)
{
	return fields[field].kind;
}

uint32_t record_max(enum record_field field)
{
	return fields[field].max;
}

static void set_number(struct record *r, enum record_field field, int64_t number)
{
	r->values[field] = (struct record_value){.known = true, .number = number};
}

void record_set_number(struct record *record, enum record_field field, uint64_t number)
{
	set_number(record, field, number < INT64_MAX ? (int64_t)number : INT64_MAX);
}

void record_set_text(struct record *record, enum record_field field, struct slice text)
{
	size_t size = text.size < fields[field].max ? text.size : fields[field].max;

	if (!text.text)
		return;
	record->values[field] = (struct record_value){.known = true,
		.text = {text.text, size},
		.full = text.size < UINT32_MAX ? (uint32_t)text.size : UINT32_MAX};
}

static void set_string(struct record *r, enum record_field field, const char *text)
{
	record_set_text(r, field, slice_of(text));
}

/* The names behind the unique one, with a comma between them; then how many did not fit. */
static struct slice names_join(char *buf, size_t room, const struct party *party)
{
	size_t size = 0, most = room - sizeof(",+4294967295");

	for (uint32_t i = 1; i < party->names_n; i++) {
		struct slice name = party->names[i];

		if (size + name.size + 1 > most) {
			size += (size_t)snprintf(buf + size, room - size, "%s+%" PRIu32,
				size ? "," : "", party->names_n - i);
			break;
		}
		if (size)
			buf[size++] = ',';
		memcpy(buf + size, name.text, name.size);
		size += name.size;
	}
	return (struct slice){size ? buf : NULL, size};
}

/* `first` is RECORD_SENDER or RECORD_PEER; the driver is no party and known by its name alone. */
static void set_end(
	struct record *r, unsigned int first, const struct party *party, char *names_buf)
{
	const struct identity *id = party->subject ? party->subject->identity : NULL;

	if (party->names_n > 0) {
		record_set_text(r, first + END_NAME, party->names[0]);
		record_set_text(
			r, first + END_NAMES, names_join(names_buf, sizeof(r->room.names), party));
	}
	if (!id)
		return;
	if (id->uid != ID_NONE)
		set_number(r, first + END_UID, id->uid);
	if (id->loginuid != ID_NONE)
		set_number(r, first + END_AUID, id->loginuid);
	if (id->sessionid != ID_NONE)
		set_number(r, first + END_SES, id->sessionid);
	if (id->pid > 0)
		set_number(r, first + END_PID, id->pid);
	set_string(r, first + END_COMM, id->comm);
	set_string(r, first + END_UNIT, id->unit);
	record_set_text(r, first + END_LABEL, (struct slice){id->label, id->label_size});
}

static void set_traffic(struct record *r, const struct request *request)
{
	const struct traffic *t = request->traffic;

	set_string(r, RECORD_TYPE, t->type < ARRAY_SIZE(types) ? types[t->type] : NULL);
	record_set_text(r, RECORD_DESTINATION, t->destination);
	record_set_text(r, RECORD_PATH, t->path);
	record_set_text(r, RECORD_INTERFACE, t->interface);
	record_set_text(r, RECORD_MEMBER, t->member);
	record_set_text(r, RECORD_ERROR, t->error);
	if (t->is_reply)
		set_string(r, RECORD_REPLY, request->requested_reply ? "requested" : "unrequested");
	if (t->fds > 0)
		set_number(r, RECORD_FDS, t->fds);
}

bool record_has_arg0(const struct request *request, const struct verdict *verdict)
{
	return request->traffic && (verdict->by_arg0 || verdict->audit);
}

/* "send rules" -> "send_rules" */
static void set_judge(struct record *r, const char *name)
{
	snprintf(r->room.judge, sizeof(r->room.judge), "%s", name);
	for (char *c = r->room.judge; *c; c++) {
		if (*c == ' ')
			*c = '_';
	}
	set_string(r, RECORD_JUDGE, r->room.judge);
}

static void set_rule(struct record *r, const struct image *image, struct image_text file,
	uint32_t line, struct image_text text)
{
	snprintf(
		r->room.rule, sizeof(r->room.rule), "%s:%" PRIu32, image_string(image, file), line);
	set_string(r, RECORD_RULE, r->room.rule);
	record_set_text(r, RECORD_RULE_TEXT, image_slice(image, text));
}

static void set_reason(struct record *r, const struct request *request, const struct verdict *v)
{
	const struct image *image = v->image;
	int n = verdict_explain(v, request, r->room.why, sizeof(r->room.why));

	assert(n >= 0);
	set_string(r, RECORD_WHY, r->room.why);
	r->values[RECORD_WHY].full = (uint32_t)n;
	if (v->judge)
		set_judge(r, v->judge->name);
	if (v->audit) {
		snprintf(r->room.audit, sizeof(r->room.audit), "%s:%" PRIu32,
			image_string(image, v->audit->file), v->audit->line);
		set_string(r, RECORD_AUDIT, r->room.audit);
	}
	if (v->rule && v->rule->effect == EFFECT_CHECK)
		record_set_text(r, RECORD_POLKIT, image_slice(image, v->rule->action));
	switch (v->reason) {
	case REASON_RULE:
		set_rule(r, image, v->rule->file, v->rule->line, v->rule->text);
		return;
	case REASON_CONSENT:
		set_string(r, RECORD_TEXT, v->text);
		set_rule(r, image, v->rule->file, v->rule->line, v->rule->text);
		return;
	case REASON_RESTRICTION:
		set_rule(
			r, image, v->restriction->file, v->restriction->line, v->restriction->text);
		return;
	case REASON_LIMIT:
		set_string(r, RECORD_LIMIT, limit_name(v->limit));
		set_number(r, RECORD_FIGURE, v->figure);
		return;
	case REASON_FAULT:
		set_string(r, RECORD_TEXT, v->text);
		return;
	case REASON_LABELS:
		set_string(r, RECORD_CLASS, v->labels.class);
		set_string(r, RECORD_PERMISSION, v->labels.permission);
		set_string(r, RECORD_SUBJECT, v->labels.subject);
		set_string(r, RECORD_OBJECT, v->labels.object);
		set_string(r, RECORD_TEXT, v->labels.error ? strerror(v->labels.error) : NULL);
		return;
	case REASON_SILENCE:
	case REASON_NO_RULE:
		return;
	}
}

void record_of(struct record *ret, const char *bus, const struct request *request,
	const struct verdict *verdict, uint64_t lost)
{
	bool refused = verdict->answer == ANSWER_DENY && !verdict->advisory;
	/* what a MAC policy allows, and wants recorded, is no denial on trial */
	bool would = verdict->advisory && verdict->answer != ANSWER_ALLOW;

	memset(ret->values, 0, sizeof(ret->values));
	set_string(ret, RECORD_BUS, bus);
	set_string(ret, RECORD_VERB, verbs[request->verb]);
	if (request->sender)
		set_end(ret, RECORD_SENDER, request->sender, ret->room.names);
	else if (request->verb == VERB_SEND)
		set_string(ret, RECORD_SENDER, "org.freedesktop.DBus");
	if (request->recipient)
		set_end(ret, RECORD_PEER, request->recipient, ret->room.peer_names);
	record_set_text(ret, RECORD_NAME, request->name);
	if (request->traffic)
		set_traffic(ret, request);
	if (record_has_arg0(request, verdict))
		record_set_text(ret, RECORD_ARG0, traffic_arg0(request->traffic));
	set_reason(ret, request, verdict);
	if (would)
		set_number(ret, RECORD_PERMISSIVE, 1);
	if (lost > 0)
		record_set_number(ret, RECORD_LOST, lost);
	set_string(ret, RECORD_RES, refused ? "failed" : "success");
}

void record_of_event(struct record *ret, const char *bus, const struct record_event *event)
{
	memset(ret->values, 0, sizeof(ret->values));
	set_string(ret, RECORD_BUS, bus);
	set_string(ret, RECORD_VERB, event->verb);
	if (event->sender)
		set_end(ret, RECORD_SENDER, event->sender, ret->room.names);
	if (event->text)
		set_string(ret, RECORD_TEXT, event->text);
	if (event->generation > 0)
		record_set_number(ret, RECORD_GENERATION, event->generation);
	if (event->checksum > 0) {
		snprintf(ret->room.checksum, sizeof(ret->room.checksum), "%016" PRIx64,
			event->checksum);
		set_string(ret, RECORD_CHECKSUM, ret->room.checksum);
	}
	if (event->lost > 0)
		record_set_number(ret, RECORD_LOST, event->lost);
	set_string(ret, RECORD_RES, event->failed ? "failed" : "success");
}

void record_write(struct writer *w, const struct record *record)
{
	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		const struct record_value *v = &record->values[i];

		if (!v->known)
			continue;
		writer_u32(w, i);
		if (fields[i].kind == RECORD_KIND_NUMBER) {
			writer_u64(w, (uint64_t)v->number);
			continue;
		}
		writer_u32(w, v->full);
		writer_text(w, v->text);
	}
}

bool record_word_is_good(struct slice s)
{
	for (size_t i = 0; i < s.size; i++) {
		char c = s.text[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return s.size > 0;
}

static bool value_read(struct reader *r, unsigned int field, struct record_value *ret)
{
	*ret = (struct record_value){.known = true};
	if (fields[field].kind == RECORD_KIND_NUMBER) {
		ret->number = (int64_t)reader_u64(r);
		return !r->bad;
	}
	ret->full = reader_u32(r);
	ret->text = reader_text(r);
	if (r->bad || ret->text.size > fields[field].max || ret->text.size > ret->full)
		return false;
	return fields[field].kind != RECORD_KIND_WORD || record_word_is_good(ret->text);
}

int record_read(struct record *ret, const void *data, size_t size)
{
	struct reader r = reader_of(data, size);
	uint32_t least = 0;

	memset(ret->values, 0, sizeof(ret->values));
	while (!r.bad && r.at < r.end) {
		uint32_t field = reader_u32(&r);

		/* in their order, so that none can come twice */
		if (r.bad || field < least || field >= RECORD_FIELDS ||
			!value_read(&r, field, &ret->values[field]))
			return -EBADMSG;
		least = field + 1;
	}
	if (r.bad || !ret->values[RECORD_VERB].known || !ret->values[RECORD_RES].known)
		return -EBADMSG;
	return 0;
}
