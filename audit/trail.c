/*
 * trail.c - what is recorded: every refusal but those that nobody asked for (a broadcast, an
 * eavesdropper's copy, a signal of the driver's that does not reach one more receiver), and what is
 * allowed by a rule that says log="true". The quiet ones are found out first: they may be many.
 */
#include <fcntl.h>
#include <inttypes.h>

#include "audit/record.h"
#include "audit/trail.h"
#include "base/channel.h"
#include "base/log.h"

#define TYPE_SIGNAL 4

void trail_init(struct trail *trail, int channel, const char *bus)
{
	*trail = (struct trail){.channel = -1, .bus = bus};
	trail_set_channel(trail, channel);
}

void trail_set_channel(struct trail *trail, int channel)
{
	trail->channel = channel;
	if (channel >= 0)
		fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) | O_NONBLOCK);
}

void trail_fini(struct trail *trail)
{
	if (trail->lost > 0)
		log_warning("%" PRIu64 " records were lost: the recorder did not take them",
			trail->lost);
	trail->lost = 0;
}

/* A delivery that nobody asked for. */
static bool trail_is_unasked(const struct request *request)
{
	const struct traffic *t = request->traffic;

	if (request->verb != VERB_SEND)
		return false;
	if (request->eavesdrop || (t && t->broadcast))
		return true;
	return !request->sender && t && t->type == TYPE_SIGNAL;
}

static bool trail_is_quiet(const struct request *request, const struct verdict *verdict)
{
	if (verdict->audit)
		return false;
	/* each receiver of a broadcast counts, as in the reference; what is to stay quiet is a matter of
	 * the MAC policy (dontaudit) */
	if (verdict->reason == REASON_LABELS)
		return verdict->labels.quiet;
	if (verdict->advisory)
		return trail_is_unasked(request);
	if (verdict->answer != ANSWER_DENY)
		return verdict->answer != ANSWER_ALLOW || verdict->reason != REASON_RULE ||
		       !verdict->rule->log;
	return trail_is_unasked(request);
}

static void trail_say(const struct record *record)
{
	struct writer w = {.limit = 3 * RECORD_LINE_MAX};

	record_text(&w, record);
	writer_bytes(&w, "", 1);
	if (w.bad)
		log_error("no memory for the text of a record");
	else
		log_line(record_level(record), "%s", (const char *)w.data);
	writer_fini(&w);
}

void trail_note(void *arg, const struct request *request, const struct verdict *verdict)
{
	struct trail *trail = arg;
	struct writer w = {.limit = LETTER_MAX};
	struct record record;

	if (trail_is_quiet(request, verdict))
		return;
	record_of(&record, trail->bus, request, verdict, trail->lost);
	if (trail->channel < 0) {
		trail_say(&record);
		trail->lost = 0;
		trail->sent++;
		return;
	}
	record_write(&w, &record);
	if (channel_send(trail->channel, RECORD_LETTER, &w, NULL, 0) < 0) {
		trail->lost++;
	} else {
		trail->lost = 0;
		trail->sent++;
	}
	writer_fini(&w);
}
