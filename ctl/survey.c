/* survey.c - subjects of a survey, and its answers; which messages are asked about is probe.c's */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>

#include "ctl/say.h"
#include "ctl/survey.h"

#define DRIVER "org.freedesktop.DBus"

static bool who_is_there(const struct survey *s, uint32_t uid, uint32_t gid)
{
	for (uint32_t i = 0; i < s->whos_n; i++)
		if (s->whos[i].uid == uid && s->whos[i].gid == gid)
			return true;
	return false;
}

/* Whether any rule speaks of that user. */
static bool user_is_named(const struct survey *s, uint32_t uid)
{
	for (uint32_t i = 0; i < s->images_n; i++) {
		const struct image *image = s->images[i];

		if (image_section(image, SECTION_USER, uid))
			return true;
		for (uint32_t r = 0; r < image->header->rules.count; r++)
			if (image->rules[r].who == WHO_USER && image->rules[r].id == uid)
				return true;
	}
	return false;
}

static char *who_label(uint32_t uid, uint32_t gid)
{
	const struct passwd *user = gid == ID_NONE ? getpwuid(uid) : NULL;
	const struct group *group = gid != ID_NONE ? getgrgid(gid) : NULL;
	const char *name = user ? user->pw_name : group ? group->gr_name : NULL;
	char *label;

	if (asprintf(&label, "%s %" PRIu32 "%s%s%s", gid == ID_NONE ? "user" : "group",
		    gid == ID_NONE ? uid : gid, name ? " (" : "", name ? name : "",
		    name ? ")" : "") < 0)
		return NULL;
	return label;
}

static int who_add(struct survey *s, uint32_t uid, uint32_t gid)
{
	struct who *grown;

	if (who_is_there(s, uid, gid))
		return 0;
	grown = realloc(s->whos, (s->whos_n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->whos = grown;
	grown[s->whos_n] = (struct who){.uid = uid,
		.gid = gid,
		.label = s->whos_n ? who_label(uid, gid) : strdup("everyone")};
	return grown[s->whos_n++].label ? 0 : -ENOMEM;
}

/* Everybody whom sections or connect rules name. */
static int whos_collect(struct survey *s)
{
	uint32_t nobody = INT32_MAX;
	int e;

	while (user_is_named(s, nobody))
		nobody--;
	e = who_add(s, nobody, ID_NONE);
	if (e == 0)
		e = who_add(s, 0, ID_NONE);
	for (uint32_t i = 0; i < s->images_n && e == 0; i++) {
		const struct image *image = s->images[i];

		for (uint32_t n = 0; n < image->header->sections.count && e == 0; n++) {
			const struct section *section = &image->sections[n];

			if (section->context == SECTION_USER)
				e = who_add(s, section->id, ID_NONE);
			else if (section->context == SECTION_GROUP)
				e = who_add(s, nobody, section->id);
		}
		for (uint32_t n = 0; n < image->header->rules.count && e == 0; n++) {
			const struct rule *rule = &image->rules[n];

			if (rule->who == WHO_USER && rule->id != ID_NONE)
				e = who_add(s, rule->id, ID_NONE);
			else if (rule->who == WHO_GROUP && rule->id != ID_NONE)
				e = who_add(s, nobody, rule->id);
		}
	}
	return e;
}

/* Only when all are known, as persons must not be moved. */
static int whos_settle(struct survey *s)
{
	for (uint32_t i = 0; i < s->whos_n; i++) {
		struct who *who = &s->whos[i];

		for (uint32_t n = 0; n < s->images_n; n++)
			if (person_init_like(&who->persons[n], s->images[n],
				    &(struct identity){.uid = who->uid,
					    .groups = &who->gid,
					    .groups_n = who->gid != ID_NONE}) < 0)
				return -1;
	}
	return 0;
}

int survey_init(
	struct survey *ret, const struct policy *const *policies, uint32_t n, const char *peer_user)
{
	uint32_t group = 0;
	const struct identity root = {.groups = &group, .groups_n = 1};

	*ret = (struct survey){.images_n = n};
	for (uint32_t i = 0; i < n; i++) {
		ret->images[i] = &policies[i]->image;
		if (peer_user && person_init(&ret->peers[i], policies[i],
					 &(struct description){.user = peer_user}) < 0)
			return -1;
		if (!peer_user && person_init_like(&ret->peers[i], ret->images[i], &root) < 0)
			return -1;
	}
	if (whos_collect(ret) < 0) {
		say("%s", strerror(ENOMEM));
		return -1;
	}
	return whos_settle(ret);
}

void survey_fini(struct survey *s)
{
	for (uint32_t i = 0; i < s->whos_n; i++) {
		for (uint32_t n = 0; n < s->images_n; n++)
			person_fini(&s->whos[i].persons[n]);
		free(s->whos[i].label);
	}
	for (uint32_t n = 0; n < s->images_n; n++)
		person_fini(&s->peers[n]);
	free(s->whos);
	free(s->probes);
	*s = (struct survey){0};
}

bool survey_message(const struct survey *s, uint32_t image, uint32_t who, uint32_t probe)
{
	const struct probe *p = &s->probes[probe];
	const bool sends = p->verb == RULE_SEND;
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
		.destination = sends ? s->name : (struct slice){NULL, 0}};
	const struct request request = {.verb = VERB_SEND,
		.sender = sends ? self : other,
		.recipient = sends ? other : self,
		.traffic = &traffic,
		.requested_reply = p->requested};

	return request_answer(&request).answer == ANSWER_ALLOW;
}

bool survey_own(const struct survey *s, uint32_t image, uint32_t who, struct slice name)
{
	const struct request request = {
		.verb = VERB_OWN, .sender = &s->whos[who].persons[image].party, .name = name};

	return request_answer(&request).answer == ANSWER_ALLOW;
}

bool survey_connect(const struct survey *s, uint32_t image, uint32_t who)
{
	const struct image_header *h = s->images[image]->header;
	const struct request request = {.verb = VERB_CONNECT,
		.sender = &s->whos[who].persons[image].party,
		.bus_uid = h->user_known ? h->uid : (uint32_t)getuid()};

	return request_answer(&request).answer == ANSWER_ALLOW;
}

void survey_print(const struct survey *s, const bool *is, FILE *to)
{
	const char *before = is[0] ? " but " : "";

	if (is[0])
		fputs("everyone", to);
	for (uint32_t i = 1; i < s->whos_n; i++) {
		if (is[i] == is[0])
			continue;
		fprintf(to, "%s%s", before, s->whos[i].label);
		before = ", ";
	}
	if (!*before)
		fputs("nobody", to);
}

void survey_json(struct json *j, const char *key, const struct survey *s, const bool *is)
{
	json_open(j, key, '[');
	for (uint32_t i = 0; i < s->whos_n; i++)
		if (is[i])
			json_string(j, NULL, s->whos[i].label);
	json_close(j, ']');
}
