/*
 * source_journal.c - records in systemd's journal. Anybody may write entries that look like ours; who
 * wrote one is the journal's own word (_UID), and only those are taken who are to be believed.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/sink.h"
#include "base/drop.h"
#include "base/journal.h"
#include "ctl/moment.h"
#include "ctl/source.h"

#define PREFIX SLICE("DBUS_WARDEN_")
#define NOBODY UINT32_MAX

struct source {
	struct journal *journal;
	uint32_t writers[2]; /* uids; NOBODY */
};

DROP_WITH(source, source_journal.free)

/* The session bus of a user is written about by the user itself; the system bus never is. */
static void writers_set(struct source *s, bool session)
{
	const struct passwd *bus = getpwnam(BUS_USER);

	s->writers[0] = session ? getuid() : 0;
	s->writers[1] = bus && !session ? bus->pw_uid : NOBODY;
}

static void journal_source_free(struct source *s)
{
	if (!s)
		return;
	journal_free(s->journal);
	free(s);
}

static int journal_source_open(
	const char *path, const struct records_want *want, struct source **ret)
{
	DROP(source) s = calloc(1, sizeof(*s));
	int e = s ? journal_open(path, &s->journal) : -ENOMEM;

	if (e < 0)
		return e;
	writers_set(s, want->session);
	e = journal_match(s->journal, "MESSAGE_ID=" SINK_MESSAGE_ID);
	/* without asking for the descriptor first, what is new is not seen */
	if (e == 0 && want->follow)
		e = journal_fd(s->journal);
	if (e >= 0)
		e = journal_seek(s->journal, want->fresh ? moment_now() : want->since);
	if (e < 0)
		return e;
	*ret = TAKE(s);
	return 0;
}

/* "DBUS_WARDEN_PEER_UID" -> "peer_uid" in `buf`; absent for other fields, and what is too long */
static struct slice key_of(struct slice name, char *buf, size_t room)
{
	if (name.size < PREFIX.size || name.size - PREFIX.size > room ||
		memcmp(name.text, PREFIX.text, PREFIX.size) != 0)
		return (struct slice){NULL, 0};
	for (size_t i = PREFIX.size; i < name.size; i++) {
		char c = name.text[i];

		buf[i - PREFIX.size] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	return (struct slice){buf, name.size - PREFIX.size};
}

/* `uid` is set to that of who wrote the entry. */
static int field_take(struct entry *e, struct slice name, struct slice value, uint32_t *uid)
{
	char buf[40];
	struct slice key = key_of(name, buf, sizeof(buf));

	/* the sentence says why, too, and fields come in any order */
	if (key.text)
		return slice_is(key, "why") ? entry_set_once(e, key, value)
					    : entry_set(e, key, value);
	if (slice_is(name, "_UID") && value.size < sizeof(buf)) {
		memcpy(buf, value.text, value.size);
		buf[value.size] = '\0';
		*uid = (uint32_t)strtoul(buf, NULL, 10);
	} else if (slice_is(name, "_HOSTNAME") && value.size <= ENTRY_HOST_MAX) {
		memcpy(e->host, value.text, value.size);
		e->host[value.size] = '\0';
	} else if (slice_is(name, "MESSAGE")) {
		return entry_read_sentence(e, value);
	}
	return 0;
}

static int entry_take(struct source *s, struct entry *e)
{
	uint32_t uid = NOBODY;
	struct slice field;
	int r;

	entry_init(e);
	r = journal_time(s->journal, &e->time);
	while (r >= 0 && (r = journal_next_field(s->journal, &field)) > 0) {
		const char *equals = memchr(field.text, '=', field.size);
		size_t size = equals ? (size_t)(equals - field.text) : field.size;

		if (!equals)
			continue;
		r = field_take(e, (struct slice){field.text, size},
			(struct slice){equals + 1, field.size - size - 1}, &uid);
	}
	if (uid == NOBODY || (uid != s->writers[0] && uid != s->writers[1]))
		return r < 0 && r != -EBADMSG ? r : 0;
	return r < 0 ? r : entry_finish(e) < 0 ? -EBADMSG : 1;
}

static int journal_source_next(struct source *s, struct entry *ret)
{
	int r;

	while ((r = journal_next(s->journal)) > 0) {
		r = entry_take(s, ret);
		if (r != 0)
			return r;
	}
	return r;
}

static int journal_source_fd(struct source *s)
{
	return journal_fd(s->journal);
}

static void journal_source_woken(struct source *s)
{
	journal_woken(s->journal);
}

const struct source_kind source_journal = {
	.name = "the journal",
	.open = journal_source_open,
	.free = journal_source_free,
	.next = journal_source_next,
	.fd = journal_source_fd,
	.woken = journal_source_woken,
};
