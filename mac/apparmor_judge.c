/* apparmor_judge.c - who may send to whom, own what and watch others, by AppArmor profiles */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "mac/apparmor_judge.h"

static const char *const permissions[APPARMOR_PERMISSIONS] = {
	[APPARMOR_SEND] = "send",
	[APPARMOR_RECEIVE] = "receive",
	[APPARMOR_EAVESDROP] = "eavesdrop",
	[APPARMOR_BIND] = "bind",
};

/* One end as its profile, or the other end's, sees it. */
struct end {
	const char *label; /* NULL: not known */
	enum mac_label_mode mode;
	struct slice name; /* as the other end addresses it */
};

static const struct verdict no_objection = {.answer = ANSWER_NONE};

static struct end end_of(const struct mac_label *label, struct slice name)
{
	return (struct end){label ? label->name : NULL, label ? label->mode : LABEL_ENFORCED, name};
}

/* Asks about a query that is complete; `about` has whose profile it is and the other end. */
static struct verdict query_ask(const struct apparmor_judge *a, enum apparmor_permission permission,
	struct apparmor_query *q, const struct end *own, const struct end *other)
{
	struct verdict v = {
		.answer = ANSWER_DENY,
		.reason = REASON_LABELS,
		.advisory = own->mode == LABEL_COMPLAIN,
		.labels = {.subject = own->label,
			.object = other ? other->label : NULL,
			.class = "dbus",
			.permission = permissions[permission]},
	};
	struct apparmor_decision d;
	int r = !own->label ? -EINVAL : q->bad ? -EFBIG : 0;

	if (r == 0) {
		spare_lend(a->spare);
		r = a->kernel->ask(permission, q->bytes, q->size, &d);
		spare_take(a->spare);
	}
	if (r < 0) {
		v.advisory = false; /* what the profile would say is not known */
		v.labels.error = -r;
		return v;
	}
	if (!d.allowed) {
		v.labels.quiet = !d.audited;
		return v;
	}
	if (!d.audited)
		return no_objection;
	v.answer = ANSWER_ALLOW;
	v.advisory = true;
	return v;
}

/* `own`'s profile about a message to or from `other`. */
static struct verdict message_ask(const struct apparmor_judge *a,
	enum apparmor_permission permission, const struct traffic *t, const struct end *own,
	const struct end *other)
{
	struct apparmor_query q;

	if (own->mode == LABEL_UNCONFINED)
		return no_objection;
	apparmor_query_init(&q, own->label ? own->label : "", a->bus_type);
	apparmor_query_add(&q, other->name);
	apparmor_query_add(&q, other->label ? slice_of(other->label) : SLICE(""));
	apparmor_query_add(&q, t->path);
	apparmor_query_add(&q, t->interface);
	apparmor_query_add(&q, t->member);
	return query_ask(a, permission, &q, own, other);
}

static struct verdict single_ask(const struct apparmor_judge *a,
	enum apparmor_permission permission, const struct end *own, struct slice name)
{
	struct apparmor_query q;

	if (own->mode == LABEL_UNCONFINED)
		return no_objection;
	apparmor_query_init(&q, own->label ? own->label : "", a->bus_type);
	if (name.text)
		apparmor_query_add(&q, name);
	return query_ask(a, permission, &q, own, NULL);
}

static const struct mac_label *label_of(const struct party *party)
{
	return party->subject->identity->mac;
}

/* Whom the message is to: as it is addressed, by the profile of who stands there. */
static struct end addressee_of(
	const struct apparmor_judge *a, const struct request *request, bool *ret_idle)
{
	struct slice driver = SLICE("org.freedesktop.DBus");
	struct slice to = request->traffic->destination;
	const struct image *image = request->sender->subject->image;
	const struct service *service;

	*ret_idle = false;
	if (!to.text)
		to = driver;
	if (request->recipient)
		return end_of(label_of(request->recipient), to);
	if (slice_equal(to, driver))
		return end_of(a->bus, to);
	*ret_idle = true;
	service = image ? image_service(image, to) : NULL;
	return (struct end){.label = service && service->apparmor_label.at
					     ? image_string(image, service->apparmor_label)
					     : NULL,
		.name = to};
}

/* The stricter of two; of two that are as strict the sender's. */
static struct verdict stricter(struct verdict first, struct verdict second)
{
	static const int weights[][2] = {
		[ANSWER_NONE] = {0, 0},
		[ANSWER_ALLOW] = {1, 1},
		[ANSWER_ASK] = {1, 1},
		[ANSWER_DENY] = {3, 2},
	};

	return weights[second.answer][second.advisory] > weights[first.answer][first.advisory]
		       ? second
		       : first;
}

static struct verdict send_ask(const struct apparmor_judge *a, const struct request *request)
{
	const struct party *sender = request->sender;
	struct end from, to;
	struct verdict v;
	bool idle;

	if (request->requested_reply)
		return no_objection;
	/* before Hello nobody has a name; this is what the reference writes */
	from = end_of(
		label_of(sender), sender->names_n ? sender->names[0] : SLICE(":not.active.yet"));
	to = addressee_of(a, request, &idle);
	v = message_ask(a, APPARMOR_SEND, request->traffic, &from, &to);
	if (idle || (v.answer == ANSWER_DENY && !v.advisory))
		return v;
	return stricter(v, message_ask(a, APPARMOR_RECEIVE, request->traffic, &to, &from));
}

static struct verdict ask(const struct judge *judge, const struct request *request)
{
	const struct apparmor_judge *a = judge->state;
	struct end own;

	if (!a->kernel || !request->sender)
		return no_objection;
	if (request->verb == VERB_SEND)
		return send_ask(a, request);
	own = end_of(label_of(request->sender), (struct slice){NULL, 0});
	if (request->verb == VERB_OWN)
		return single_ask(a, APPARMOR_BIND, &own, request->name);
	if (request->verb == VERB_MONITOR)
		return single_ask(a, APPARMOR_EAVESDROP, &own, (struct slice){NULL, 0});
	return no_objection;
}

int apparmor_judge_init(struct apparmor_judge *ret, const struct apparmor_kernel *kernel,
	const struct mac_label *bus, const char *bus_type, struct spare *spare)
{
	*ret = (struct apparmor_judge){
		.judge = {.name = "apparmor", .ask = ask, .state = ret, .by_labels = true},
		.kernel = kernel,
		.bus = bus,
		.bus_type = bus_type,
		.spare = spare,
		.watch = kernel->watch(),
	};
	if (ret->watch == -ENOMEM || ret->watch == -EMFILE || ret->watch == -ENFILE) {
		int r = ret->watch;

		*ret = (struct apparmor_judge){0};
		return r;
	}
	if (ret->watch < 0) {
		log_warning("AppArmor: changes of its policy cannot be noticed (%s): nothing that "
			    "it says is remembered",
			strerror(-ret->watch));
		ret->watch = -1;
	}
	return 0;
}

void apparmor_judge_fini(struct apparmor_judge *a)
{
	if (a->kernel && a->watch >= 0)
		close(a->watch);
	*a = (struct apparmor_judge){0};
}

int apparmor_judge_look(struct apparmor_judge *a)
{
	int r = a->kernel->changed(a->watch);

	if (r != 0)
		a->epoch++;
	return r < 0 ? r : 0;
}

void apparmor_judge_unwatch(struct apparmor_judge *a)
{
	close(a->watch);
	a->watch = -1;
}

uint64_t apparmor_judge_epoch(struct apparmor_judge *a)
{
	if (a->watch < 0)
		a->epoch++;
	return a->epoch;
}
