/* wanted.c - from records to rules: never wider than what was seen */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/drop.h"
#include "ctl/say.h"
#include "ctl/wanted.h"

static const char message_types[][16] = {"method_call", "method_return", "error", "signal"};

static void put(struct writer *w, const char *text)
{
	writer_bytes(w, text, strlen(text));
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What is asked of names, paths and units anyway: then nothing needs to be escaped, and no rule
 * takes it for a pattern. */
static bool value_is_good(struct slice s, const char *others)
{
	for (size_t i = 0; i < s.size; i++)
		if (!is_letter(s.text[i]) && (!s.text[i] || !strchr(others, s.text[i])))
			return false;
	return s.size > 0;
}

static bool type_is_good(struct slice s)
{
	for (size_t i = 0; i < ARRAY_SIZE(message_types); i++)
		if (slice_is(s, message_types[i]))
			return true;
	return false;
}

static void put_attribute(
	struct writer *w, const char *direction, const char *name, struct slice value)
{
	put(w, " ");
	put(w, direction);
	put(w, name);
	put(w, "=\"");
	writer_bytes(w, value.text, value.size);
	put(w, "\"");
}

bool wanted_write_message(struct writer *w, const struct wanted_message *m)
{
	bool send = strcmp(m->direction, "send") == 0;
	const struct {
		const char *name, *others;
		struct slice value;
	} attributes[] = {
		{send ? "_destination" : "_sender", "._-", m->name},
		{"_type", "_", m->type},
		{"_path", "/_", m->path},
		{"_interface", "._", m->interface},
		{"_member", "_", m->member},
		{"_error", "._", m->error},
	};

	if (m->type.text && !type_is_good(m->type))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (attributes[i].value.text &&
			!value_is_good(attributes[i].value, attributes[i].others))
			return false;
	put(w, "<allow");
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (attributes[i].value.text)
			put_attribute(w, m->direction, attributes[i].name, attributes[i].value);
	/* a name's owner gets broadcasts, too */
	if (send && slice_is(m->type, "signal"))
		put(w, " send_broadcast=\"false\"");
	put(w, "/>");
	return true;
}

bool wanted_write_own(struct writer *w, struct slice name)
{
	if (!value_is_good(name, "._-"))
		return false;
	put(w, "<allow");
	put_attribute(w, "", "own", name);
	put(w, "/>");
	return true;
}

static bool ends_in(struct slice s, struct slice with)
{
	return s.size > with.size && memcmp(s.text + s.size - with.size, with.text, with.size) == 0;
}

bool unit_is_of_system(struct slice unit)
{
	return ends_in(unit, SLICE(".service")) && value_is_good(unit, "_-.@:\\") &&
	       memcmp(unit.text, "user@", 5) != 0;
}

void wanted_section(
	char buf[WANTED_SECTION_SIZE], uint32_t uid, struct slice unit, enum wanted_by by)
{
	bool usable = by == BY_UNIT
			      ? value_is_good(unit, "_-.@:\\/") && !ends_in(unit, SLICE(".slice"))
			      : by == BY_BEST && unit_is_of_system(unit);

	if (usable && unit.size + sizeof("unit=\"\"") <= WANTED_SECTION_SIZE)
		snprintf(buf, WANTED_SECTION_SIZE, "unit=\"%.*s\"", SLICE_FMT(unit));
	else
		snprintf(buf, WANTED_SECTION_SIZE, "user=\"%" PRIu32 "\"", uid);
}

void wanted_write_comment(struct writer *w, struct slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.text[i], escape[8];

		if (c < ' ' || c >= 0x7f ||
			(c == '-' && (i + 1 == text.size || text.text[i + 1] == '-')))
			writer_bytes(w, escape,
				(size_t)snprintf(
					escape, sizeof(escape), "\\x%02x", (unsigned char)c));
		else
			writer_bytes(w, &c, 1);
	}
}

static int none(struct wanted *w, const char *why)
{
	w->hope = HOPE_NONE;
	w->why = why;
	w->rule.size = 0;
	return w->rule.bad ? -ENOMEM : 0;
}

static int wide(struct wanted *w, const char *why)
{
	w->hope = HOPE_WIDE;
	w->why = why;
	return w->rule.bad ? -ENOMEM : 0;
}

struct slice names_first(const struct record_value *names)
{
	struct slice first = names ? names->text : (struct slice){NULL, 0};
	const char *comma = first.size ? memchr(first.text, ',', first.size) : NULL;

	if (comma)
		first.size = (size_t)(comma - first.text);
	else if (names && names->full > names->text.size)
		return (struct slice){NULL, 0};
	return first.size && first.text[0] != '+' ? first : (struct slice){NULL, 0};
}

int wanted_by_read(const char *word, enum wanted_by *ret)
{
	static const char *const words[] = {[BY_USER] = "user", [BY_UNIT] = "unit"};

	*ret = BY_BEST;
	for (unsigned int i = BY_USER; word && i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0)
			*ret = i;
	if (!word || *ret != BY_BEST)
		return 0;
	say("--by=%s: it is user or unit", word);
	return -1;
}

static bool is_cut(const struct entry *e)
{
	static const enum record_field fields[] = {RECORD_UNIT, RECORD_NAME, RECORD_DESTINATION,
		RECORD_PEER_UNIT, RECORD_PATH, RECORD_INTERFACE, RECORD_MEMBER, RECORD_ERROR};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct record_value *v = entry_value(e, fields[i]);

		if (v && v->full > v->text.size)
			return true;
	}
	return false;
}

/* Sets to whom the rule speaks; false if that was not recorded. */
static bool subject_set(
	struct wanted *w, const struct entry *e, unsigned int end, enum wanted_by by)
{
	int64_t uid = entry_number(e, end + END_UID, -1);

	w->end = end;
	if (uid < 0 || uid >= UINT32_MAX)
		return false;
	wanted_section(w->section, (uint32_t)uid, entry_text(e, end + END_UNIT), by);
	return true;
}

static struct slice message_name(const struct entry *e, bool send)
{
	struct slice to = entry_text(e, RECORD_DESTINATION), from = entry_text(e, RECORD_SENDER);

	if (send)
		return to.size && to.text[0] != ':'
			       ? to
			       : names_first(entry_value(e, RECORD_PEER_NAMES));
	/* the driver has no other name */
	return from.size && from.text[0] != ':' ? from : names_first(entry_value(e, RECORD_NAMES));
}

static int message_wanted(struct wanted *w, const struct entry *e, bool send, enum wanted_by by)
{
	struct slice type = entry_text(e, RECORD_TYPE);
	struct wanted_message m = {.direction = send ? "send" : "receive",
		.name = message_name(e, send),
		.type = type,
		.interface = entry_text(e, RECORD_INTERFACE),
		.member = entry_text(e, RECORD_MEMBER),
		.path = entry_text(e, RECORD_PATH),
		.error = entry_text(e, RECORD_ERROR)};

	if (!subject_set(w, e, send ? RECORD_SENDER : RECORD_PEER, by))
		return none(w, send ? "the bus itself sent it"
				    : "it is not recorded as whom the receiver runs");
	if (slice_is(entry_text(e, RECORD_REPLY), "unrequested"))
		return none(w, "it is a reply that nobody waits for");
	if (is_cut(e))
		return none(w, "part of it is longer than what is recorded");
	if (!type.text || !wanted_write_message(&w->rule, &m))
		return none(w, "it is recorded with something that cannot stand in a rule");
	if (!m.name.text)
		return wide(
			w, send ? "the receiver has no name of its own: this is for any receiver"
				: "the sender has no name of its own: this is for any sender");
	if (slice_is(type, "method_call") && !m.interface.text)
		return wide(w, "the call names no interface: this is for any interface");
	return w->rule.bad ? -ENOMEM : 0;
}

static int own_wanted(struct wanted *w, const struct entry *e, enum wanted_by by)
{
	if (!subject_set(w, e, RECORD_SENDER, by))
		return none(w, "it is not recorded as whom the caller runs");
	if (is_cut(e) || !wanted_write_own(&w->rule, entry_text(e, RECORD_NAME)))
		return none(w, "it is recorded with something that cannot stand in a rule");
	return w->rule.bad ? -ENOMEM : 0;
}

static int connect_wanted(struct wanted *w, const struct entry *e)
{
	int64_t uid = entry_number(e, RECORD_UID, -1);
	char rule[64];

	w->end = RECORD_SENDER;
	if (uid < 0 || uid >= UINT32_MAX)
		return none(w, "it is not recorded as whom the caller runs");
	/* rules about connecting count only in sections for all */
	strcpy(w->section, "context=\"default\"");
	snprintf(rule, sizeof(rule), "<allow user=\"%" PRId64 "\"/>", uid);
	put(&w->rule, rule);
	return w->rule.bad ? -ENOMEM : 0;
}

/* Why what somebody else than the rules refused cannot be helped by a rule. */
static const struct {
	enum record_field field;
	const char *value, *why;
} refusals[] = {
	{RECORD_VERB, "protocol", "the client broke the protocol"},
	{RECORD_VERB, "monitor", "to watch the bus is for root and the bus's own user"},
	{RECORD_VERB, "driver", "the bus itself checks who may call this method"},
	{RECORD_VERB, "activate", "allow its sender to call a method of the service"},
	{RECORD_JUDGE, "selinux", "SELinux refused it: see audit2allow(1)"},
	{RECORD_JUDGE, "apparmor", "AppArmor refused it: see aa-logprof(8)"},
	{RECORD_JUDGE, "restrictions",
		"a restriction on the name is not met: change it, or the unit"},
};

static const char *refusal_of(const struct entry *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (slice_is(entry_text(e, refusals[i].field), refusals[i].value))
			return refusals[i].why;
	if (entry_value(e, RECORD_POLKIT))
		return "polkit decides: see the rule's action";
	if (entry_value(e, RECORD_LIMIT))
		return "a limit was reached: see its <limit>";
	return NULL;
}

int wanted_of(struct wanted *ret, const struct entry *e, enum wanted_by by)
{
	struct slice verb = entry_text(e, RECORD_VERB);
	const char *refused = refusal_of(e);

	*ret = (struct wanted){.end = RECORD_SENDER};
	subject_set(ret, e, RECORD_SENDER, by);
	if (refused)
		return none(ret, refused);
	if (slice_is(verb, "connect"))
		return connect_wanted(ret, e);
	if (slice_is(verb, "own"))
		return own_wanted(ret, e, by);
	if (slice_is(verb, "send"))
		return message_wanted(
			ret, e, !slice_is(entry_text(e, RECORD_JUDGE), "receive_rules"), by);
	return none(ret, "no rule speaks about it");
}

void wanted_fini(struct wanted *w)
{
	writer_fini(&w->rule);
	*w = (struct wanted){0};
}
