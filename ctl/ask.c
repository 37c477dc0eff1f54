/*
 * ask.c - from options to a request. A field that a message of its type must have is never left out:
 * rules do not compare what is absent, and the answer would be wider than any real message's.
 */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/ask.h"
#include "ctl/command.h"
#include "ctl/limits.h"
#include "ctl/say.h"

#define DRIVER "org.freedesktop.DBus"

static const char *const types[] = {NULL, "method_call", "method_return", "error", "signal"};
enum { CALL = 1, RETURN, ERROR, SIGNAL };

static void rules_answer(struct ask *a, struct outcome *ret)
{
	answer_get(ret, &a->request);
	if (ret->verdict.answer != ANSWER_ASK || !a->consent.text)
		return;
	a->consent.action = image_slice(ret->verdict.image, ret->verdict.rule->action);
	a->request.consent = &a->consent;
	answer_get(ret, &a->request);
}

void ask_answer(struct ask *a, struct outcome *ret)
{
	rules_answer(a, ret);
	if (a->labelled)
		labels_answer(&a->labels, &a->request, &a->subject,
			a->peer.party.subject ? &a->peer : NULL, a->bus_label, ret,
			&ret->unlabelled);
}

static int polkit_read(const char *text, struct consent *ret)
{
	if (!text)
		return 0;
	ret->authorised = strcmp(text, "authorised") == 0;
	ret->text = ret->authorised ? "if polkit authorises it" : "if polkit refuses it";
	if (ret->authorised || strcmp(text, "refused") == 0)
		return 0;
	say("--polkit: \"%s\" is neither authorised nor refused", text);
	return -1;
}

static int type_read(const char *text, uint8_t otherwise, uint8_t *ret)
{
	*ret = otherwise;
	if (!text)
		return 0;
	for (uint8_t i = CALL; i <= SIGNAL; i++) {
		if (strcmp(text, types[i]) != 0)
			continue;
		*ret = i;
		return 0;
	}
	say("--type: \"%s\" is none of method_call, method_return, error, signal", text);
	return -1;
}

static int fds_read(const char *text, uint32_t *ret)
{
	if (!text || option_number(text, 33554432, ret))
		return 0;
	say("--fds: \"%s\" is no number of descriptors", text);
	return -1;
}

static int reply_read(const char *text, uint8_t type, struct traffic *t, struct request *r)
{
	bool unrequested = text && strcmp(text, "unrequested") == 0;

	if (text && !unrequested && strcmp(text, "requested") != 0) {
		say("--reply: \"%s\" is neither requested nor unrequested", text);
		return -1;
	}
	t->is_reply = text || type == RETURN || type == ERROR;
	r->requested_reply = t->is_reply && !unrequested;
	return 0;
}

static struct slice field(const char *given, bool required)
{
	return given ? slice_of(given) : required ? OTHER : (struct slice){NULL, 0};
}

static int traffic_make(struct ask *a, const struct options *o)
{
	bool hears = o->wish == WISH_RECEIVE || o->wish == WISH_BROADCAST;
	struct traffic *t = &a->traffic;
	bool addressed;

	if (type_read(o->type, hears ? SIGNAL : CALL, &t->type) < 0 ||
		fds_read(o->fds, &t->fds) < 0 || reply_read(o->reply, t->type, t, &a->request) < 0)
		return -1;
	addressed = t->type == CALL || t->type == SIGNAL;
	if (o->no_interface && (o->interface || t->type == SIGNAL)) {
		say("--no-interface: %s",
			o->interface ? "but --interface gives one" : "signals have one");
		return -1;
	}
	t->path = field(o->path, addressed);
	t->member = field(o->member, addressed);
	t->interface = field(o->interface, addressed && !o->no_interface);
	t->error = field(o->error, t->type == ERROR);
	t->arg0 = field(o->arg0, false);
	t->destination = slice_of(o->wish == WISH_SEND ? o->target : NULL);
	t->broadcast = o->wish == WISH_BROADCAST ||
		       (o->wish == WISH_RECEIVE && t->type == SIGNAL && !o->copy);
	a->request.traffic = t;
	a->request.eavesdrop = o->copy;
	return 0;
}

static int subject_make(struct ask *a, const struct policy *policy, const struct options *o)
{
	int e;

	if (o->subject && !policy->live) {
		say("--subject is a connection of a running bus: it needs --live");
		return -1;
	}
	if (!o->subject == !o->user) {
		say("who asks? one of --user%s is needed", policy->live ? " and --subject" : "");
		return -1;
	}
	if (o->user)
		return person_init(&a->subject, policy,
			&(struct description){
				o->user, o->unit, o->label, &o->groups, &o->slices, &o->names});
	e = person_init_live(&a->subject, policy, o->subject);
	if (e > 0)
		say("nobody on the bus has the name %s", o->subject);
	return e ? -1 : 0;
}

/* Who is at the other end. *ret_there: whether there is anybody. */
static int peer_make(
	struct ask *a, const struct policy *policy, const struct options *o, bool *ret_there)
{
	const struct words target = {(const char **)&o->target, o->target ? 1 : 0};
	const char *live = o->peer ? o->peer : o->peer_user ? NULL : o->target;
	int e;

	*ret_there = false;
	if (o->idle || (o->target && strcmp(o->target, DRIVER) == 0))
		return 0;
	if (o->peer && !policy->live) {
		say("--peer is a connection of a running bus: it needs --live");
		return -1;
	}
	*ret_there = true;
	if (!policy->live || !live)
		return person_init(&a->peer, policy,
			&(struct description){o->peer_user ? o->peer_user : "0", o->peer_unit,
				o->peer_label, &o->peer_groups, &o->peer_slices,
				o->peer_names.n ? &o->peer_names : &target});
	e = person_init_live(&a->peer, policy, live);
	*ret_there = e == 0;
	return e < 0 ? -1 : 0;
}

static int message_make(struct ask *a, const struct policy *policy, const struct options *o)
{
	const struct party *peer = NULL;
	bool there;

	if (traffic_make(a, o) < 0 || peer_make(a, policy, o, &there) < 0)
		return -1;
	peer = there ? &a->peer.party : NULL;
	a->request.verb = VERB_SEND;
	a->request.sender = o->wish == WISH_RECEIVE ? peer : &a->subject.party;
	a->request.recipient = o->wish == WISH_RECEIVE ? &a->subject.party : peer;
	return 0;
}

/* The user as which the bus runs, who may connect where no rule speaks. */
static uint32_t bus_uid(const struct image *image)
{
	return image->header->user_known ? image->header->uid : (uint32_t)getuid();
}

int ask_init(struct ask *ret, const struct policy *policy, const struct options *o)
{
	*ret = (struct ask){0};
	if (o->wishes != 1) {
		say("what is asked? exactly one of --connect, --own, --see, --call, --send, "
		    "--broadcast, --receive and --limits is needed");
		return -1;
	}
	if (polkit_read(o->polkit, &ret->consent) < 0 || subject_make(ret, policy, o) < 0)
		return -1;
	ret->wish = o->wish;
	ret->labelled = o->label || o->peer_label || o->bus_label;
	ret->bus_label = o->bus_label;
	ret->request.sender = &ret->subject.party;
	switch (o->wish) {
	case WISH_CONNECT:
		ret->request.verb = VERB_CONNECT;
		ret->request.bus_uid = bus_uid(&policy->image);
		return 0;
	case WISH_OWN:
		ret->request.verb = VERB_OWN;
		ret->request.name = slice_of(o->target);
		return 0;
	case WISH_SEE:
		ret->request.verb = VERB_SEE;
		ret->request.name = slice_of(o->target);
		return 0;
	case WISH_LIMITS:
		return 0;
	case WISH_SEND:
	case WISH_BROADCAST:
	case WISH_RECEIVE:
		return message_make(ret, policy, o);
	case WISH_NONE:
		break;
	}
	return -1;
}

void ask_fini(struct ask *a)
{
	labels_fini(&a->labels);
	person_fini(&a->subject);
	person_fini(&a->peer);
}

static void traffic_describe(const struct ask *a, FILE *to)
{
	const struct traffic *t = &a->traffic;
	const struct {
		const char *name;
		struct slice text;
	} fields[] = {{"path", t->path}, {"interface", t->interface}, {"member", t->member},
		{"error", t->error}, {"destination", t->destination}};

	fputs(types[t->type], to);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].text.text)
			fprintf(to, " %s=%.*s", fields[i].name, SLICE_FMT(fields[i].text));
	if (t->is_reply)
		fprintf(to, " (a reply, %srequested)", a->request.requested_reply ? "" : "un");
	if (t->arg0.text)
		fprintf(to, " arg0=\"%.*s\"", SLICE_FMT(t->arg0));
	if (t->fds)
		fprintf(to, " fds=%" PRIu32, t->fds);
	if (a->request.eavesdrop)
		fputs(" (a copy)", to);
}

/* How the other end reads. */
static void peer_describe(const struct ask *a, bool hears, FILE *to)
{
	const struct person *p = &a->peer;
	const struct party *peer = hears ? a->request.sender : a->request.recipient;

	fputs(hears ? " from " : " to ", to);
	if (!peer) {
		fputs(a->traffic.destination.text && !slice_is(a->traffic.destination, DRIVER)
				? "a service that is not running"
				: "the bus itself",
			to);
		return;
	}
	person_describe(p, to);
	for (uint32_t i = 0; i < peer->names_n; i++)
		fprintf(to, "%s%.*s", i ? "," : ", owner of ", SLICE_FMT(peer->names[i]));
}

char *ask_describe(const struct ask *a)
{
	bool hears = a->request.recipient == &a->subject.party;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	person_describe(&a->subject, to);
	if (a->request.verb == VERB_CONNECT) {
		fputs(": connect", to);
	} else if (a->request.verb == VERB_OWN) {
		fprintf(to, ": own %.*s", SLICE_FMT(a->request.name));
	} else if (a->request.verb == VERB_SEE) {
		fprintf(to, ": see %.*s", SLICE_FMT(a->request.name));
	} else {
		fputs(hears ? ": receive " : ": send ", to);
		traffic_describe(a, to);
		peer_describe(a, hears, to);
	}
	fclose(to);
	return text;
}

int ask_run(const struct options *o, int (*print)(struct ask *a, const struct options *o), bool all)
{
	struct policy policy;
	struct ask a = {0};
	int status = STATUS_ERROR;

	if (policy_open(&policy, o) == 0 && ask_init(&a, &policy, o) == 0)
		status = a.wish == WISH_LIMITS ? limits_print(&a.subject, o, all) : print(&a, o);
	ask_fini(&a);
	policy_close(&policy);
	return status;
}
