/*
 * rules.c - the busconfig rules as judges. The last fitting rule decides, so rules are walked from
 * the end and the first that fits is the answer. What an attribute compares is written once, in
 * one function for each, which both the judges and the search for the nearest rule use.
 */
#include <assert.h>

#include "policy/rules.h"

#define DRIVER_NAME SLICE("org.freedesktop.DBus")

/* What one attribute of a rule says about a request. */
enum fit { UNSAID, AGREES, DIFFERS };

/* One side of a delivery, or a name to be owned, laid out for comparing. */
struct question {
	const struct traffic *traffic;
	const struct slice *names; /* of the other side */
	uint32_t names_n;
	uint64_t sizes; /* bit n: one of the names has n bytes (modulo 64) */
	bool requested, eavesdrop;
	struct slice alone; /* `names` where there is no party that has some */
};

/* The rules of one verb that speak to a subject, last first. */
struct walk {
	const struct subject *subject;
	enum rule_verb verb;
	uint32_t sections_left;
	const struct rule *rule, *first;
};

static struct walk walk_of(const struct subject *subject, enum rule_verb verb)
{
	return (struct walk){
		.subject = subject, .verb = verb, .sections_left = subject->sections_n};
}

static inline const struct rule *walk_next(struct walk *w)
{
	while (w->rule == w->first) {
		const struct section *s;

		if (!w->sections_left)
			return NULL;
		s = w->subject->sections[--w->sections_left];
		/* who may connect is asked of the bus, not of a user's or a group's section */
		if (w->verb == RULE_CONNECT && s->context != SECTION_DEFAULT &&
			s->context != SECTION_MANDATORY)
			continue;
		w->first = w->subject->image->rules + s->rules[w->verb].first;
		w->rule = w->first + s->rules[w->verb].count;
	}
	return --w->rule;
}

static inline struct slice text_slice(const struct image *image, struct image_text t)
{
	return (struct slice){(const char *)image->bytes + t.at, t.size};
}

static inline enum fit fit_if(bool agrees)
{
	return agrees ? AGREES : DIFFERS;
}

/* Names begin alike and end differently: the last byte settles most comparisons. */
static inline bool name_equal(struct slice a, struct slice b)
{
	if (a.size != b.size)
		return false;
	return !a.size || (a.text[a.size - 1] == b.text[b.size - 1] && slice_equal(a, b));
}

static enum fit name_compare(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	struct slice name = text_slice(image, rule->name);

	for (uint32_t i = 0; i < q->names_n; i++)
		if (rule->name_kind == NAME_EXACT ? name_equal(name, q->names[i])
						  : slice_leads(name, q->names[i], '.'))
			return AGREES;
	return DIFFERS;
}

static inline enum fit name_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	if (rule->name_kind == NAME_ANY)
		return UNSAID;
	if (rule->name_kind == NAME_EXACT && !(q->sizes >> (rule->name.size & 63) & 1))
		return DIFFERS;
	return name_compare(image, rule, q);
}

/* A field that the message lacks is not compared. */
static inline enum fit text_fit(
	const struct image *image, struct image_text wanted, struct slice field)
{
	if (!wanted.at)
		return UNSAID;
	if (!field.text)
		return AGREES;
	return fit_if(wanted.size == field.size && slice_equal(text_slice(image, wanted), field));
}

static inline enum fit path_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	return text_fit(image, rule->path, q->traffic->path);
}

static inline enum fit member_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	return text_fit(image, rule->member, q->traffic->member);
}

static inline enum fit error_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	return text_fit(image, rule->error, q->traffic->error);
}

/* A call may leave its interface out: that must not get round a deny, nor profit from an allow. */
static inline enum fit interface_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	if (rule->interface.at && !q->traffic->interface.text)
		return fit_if(rule->effect == EFFECT_DENY);
	return text_fit(image, rule->interface, q->traffic->interface);
}

static inline enum fit type_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	return rule->type ? fit_if(rule->type == q->traffic->type) : UNSAID;
}

static inline enum fit broadcast_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	if (rule->broadcast == UNSET)
		return UNSAID;
	return fit_if((rule->broadcast == IS_TRUE) == q->traffic->broadcast);
}

static inline enum fit min_fds_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	return rule->min_fds ? fit_if(q->traffic->fds >= rule->min_fds) : UNSAID;
}

static inline enum fit max_fds_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	return rule->max_fds != UINT32_MAX ? fit_if(q->traffic->fds <= rule->max_fds) : UNSAID;
}

/* allow: by default only what was asked for; deny: by default only what was not */
static inline enum fit reply_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	if (!q->traffic->is_reply)
		return UNSAID;
	if (rule->effect == EFFECT_DENY)
		return fit_if(rule->requested_reply == IS_TRUE || !q->requested);
	return fit_if(
		rule->requested_reply == IS_FALSE || rule->eavesdrop == IS_TRUE || q->requested);
}

/* An attribute of receiving only: allow must say it to cover copies, deny then covers only them. */
static inline enum fit eavesdrop_fit(
	const struct image *image, const struct rule *rule, const struct question *q)
{
	(void)image;
	if (rule->verb != RULE_RECEIVE || q->eavesdrop == (rule->eavesdrop == IS_TRUE))
		return UNSAID;
	return fit_if(q->eavesdrop == (rule->effect == EFFECT_DENY));
}

#define NAME_ATTRIBUTE(rule)                                                                       \
	((rule)->name_kind == NAME_PREFIX ? "send_destination_prefix" : "send_destination")

/* Cheapest first: function, its name in send rules, in receive rules. */
#define ATTRIBUTES(X)                                                                              \
	X(type_fit, "send_type", "receive_type")                                                   \
	X(name_fit, NAME_ATTRIBUTE(rule), "receive_sender")                                        \
	X(reply_fit, "send_requested_reply", "receive_requested_reply")                            \
	X(eavesdrop_fit, "eavesdrop", "eavesdrop")                                                 \
	X(broadcast_fit, "send_broadcast", "receive_broadcast")                                    \
	X(min_fds_fit, "min_fds", "min_fds")                                                       \
	X(max_fds_fit, "max_fds", "max_fds")                                                       \
	X(interface_fit, "send_interface", "receive_interface")                                    \
	X(member_fit, "send_member", "receive_member")                                             \
	X(path_fit, "send_path", "receive_path")                                                   \
	X(error_fit, "send_error", "receive_error")

static void question_names(struct question *q, const struct slice *names, uint32_t n)
{
	q->names = names;
	q->names_n = n;
	for (uint32_t i = 0; i < n; i++)
		q->sizes |= (uint64_t)1 << (names[i].size & 63);
}

static void question_of_delivery(
	struct question *q, const struct request *request, enum rule_verb verb)
{
	const struct party *other = verb == RULE_SEND ? request->recipient : request->sender;

	assert(request->traffic);
	*q = (struct question){
		.traffic = request->traffic,
		/* a copy does not answer its reader; the driver answers only what was asked */
		.requested = !request->sender || (request->requested_reply && !request->eavesdrop),
		.eavesdrop = request->eavesdrop,
		.alone = verb == RULE_SEND ? request->traffic->destination : DRIVER_NAME,
	};
	if (other)
		question_names(q, other->names, other->names_n);
	else
		question_names(q, &q->alone, q->alone.text != NULL);
}

static void question_of_name(struct question *q, const struct request *request)
{
	*q = (struct question){.alone = request->name};
	question_names(q, &q->alone, q->alone.text != NULL);
}

static inline bool message_fits(
	const struct image *image, const struct rule *rule, const struct question *q)
{
#define TEST(fit, send, receive)                                                                   \
	if (fit(image, rule, q) == DIFFERS)                                                        \
		return false;
	ATTRIBUTES(TEST)
#undef TEST
	return true;
}

bool rule_fits(const struct image *image, const struct rule *rule, const struct request *request)
{
	struct question q;

	assert(rule->verb == RULE_SEND || rule->verb == RULE_RECEIVE);
	question_of_delivery(&q, request, rule->verb);
	return message_fits(image, rule, &q);
}

static bool identity_has_group(const struct identity *identity, uint32_t gid)
{
	uint32_t low = 0, high = identity->groups_n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (identity->groups[middle] == gid)
			return true;
		if (identity->groups[middle] < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static enum fit who_fit(const struct rule *rule, const struct identity *identity)
{
	if (rule->who == WHO_ANY)
		return UNSAID;
	if (rule->id == ID_NONE)
		return DIFFERS;
	return fit_if(rule->who == WHO_USER ? rule->id == identity->uid
					    : identity_has_group(identity, rule->id));
}

static struct verdict verdict_of(const struct subject *subject, const struct rule *rule)
{
	struct verdict v = {
		.answer = ANSWER_DENY, .reason = REASON_NO_RULE, .image = subject->image};

	if (rule) {
		v.answer = rule->effect == EFFECT_ALLOW ? ANSWER_ALLOW : ANSWER_DENY;
		v.reason = REASON_RULE;
		v.rule = rule;
	}
	return v;
}

static struct verdict connect_ask(const struct judge *judge, const struct request *request)
{
	const struct subject *subject;
	const struct rule *rule;
	struct verdict v;
	struct walk w;

	(void)judge;
	if (request->verb != VERB_CONNECT || !request->sender)
		return (struct verdict){.answer = ANSWER_NONE};
	subject = request->sender->subject;
	w = walk_of(subject, RULE_CONNECT);
	do
		rule = walk_next(&w);
	while (rule && who_fit(rule, subject->identity) == DIFFERS);
	v = verdict_of(subject, rule);
	if (!rule && subject->identity->uid == request->bus_uid && request->bus_uid != ID_NONE)
		v.answer = ANSWER_ALLOW;
	return v;
}

static struct verdict own_ask(const struct judge *judge, const struct request *request)
{
	const struct subject *subject;
	const struct rule *rule;
	struct question q;
	struct walk w;

	(void)judge;
	if (request->verb != VERB_OWN || !request->sender)
		return (struct verdict){.answer = ANSWER_NONE};
	subject = request->sender->subject;
	question_of_name(&q, request);
	w = walk_of(subject, RULE_OWN);
	do
		rule = walk_next(&w);
	while (rule && name_fit(subject->image, rule, &q) == DIFFERS);
	return verdict_of(subject, rule);
}

static struct verdict delivery_ask(
	const struct request *request, enum rule_verb verb, const struct party *judged)
{
	const struct rule *rule;
	struct question q;
	struct walk w;

	if (request->verb != VERB_SEND || !judged)
		return (struct verdict){.answer = ANSWER_NONE};
	question_of_delivery(&q, request, verb);
	w = walk_of(judged->subject, verb);
	do
		rule = walk_next(&w);
	while (rule && !message_fits(judged->subject->image, rule, &q));
	return verdict_of(judged->subject, rule);
}

static struct verdict send_ask(const struct judge *judge, const struct request *request)
{
	(void)judge;
	return delivery_ask(request, RULE_SEND, request->sender);
}

static struct verdict receive_ask(const struct judge *judge, const struct request *request)
{
	(void)judge;
	return delivery_ask(request, RULE_RECEIVE, request->recipient);
}

const struct judge rules_connect = {.name = "connect rules", .ask = connect_ask};
const struct judge rules_own = {.name = "own rules", .ask = own_ask};
const struct judge rules_send = {.name = "send rules", .ask = send_ask};
const struct judge rules_receive = {.name = "receive rules", .ask = receive_ask};

/* How far a rule is from fitting. */
struct distance {
	unsigned int differs, agrees;
	const char *name; /* of one attribute that differs */
};

static void distance_add(struct distance *d, enum fit fit, const char *name)
{
	d->agrees += fit == AGREES;
	if (fit == DIFFERS && d->differs++ == 0)
		d->name = name;
}

static struct distance distance_of(const struct image *image, const struct rule *rule,
	const struct request *request, const struct question *q)
{
	struct distance d = {0};

	switch ((enum rule_verb)rule->verb) {
	case RULE_CONNECT:
		distance_add(&d, who_fit(rule, request->sender->subject->identity),
			rule->who == WHO_USER ? "user" : "group");
		break;
	case RULE_OWN:
		distance_add(&d, name_fit(image, rule, q),
			rule->name_kind == NAME_PREFIX ? "own_prefix" : "own");
		break;
	case RULE_SEND:
	case RULE_RECEIVE:
#define MEASURE(fit, send, receive)                                                                \
	distance_add(&d, fit(image, rule, q), rule->verb == RULE_SEND ? send : receive);
		ATTRIBUTES(MEASURE)
#undef MEASURE
		break;
	case RULE_VERBS:
		break;
	}
	return d;
}

const struct rule *rules_nearest(enum rule_verb verb, const struct request *request,
	const struct image **ret_image, const char **ret_differs)
{
	const struct party *judged = verb == RULE_RECEIVE ? request->recipient : request->sender;
	const struct rule *rule, *nearest = NULL;
	struct distance least = {0};
	struct question q;
	struct walk w;

	if (!judged)
		return NULL;
	if (verb == RULE_SEND || verb == RULE_RECEIVE)
		question_of_delivery(&q, request, verb);
	else
		question_of_name(&q, request);
	w = walk_of(judged->subject, verb);
	while ((rule = walk_next(&w))) {
		struct distance d = distance_of(judged->subject->image, rule, request, &q);

		if (rule->effect != EFFECT_ALLOW || !d.differs)
			continue;
		/* of equally far ones the one that has more in common with the request */
		if (nearest && (d.differs > least.differs ||
				       (d.differs == least.differs && d.agrees <= least.agrees)))
			continue;
		nearest = rule;
		least = d;
	}
	if (!nearest)
		return NULL;
	*ret_image = judged->subject->image;
	*ret_differs = least.name;
	return nearest;
}
