/*
 * authority.c - the one file that knows polkit and GLib. A question is put to polkit without
 * interaction first, and only a challenge is answered with a second one that lets the user
 * authenticate: so the broker learns which answers hold for the next call, too, and which are good
 * for this one alone.
 */
#include <errno.h>
#include <poll.h>

#include <glib-unix.h>
#include <polkit/polkit.h>

#include "agent/authority.h"
#include "base/log.h"
#include "link/broker_agent.h"

#define PATIENCE_MS 10000 /* for room in the channel */

struct agent {
	int channel;
	int status;
	GMainLoop *loop;
	GDBusConnection *bus;
	PolkitAuthority *authority;
	GHashTable *questions; /* by number; owned */
};

struct question {
	guint64 id;
	struct agent *agent;
	PolkitSubject *subject;
	PolkitDetails *details;
	char *action;
	gboolean interactive; /* may become so */
	gboolean interacting; /* is */
	GCancellable *cancel;
};

static void question_free(gpointer data)
{
	struct question *q = data;

	g_clear_object(&q->subject);
	g_clear_object(&q->details);
	g_clear_object(&q->cancel);
	g_free(q->action);
	g_free(q);
}

static void agent_end(struct agent *a, int status)
{
	a->status = status;
	g_main_loop_quit(a->loop);
}

/* It is the broker that must not wait for us. */
static void say(struct agent *a, guint32 type, const struct writer *fields)
{
	struct pollfd writable = {.fd = a->channel, .events = POLLOUT};
	int r = channel_send(a->channel, type, fields, NULL, 0);

	if (r == -EAGAIN && poll(&writable, 1, PATIENCE_MS) > 0)
		r = channel_send(a->channel, type, fields, NULL, 0);
	if (r < 0 && r != -EPIPE)
		log_error("an answer cannot be handed over: %s", g_strerror(-r));
	if (r < 0)
		agent_end(a, 1);
}

static void answer(struct agent *a, guint64 id, struct slice action, enum agent_result result,
	const char *text)
{
	struct writer w = {0};

	agent_answer_write(&w, &(struct agent_answer){id, result, action, slice_of(text)});
	say(a, FROM_AGENT_ANSWER, &w);
	writer_fini(&w);
}

static void on_result(GObject *source, GAsyncResult *async, gpointer data);

static void ask(struct question *q)
{
	polkit_authority_check_authorization(q->agent->authority, q->subject, q->action, q->details,
		q->interacting ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
			       : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
		q->cancel, on_result, q);
}

static enum agent_result result_of(const struct question *q, PolkitAuthorizationResult *result)
{
	if (polkit_authorization_result_get_is_authorized(result))
		return q->interacting ? AGENT_AUTHENTICATED : AGENT_AUTHORISED;
	if (polkit_authorization_result_get_dismissed(result))
		return AGENT_DISMISSED;
	if (polkit_authorization_result_get_is_challenge(result))
		return AGENT_CHALLENGE;
	return AGENT_REFUSED;
}

static void on_failure(struct question *q, GError *error)
{
	g_dbus_error_strip_remote_error(error);
	answer(q->agent, q->id, slice_of(q->action), AGENT_FAILED, error->message);
	g_hash_table_remove(q->agent->questions, &q->id);
}

static void on_result(GObject *source, GAsyncResult *async, gpointer data)
{
	struct question *q = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(PolkitAuthorizationResult) result = NULL;
	g_autofree char *who = NULL;
	enum agent_result how;

	/* of a cancelled question this tells polkit, too */
	result = polkit_authority_check_authorization_finish(
		POLKIT_AUTHORITY(source), async, &error);
	if (g_cancellable_is_cancelled(q->cancel)) {
		g_hash_table_remove(q->agent->questions, &q->id);
		return;
	}
	if (!result) {
		on_failure(q, error);
		return;
	}
	how = result_of(q, result);
	if (how == AGENT_CHALLENGE && q->interactive && !q->interacting) {
		q->interacting = TRUE;
		ask(q);
		return;
	}
	who = polkit_authority_get_owner(q->agent->authority);
	answer(q->agent, q->id, slice_of(q->action), how, who ? who : "");
	g_hash_table_remove(q->agent->questions, &q->id);
}

static int take_ask(struct agent *a, const struct letter *l)
{
	struct agent_ask m;
	struct question *q;

	if (agent_ask_read(l, &m) < 0 || g_hash_table_contains(a->questions, &m.id))
		return -EBADMSG;
	/* texts end in NUL: the decoder sees to it */
	if (!g_dbus_is_unique_name(m.subject.text)) {
		answer(a, m.id, m.action, AGENT_FAILED, "the subject is no connection");
		return 0;
	}
	q = g_new0(struct question, 1);
	*q = (struct question){.id = m.id,
		.agent = a,
		.subject = polkit_system_bus_name_new(m.subject.text),
		.details = polkit_details_new(),
		.action = g_strdup(m.action.text),
		.interactive = m.interactive,
		.cancel = g_cancellable_new()};
	for (guint32 i = 0; i < m.details_n; i++)
		polkit_details_insert(q->details, m.details[i].key.text, m.details[i].value.text);
	g_hash_table_insert(a->questions, &q->id, q);
	ask(q);
	return 0;
}

static int take_cancel(struct agent *a, const struct letter *l)
{
	struct question *q;
	guint64 id;

	if (agent_cancel_read(l, &id) < 0)
		return -EBADMSG;
	/* its answer may have been on the way */
	q = g_hash_table_lookup(a->questions, &id);
	if (q)
		g_cancellable_cancel(q->cancel);
	return 0;
}

static const struct {
	guint32 type;
	int (*take)(struct agent *a, const struct letter *l);
} letters[] = {
	{TO_AGENT_ASK, take_ask},
	{TO_AGENT_CANCEL, take_cancel},
};

static gboolean on_letter(gint fd, GIOCondition condition, gpointer data)
{
	struct agent *a = data;
	struct letter l;
	int r = channel_recv(fd, &l);

	(void)condition;
	if (r == -EPIPE) {
		agent_end(a, 0);
		return G_SOURCE_REMOVE;
	}
	if (r == 0) {
		r = -EBADMSG;
		for (size_t i = 0; i < G_N_ELEMENTS(letters); i++) {
			if (letters[i].type == l.type)
				r = letters[i].take(a, &l);
		}
		letter_fini(&l);
	}
	if (r == 0 || r == -EAGAIN)
		return G_SOURCE_CONTINUE;
	log_error("the broker sent what cannot be read: %s", g_strerror(-r));
	agent_end(a, 1);
	return G_SOURCE_REMOVE;
}

static gboolean on_hangup(gint fd, GIOCondition condition, gpointer data)
{
	(void)fd;
	(void)condition;
	agent_end(data, 0);
	return G_SOURCE_REMOVE;
}

static void on_changed(gpointer data)
{
	say(data, FROM_AGENT_CHANGED, NULL);
}

static void say_name(struct agent *a)
{
	struct writer w = {0};

	agent_name_write(&w, slice_of(g_dbus_connection_get_unique_name(a->bus)));
	say(a, FROM_AGENT_NAME, &w);
	writer_fini(&w);
}

/* The questions have waited in the channel until there was somebody to ask. */
static void on_authority(GObject *source, GAsyncResult *async, gpointer data)
{
	struct agent *a = data;
	g_autoptr(GError) error = NULL;

	(void)source;
	a->authority = polkit_authority_get_finish(async, &error);
	if (!a->authority) {
		g_dbus_error_strip_remote_error(error);
		log_error("there is no polkit to ask: %s", error->message);
		agent_end(a, 1);
		return;
	}
	g_signal_connect_swapped(a->authority, "changed", G_CALLBACK(on_changed), a);
	g_signal_connect_swapped(a->authority, "notify::owner", G_CALLBACK(on_changed), a);
	g_unix_fd_add(a->channel, G_IO_IN, on_letter, a);
}

static void on_closed(gpointer data)
{
	agent_end(data, 1);
}

static void on_bus(GObject *source, GAsyncResult *async, gpointer data)
{
	struct agent *a = data;
	g_autoptr(GError) error = NULL;

	(void)source;
	a->bus = g_bus_get_finish(async, &error);
	if (!a->bus) {
		log_error("the bus cannot be reached: %s", error->message);
		agent_end(a, 1);
		return;
	}
	/* by a signal, which we ignore */
	g_dbus_connection_set_exit_on_close(a->bus, FALSE);
	g_signal_connect_swapped(a->bus, "closed", G_CALLBACK(on_closed), a);
	say_name(a);
	polkit_authority_get_async(NULL, on_authority, a);
}

int authority_run(int channel, const char *address)
{
	struct agent a = {.channel = channel};

	/* libpolkit knows one bus only: it is ours, whatever our caller took it for */
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
	a.loop = g_main_loop_new(NULL, FALSE);
	a.questions = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, question_free);
	g_unix_fd_add(channel, G_IO_HUP, on_hangup, &a);
	g_bus_get(G_BUS_TYPE_SYSTEM, NULL, on_bus, &a);
	g_main_loop_run(a.loop);
	g_main_loop_unref(a.loop);
	/* what is under way goes with the process, and polkit notices */
	return a.status;
}
