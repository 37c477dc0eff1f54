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

#include "audit/record.h"
#include "audit/sink.h"
#include "base/channel.h"
#include "base/drop.h"
#include "base/log.h"
#include "link/launch_broker.h"

static const char usage[] =
	"Usage: dbus-warden-recorder [OPTION]...\n"
	"Writes the decisions that the broker sends (descriptor 3) to the log. Started by "
	"dbus-warden.\n"
	"\n"
	"  --syslog              to the journal, else to syslog, else to stderr: the first that "
	"takes\n"
	"                        a record (this is also what happens without options)\n"
	"  --stderr              to stderr; with --syslog, to both\n"
	"  --no-journal          to syslog even where there is a journal\n"
	"  --syslog-socket=PATH  where syslog listens, if not at /dev/log\n"
	"  --help                this text\n";

enum option_id { OPTION_SYSLOG = 1, OPTION_STDERR, OPTION_NO_JOURNAL, OPTION_SOCKET, OPTION_HELP };

static const struct option options[] = {
	{"syslog", no_argument, NULL, OPTION_SYSLOG},
	{"stderr", no_argument, NULL, OPTION_STDERR},
	{"no-journal", no_argument, NULL, OPTION_NO_JOURNAL},
	{"syslog-socket", required_argument, NULL, OPTION_SOCKET},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

/* false: nothing more to do, *ret_status says how that ended */
static bool options_read(struct sinks *sinks, int argc, char **argv, int *ret_status)
{
	int c;

	*ret_status = EXIT_FAILURE;
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case OPTION_SYSLOG:
			sinks->system = true;
			break;
		case OPTION_STDERR:
			sinks->standard_error = true;
			break;
		case OPTION_NO_JOURNAL:
			sinks->no_journal = true;
			break;
		case OPTION_SOCKET:
			sinks->syslog_path = optarg;
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
	if (!sinks->standard_error)
		sinks->system = true;
	return true;
}

static void letter_keep(struct sinks *sinks, const struct letter *l)
{
	struct record record;

	if (l->type != RECORD_LETTER || record_read(&record, l->data, l->size) < 0) {
		log_error("the broker sent something that is no record");
		sinks->lost++;
		return;
	}
	sinks_write(sinks, &record); /* what no sink takes is counted there */
}

/* Until the broker's end is closed and everything it sent is read; 0 or -errno. */
static int recorder_run(struct sinks *sinks)
{
	struct pollfd pollfd = {.fd = LINK_FD, .events = POLLIN};
	struct letter letter;

	for (;;) {
		int r = channel_recv(LINK_FD, &letter);

		switch (r) {
		case 0:
			letter_keep(sinks, &letter);
			letter_fini(&letter);
			break;
		case -EPIPE:
			return 0;
		case -EAGAIN:
			if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
				return -errno;
			break;
		case -EBADMSG:
			log_error("the broker sent a damaged letter");
			sinks->lost++;
			break;
		default:
			return r;
		}
	}
}

int main(int argc, char **argv)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	struct sinks sinks;
	int r, status;

	log_open("dbus-warden-recorder", LOG_TO_STDERR);
	sinks_init(&sinks);
	if (!options_read(&sinks, argc, argv, &status))
		return status;
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	r = recorder_run(&sinks);
	if (r < 0)
		log_error("cannot read from the broker: %s", strerror(-r));
	if (sinks.lost > 0)
		log_error("%llu records were lost", (unsigned long long)sinks.lost);
	sinks_fini(&sinks);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
