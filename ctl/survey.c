/* survey.c - the answers of a survey; whom it asks about is whos.c's, and which messages probe.c's */
#include <errno.h>
#include <stdlib.h>

#include "ctl/say.h"
#include "ctl/whos.h"

#define DRIVER "org.freedesktop.DBus"

static int action_add(struct survey *s, struct slice action)
{
	struct slice *grown;

	for (uint32_t i = 0; i < s->actions_n; i++)
		if (slice_equal(s->actions[i], action))
			return 0;
	if (s->actions_n == UINT16_MAX - SAYS_ASK)
		return -E2BIG;
	grown = realloc(s->actions, (s->actions_n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->actions = grown;
	grown[s->actions_n++] = action;
	return 0;
}

static int actions_collect(struct survey *s)
{
	int e = 0;

	for (uint32_t i = 0; i < s->images_n; i++) {
		const struct image *image = s->images[i];

		for (uint32_t n = 0; n < image->header->rules.count && e == 0; n++)
			if (image->rules[n].effect == EFFECT_CHECK)
				e = action_add(s, image_slice(image, image->rules[n].action));
	}
	return e;
}

static int peers_make(struct survey *s, const struct policy *const *policies, const char *peer_user)
{
	uint32_t group = 0;
	const struct identity root = {.groups = &group, .groups_n = 1};

	for (uint32_t i = 0; i < s->images_n; i++) {
		int e = peer_user ? person_init(&s->peers[i], policies[i],
					    &(struct description){.user = peer_user})
				  : person_init_like(&s->peers[i], s->images[i], &root);

		if (e < 0)
			return e;
	}
	return 0;
}

int survey_init(
	struct survey *ret, const struct policy *const *policies, uint32_t n, const char *peer_user)
{
	int e;

	*ret = (struct survey){.images_n = n};
	for (uint32_t i = 0; i < n; i++)
		ret->images[i] = &policies[i]->image;
	if (peers_make(ret, policies, peer_user) < 0)
		return -1;
	e = whos_collect(ret);
	if (e == 0)
		e = actions_collect(ret);
	if (e < 0) {
		say("%s", strerror(-e));
		return -1;
	}
	return whos_settle(ret);
}

void survey_fini(struct survey *s)
{
	whos_fini(s);
	for (uint32_t n = 0; n < s->images_n; n++)
		person_fini(&s->peers[n]);
	free(s->probes);
	free(s->actions);
	arena_fini(&s->arena);
	*s = (struct survey){0};
}

static uint16_t verdict_says(const struct survey *s, const struct verdict *v)
{
	uint16_t action = 0;

	if (v->answer != ANSWER_ASK)
		return v->answer == ANSWER_ALLOW ? SAYS_YES : SAYS_NO;
	while (!slice_equal(s->actions[action], image_slice(v->image, v->rule->action)))
		action++;
	return SAYS_ASK + action;
}

uint16_t survey_message(const struct survey *s, uint32_t image, uint32_t who, uint32_t probe)
{
	const struct probe *p = &s->probes[probe];
	const bool sends = p->verb != RULE_RECEIVE;
	const bool driver = slice_is(s->name, DRIVER);
	const struct party peer = {
		.subject = &s->peers[image].subject, .names = &s->name, .names_n = 1};
	const struct party *self = &s->whos[who].persons[image].party;
	const struct party *other = driver ? NULL : &peer;
	const struct traffic traffic = {.type = p->type,
		.is_reply = p->type == 2 || p->type == 3,
		.broadcast = p->type == 4 && !sends,
		.fds = p->fds,
		.path = p->path,
		.interface = p->interface,
		.member = p->member,
		.error = p->error,
		.arg0 = p->arg0,
		.destination = sends ? s->name : (struct slice){NULL, 0}};
	const struct request request = {.verb = VERB_SEND,
		.sender = sends ? self : other,
		.recipient = sends ? other : self,
		.traffic = &traffic,
		.requested_reply = p->requested};
	struct verdict v = request_answer(&request);

	if (p->verb == RULE_AUDIT)
		return v.audit ? SAYS_YES : SAYS_NO;
	return verdict_says(s, &v);
}

static struct verdict name_ask(
	const struct survey *s, uint32_t image, uint32_t who, struct slice name, enum verb verb)
{
	const struct image_header *h = s->images[image]->header;
	const struct request request = {.verb = verb,
		.sender = &s->whos[who].persons[image].party,
		.name = name,
		.bus_uid = h->user_known ? h->uid : (uint32_t)getuid()};

	return request_answer(&request);
}

uint16_t survey_own(const struct survey *s, uint32_t image, uint32_t who, struct slice name)
{
	struct verdict v = name_ask(s, image, who, name, VERB_OWN);

	return verdict_says(s, &v);
}

uint16_t survey_audit_own(const struct survey *s, uint32_t image, uint32_t who, struct slice name)
{
	return name_ask(s, image, who, name, VERB_OWN).audit ? SAYS_YES : SAYS_NO;
}

uint16_t survey_see(const struct survey *s, uint32_t image, uint32_t who, struct slice name)
{
	struct verdict v = name_ask(s, image, who, name, VERB_SEE);

	return verdict_says(s, &v);
}

uint16_t survey_connect(const struct survey *s, uint32_t image, uint32_t who, struct slice name)
{
	struct verdict v = name_ask(s, image, who, name, VERB_CONNECT);

	return verdict_says(s, &v);
}

bool survey_has(const struct survey *s, enum rule_verb verb)
{
	for (uint32_t i = 0; i < s->images_n; i++)
		for (uint32_t n = 0; n < s->images[i]->header->sections.count; n++)
			if (s->images[i]->sections[n].rules[verb].count)
				return true;
	return false;
}

bool survey_any(const struct survey *s, const uint16_t *answers, uint16_t answer)
{
	for (uint32_t i = 0; i < s->whos_n; i++)
		if (answers[i] == answer)
			return true;
	return false;
}

/* Whether it has to be said of one, after what was said of everybody and of whom it is a case. */
static bool who_stands_out(
	const struct survey *s, const uint16_t *answers, uint16_t answer, uint32_t i)
{
	bool is = answers[i] == answer, all = answers[0] == answer;
	uint32_t base = s->whos[i].base;

	return base == i ? is != all : is != (answers[base] == answer);
}

void survey_print(const struct survey *s, const uint16_t *answers, uint16_t answer, FILE *to)
{
	bool all = answers[0] == answer;
	const char *before = all ? " but " : "", *less = all ? "; also " : "; not ";

	if (all)
		fputs("everyone", to);
	for (uint32_t i = 1; i < s->whos_n; i++) {
		if ((answers[i] == answer) == all || !who_stands_out(s, answers, answer, i))
			continue;
		fprintf(to, "%s%s", before, s->whos[i].label);
		before = ", ";
	}
	if (!*before)
		fputs("nobody", to);
	for (uint32_t i = 1; i < s->whos_n; i++) {
		if ((answers[i] == answer) != all || !who_stands_out(s, answers, answer, i))
			continue;
		fprintf(to, "%s%s", less, s->whos[i].label);
		less = ", ";
	}
}

void survey_json(struct json *j, const char *key, const struct survey *s, const uint16_t *answers,
	uint16_t answer)
{
	json_open(j, key, '[');
	for (uint32_t i = 0; i < s->whos_n; i++)
		if (answers[i] == answer)
			json_string(j, NULL, s->whos[i].label);
	json_close(j, ']');
}

void says_print(const struct survey *s, uint16_t answer, FILE *to)
{
	if (answer >= SAYS_ASK)
		fprintf(to, "polkit %.*s", SLICE_FMT(s->actions[answer - SAYS_ASK]));
	else
		fputs(answer == SAYS_YES ? "allow" : "deny", to);
}
