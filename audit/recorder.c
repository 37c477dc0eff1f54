/*
 * recorder.c - dbus-warden-recorder: reads records from the broker and writes them where they are
 * kept. It ends when the channel does and not before: signals that end the rest of the bus must not
 * take the records of its last moments with them.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/cage.h"
#include "audit/exe.h"
#include "audit/sink.h"
#include "base/channel.h"
#include "base/drop.h"
#include "base/log.h"
#include "link/launch_broker.h"
#include "link/launch_recorder.h"

#define TO_DEFAULT "audit,journal,syslog,stderr"

static const char usage[] =
	"Usage: dbus-warden-recorder [OPTION]...\n"
	"Writes the decisions that the broker sends (descriptor 3) to where they are kept. Started "
	"by\n"
	"dbus-warden.\n"
	"\n"
	"  --to=LIST             to the first of these that takes a record: audit, journal, "
	"syslog,\n"
	"                        stderr (" TO_DEFAULT ")\n"
	"  --stderr              to stderr, too; not where that is the journal\n"
	"  --syslog-socket=PATH  where syslog listens, if not at /dev/log\n"
	"  --launch              descriptor 4 is a channel to dbus-warden\n"
	"  --help                this text\n";

struct recorder {
	struct sinks sinks;
	struct exes exes;
	bool has_launch;
	uint64_t done; /* letters from the broker */
};

enum option_id { OPTION_TO = 1, OPTION_STDERR, OPTION_SOCKET, OPTION_LAUNCH, OPTION_HELP };

static const struct option options[] = {
	{"to", required_argument, NULL, OPTION_TO},
	{"stderr", no_argument, NULL, OPTION_STDERR},
	{"syslog-socket", required_argument, NULL, OPTION_SOCKET},
	{"launch", no_argument, NULL, OPTION_LAUNCH},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

/* Under systemd stderr is the journal, more often than not. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char own[64];

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return strcmp(own, stream) == 0;
}

/* false: nothing more to do, *ret_status says how that ended */
static bool options_read(struct recorder *r, int argc, char **argv, int *ret_status)
{
	int c;

	*ret_status = EXIT_FAILURE;
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case OPTION_TO:
			r->sinks.order = sinks_of(slice_of(optarg));
			if (r->sinks.order)
				break;
			log_error("--to=%s: not a list of audit, journal, syslog, stderr", optarg);
			return false;
		case OPTION_STDERR:
			r->sinks.standard_error = true;
			break;
		case OPTION_SOCKET:
			r->sinks.syslog_path = optarg;
			break;
		case OPTION_LAUNCH:
			r->has_launch = true;
			break;
		case OPTION_HELP:
			fputs(usage, stdout);
			*ret_status = EXIT_SUCCESS;
			return false;
		default:
			return false; /* getopt_long said why */
		}
	}
	if (optind < argc) {
		log_error("unexpected argument: %s", argv[optind]);
		return false;
	}
	return true;
}

/* Tells launch whether records can be kept where they should; it may not start a bus without. */
static int tell_launch(struct recorder *r)
{
	struct recorder_ready ready = {.preferred = false};
	struct writer w = {0};
	char why[SINKS_WHY];
	enum sink sink = sinks_probe(&r->sinks, why);
	int e = 0;

	ready.preferred = sink != SINK_NONE && sink == sinks_at(r->sinks.order, 0);
	ready.sink = slice_of(sink_word(sink));
	ready.why = slice_of(why);
	recorder_ready_write(&w, &ready);
	if (r->has_launch)
		e = channel_send(LINK_SECOND_FD, FROM_RECORDER_READY, &w, NULL, 0);
	writer_fini(&w);
	return e;
}

static void letter_keep(struct recorder *r, const struct letter *l)
{
	int pidfd = l->fds_n > 0 ? l->fds[0] : -1;
	struct record record;

	if (l->type != RECORD_LETTER || record_read(&record, l->data, l->size) < 0) {
		log_error("the broker sent something that is no record");
		r->sinks.lost++;
		return;
	}
	exes_name(&r->exes, &record, pidfd);
	sinks_write(&r->sinks, &record); /* what no sink takes is counted there */
}

/* The broker counts what we took and did not live to write. It may be slow to hear of it, or gone. */
static void letter_done(struct recorder *r)
{
	struct writer w = {0};

	writer_u64(&w, ++r->done);
	(void)channel_send(LINK_FD, RECORD_DONE, &w, NULL, 0);
	writer_fini(&w);
}

/* Until the broker's end is closed and everything it sent is read; 0 or -errno. */
static int recorder_run(struct recorder *recorder)
{
	struct pollfd pollfd = {.fd = LINK_FD, .events = POLLIN};
	struct letter letter;

	for (;;) {
		int r = channel_recv(LINK_FD, &letter);

		switch (r) {
		case 0:
			letter_keep(recorder, &letter);
			letter_fini(&letter);
			letter_done(recorder);
			break;
		case -EPIPE:
			return 0;
		case -EAGAIN:
			if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
				return -errno;
			break;
		case -EBADMSG:
			log_error("the broker sent a damaged letter");
			recorder->sinks.lost++;
			letter_done(recorder);
			break;
		default:
			return r;
		}
	}
}

int main(int argc, char **argv)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	static struct recorder recorder;
	int r, status;

	log_open("dbus-warden-recorder", LOG_TO_STDERR);
	sinks_init(&recorder.sinks);
	recorder.sinks.order = sinks_of(SLICE(TO_DEFAULT));
	if (!options_read(&recorder, argc, argv, &status))
		return status;
	if (stderr_is_journal())
		recorder.sinks.standard_error = false;
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	exes_init(&recorder.exes, recorder.has_launch ? LINK_SECOND_FD : -1);
	r = cage_enter(&recorder_cage);
	if (r == 0)
		r = tell_launch(&recorder);
	if (r == 0)
		r = recorder_run(&recorder);
	if (r < 0)
		log_error("cannot go on: %s", strerror(-r));
	if (recorder.sinks.lost > 0)
		log_error(
			"%llu decisions are on no record", (unsigned long long)recorder.sinks.lost);
	sinks_fini(&recorder.sinks);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
