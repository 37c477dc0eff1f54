/*
 * sink.c - sinks in the order of preference. syslog(3) is not used: it tells nobody when a line was
 * lost, and then the next sink would not get it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "audit/kernel.h"
#include "audit/sink.h"
#include "base/drop.h"
#include "base/journal.h"
#include "base/log.h"

#define IDENTIFIER "dbus-warden"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
/* MESSAGE and the constant ones, then a record's own and their lengths before they were cut */
#define JOURNAL_FIELDS (5 + 2 * RECORD_FIELDS)

struct entry {
	struct writer text; /* all fields, one after the other */
	size_t ends[JOURNAL_FIELDS];
	int n;
};

/* A socket that failed is opened anew for the next record. */
static int audit_connect(struct sinks *sinks)
{
	if (sinks->audit_fd < 0)
		sinks->audit_fd = kernel_open();
	return sinks->audit_fd < 0 ? sinks->audit_fd : 0;
}

static int audit_write(struct sinks *sinks, const struct record *record)
{
	int r = audit_connect(sinks);

	return r < 0 ? r : kernel_write(sinks->audit_fd, record);
}

static int audit_probe(struct sinks *sinks)
{
	int r = audit_connect(sinks);

	return r < 0 ? r : kernel_probe(sinks->audit_fd);
}

static void entry_end_field(struct entry *e)
{
	e->ends[e->n++] = e->text.size;
}

static void entry_add(struct entry *e, const char *text)
{
	writer_bytes(&e->text, text, strlen(text));
}

/* "peer_uid" -> "DBUS_WARDEN_PEER_UID" */
static void entry_add_key(struct entry *e, const char *key)
{
	entry_add(e, "DBUS_WARDEN_");
	for (; *key; key++) {
		char c = (char)(*key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key);

		writer_bytes(&e->text, &c, 1);
	}
}

static void entry_add_values(struct entry *e, const struct record *record)
{
	char number[32];

	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		const struct record_value *v = &record->values[i];

		if (!v->known)
			continue;
		entry_add_key(e, record_key(i));
		entry_add(e, "=");
		record_value_text(&e->text, record, i);
		entry_end_field(e);
		if (v->full <= v->text.size)
			continue;
		entry_add_key(e, record_key(i));
		snprintf(number, sizeof(number), "_CUT=%u", v->full);
		entry_add(e, number);
		entry_end_field(e);
	}
}

static int journal_probe(struct sinks *sinks)
{
	/* libsystemd says that it wrote what it had nobody to write to */
	(void)sinks;
	if (access(JOURNAL_SOCKET, F_OK) < 0)
		return -ENOENT;
	/* built without it */
	return journal_send(NULL, 0) == -ENOSYS ? -ENOSYS : 0;
}

static int journal_write(struct sinks *sinks, const struct record *record)
{
	struct entry e = {.n = 0};
	struct iovec iov[JOURNAL_FIELDS];
	char level[64];
	int r = journal_probe(sinks);

	if (r < 0)
		return r;
	r = -ENOMEM;
	entry_add(&e, "MESSAGE=");
	record_sentence(&e.text, record);
	entry_end_field(&e);
	snprintf(level, sizeof(level), "PRIORITY=%d", record_level(record));
	entry_add(&e, level);
	entry_end_field(&e);
	snprintf(level, sizeof(level), "SYSLOG_FACILITY=%d", LOG_FAC(LOG_AUTH));
	entry_add(&e, level);
	entry_end_field(&e);
	entry_add(&e, "SYSLOG_IDENTIFIER=" IDENTIFIER);
	entry_end_field(&e);
	entry_add(&e, "MESSAGE_ID=" SINK_MESSAGE_ID);
	entry_end_field(&e);
	entry_add_values(&e, record);
	if (!e.text.bad) {
		for (int i = 0; i < e.n; i++) {
			size_t start = i > 0 ? e.ends[i - 1] : 0;

			iov[i] = (struct iovec){e.text.data + start, e.ends[i] - start};
		}
		r = journal_send(iov, e.n);
	}
	writer_fini(&e.text);
	return r;
}

static int syslog_connect(struct sinks *sinks)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 2};
	DROP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(sinks->syslog_path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, sinks->syslog_path);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	sinks->syslog_fd = TAKE_FD(fd);
	return 0;
}

static void syslog_close(struct sinks *sinks)
{
	if (sinks->syslog_fd >= 0)
		close(sinks->syslog_fd);
	sinks->syslog_fd = -1;
}

/* A daemon that was restarted has a new socket: one failure on the old one is none. */
static int syslog_send(struct sinks *sinks, const struct writer *line)
{
	int r = -ENOTCONN;

	for (int tries = 0; tries < 2; tries++) {
		bool fresh = sinks->syslog_fd < 0;

		r = fresh ? syslog_connect(sinks) : 0;
		if (r < 0)
			return r;
		if (send(sinks->syslog_fd, line->data, line->size, MSG_NOSIGNAL) >= 0)
			return 0;
		r = -errno;
		syslog_close(sinks);
		/* a time-out says nothing about the socket, and nobody waits twice */
		if (fresh || r == -EAGAIN)
			return r;
	}
	return r;
}

static int syslog_probe(struct sinks *sinks)
{
	return sinks->syslog_fd < 0 ? syslog_connect(sinks) : 0;
}

static int syslog_write(struct sinks *sinks, const struct record *record)
{
	static const char months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct writer line = {.limit = 3 * RECORD_LINE_MAX};
	time_t now = time(NULL);
	char head[64];
	struct tm tm;
	int r;

	localtime_r(&now, &tm);
	snprintf(head, sizeof(head),
		"<%d>%s %2d %02d:%02d:%02d " IDENTIFIER "[%d]: ", LOG_AUTH | record_level(record),
		months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)getpid());
	writer_bytes(&line, head, strlen(head));
	record_text(&line, record);
	r = line.bad ? -ENOMEM : syslog_send(sinks, &line);
	writer_fini(&line);
	return r;
}

static int stderr_write(struct sinks *sinks, const struct record *record)
{
	struct writer line = {.limit = 3 * RECORD_LINE_MAX};
	int r = 0;
	ssize_t n;

	(void)sinks;
	writer_bytes(&line, IDENTIFIER ": ", strlen(IDENTIFIER ": "));
	record_text(&line, record);
	writer_bytes(&line, "\n", 1);
	if (line.bad)
		r = -ENOMEM;
	for (size_t at = 0; r == 0 && at < line.size; at += (size_t)n) {
		n = write(STDERR_FILENO, line.data + at, line.size - at);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			r = -errno;
	}
	writer_fini(&line);
	return r;
}

static int stderr_probe(struct sinks *sinks)
{
	(void)sinks;
	return fcntl(STDERR_FILENO, F_GETFD) < 0 ? -errno : 0;
}

static const struct {
	const char *name;
	int (*probe)(struct sinks *sinks);
	int (*write)(struct sinks *sinks, const struct record *record);
} writers[SINK_SINKS] = {
	[SINK_NONE] = {"nowhere", NULL, NULL},
	[SINK_AUDIT] = {"the kernel's audit trail", audit_probe, audit_write},
	[SINK_JOURNAL] = {"the journal", journal_probe, journal_write},
	[SINK_SYSLOG] = {"syslog", syslog_probe, syslog_write},
	[SINK_STDERR] = {"stderr", stderr_probe, stderr_write},
};

void sinks_init(struct sinks *sinks)
{
	*sinks = (struct sinks){.syslog_path = "/dev/log", .syslog_fd = -1, .audit_fd = -1};
}

void sinks_fini(struct sinks *sinks)
{
	syslog_close(sinks);
	if (sinks->audit_fd >= 0)
		close(sinks->audit_fd);
	sinks->audit_fd = -1;
}

static void sinks_use(struct sinks *sinks, enum sink sink)
{
	if (sinks->current == sink)
		return;
	if (sinks->current == SINK_NONE)
		log_info("decisions are recorded in %s", writers[sink].name);
	else
		log_warning("decisions are recorded in %s now, no more in %s", writers[sink].name,
			writers[sinks->current].name);
	sinks->current = sink;
}

enum sink sinks_probe(struct sinks *sinks, char why[SINKS_WHY])
{
	*why = '\0';
	for (unsigned int i = 0; sinks_at(sinks->order, i) != SINK_NONE; i++) {
		enum sink sink = sinks_at(sinks->order, i);
		int r = writers[sink].probe(sinks);

		if (r == 0) {
			sinks_use(sinks, sink);
			return sink;
		}
		log_info("decisions are not recorded in %s: %s", writers[sink].name, strerror(-r));
		if (i == 0)
			snprintf(why, SINKS_WHY, "%s: %s", writers[sink].name, strerror(-r));
	}
	log_warning("decisions are recorded nowhere: no sink of those configured would take any");
	return SINK_NONE;
}

static int sinks_try(struct sinks *sinks, const struct record *record)
{
	bool said = sinks->standard_error && stderr_write(sinks, record) == 0;
	bool passed = false;
	int r = said ? 0 : -EIO;

	for (unsigned int i = 0; sinks_at(sinks->order, i) != SINK_NONE; i++) {
		enum sink sink = sinks_at(sinks->order, i);

		r = sink == SINK_STDERR && said ? 0 : writers[sink].write(sinks, record);
		if (r == 0) {
			if (!passed)
				sinks_use(sinks, sink);
			return 0;
		}
		/* not for records of this kind: no reason to say that anything changed */
		passed |= r == -EOPNOTSUPP;
	}
	return said ? 0 : r;
}

int sinks_write(struct sinks *sinks, struct record *record)
{
	struct record_value *lost = &record->values[RECORD_LOST];
	const struct record_value *repeats = &record->values[RECORD_REPEATS];
	const struct record_value *others = &record->values[RECORD_OTHERS];
	uint64_t before = sinks->lost + (lost->number > 0 ? (uint64_t)lost->number : 0);
	int64_t stands_for = repeats->known ? repeats->number : others->known ? others->number : 1;
	int r;

	if (before > 0)
		record_set_number(record, RECORD_LOST, before);
	r = sinks_try(sinks, record);
	sinks->lost = r == 0 ? 0 : before + (stands_for > 0 ? (uint64_t)stands_for : 1);
	return r;
}
