/* wording.c - who, what and why of a record, for people and as JSON */
#include <inttypes.h>

#include "base/drop.h"
#include "ctl/moment.h"
#include "ctl/wording.h"

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.size; i++) {
		char c = s.text[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			!(c && strchr("_-./:@+,", c)))
			return false;
	}
	return s.size > 0;
}

static void print_escaped(FILE *to, struct slice s)
{
	for (size_t i = 0; i < s.size; i++) {
		unsigned char c = (unsigned char)s.text[i];

		if (c < ' ' || c >= 0x7f || c == '\\')
			fprintf(to, "\\x%02x", c);
		else
			fputc(c, to);
	}
}

void safe_print(FILE *to, struct slice s)
{
	if (is_plain(s)) {
		fwrite(s.text, 1, s.size, to);
		return;
	}
	fputc('"', to);
	for (size_t i = 0; i < s.size; i++) {
		if (s.text[i] == '"')
			fputs("\\x22", to);
		else
			print_escaped(to, (struct slice){s.text + i, 1});
	}
	fputc('"', to);
}

static void print_field(FILE *to, const struct entry *e, enum record_field field)
{
	const struct record_value *v = entry_value(e, field);

	if (!v)
		return;
	safe_print(to, v->text);
	if (v->full > v->text.size)
		fputs("[cut]", to);
}

/* `first`: RECORD_SENDER or RECORD_PEER */
static void print_user(const struct entry *e, unsigned int first, struct people *people, FILE *to)
{
	/* ID_NONE stands in some records, in others nothing does */
	int64_t auid = entry_number(e, first + END_AUID, ID_NONE);
	int64_t uid = entry_number(e, first + END_UID, ID_NONE);

	if (auid == ID_NONE && uid == ID_NONE) {
		fputs(entry_value(e, first) ? "?" : "the bus", to);
		return;
	}
	if (auid != ID_NONE)
		safe_print(to, slice_of(people_name(people, (uint32_t)auid)));
	if (auid != ID_NONE && uid != ID_NONE && auid != uid)
		fputs(" as ", to);
	if (uid != ID_NONE && auid != uid)
		safe_print(to, slice_of(people_name(people, (uint32_t)uid)));
}

void entry_print_user(const struct entry *e, struct people *people, FILE *to)
{
	print_user(e, RECORD_SENDER, people, to);
}

void entry_print_end(const struct entry *e, unsigned int first, struct people *people, FILE *to)
{
	int64_t session = entry_number(e, first + END_SES, ID_NONE);
	int64_t pid = entry_number(e, first + END_PID, -1);

	print_user(e, first, people, to);
	if (session != ID_NONE)
		fprintf(to, ", session %" PRId64, session);
	if (entry_value(e, first + END_UNIT)) {
		fputs(", ", to);
		print_field(to, e, first + END_UNIT);
	}
	if (entry_value(e, first + END_COMM) || pid >= 0) {
		fputs(", ", to);
		print_field(to, e, first + END_COMM);
		if (pid >= 0)
			fprintf(to, "[%" PRId64 "]", pid);
	}
}

void entry_print_method(const struct entry *e, FILE *to)
{
	static const struct {
		enum record_field field;
		const char *before, *alone; /* alone: where nothing stands before */
	} parts[] = {
		{RECORD_INTERFACE, "", ""},
		{RECORD_MEMBER, ".", ""},
		{RECORD_ARG0, " ", ""},
		{RECORD_ERROR, " ", ""},
		{RECORD_PATH, " at ", "at "},
	};
	bool alone = true;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!entry_value(e, parts[i].field))
			continue;
		fputs(alone ? parts[i].alone : parts[i].before, to);
		print_field(to, e, parts[i].field);
		alone = false;
	}
	if (entry_number(e, RECORD_FDS, 0) > 0)
		fprintf(to, " with %" PRId64 " descriptors", entry_number(e, RECORD_FDS, 0));
}

static void print_receiver(
	const struct entry *e, const char *before, struct people *people, FILE *to)
{
	bool addressed = entry_value(e, RECORD_DESTINATION) != NULL;

	if (!addressed && !entry_value(e, RECORD_PEER))
		return;
	fprintf(to, " %s ", before);
	print_field(to, e, addressed ? RECORD_DESTINATION : RECORD_PEER);
	if (!entry_value(e, RECORD_PEER_UID) && !entry_value(e, RECORD_PEER_COMM))
		return;
	fputs(" (", to);
	entry_print_end(e, RECORD_PEER, people, to);
	fputc(')', to);
}

void entry_print_what(const struct entry *e, struct people *people, FILE *to)
{
	/* the first that fits */
	static const struct {
		const char *verb, *type; /* NULL: any */
		const char *phrase, *before; /* before: the receiver; NULL: it is not named */
	} phrases[] = {
		{"send", "method_call", "call", "of"},
		{"send", "method_return", "reply", "to"},
		{"send", "error", "error", "to"},
		{"send", "signal", "signal", "to"},
		{"driver", NULL, "call of the bus", NULL},
		{"monitor", NULL, "become a monitor", NULL},
		{"activate", NULL, "start by a call", "of"},
		{"protocol", NULL, "break the protocol", NULL},
		{"policy", NULL, "load the policy", NULL},
		{"records", NULL, "keep records", NULL},
	};
	struct slice verb = entry_text(e, RECORD_VERB), type = entry_text(e, RECORD_TYPE);
	size_t i = 0;

	while (i < ARRAY_SIZE(phrases) &&
		!(slice_is(verb, phrases[i].verb) &&
			(!phrases[i].type || slice_is(type, phrases[i].type))))
		i++;
	if (i < ARRAY_SIZE(phrases))
		fputs(phrases[i].phrase, to);
	else
		safe_print(to, verb);
	if (entry_value(e, RECORD_NAME)) {
		fputc(' ', to);
		print_field(to, e, RECORD_NAME);
	}
	if (entry_value(e, RECORD_MEMBER) || entry_value(e, RECORD_ERROR)) {
		fputc(' ', to);
		entry_print_method(e, to);
	}
	if (i == ARRAY_SIZE(phrases) || phrases[i].before)
		print_receiver(e, i < ARRAY_SIZE(phrases) ? phrases[i].before : "to", people, to);
}

/* "send_rules" -> "send rules" */
static void print_judge(const struct entry *e, FILE *to)
{
	struct slice judge = entry_text(e, RECORD_JUDGE);

	for (size_t i = 0; i < judge.size; i++)
		fputc(judge.text[i] == '_' ? ' ' : judge.text[i], to);
	fputs(judge.size ? ": " : "", to);
}

/* "deny by send rules: no rule matched" loses its first words: they are said already. */
static void print_sentence(struct slice why, FILE *to)
{
	static const struct slice heads[] = {
		SLICE("deny by "), SLICE("would deny by "), SLICE("allow by "), SLICE("deny: ")};

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		if (why.size < heads[i].size || memcmp(why.text, heads[i].text, heads[i].size) != 0)
			continue;
		why = (struct slice){why.text + heads[i].size, why.size - heads[i].size};
		break;
	}
	print_escaped(to, why);
}

/* Is there a reason to be told? What was simply done has none. */
static bool has_reason(const struct entry *e)
{
	return entry_value(e, RECORD_JUDGE) || entry_value(e, RECORD_WHY) ||
	       entry_value(e, RECORD_LIMIT) || entry_value(e, RECORD_TEXT) || entry_is_denied(e);
}

void entry_print_why(const struct entry *e, FILE *to)
{
	if (entry_value(e, RECORD_RULE)) {
		print_judge(e, to);
		print_field(to, e, RECORD_RULE);
		fputc(' ', to);
		print_escaped(to, entry_text(e, RECORD_RULE_TEXT));
		/* polkit's word on it */
		if (entry_value(e, RECORD_TEXT)) {
			fputs(", ", to);
			print_escaped(to, entry_text(e, RECORD_TEXT));
		}
	} else if (entry_value(e, RECORD_WHY)) {
		print_sentence(entry_text(e, RECORD_WHY), to);
	} else if (entry_value(e, RECORD_LIMIT)) {
		print_field(to, e, RECORD_LIMIT);
		fprintf(to, "=%" PRId64, entry_number(e, RECORD_FIGURE, 0));
	} else if (entry_value(e, RECORD_PERMISSION)) {
		print_judge(e, to);
		print_field(to, e, RECORD_SUBJECT);
		fputs(entry_value(e, RECORD_OBJECT) ? " -> " : "", to);
		if (entry_value(e, RECORD_OBJECT))
			print_field(to, e, RECORD_OBJECT);
		fputc(' ', to);
		print_field(to, e, RECORD_PERMISSION);
	} else if (entry_value(e, RECORD_TEXT)) {
		print_judge(e, to);
		print_escaped(to, entry_text(e, RECORD_TEXT));
	} else if (entry_value(e, RECORD_JUDGE)) {
		print_judge(e, to);
		fputs("no rule matched", to);
	} else {
		fputs("no judge allowed it", to);
	}
}

void entry_print_counts(const struct entry *e, FILE *to)
{
	static const struct {
		enum record_field field;
		const char *format;
	} counts[] = {
		{RECORD_GENERATION, " (number %" PRId64 ")"},
		{RECORD_REPEATS, " (%" PRId64 " times)"},
		{RECORD_OTHERS, " (and others of this user: %" PRId64 " in all)"},
		{RECORD_LOST, " (records lost before this one: %" PRId64 ")"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (entry_number(e, counts[i].field, 0) > 0)
			fprintf(to, counts[i].format, entry_number(e, counts[i].field, 0));
}

const char *entry_outcome(const struct entry *e)
{
	struct slice verb = entry_text(e, RECORD_VERB);
	bool denied = entry_is_denied(e);

	/* what happened to the bus itself was nobody's request */
	if (slice_is(verb, "policy") || slice_is(verb, "records"))
		return denied ? "failed" : "done";
	return entry_is_permissive(e) ? "permissive" : denied ? "denied" : "allowed";
}

void entry_print(const struct entry *e, struct people *people, FILE *to)
{
	char when[MOMENT_SIZE];

	moment_print(e->time, when);
	fprintf(to, "%s ", when);
	if (e->host[0]) {
		safe_print(to, slice_of(e->host));
		fputc(' ', to);
	}
	fprintf(to, "%s ", entry_outcome(e));
	entry_print_end(e, RECORD_SENDER, people, to);
	if (entry_value(e, RECORD_SENDER)) {
		fputs(", ", to);
		print_field(to, e, RECORD_SENDER);
	}
	fputs(": ", to);
	entry_print_what(e, people, to);
	if (has_reason(e)) {
		fputs(": ", to);
		entry_print_why(e, to);
	}
	entry_print_counts(e, to);
	fputc('\n', to);
}

static void json_user(struct json *j, const char *key, int64_t uid, struct people *people)
{
	if (uid != ID_NONE)
		json_string(j, key, people_name(people, (uint32_t)uid));
}

void entry_json(struct json *j, const struct entry *e, struct people *people)
{
	char text[MOMENT_SIZE];

	json_open(j, NULL, '{');
	if (e->time) {
		moment_print_utc(e->time, text);
		json_string(j, "time", text);
	}
	if (e->host[0])
		json_string(j, "host", e->host);
	json_user(j, "user", entry_number(e, RECORD_UID, ID_NONE), people);
	json_user(j, "login_user", entry_number(e, RECORD_AUID, ID_NONE), people);
	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		const struct record_value *v = entry_value(e, i);

		if (!v)
			continue;
		if (record_kind_of(i) == RECORD_KIND_NUMBER)
			json_number(j, record_key(i), v->number);
		else
			json_text(j, record_key(i), v->text);
		if (v->full <= v->text.size)
			continue;
		snprintf(text, sizeof(text), "%s_cut", record_key(i));
		json_number(j, text, v->full);
	}
	json_close(j, '}');
}
