/*
 * trail.c - what is recorded: every refusal but those that nobody asked for (a broadcast, an
 * eavesdropper's copy, a signal of the driver's that does not reach one more receiver), and what is
 * allowed where the policy wants that recorded. The quiet ones are found out first: they may be many.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>

#include "audit/trail.h"
#include "base/channel.h"
#include "base/drop.h"
#include "base/log.h"
#include "base/reader.h"

#define TYPE_SIGNAL 4
#define LAST_US 1000000 /* at the end, when there is nobody left who could be kept waiting */

static void nonblocking(int channel)
{
	if (channel >= 0)
		fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) | O_NONBLOCK);
}

void trail_init(struct trail *trail, int channel, const char *bus)
{
	*trail = (struct trail){.channel = channel, .bus = bus};
	folds_init(&trail->folds);
	nonblocking(channel);
}

void trail_fold(struct trail *trail, struct loop *loop)
{
	trail->loop = loop;
}

/* What the recorder has written since we last looked; one that says more than that is not listened to
 * for ever. */
static void trail_hear(struct trail *trail)
{
	struct letter letter;
	struct reader r;
	uint64_t done;

	for (int i = 0; i < TRAIL_FLYING && channel_recv(trail->channel, &letter) == 0; i++) {
		r = reader_of(letter.data, letter.size);
		done = reader_u64(&r);
		if (letter.type == RECORD_DONE && reader_is_done(&r) && done <= trail->handed &&
			done > trail->done)
			trail->done = done;
		letter_fini(&letter);
	}
}

/* One record, which stands for `count` decisions. 0, or -errno and nothing has happened. */
static int trail_hand(struct trail *trail, const struct writer *fields, int pidfd, uint64_t count)
{
	int r;

	trail_hear(trail);
	if (trail->handed - trail->done == TRAIL_FLYING)
		return -EAGAIN;
	r = channel_send(trail->channel, RECORD_LETTER, fields, &pidfd, pidfd >= 0);
	if (r == 0)
		trail->flying[trail->handed++ % TRAIL_FLYING] = count;
	return r;
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

/* A record with what was lost before it, for `count` decisions. 0 or -errno. */
static int trail_put(struct trail *trail, struct record *record, int pidfd, uint64_t count)
{
	struct writer w = {.limit = LETTER_MAX};
	int r = 0;

	if (trail->lost > 0)
		record_set_number(record, RECORD_LOST, trail->lost);
	if (trail->channel < 0) {
		trail_say(record);
	} else {
		record_write(&w, record);
		r = trail_hand(trail, &w, pidfd, count + trail->lost);
		writer_fini(&w);
	}
	if (r == 0) {
		trail->lost = 0;
		trail->sent++;
	}
	return r;
}

void trail_event(struct trail *trail, const struct record_event *event)
{
	struct record record;

	record_of_event(&record, trail->bus, event);
	if (trail_put(trail, &record, -1, 1) < 0)
		trail->lost++;
}

void trail_set_channel(struct trail *trail, int channel)
{
	if (trail->channel >= 0)
		trail_hear(trail);
	for (; trail->done < trail->handed; trail->done++)
		trail->lost += trail->flying[trail->done % TRAIL_FLYING];
	trail->channel = channel;
	trail->handed = trail->done = 0;
	nonblocking(channel);
	if (trail->lost > 0)
		trail_event(trail,
			&(struct record_event){.verb = "records",
				.text = "the recorder ended with records that it had not written",
				.failed = true});
}

/* Puts on record what a fold has counted. 0 or -errno: then it is counted on. */
static int trail_settle(struct trail *trail, struct fold *fold)
{
	struct record record;
	int r;

	if (fold->count == 0)
		return 0;
	r = record_read(&record, fold->letter, fold->size);
	assert(r == 0);
	if (fold->count > 1)
		record_set_number(
			&record, fold->others ? RECORD_OTHERS : RECORD_REPEATS, fold->count);
	r = trail_put(trail, &record, -1, fold->count);
	if (r == 0)
		fold->count = 0;
	return r;
}

static void trail_arm(struct trail *trail, uint64_t now);

static int trail_due(struct timer *timer)
{
	struct trail *trail = container_of(timer, struct trail, timer);
	uint64_t now = loop_now();
	struct fold *fold;

	while ((fold = folds_due(&trail->folds, now)) != NULL) {
		bool goes_on = fold->count > 0;

		(void)trail_settle(trail, fold);
		if (goes_on)
			fold_again(&trail->folds, fold, now);
		else
			fold_free(&trail->folds, fold);
	}
	trail_arm(trail, now);
	return 0;
}

static void trail_arm(struct trail *trail, uint64_t now)
{
	struct fold *first;

	if (list_is_empty(&trail->folds.queue))
		return;
	first = list_entry(trail->folds.queue.next, struct fold, link);
	timer_arm(&trail->timer, trail->loop, first->due > now ? first->due - now : 0, trail_due);
}

/* Whether the recorder takes more before it is `until`; one that has gone never does. */
static bool trail_wait(const struct trail *trail, uint64_t until)
{
	const bool is_flying = trail->handed - trail->done == TRAIL_FLYING;
	struct pollfd room = {.fd = trail->channel, .events = is_flying ? POLLIN : POLLOUT};
	uint64_t now = loop_now();

	return now < until && poll(&room, 1, (int)((until - now) / 1000) + 1) > 0 &&
	       !(room.revents & POLLHUP);
}

void trail_fini(struct trail *trail)
{
	const uint64_t until = loop_now() + LAST_US;
	int r;

	timer_cancel(&trail->timer);
	for (struct fold *fold = trail->folds.table; fold; fold = fold->hh.next) {
		do
			r = trail_settle(trail, fold);
		while (r == -EAGAIN && trail_wait(trail, until));
		if (r < 0)
			trail->lost += fold->count;
	}
	folds_fini(&trail->folds);
	if (trail->lost > 0)
		log_warning("%" PRIu64
			    " decisions are on no record: the recorder did not take them",
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
		return verdict->answer != ANSWER_ALLOW || !verdict->rule || !verdict->rule->log;
	return trail_is_unasked(request);
}

/* The first of a kind goes on record at once; it keeps its fields for what it will stand for. */
static void trail_first(struct trail *trail, struct fold *fold, struct record *record, int pidfd)
{
	struct writer w = {.limit = LETTER_MAX};

	record_write(&w, record);
	if (w.bad) {
		fold_free(&trail->folds, fold);
		writer_fini(&w);
		if (trail_put(trail, record, pidfd, 1) < 0)
			trail->lost++;
		return;
	}
	fold->size = w.size;
	fold->letter = TAKE(w.data);
	if (trail_put(trail, record, pidfd, 1) == 0)
		fold->count = 0;
}

static void trail_record(
	struct trail *trail, const struct request *request, const struct verdict *verdict)
{
	uint64_t now = trail->loop ? loop_now() : 0;
	struct fold *fold = NULL;
	struct record record;
	int pidfd = -1;

	if (trail->loop && folds_count(&trail->folds, request, verdict, now, &fold))
		return;
	record_of(&record, trail->bus, request, verdict, 0);
	if (trail->pidfd && request->sender)
		pidfd = trail->pidfd(request->sender);
	if (fold)
		trail_first(trail, fold, &record, pidfd);
	else if (trail_put(trail, &record, pidfd, 1) < 0)
		trail->lost++;
	if (trail->loop && !list_is_linked(&trail->timer.link))
		trail_arm(trail, now);
}

void trail_note(void *arg, const struct request *request, const struct verdict *verdict)
{
	struct trail *trail = arg;

	trail->refusals += verdict->answer == ANSWER_DENY && !verdict->advisory;
	if (!trail_is_quiet(request, verdict))
		trail_record(trail, request, verdict);
}

void trail_always(struct trail *trail, const struct request *request, const char *text)
{
	const struct verdict v = {.answer = ANSWER_ALLOW, .reason = REASON_FAULT, .text = text};

	trail_record(trail, request, &v);
}
