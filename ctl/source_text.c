/*
 * source_text.c - what the recorder writes to syslog or to standard error, in a file. Such files hold
 * lines of other programs too: what does not begin as ours do is none.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/drop.h"
#include "ctl/lines.h"
#include "ctl/moment.h"
#include "ctl/source.h"

#define TAG SLICE("dbus-warden")

struct source {
	struct lines *lines;
	uint64_t now; /* for dates that have no year */
};

DROP_WITH(source, source_text.free)

static int text_open(const char *path, const struct records_want *want, struct source **ret)
{
	DROP(source) s = calloc(1, sizeof(*s));
	int e = s ? lines_open(path, want->follow, &s->lines) : -ENOMEM;

	if (e < 0)
		return e;
	s->now = moment_now();
	if (want->fresh)
		lines_skip(s->lines);
	*ret = TAKE(s);
	return 0;
}

static void text_free(struct source *s)
{
	if (!s)
		return;
	lines_free(s->lines);
	free(s);
}

static bool begins(struct slice s, struct slice with)
{
	return s.size >= with.size && memcmp(s.text, with.text, with.size) == 0;
}

/* "TIME HOST dbus-warden[1]: TEXT" or "dbus-warden: TEXT" loses what is before the text; false if
 * it is another program's line. */
static bool head_strip(struct slice *line, struct slice *ret_head)
{
	static const struct slice beginnings[] = {SLICE("bus="), SLICE("denied "),
		SLICE("allowed "), SLICE("would be denied "), SLICE("policy "), SLICE("records ")};
	const char *colon = line->size ? memmem(line->text, line->size, ": ", 2) : NULL;
	struct slice head = {line->text, colon ? (size_t)(colon - line->text) : 0};
	const char *blank = head.size ? memrchr(head.text, ' ', head.size) : NULL;
	const char *tag = blank ? blank + 1 : head.text;

	*ret_head = (struct slice){NULL, 0};
	if (colon && begins((struct slice){tag, (size_t)(colon - tag)}, TAG)) {
		*ret_head = head;
		*line = (struct slice){colon + 2, line->size - head.size - 2};
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (begins(*line, beginnings[i]))
			return true;
	return false;
}

/* The host of "TIME HOST TAG", which has two blanks behind its time's last digits. */
static void host_set(struct entry *e, struct slice head)
{
	const char *blank = head.size ? memrchr(head.text, ' ', head.size) : NULL;
	const char *before = blank ? memrchr(head.text, ' ', (size_t)(blank - head.text)) : NULL;
	size_t size = before ? (size_t)(blank - before - 1) : 0;

	if (!e->time || size == 0 || size > ENTRY_HOST_MAX)
		return;
	memcpy(e->host, before + 1, size);
	e->host[size] = '\0';
}

static int text_next(struct source *s, struct entry *ret)
{
	struct slice line, head;
	int r;

	while ((r = lines_next(s->lines, &line)) > 0) {
		if (!head_strip(&line, &head))
			continue;
		/* the programs have more to say than records */
		if (!line.size || !memmem(line.text, line.size, " res=", 5))
			continue;
		entry_init(ret);
		ret->time = moment_of_line(head, s->now);
		host_set(ret, head);
		return entry_read_text(ret, line) < 0 ? -EBADMSG : 1;
	}
	return r;
}

static int text_fd(struct source *s)
{
	return lines_fd(s->lines);
}

static void text_woken(struct source *s)
{
	lines_woken(s->lines);
}

const struct source_kind source_text = {
	.name = "the file",
	.open = text_open,
	.free = text_free,
	.next = text_next,
	.fd = text_fd,
	.woken = text_woken,
};
