/*
 * mac_wording.c - a record in the words of the MAC policy that made it. SELinux' is what libselinux
 * and dbus-daemon write, field by field, so that audit2allow, ausearch and people's scripts see what
 * they know; AppArmor's is the vocabulary of its kernel, which aa-logprof reads; its parser drops a
 * record with a key that it does not know, so what else there is to say stands in info="...". The
 * bus writes both itself: what comes from clients are checked names and paths, and labels are the kernel's.
 */
#include <inttypes.h>
#include <stdio.h>

#include "audit/record.h"
#include "base/drop.h"

#define DRIVER "org.freedesktop.DBus"

/* Who it was, in our keys, behind what the policies' tools expect. */
static const enum record_field client[] = {RECORD_BUS, RECORD_SENDER, RECORD_UID, RECORD_AUID,
	RECORD_SES, RECORD_COMM, RECORD_EXE, RECORD_UNIT, RECORD_NAMES, RECORD_PEER,
	RECORD_PEER_UID, RECORD_REPEATS, RECORD_OTHERS, RECORD_LOST, RECORD_RES};

static void put(struct writer *w, struct slice s)
{
	writer_bytes(w, s.text, s.size);
}

static void put_string(struct writer *w, const char *text)
{
	put(w, slice_of(text));
}

/* The same for AppArmor, whose keys for comm, exe and uids are others: bare values, one behind the
 * other, none of which can hold a blank. */
static const enum record_field client_info[] = {RECORD_SENDER, RECORD_AUID, RECORD_SES, RECORD_UNIT,
	RECORD_NAMES, RECORD_PEER, RECORD_REPEATS, RECORD_OTHERS, RECORD_LOST, RECORD_RES};

/* A context or a label: nothing in it may end the value. */
static void put_value(struct writer *w, struct slice s, bool quoted)
{
	for (size_t i = 0; i < s.size; i++) {
		char c = s.text[i];
		bool fits = c > ' ' && c < 0x7f && c != '"' && c != '\'';

		writer_bytes(w, fits || (quoted && c == ' ') ? &c : "?", 1);
	}
}

static const struct record_value *value(const struct record *r, enum record_field field)
{
	return &r->values[field];
}

static void put_number(struct writer *w, const char *key, const struct record_value *v)
{
	char text[48];

	if (!v->known)
		return;
	snprintf(text, sizeof(text), " %s=%" PRId64, key, v->number);
	put_string(w, text);
}

/* " KEY=VALUE", with `quote` around the value; nothing where it is not known */
static void put_field(
	struct writer *w, const char *key, const struct record_value *v, const char *quote)
{
	if (!v->known)
		return;
	put_string(w, " ");
	put_string(w, key);
	put_string(w, "=");
	put_string(w, quote);
	put_value(w, v->text, *quote);
	put_string(w, quote);
}

static struct record_value known(struct slice text)
{
	return (struct record_value){.known = true, .text = text};
}

static void put_client(struct writer *w, const struct record *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(client); i++) {
		if (!value(r, client[i])->known)
			continue;
		put_string(w, " ");
		put_string(w, record_key(client[i]));
		put_string(w, "=");
		record_value_text(w, r, client[i]);
	}
}

static void put_encoded(
	struct writer *w, const char *key, const struct record *r, enum record_field field)
{
	if (!value(r, field)->known)
		return;
	put_string(w, key);
	record_value_text(w, r, field);
}

/* info="sender=:1.7 auid=1000 ... res=failed", last the error if there was one */
static void put_info(struct writer *w, const struct record *r)
{
	const char *before = "";

	put_string(w, " info=\"");
	for (size_t i = 0; i < ARRAY_SIZE(client_info); i++) {
		const struct record_value *v = value(r, client_info[i]);

		if (!v->known)
			continue;
		put_string(w, before);
		put_string(w, record_key(client_info[i]));
		put_string(w, "=");
		if (record_kind_of(client_info[i]) == RECORD_KIND_NUMBER)
			record_value_text(w, r, client_info[i]);
		else
			put_value(w, v->text, false);
		before = " ";
	}
	if (value(r, RECORD_TEXT)->known) {
		put_string(w, " error=");
		put_value(w, value(r, RECORD_TEXT)->text, true);
	}
	put_string(w, "\"");
}

static bool is_denial(const struct record *r)
{
	return value(r, RECORD_PERMISSIVE)->known ||
	       !slice_is(value(r, RECORD_RES)->text, "success");
}

static struct record_value destination_of(const struct record *r)
{
	const struct record_value *to = value(r, RECORD_DESTINATION);

	return to->known ? *to : known(SLICE(DRIVER));
}

/* avc:  denied  { send_msg } for msgtype=... scontext=... tcontext=... tclass=dbus permissive=0 */
static void put_selinux(struct writer *w, const struct record *r)
{
	struct record_value to = destination_of(r);

	put_string(w, is_denial(r) ? "avc:  denied  { " : "avc:  granted  { ");
	put(w, value(r, RECORD_PERMISSION)->text);
	put_string(w, " } for");
	if (slice_is(value(r, RECORD_VERB)->text, "own")) {
		put_field(w, "service", value(r, RECORD_NAME), "");
	} else {
		put_field(w, "msgtype", value(r, RECORD_TYPE), "");
		put_field(w, "interface", value(r, RECORD_INTERFACE), "");
		put_field(w, "member", value(r, RECORD_MEMBER), "");
		put_field(w, "error_name", value(r, RECORD_ERROR), "");
		put_field(w, "dest", &to, "");
	}
	put_number(w, "spid", value(r, RECORD_PID));
	put_number(w, "tpid", value(r, RECORD_PEER_PID));
	put_field(w, "scontext", value(r, RECORD_SUBJECT), "");
	put_field(w, "tcontext", value(r, RECORD_OBJECT), "");
	put_field(w, "tclass", value(r, RECORD_CLASS), "");
	if (is_denial(r))
		put_string(
			w, value(r, RECORD_PERMISSIVE)->known ? " permissive=1" : " permissive=0");
}

static void put_operation(struct writer *w, const struct record *r)
{
	struct slice verb = value(r, RECORD_VERB)->text;

	put_string(w, " operation=\"dbus_");
	put(w, slice_is(verb, "send") ? value(r, RECORD_TYPE)->text
				      : value(r, RECORD_PERMISSION)->text);
	put_string(w, "\"");
}

/* apparmor="DENIED" operation="dbus_method_call" bus="system" path=... mask="send" name=... pid=...
 * label=... peer_pid=... peer_label=...: whose profile it is comes first */
static void put_apparmor(struct writer *w, const struct record *r)
{
	bool is_message = slice_is(value(r, RECORD_VERB)->text, "send");
	bool is_receiver = slice_is(value(r, RECORD_PERMISSION)->text, "receive");
	struct record_value name = is_receiver	? *value(r, RECORD_SENDER)
				   : is_message ? destination_of(r)
						: *value(r, RECORD_NAME);

	put_string(w, slice_is(value(r, RECORD_RES)->text, "success") ? "apparmor=\"ALLOWED\""
								      : "apparmor=\"DENIED\"");
	put_operation(w, r);
	put_field(w, "bus", value(r, RECORD_BUS), "\"");
	if (is_message) {
		put_field(w, "path", value(r, RECORD_PATH), "\"");
		put_field(w, "interface", value(r, RECORD_INTERFACE), "\"");
		put_field(w, "member", value(r, RECORD_MEMBER), "\"");
	}
	put_field(w, "mask", value(r, RECORD_PERMISSION), "\"");
	put_field(w, "name", &name, "\"");
	put_number(w, "pid", value(r, is_receiver ? RECORD_PEER_PID : RECORD_PID));
	put_field(w, "label", value(r, RECORD_SUBJECT), "\"");
	put_number(w, "peer_pid", value(r, is_receiver ? RECORD_PID : RECORD_PEER_PID));
	put_field(w, "peer_label", value(r, RECORD_OBJECT), "\"");
	put_number(w, "fsuid", value(r, RECORD_UID));
	put_number(w, "ouid", value(r, RECORD_PEER_UID));
	put_encoded(w, " comm=", r, RECORD_COMM);
	put_encoded(w, " exe=", r, RECORD_EXE);
	put_info(w, r);
}

bool record_is_mac(const struct record *record)
{
	return value(record, RECORD_PERMISSION)->known;
}

void record_mac(struct writer *w, const struct record *record)
{
	if (slice_is(value(record, RECORD_JUDGE)->text, "selinux")) {
		put_selinux(w, record);
		put_client(w, record);
	} else {
		put_apparmor(w, record);
	}
}
