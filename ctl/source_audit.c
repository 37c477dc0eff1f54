/*
 * source_audit.c - records in the kernel's audit trail: the one file that knows libauparse. The audit
 * daemon's files are read line by line, those without our mark are passed over, and libauparse makes
 * events of the rest.
 */
#include <auparse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/drop.h"
#include "ctl/lines.h"
#include "ctl/moment.h"
#include "ctl/source.h"

#define AUDITD_CONF "/etc/audit/auditd.conf"
#define AUDIT_LOG "/var/log/audit/audit.log"
/* more than auditd keeps */
#define ROTATED_MAX 999

/* Of an event that libauparse has read and nobody has taken yet. */
struct ready {
	struct ready *next;
	int result; /* as source_kind.next gives it */
	struct entry entry;
};

struct source {
	auparse_state_t *parser; /* owned */
	struct lines *lines; /* owned; NULL between two files */
	char *path; /* owned: of the newest file */
	int rotated; /* number of the file that is read, 0 is the newest; -1: all are read */
	bool follow;
	struct ready *first, **last; /* owned */
	bool failed; /* no memory */
};

DROP_WITH(source, source_audit.free)

static void audit_free(struct source *s)
{
	if (!s)
		return;
	for (struct ready *next, *r = s->first; r; r = next) {
		next = r->next;
		free(r);
	}
	auparse_destroy(s->parser);
	lines_free(s->lines);
	free(s->path);
	free(s);
}

/* What a program said, out of "type=... msg='...'": behind it may come what auditd made of numbers
 * (log_format=ENRICHED), and inside there may be quotes. Absent if there is none. */
static struct slice message_of(const char *record)
{
	const char *start = strstr(record, " msg='"), *enriched = strchr(record, '\x1d'), *end;

	if (!start)
		return (struct slice){NULL, 0};
	start += 6;
	end = memrchr(start, '\'', enriched ? (size_t)(enriched - start) : strlen(start));
	if (!end)
		return (struct slice){NULL, 0};
	return (struct slice){start, (size_t)(end - start)};
}

/* Called by libauparse for each event. */
static void event_take(auparse_state_t *parser, auparse_cb_event_t what, void *arg)
{
	struct source *s = arg;
	const au_event_t *event = auparse_get_timestamp(parser);
	struct slice message;
	struct ready *ready;

	if (what != AUPARSE_CB_EVENT_READY || !event || auparse_first_record(parser) <= 0)
		return;
	ready = malloc(sizeof(*ready));
	if (!ready) {
		s->failed = true;
		return;
	}
	entry_init(&ready->entry);
	ready->next = NULL;
	ready->entry.time = (uint64_t)event->sec * MOMENT_SECOND + event->milli * 1000;
	snprintf(
		ready->entry.host, sizeof(ready->entry.host), "%s", event->host ? event->host : "");
	message = message_of(auparse_get_record_text(parser));
	ready->result = entry_is_mac(message) ? entry_read_mac(&ready->entry, message)
					      : entry_read_line(&ready->entry, message);
	if (ready->result == -ENOENT) {
		free(ready);
		return;
	}
	ready->result = ready->result < 0 ? -EBADMSG : 1;
	*s->last = ready;
	s->last = &ready->next;
}

/* Where auditd writes, as its configuration says. NULL without memory. */
static char *log_path(void)
{
	struct lines *lines;
	struct slice line;
	char *path = NULL;

	if (lines_open(AUDITD_CONF, false, &lines) < 0)
		return strdup(AUDIT_LOG);
	while (!path && lines_next(lines, &line) > 0) {
		char value[256], copy[512];

		if (line.size >= sizeof(copy))
			continue;
		memcpy(copy, line.text, line.size);
		copy[line.size] = '\0';
		if (sscanf(copy, " log_file = %255s", value) == 1)
			path = strdup(value);
	}
	lines_free(lines);
	return path ? path : strdup(AUDIT_LOG);
}

/* "audit.log.2", or the newest file; NULL without memory. */
static char *rotated_path(const struct source *s, int n)
{
	char *path = NULL;

	if (n == 0)
		return strdup(s->path);
	return asprintf(&path, "%s.%d", s->path, n) < 0 ? NULL : path;
}

/* How many older files have something of that time and later. */
static int rotated_count(const struct source *s, uint64_t since)
{
	int n = 0;

	while (n < ROTATED_MAX) {
		DROP_HEAP char *path = rotated_path(s, n + 1);
		struct stat st;

		if (!path || stat(path, &st) < 0 ||
			(uint64_t)st.st_mtime + 1 < since / MOMENT_SECOND)
			break;
		n++;
	}
	return n;
}

static int file_open_rotated(struct source *s)
{
	DROP_HEAP char *path = rotated_path(s, s->rotated);

	return path ? lines_open(path, s->follow && s->rotated == 0, &s->lines) : -ENOMEM;
}

static int audit_open(const char *path, const struct records_want *want, struct source **ret)
{
	DROP(source) s = calloc(1, sizeof(*s));
	int e;

	if (!s)
		return -ENOMEM;
	s->last = &s->first;
	s->follow = want->follow;
	s->path = path ? strdup(path) : log_path();
	s->parser = auparse_init(AUSOURCE_FEED, NULL);
	if (!s->path || !s->parser)
		return -ENOMEM;
	auparse_add_callback(s->parser, event_take, s, NULL);
	s->rotated = path || want->fresh ? 0 : rotated_count(s, want->since);
	e = file_open_rotated(s);
	if (e < 0)
		return e;
	if (want->fresh)
		lines_skip(s->lines);
	*ret = TAKE(s);
	return 0;
}

/* Feeds the parser up to the next event, or to the end: 1, 0 or -errno. */
static int audit_read(struct source *s)
{
	struct slice line;
	int r = lines_next(s->lines, &line);

	if (r > 0 && line.size && memmem(line.text, line.size, "bus=", 4)) {
		auparse_feed(s->parser, line.text, line.size);
		auparse_feed(s->parser, "\n", 1);
	}
	if (r != 0)
		return r;
	if (s->follow && s->rotated == 0)
		return 0;
	lines_free(TAKE(s->lines));
	s->rotated--;
	if (s->rotated >= 0) {
		r = file_open_rotated(s);
		return r < 0 ? r : 1;
	}
	auparse_flush_feed(s->parser);
	return 0;
}

static int audit_next(struct source *s, struct entry *ret)
{
	struct ready *ready;
	int r = 1;

	while (!s->first && s->lines && r > 0)
		r = audit_read(s);
	if (s->failed)
		return -ENOMEM;
	ready = s->first;
	if (!ready)
		return r < 0 ? r : 0;
	s->first = ready->next;
	if (!s->first)
		s->last = &s->first;
	entry_move(ret, &ready->entry);
	r = ready->result;
	free(ready);
	return r;
}

static int audit_fd(struct source *s)
{
	return s->lines ? lines_fd(s->lines) : -1;
}

static void audit_woken(struct source *s)
{
	lines_woken(s->lines);
}

const struct source_kind source_audit = {
	.name = "the audit trail",
	.open = audit_open,
	.free = audit_free,
	.next = audit_next,
	.fd = audit_fd,
	.woken = audit_woken,
};
