/*
 * rules.c - the busconfig rules as judges. The last fitting rule decides: sections are asked last
 * first, and within one the index (index.h) gives the few rules that can fit, from whose back the
 * first that fits is the answer.
 */
#include "policy/fit.h"

#define DRIVER_NAME SLICE("org.freedesktop.DBus")

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
	const struct party *other = verb == RULE_RECEIVE ? request->sender : request->recipient;

	assert(request->traffic);
	q->traffic = request->traffic;
	/* a copy does not answer its reader; the driver answers only what was asked */
	q->requested = !request->sender || (request->requested_reply && !request->eavesdrop);
	q->eavesdrop = request->eavesdrop;
	q->alone = verb == RULE_RECEIVE ? DRIVER_NAME : request->traffic->destination;
	if (other)
		question_names(q, other->names, other->names_n);
	else
		question_names(q, &q->alone, q->alone.text != NULL);
}

void question_init(struct question *q, const struct request *request, enum rule_verb verb)
{
	*q = (struct question){0};
	if (verb >= RULE_SEND) {
		question_of_delivery(q, request, verb);
	} else if (verb != RULE_CONNECT) {
		q->alone = request->name;
		question_names(q, &q->alone, q->alone.text != NULL);
	} else {
		q->identity = request->sender->subject->identity;
	}
}

bool rule_fits(const struct image *image, const struct rule *rule, const struct request *request)
{
	struct question q;
	bool by_arg0;

	assert(rule->verb >= RULE_SEND);
	question_init(&q, request, rule->verb);
	q.ret_by_arg0 = &by_arg0;
	q.on = rule->on;
	return message_fits(image, rule, &q);
}

bool identity_has_group(const struct identity *identity, uint32_t gid)
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

/* The search for the last fitting rule of one section. */
struct search {
	const struct image *image;
	struct question *q;
	uint32_t run, kinds;
	uint64_t sizes; /* of the section's names, as section.rules.sizes */
	uint32_t floor, end; /* only rules from `floor` on and before `end` are of interest */
	const struct rule *found;
};

static void search_list(struct search *s, const struct bucket *b)
{
	const uint32_t *list = s->image->order + b->first;

	for (uint32_t n = b->count; n-- > 0 && list[n] >= s->floor;) {
		const struct rule *rule = &s->image->rules[list[n]];

		/* keys are hashes: a bucket may have rules of somebody else */
		if (list[n] >= s->end || !question_fits(s->q, s->image, rule))
			continue;
		s->found = rule;
		s->floor = list[n] + 1;
		return;
	}
}

static void question_hash_fields(struct question *q)
{
	const struct slice fields[FIELDS] = {[FIELD_PATH] = q->traffic->path,
		[FIELD_INTERFACE] = q->traffic->interface,
		[FIELD_MEMBER] = q->traffic->member,
		[FIELD_ERROR] = q->traffic->error};

	q->fields_hashed = true;
	for (uint32_t i = 0; i < FIELDS; i++) {
		if (!fields[i].text)
			continue;
		q->present |= 1u << i;
		q->fields[i] = index_hash(fields[i]);
	}
}

static void search_shapes(struct search *s, const struct bucket *b)
{
	if (!s->q->fields_hashed)
		question_hash_fields(s->q);
	for (uint32_t left = b->shapes; left; left &= left - 1) {
		uint32_t shape = (uint32_t)__builtin_ctz(left);
		const struct bucket *part = index_find(s->image,
			index_split_key(b->key, shape, shape & s->q->present, s->q->fields));

		if (part)
			search_list(s, part);
	}
}

static void search_key(struct search *s, uint32_t kind, uint64_t hash)
{
	const struct bucket *b = index_find(s->image, index_key(s->run, kind, hash));

	if (!b || s->image->order[b->first + b->count - 1] < s->floor)
		return;
	if (b->shapes)
		search_shapes(s, b);
	else
		search_list(s, b);
}

static uint64_t question_name_hash(struct question *q, uint32_t i)
{
	if (i >= QUESTION_HASHES)
		return index_hash(q->names[i]);
	for (; q->name_hashes_n <= i; q->name_hashes_n++)
		q->name_hashes[q->name_hashes_n] = index_hash(q->names[q->name_hashes_n]);
	return q->name_hashes[i];
}

/* The rules with a prefix of this name: itself, or what ends before one of its dots. */
static void search_prefixes(struct search *s, struct slice name)
{
	for (uint64_t left = s->sizes; left; left &= left - 1)
		for (size_t i = (size_t)__builtin_ctzll(left); i <= name.size; i += 64)
			if (i == name.size || name.text[i] == '.')
				search_key(
					s, NAME_PREFIX, index_hash((struct slice){name.text, i}));
}

static void search_name(struct search *s, uint32_t i)
{
	struct question *q = s->q;
	const struct slice *names = q->names;
	uint32_t names_n = q->names_n;
	bool exact = s->kinds & 1u << NAME_EXACT && s->sizes >> (names[i].size & 63) & 1;
	uint64_t hash = exact ? question_name_hash(q, i) : 0;

	/* rules found by one name are compared with that one only */
	q->names = &names[i];
	q->names_n = 1;
	if (exact)
		search_key(s, NAME_EXACT, hash);
	if (s->kinds & 1u << NAME_PREFIX)
		search_prefixes(s, names[i]);
	q->names = names;
	q->names_n = names_n;
}

static void search_names(struct search *s)
{
	struct question *q = s->q;

	if (s->kinds & 1u << NAME_ANY)
		search_key(s, NAME_ANY, 0);
	for (uint32_t i = 0; s->sizes && i < q->names_n; i++)
		search_name(s, i);
}

static void search_identity(struct search *s)
{
	const struct identity *identity = s->q->identity;

	search_key(s, WHO_ANY, 0);
	search_key(s, WHO_USER, identity->uid);
	for (uint32_t i = 0; s->kinds & 1u << WHO_GROUP && i < identity->groups_n; i++)
		search_key(s, WHO_GROUP, identity->groups[i]);
}

/* The last rule of `verb` that speaks to the subject and fits, or NULL. */
static const struct rule *last_fitting(
	const struct subject *subject, enum rule_verb verb, struct question *q)
{
	const struct image *image = subject->image;

	for (uint32_t i = subject->sections_n; i-- > 0;) {
		const struct section *section = subject->sections[i];
		uint32_t first = section->rules[verb].first, count = section->rules[verb].count;
		struct search s = {image, q, index_run(image, section, verb),
			section->rules[verb].kinds, section->rules[verb].sizes, first,
			first + count, NULL};

		if (!count)
			continue;
		/* who may connect is asked of the bus, not of a user's or a group's section */
		if (verb != RULE_CONNECT)
			search_names(&s);
		else if (section->context == SECTION_DEFAULT ||
			 section->context == SECTION_MANDATORY)
			search_identity(&s);
		if (s.found)
			return s.found;
	}
	return NULL;
}

void verdict_by_rule(struct verdict *v, const struct rule *rule, const struct consent *consent)
{
	v->reason = REASON_RULE;
	v->rule = rule;
	v->answer = rule->effect == EFFECT_ALLOW ? ANSWER_ALLOW : ANSWER_DENY;
	if (rule->effect != EFFECT_CHECK)
		return;
	v->answer = ANSWER_ASK;
	if (!consent || !slice_equal(consent->action, image_slice(v->image, rule->action)))
		return;
	v->answer = consent->authorised ? ANSWER_ALLOW : ANSWER_DENY;
	v->reason = REASON_CONSENT;
	v->text = consent->text;
}

/* A call without interface could be for the one that is checked, and for any other. */
static bool is_unclear(const struct rule *rule, const struct request *request)
{
	return rule->effect == EFFECT_CHECK && rule->interface.at && request->traffic &&
	       !request->traffic->interface.text;
}

/* The verdict of the rules in force; what one on trial would have decided instead stands beside it. */
static struct verdict rules_ask(
	const struct subject *subject, enum rule_verb verb, const struct request *request)
{
	struct verdict v = {
		.answer = ANSWER_DENY, .reason = REASON_NO_RULE, .image = subject->image};
	const struct rule *rule;
	struct question q;

	question_init(&q, request, verb);
	q.ret_by_arg0 = &v.by_arg0;
	rule = last_fitting(subject, verb, &q);
	if (rule && rule_is_on_trial(rule)) {
		v.would = rule;
		q.enforced = true;
		rule = last_fitting(subject, verb, &q);
	}
	if (rule && is_unclear(rule, request)) {
		v.reason = REASON_RULE;
		v.rule = rule;
	} else if (rule) {
		verdict_by_rule(&v, rule, request->consent);
	}
	return v;
}

void rules_audit(const struct request *request, struct verdict *v)
{
	enum rule_verb verb = request->verb == VERB_OWN ? RULE_AUDIT_OWN : RULE_AUDIT;
	struct question q;

	if ((request->verb != VERB_OWN && request->verb != VERB_SEND) || !request->sender)
		return;
	question_init(&q, request, verb);
	q.ret_by_arg0 = &v->by_arg0;
	q.on = v->answer == ANSWER_ALLOW ? ON_ALLOW : ON_DENY;
	v->audit = last_fitting(request->sender->subject, verb, &q);
}

static struct verdict connect_ask(const struct judge *judge, const struct request *request)
{
	const struct subject *subject;
	struct verdict v;

	(void)judge;
	if (request->verb != VERB_CONNECT || !request->sender)
		return (struct verdict){.answer = ANSWER_NONE};
	subject = request->sender->subject;
	v = rules_ask(subject, RULE_CONNECT, request);
	if (!v.rule && subject->identity->uid == request->bus_uid && request->bus_uid != ID_NONE)
		v.answer = ANSWER_ALLOW;
	return v;
}

static struct verdict own_ask(const struct judge *judge, const struct request *request)
{
	(void)judge;
	if (request->verb != VERB_OWN || !request->sender)
		return (struct verdict){.answer = ANSWER_NONE};
	return rules_ask(request->sender->subject, RULE_OWN, request);
}

/* Where no rule speaks of a name it is no secret. */
static struct verdict see_ask(const struct judge *judge, const struct request *request)
{
	struct verdict v;

	(void)judge;
	if (request->verb != VERB_SEE || !request->sender)
		return (struct verdict){.answer = ANSWER_NONE};
	v = rules_ask(request->sender->subject, RULE_SEE, request);
	if (!v.rule)
		v.answer = ANSWER_ALLOW;
	return v;
}

static struct verdict send_ask(const struct judge *judge, const struct request *request)
{
	(void)judge;
	if (request->verb != VERB_SEND || !request->sender)
		return (struct verdict){.answer = ANSWER_NONE};
	return rules_ask(request->sender->subject, RULE_SEND, request);
}

static struct verdict receive_ask(const struct judge *judge, const struct request *request)
{
	(void)judge;
	if (request->verb != VERB_SEND || !request->recipient)
		return (struct verdict){.answer = ANSWER_NONE};
	return rules_ask(request->recipient->subject, RULE_RECEIVE, request);
}

const struct judge rules_connect = {.name = "connect rules", .ask = connect_ask, .tried = true};
const struct judge rules_own = {.name = "own rules", .ask = own_ask, .tried = true};
const struct judge rules_see = {.name = "see rules", .ask = see_ask, .tried = true};
const struct judge rules_send = {.name = "send rules", .ask = send_ask, .tried = true};
const struct judge rules_receive = {.name = "receive rules", .ask = receive_ask, .tried = true};
