/*
 * selinux_judge.c - who may send to whom and own what, by SELinux labels. What the kernel said is
 * remembered until the status page changes; that page is looked at before each answer.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "mac/selinux_judge.h"

#define CLASS "dbus"
#define TRIES 3 /* a policy that is loaded between question and answer: again */

static const char *const permissions[SELINUX_PERMISSIONS] = {
	[SELINUX_ACQUIRE] = "acquire_svc",
	[SELINUX_SEND] = "send_msg",
};

struct question {
	const struct mac_label *subject;
	uint64_t object_number; /* 0: its answer is not remembered */
	const char *object;
	unsigned int permission;
};

/* Modes and numbers under the policy that is in force now. */
static int read_state(struct selinux_judge *s)
{
	const struct selinux_kernel *k = s->kernel;
	int r = k->enforces();

	if (r < 0)
		return r;
	s->enforcing = r;
	r = k->denies_unknown();
	if (r < 0)
		return r;
	s->deny_unknown = r;
	for (unsigned int i = 0; i < SELINUX_PERMISSIONS; i++) {
		s->bits[i] = 0;
		r = k->find(CLASS, permissions[i], &s->class, &s->bits[i]);
		if (r < 0 && r != -ENOENT)
			return r;
		if (r == -ENOENT)
			log_warning("SELinux: the policy does not know %s of class " CLASS
				    ", which it wants %s",
				permissions[i], s->deny_unknown ? "denied" : "allowed");
	}
	return 0;
}

/* True where what was known is not to be used any more. */
static bool refresh(struct selinux_judge *s)
{
	int r = s->kernel->changed();
	bool was = s->enforcing, again = s->trouble;

	if (r == 0 && !again)
		return false;
	s->epoch++;
	avc_forget(&s->avc);
	s->enforcing = true; /* until it is known better */
	spare_lend(s->spare);
	s->trouble = r < 0 ? r : read_state(s);
	spare_take(s->spare);
	if (s->trouble && !again)
		log_error("SELinux: its state cannot be read, all is denied: %s",
			strerror(-s->trouble));
	else if (!s->trouble && (again || was != s->enforcing))
		log_notice("SELinux is %s now", s->enforcing ? "enforcing" : "permissive");
	return true;
}

static int decide(struct selinux_judge *s, const struct question *q, struct selinux_decision *ret)
{
	const struct selinux_decision *known =
		avc_find(&s->avc, q->subject->number, q->object_number);
	int r = 0;

	if (known) {
		*ret = *known;
		return 0;
	}
	for (int i = 0; i < TRIES; i++) {
		spare_lend(s->spare);
		r = s->kernel->decide(q->subject->name, q->object, s->class, ret);
		spare_take(s->spare);
		if (r < 0)
			return r;
		if (!refresh(s)) {
			avc_put(&s->avc, q->subject->number, q->object_number, ret);
			return 0;
		}
		if (s->trouble)
			return s->trouble;
	}
	return -EAGAIN;
}

static const struct mac_label *label_of(const struct party *party)
{
	return party->subject->identity->mac;
}

/* The context that the configuration gives to a name; of several the last, as in the reference. */
static const char *associated(const struct image *image, struct slice name)
{
	for (uint32_t i = image->header->associations.count; i-- > 0;) {
		if (slice_equal(image_slice(image, image->associations[i].own), name))
			return image_string(image, image->associations[i].context);
	}
	return NULL;
}

static bool is_for_driver(const struct traffic *t)
{
	return !t->destination.text || slice_is(t->destination, "org.freedesktop.DBus");
}

static void object_is(struct question *q, const struct mac_label *label)
{
	q->object = label ? label->name : NULL;
	q->object_number = label ? label->number : 0;
}

/* False: not one for this judge. */
static bool question_of(
	const struct selinux_judge *s, const struct request *request, struct question *ret)
{
	if (!request->sender)
		return false;
	*ret = (struct question){.subject = label_of(request->sender)};
	if (request->verb == VERB_OWN) {
		ret->permission = SELINUX_ACQUIRE;
		ret->object = associated(request->sender->subject->image, request->name);
		if (!ret->object)
			object_is(ret, s->bus);
		return true;
	}
	if (request->verb != VERB_SEND || (!request->recipient && !is_for_driver(request->traffic)))
		return false;
	ret->permission = SELINUX_SEND;
	object_is(ret, request->recipient ? label_of(request->recipient) : s->bus);
	return true;
}

static struct verdict answer_of(struct selinux_judge *s, const struct question *q)
{
	struct verdict v = {
		.answer = ANSWER_DENY,
		.reason = REASON_LABELS,
		.advisory = !s->enforcing,
		.labels = {.subject = q->subject ? q->subject->name : NULL,
			.object = q->object,
			.class = CLASS,
			.permission = permissions[q->permission]},
	};
	struct selinux_decision d = {0};
	uint32_t bit;
	int r = s->trouble ? s->trouble : !q->subject || !q->object ? -EINVAL : 0;

	if (r == 0 && s->bits[q->permission])
		r = decide(s, q, &d);
	/* perhaps of another policy than before */
	bit = s->bits[q->permission];
	v.advisory = !s->enforcing;
	if (r == 0 && !bit)
		return s->deny_unknown ? v : (struct verdict){.answer = ANSWER_NONE};
	if (r < 0) {
		v.labels.error = -r;
		return v;
	}
	if (d.allowed & bit) {
		if (!(d.audit_allow & bit))
			return (struct verdict){.answer = ANSWER_NONE};
		v.answer = ANSWER_ALLOW;
		v.advisory = true;
		return v;
	}
	v.advisory = !s->enforcing || d.permissive;
	v.labels.quiet = !(d.audit_deny & bit);
	return v;
}

static struct verdict ask(const struct judge *judge, const struct request *request)
{
	struct selinux_judge *s = judge->state;
	struct question q;

	if (!s->kernel || !question_of(s, request, &q))
		return (struct verdict){.answer = ANSWER_NONE};
	refresh(s);
	return answer_of(s, &q);
}

int selinux_judge_init(struct selinux_judge *ret, const struct selinux_kernel *kernel,
	const struct mac_label *bus, struct spare *spare)
{
	struct selinux_judge s = {.kernel = kernel, .bus = bus, .spare = spare};
	int r = avc_init(&s.avc);

	if (r < 0)
		return r;
	r = kernel->open();
	if (r < 0) {
		avc_fini(&s.avc);
		return r;
	}
	(void)kernel->changed(); /* what was before this does not count */
	r = read_state(&s);
	if (r < 0) {
		kernel->close();
		avc_fini(&s.avc);
		return r;
	}
	*ret = s;
	ret->judge = (struct judge){.name = "selinux", .ask = ask, .state = ret, .by_labels = true};
	return 0;
}

void selinux_judge_fini(struct selinux_judge *s)
{
	if (!s->kernel)
		return;
	s->kernel->close();
	avc_fini(&s->avc);
	*s = (struct selinux_judge){0};
}

uint64_t selinux_judge_epoch(struct selinux_judge *s)
{
	refresh(s);
	return s->epoch;
}
