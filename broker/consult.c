/*
 * consult.c - the broker's end of the channel to the agent. Nobody is waited for: a channel that is
 * full, an agent that is not there, a deadline that passes are answers, too, and they are no.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"
#include "broker/bus.h"
#include "broker/consult.h"
#include "broker/fault.h"
#include "broker/peer.h"

void consult_init(struct consult *consult)
{
	*consult = (struct consult){.channel = -1};
	list_init(&consult->asked);
}

void consult_fini(struct consult *consult)
{
	timer_cancel(&consult->timer);
	source_fini(&consult->source);
	if (consult->channel >= 0)
		close(consult->channel);
	consult->channel = -1;
	consult->agent[0] = '\0';
}

static void question_drop(struct consult *consult, struct question *q)
{
	HASH_DELETE(hh, consult->questions, q);
	list_unlink(&q->link);
	q->user->questions--;
	user_unref(q->user);
	q->id = 0;
}

static void question_answer(
	struct consult *consult, struct question *q, enum agent_result result, struct slice text)
{
	struct polkit_answer answer = {result, text, loop_now() - q->since};

	question_drop(consult, q);
	q->answered(q, &answer);
}

static void say_cancel(struct consult *consult, uint64_t id)
{
	struct writer w = {0};

	agent_cancel_write(&w, id);
	/* one that does not hear of it asks in vain */
	if (consult->channel >= 0)
		(void)channel_send(consult->channel, TO_AGENT_CANCEL, &w, NULL, 0);
	writer_fini(&w);
}

static int overdue(struct timer *timer);

static void timer_set(struct consult *consult, struct loop *loop)
{
	struct list *first = list_first(&consult->asked);
	uint64_t now = loop_now(), due;

	if (!first) {
		timer_cancel(&consult->timer);
		return;
	}
	due = list_entry(first, struct question, link)->due;
	timer_arm(&consult->timer, loop, due > now ? due - now : 0, overdue);
}

static int overdue(struct timer *timer)
{
	struct consult *consult = container_of(timer, struct consult, timer);
	struct bus *bus = container_of(consult, struct bus, consult);
	uint64_t now = loop_now();
	char text[64];

	snprintf(text, sizeof(text), "no answer within %lld ms",
		(long long)bus_limit(bus, LIMIT_POLKIT_TIMEOUT));
	while (!list_is_empty(&consult->asked)) {
		struct question *q = list_entry(consult->asked.next, struct question, link);

		if (q->due > now)
			break;
		say_cancel(consult, q->id);
		question_answer(consult, q, AGENT_FAILED, slice_of(text));
	}
	timer_set(consult, &bus->loop);
	return 0;
}

/* An agent that breaks the protocol is left; it ends, and launch sends another. */
static int take_answer(struct consult *consult, const struct letter *l)
{
	struct agent_answer m;
	struct question *q;

	if (agent_answer_read(l, &m) < 0)
		return -EBADMSG;
	HASH_FIND(hh, consult->questions, &m.id, sizeof(m.id), q);
	if (q && slice_equal(q->action, m.action))
		question_answer(consult, q, m.result, m.text);
	return 0;
}

static int take_changed(struct consult *consult, const struct letter *l)
{
	if (l->size != 0)
		return -EBADMSG;
	consult->changes++;
	return 0;
}

static int take_name(struct consult *consult, const struct letter *l)
{
	struct slice name;

	if (agent_name_read(l, &name) < 0)
		return -EBADMSG;
	snprintf(consult->agent, sizeof(consult->agent), "%.*s", SLICE_FMT(name));
	return 0;
}

static const struct {
	uint32_t type;
	int (*take)(struct consult *consult, const struct letter *l);
} letters[] = {
	{FROM_AGENT_ANSWER, take_answer},
	{FROM_AGENT_CHANGED, take_changed},
	{FROM_AGENT_NAME, take_name},
};

static int take_letter(struct consult *consult)
{
	struct letter l;
	int r = channel_recv(consult->channel, &l);

	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return r;
	r = -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		if (letters[i].type == l.type && l.fds_n == 0)
			r = letters[i].take(consult, &l);
	}
	letter_fini(&l);
	return r;
}

static int consult_ready(struct source *source, uint32_t events)
{
	struct consult *consult = container_of(source, struct consult, source);
	struct bus *bus = container_of(consult, struct bus, consult);
	int r = take_letter(consult);

	(void)events;
	if (r == -EBADMSG)
		log_error(
			"dbus-warden-polkit sent what it must not send: it is not heard any more");
	if (r < 0)
		consult_set_channel(bus, -1);
	return 0;
}

void consult_set_channel(struct bus *bus, int channel)
{
	struct consult *consult = &bus->consult;

	consult_fini(consult);
	consult->changes++;
	while (!list_is_empty(&consult->asked))
		question_answer(consult, list_entry(consult->asked.next, struct question, link),
			AGENT_FAILED, SLICE("dbus-warden-polkit ended before it answered"));
	if (channel < 0)
		return;
	if (fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) | O_NONBLOCK) < 0 ||
		source_init(&consult->source, &bus->loop, channel, EPOLLIN, consult_ready) < 0) {
		log_error("the channel to dbus-warden-polkit cannot be watched");
		close(channel);
		return;
	}
	consult->channel = channel;
}

/* As of queues: but for root and the bus's own user nobody takes more than half of what others leave. */
static bool is_room_left(const struct peer *whose)
{
	uint64_t most = (uint64_t)bus_limit(whose->bus, LIMIT_MAX_POLKIT_CHECKS);
	uint64_t all = HASH_COUNT(whose->bus->consult.questions);
	uint64_t others = all - whose->user->questions;

	return all < most && (user_is_privileged(whose->user) ||
				     whose->user->questions < (most - others + 1) / 2);
}

static int limits_check(const struct peer *whose, enum limit *ret_limit)
{
	*ret_limit = LIMIT_MAX_POLKIT_CHECKS_PER_USER;
	if (whose->user->questions >= (uint64_t)peer_limit(whose, *ret_limit))
		return FAULT_LIMITS;
	*ret_limit = LIMIT_MAX_POLKIT_CHECKS;
	return is_room_left(whose) ? 0 : FAULT_LIMITS;
}

static int say_ask(struct consult *consult, const struct agent_ask *ask, const char **ret_why)
{
	struct writer w = {.limit = LETTER_MAX - 64};
	int r;

	agent_ask_write(&w, ask);
	r = w.bad ? -EMSGSIZE : channel_send(consult->channel, TO_AGENT_ASK, &w, NULL, 0);
	writer_fini(&w);
	*ret_why = r == -EAGAIN	    ? "dbus-warden-polkit has too much to do"
		   : r == -EMSGSIZE ? "the message is too long to be asked about"
				    : "dbus-warden-polkit cannot be reached";
	return r;
}

/* By when they are due: later ones come last, but for those of after a reload with less patience. */
static void asked_add(struct consult *consult, struct question *q)
{
	struct list *at = &consult->asked;

	while (at->prev != &consult->asked &&
		list_entry(at->prev, struct question, link)->due > q->due)
		at = at->prev;
	list_append(at, &q->link);
}

int consult_ask(struct peer *whose, struct question *q, struct agent_ask *ask,
	enum limit *ret_limit, const char **ret_why)
{
	struct bus *bus = whose->bus;
	struct consult *consult = &bus->consult;
	int r = limits_check(whose, ret_limit);

	*ret_why = "dbus-warden-polkit does not run";
	if (r != 0 || consult->channel < 0)
		return r != 0 ? r : -ENOTCONN;
	q->id = ask->id = ++consult->last;
	q->since = loop_now();
	q->due = q->since + (uint64_t)bus_limit(bus, LIMIT_POLKIT_TIMEOUT) * 1000;
	q->action = ask->action;
	HASH_ADD(hh, consult->questions, id, sizeof(q->id), q);
	if (hash_failed()) {
		*ret_why = "no memory for the question";
		q->id = 0;
		return -ENOMEM;
	}
	q->user = user_ref(whose->user);
	whose->user->questions++;
	asked_add(consult, q);
	r = say_ask(consult, ask, ret_why);
	if (r < 0)
		question_drop(consult, q);
	else
		timer_set(consult, &bus->loop);
	return r;
}

void consult_cancel(struct bus *bus, struct question *q)
{
	if (q->id == 0)
		return;
	say_cancel(&bus->consult, q->id);
	question_drop(&bus->consult, q);
}

bool consult_is_agent(const struct consult *consult, const struct peer *peer)
{
	return consult->agent[0] && slice_is(peer->unique_name, consult->agent);
}
