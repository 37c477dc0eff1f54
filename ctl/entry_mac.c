/*
 * entry_mac.c - refusals in the words of SELinux and AppArmor (audit/mac_wording.c), as the kernel's
 * trail has them: what these words mean in a record, and behind them fields of our own.
 */
#include <errno.h>

#include "base/drop.h"
#include "ctl/entry.h"

/* Their keys and our fields; the values are not encoded. */
struct word {
	const char *key;
	enum record_field field;
};

static const struct word selinux_words[] = {
	{"service", RECORD_NAME},
	{"msgtype", RECORD_TYPE},
	{"interface", RECORD_INTERFACE},
	{"member", RECORD_MEMBER},
	{"error_name", RECORD_ERROR},
	{"dest", RECORD_DESTINATION},
	{"spid", RECORD_PID},
	{"tpid", RECORD_PEER_PID},
	{"scontext", RECORD_SUBJECT},
	{"tcontext", RECORD_OBJECT},
	{"tclass", RECORD_CLASS},
};

static const struct word apparmor_words[] = {
	{"path", RECORD_PATH},
	{"interface", RECORD_INTERFACE},
	{"member", RECORD_MEMBER},
	{"mask", RECORD_PERMISSION},
	{"name", RECORD_NAME},
	{"pid", RECORD_PID},
	{"peer_pid", RECORD_PEER_PID},
	{"label", RECORD_SUBJECT},
	{"peer_label", RECORD_OBJECT},
	{"fsuid", RECORD_UID},
	{"ouid", RECORD_PEER_UID},
	{"info", RECORD_TEXT},
};

/* What stands in AppArmor's info="...", bare. */
static const struct word info_words[] = {
	{"sender", RECORD_SENDER},
	{"auid", RECORD_AUID},
	{"ses", RECORD_SES},
	{"unit", RECORD_UNIT},
	{"names", RECORD_NAMES},
	{"peer", RECORD_PEER},
	{"repeats", RECORD_REPEATS},
	{"others", RECORD_OTHERS},
	{"lost", RECORD_LOST},
	{"res", RECORD_RES},
};

static bool begins(struct slice s, struct slice with)
{
	return s.size >= with.size && memcmp(s.text, with.text, with.size) == 0;
}

bool entry_is_mac(struct slice text)
{
	return begins(text, SLICE("avc:")) || begins(text, SLICE("apparmor="));
}

static int put(struct entry *e, enum record_field field, struct slice value)
{
	return e->record.values[field].known ? 0 : entry_set_raw(e, field, value);
}

/* The next KEY=VALUE or KEY="VALUE": whole, and the value without quotes. false at the end. */
static bool pair_take(
	struct slice *text, struct slice *ret_key, struct slice *ret_value, struct slice *ret_raw)
{
	size_t at = 0, start, end;
	bool quoted;

	while (at < text->size && text->text[at] == ' ')
		at++;
	start = at;
	while (at < text->size && text->text[at] != '=' && text->text[at] != ' ')
		at++;
	*ret_key = (struct slice){text->text + start, at - start};
	if (at == text->size || text->text[at] != '=')
		return false;
	start = ++at;
	quoted = at < text->size && text->text[at] == '"';
	at += quoted;
	while (at < text->size && text->text[at] != (quoted ? '"' : ' '))
		at++;
	if (quoted && at == text->size)
		return false;
	end = at + quoted;
	*ret_raw = (struct slice){text->text + start + quoted, at - start - quoted};
	*ret_value = (struct slice){text->text + start, end - start};
	*text = (struct slice){text->text + end, text->size - end};
	return true;
}

static int pairs_read(struct entry *e, struct slice text, const struct word *words, size_t n)
{
	struct slice key, value, raw;

	while (pair_take(&text, &key, &value, &raw)) {
		size_t i = 0;
		int r;

		while (i < n && !slice_is(key, words[i].key))
			i++;
		if (i < n)
			r = put(e, words[i].field, raw);
		else
			r = entry_set_once(e, key, value);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < text.size; i++)
		if (text.text[i] != ' ')
			return -EBADMSG;
	return 0;
}

/* "avc:  denied  { send_msg } for msgtype=..." */
static int selinux_read(struct entry *e, struct slice text)
{
	static const struct slice open = SLICE(" { "), close = SLICE(" } for");
	const char *from = memmem(text.text, text.size, open.text, open.size);
	const char *to = memmem(text.text, text.size, close.text, close.size);
	int r;

	if (!from || !to || to < from + open.size)
		return -EBADMSG;
	from += open.size;
	r = put(e, RECORD_PERMISSION, (struct slice){from, (size_t)(to - from)});
	to += close.size;
	if (r == 0)
		r = pairs_read(e, (struct slice){to, text.size - (size_t)(to - text.text)},
			selinux_words, ARRAY_SIZE(selinux_words));
	return r < 0 ? r : put(e, RECORD_JUDGE, SLICE("selinux"));
}

/* "sender=:1.7 ... res=failed error=WHY"; what another bus writes there is left as it is. */
static int info_read(struct entry *e)
{
	static const struct slice error = SLICE(" error=");
	struct slice info = e->record.values[RECORD_TEXT].text, key, value, raw;
	const char *why = info.size ? memmem(info.text, info.size, error.text, error.size) : NULL;
	struct slice text = {info.text, why ? (size_t)(why - info.text) : info.size};
	int r = 0;

	if (!begins(info, SLICE("sender=")) && !begins(info, SLICE("res=")))
		return 0;
	e->record.values[RECORD_TEXT] = (struct record_value){.known = false};
	while (r == 0 && pair_take(&text, &key, &value, &raw)) {
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(info_words); i++)
			if (slice_is(key, info_words[i].key))
				r = put(e, info_words[i].field, raw);
	}
	if (r < 0 || !why)
		return r;
	why += error.size;
	return put(e, RECORD_TEXT, (struct slice){why, info.size - (size_t)(why - info.text)});
}

/* What its profile is asked about when it receives, it says as of itself. */
static void receiver_turn(struct record_value *values)
{
	struct record_value pid = values[RECORD_PID];

	values[RECORD_PID] = values[RECORD_PEER_PID];
	values[RECORD_PEER_PID] = pid;
	values[RECORD_NAME] = (struct record_value){.known = false};
}

/* apparmor="DENIED" operation="dbus_method_call" bus=... */
static int apparmor_read(struct entry *e, struct slice text)
{
	static const struct {
		const char *operation;
		struct slice type;
	} types[] = {
		{"operation=\"dbus_method_call\"", SLICE("method_call")},
		{"operation=\"dbus_method_return\"", SLICE("method_return")},
		{"operation=\"dbus_error\"", SLICE("error")},
		{"operation=\"dbus_signal\"", SLICE("signal")},
	};
	struct record_value *values = e->record.values;
	int r = pairs_read(e, text, apparmor_words, ARRAY_SIZE(apparmor_words));

	if (r == 0)
		r = info_read(e);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(types); i++) {
		struct slice operation = slice_of(types[i].operation);

		if (memmem(text.text, text.size, operation.text, operation.size))
			r = put(e, RECORD_TYPE, types[i].type);
	}
	/* of a message their name is whom it is for, of one that is received who it is from */
	if (r == 0 && slice_is(values[RECORD_PERMISSION].text, "receive")) {
		receiver_turn(values);
	} else if (r == 0 && values[RECORD_TYPE].known) {
		values[RECORD_DESTINATION] = values[RECORD_NAME];
		values[RECORD_NAME] = (struct record_value){.known = false};
	}
	return r < 0 ? r : put(e, RECORD_JUDGE, SLICE("apparmor"));
}

int entry_read_mac(struct entry *e, struct slice text)
{
	int r = begins(text, SLICE("avc:")) ? selinux_read(e, text) : apparmor_read(e, text);

	if (r < 0)
		return r;
	/* other buses use the same words, and do not say for whom */
	if (!e->record.values[RECORD_RES].known)
		return -ENOENT;
	r = put(e, RECORD_VERB, e->record.values[RECORD_NAME].known ? SLICE("own") : SLICE("send"));
	return r < 0 ? r : entry_finish(e);
}
