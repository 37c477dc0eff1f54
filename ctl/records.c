/* records.c - sources side by side: the record that was made first comes first */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/drop.h"
#include "conf/file.h"
#include "ctl/say.h"
#include "ctl/source.h"

#define SOURCES_MAX 2

struct stream {
	const struct source_kind *kind;
	struct source *source; /* owned */
	bool full; /* `entry` was not given out yet */
	struct entry entry;
};

struct records {
	struct stream streams[SOURCES_MAX];
	uint32_t streams_n;
	uint64_t damaged;
	bool follow;
};

DROP_WITH(records, records_close)

static int records_add(struct records *r, const struct source_kind *kind, const char *path,
	const struct records_want *want)
{
	struct stream *s = &r->streams[r->streams_n];
	int e = kind->open(path, want, &s->source);

	if (e < 0)
		return e;
	s->kind = kind;
	r->streams_n++;
	return 0;
}

/* By what a file begins with. */
static const struct source_kind *kind_of_file(const char *path)
{
	static const struct {
		const char *magic;
		const struct source_kind *kind;
	} kinds[] = {
		{"LPKSHHRH", &source_journal},
		{"type=", &source_audit},
		{"node=", &source_audit},
	};
	char head[9] = "";
	struct stat st;
	DROP_FD int fd = -1;

	if (strcmp(path, "-") == 0)
		return &source_text;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return &source_journal;
	fd = file_open(path);
	if (fd >= 0 && pread(fd, head, sizeof(head) - 1, 0) > 0)
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (strncmp(head, kinds[i].magic, strlen(kinds[i].magic)) == 0)
				return kinds[i].kind;
	return &source_text;
}

static int records_open_one(struct records *r, const struct records_want *want)
{
	const struct source_kind *kind;
	const char *path = NULL;
	int e;

	if (strcmp(want->from, "audit") == 0) {
		kind = &source_audit;
	} else if (strcmp(want->from, "journal") == 0) {
		kind = &source_journal;
	} else {
		path = want->from;
		kind = kind_of_file(path);
	}
	e = records_add(r, kind, path, want);
	if (e == -ENOSYS)
		return say("%s: reading %s is not built in", want->from, kind->name);
	return e < 0 ? say("%s: %s", want->from, strerror(-e)) : 0;
}

static const char *reason(int e)
{
	return e == -ENOSYS ? "it is not built in" : strerror(-e);
}

/* What there is of the audit trail and the journal; one is enough. */
static int records_open_all(struct records *r, const struct records_want *want)
{
	int audit = want->session ? -ENOENT : records_add(r, &source_audit, NULL, want);
	int journal = records_add(r, &source_journal, NULL, want);

	if (r->streams_n == 0)
		return say("no records can be read: of the audit trail: %s; of the journal: %s",
			reason(audit), reason(journal));
	if (audit == -EACCES)
		say("the audit trail is left out: %s", strerror(-audit));
	return 0;
}

int records_open(struct records **ret, const struct records_want *want)
{
	DROP(records) r = calloc(1, sizeof(*r));

	if (!r) {
		say("%s", strerror(ENOMEM));
		return -1;
	}
	r->follow = want->follow;
	if ((want->from ? records_open_one(r, want) : records_open_all(r, want)) != 0)
		return -1;
	*ret = TAKE(r);
	return 0;
}

void records_close(struct records *r)
{
	if (!r)
		return;
	if (r->damaged)
		say("records that are not as they were written, and not shown: %" PRIu64,
			r->damaged);
	for (uint32_t i = 0; i < r->streams_n; i++)
		r->streams[i].kind->free(r->streams[i].source);
	free(r);
}

/* Has the stream an entry now? 1, 0 or -1, told. */
static int stream_fill(struct records *r, struct stream *s)
{
	int e = s->full;

	while (e == 0) {
		e = s->kind->next(s->source, &s->entry);
		if (e == -EBADMSG) {
			r->damaged++;
			e = 0;
		} else if (e == 0) {
			break;
		}
	}
	if (e < 0) {
		say("%s: %s", s->kind->name, strerror(-e));
		return -1;
	}
	s->full = e > 0;
	return s->full;
}

/* Until one of the sources may have more; false if none ever will, or that cannot be waited for. */
static bool records_wait(struct records *r)
{
	struct pollfd fds[SOURCES_MAX];
	bool waiting = false;

	for (uint32_t i = 0; i < r->streams_n; i++) {
		struct stream *s = &r->streams[i];

		fds[i] = (struct pollfd){.fd = s->kind->fd(s->source), .events = POLLIN};
		waiting = waiting || fds[i].fd >= 0;
	}
	if (!waiting || (poll(fds, r->streams_n, -1) < 0 && errno != EINTR))
		return false;
	for (uint32_t i = 0; i < r->streams_n; i++)
		if (fds[i].revents)
			r->streams[i].kind->woken(r->streams[i].source);
	return true;
}

static int records_earliest(struct records *r, struct stream **ret)
{
	*ret = NULL;
	for (uint32_t i = 0; i < r->streams_n; i++) {
		struct stream *s = &r->streams[i];
		int e = stream_fill(r, s);

		if (e < 0)
			return -1;
		if (e > 0 && (!*ret || s->entry.time < (*ret)->entry.time))
			*ret = s;
	}
	return *ret != NULL;
}

int records_next(struct records *r, const struct entry **ret)
{
	struct stream *s;
	int e;

	do {
		e = records_earliest(r, &s);
		if (e < 0)
			return -1;
	} while (e == 0 && r->follow && records_wait(r));
	if (e == 0)
		return 0;
	s->full = false;
	*ret = &s->entry;
	return 1;
}
