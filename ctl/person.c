/* person.c - users and groups by name or number, or as a running bus knows them */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "conf/users.h"
#include "ctl/person.h"
#include "ctl/say.h"

#define GROUPS_MAX 65536

static int gid_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Ascending and without doubles, as the rules want them. */
static void groups_sort(struct identity *identity)
{
	uint32_t kept = 0;

	if (!identity->groups_n)
		return;
	qsort(identity->groups, identity->groups_n, sizeof(uint32_t), gid_compare);
	for (uint32_t i = 1; i < identity->groups_n; i++)
		if (identity->groups[i] != identity->groups[kept])
			identity->groups[++kept] = identity->groups[i];
	identity->groups_n = kept + 1;
}

/* Completes a person whose identity is known. */
static int person_finish(struct person *p, const struct image *image)
{
	groups_sort(&p->identity);
	if (subject_init(&p->subject, image, &p->identity) < 0) {
		say("%s", strerror(ENOMEM));
		return -1;
	}
	p->party.subject = &p->subject;
	p->party.names = p->names;
	return 0;
}

/* All groups of a user with an entry; none where there is no entry. */
static int groups_of_user(struct identity *identity)
{
	const struct passwd *entry = getpwuid(identity->uid);
	int n = 32, room = 0;

	if (!entry)
		return 0;
	do {
		gid_t *grown = realloc(identity->groups, (size_t)n * sizeof(gid_t));

		if (!grown)
			return -ENOMEM;
		identity->groups = grown;
		room = n;
	} while (getgrouplist(entry->pw_name, entry->pw_gid, identity->groups, &n) < 0 &&
		 n > room && n <= GROUPS_MAX);
	identity->groups_n = n <= room ? (uint32_t)n : (uint32_t)room;
	return 0;
}

static int groups_of_words(
	struct identity *identity, const struct site *site, const struct words *words)
{
	identity->groups = calloc(words->n, sizeof(uint32_t));
	if (!identity->groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < words->n; i++) {
		int e = group_resolve(site, words->list[i], &identity->groups[i]);

		if (e < 0) {
			say("group \"%s\": %s", words->list[i],
				e == -ENOENT ? "not known" : strerror(-e));
			return -1;
		}
	}
	identity->groups_n = words->n;
	return 0;
}

int person_init(struct person *ret, const struct policy *policy, const char *user,
	const struct words *groups, const struct words *names)
{
	int e = 0;

	*ret = (struct person){.identity = {.loginuid = ID_NONE, .sessionid = ID_NONE}};
	e = user_resolve(&policy->site, user, &ret->identity.uid);
	if (e < 0) {
		say("user \"%s\": %s", user, e == -ENOENT ? "not known" : strerror(-e));
		return -1;
	}
	e = groups->n ? groups_of_words(&ret->identity, &policy->site, groups)
		      : groups_of_user(&ret->identity);
	if (e < 0)
		return -1;
	ret->names = calloc(names->n + 1, sizeof(struct slice));
	if (!ret->names)
		return -1;
	for (uint32_t i = 0; i < names->n; i++)
		ret->names[i] = slice_of(names->list[i]);
	ret->party.names_n = names->n;
	return person_finish(ret, &policy->image);
}

int person_init_ids(struct person *ret, const struct image *image, uint32_t uid,
	const uint32_t *groups, uint32_t groups_n)
{
	*ret = (struct person){.identity = {.uid = uid, .loginuid = ID_NONE, .sessionid = ID_NONE}};
	ret->identity.groups = calloc(groups_n + 1, sizeof(uint32_t));
	if (!ret->identity.groups)
		return -1;
	for (uint32_t i = 0; i < groups_n; i++)
		ret->identity.groups[i] = groups[i];
	ret->identity.groups_n = groups_n;
	return person_finish(ret, image);
}

int person_init_live(struct person *ret, const struct policy *policy, const char *name)
{
	int e;

	*ret = (struct person){.identity = {.loginuid = ID_NONE, .sessionid = ID_NONE}};
	e = live_peer(policy->live, name, &ret->live);
	if (e)
		return e;
	ret->identity.uid = ret->live.uid;
	ret->identity.groups = TAKE(ret->live.groups);
	ret->identity.groups_n = ret->live.groups_n;
	ret->names = calloc(ret->live.names_n + 1, sizeof(struct slice));
	if (!ret->names)
		return -1;
	for (uint32_t i = 0; i < ret->live.names_n; i++)
		ret->names[i] = slice_of(ret->live.names[i]);
	ret->party.names_n = ret->live.names_n;
	return person_finish(ret, &policy->image);
}

void person_fini(struct person *p)
{
	subject_fini(&p->subject);
	free(p->identity.groups);
	free(p->names);
	live_peer_fini(&p->live);
	*p = (struct person){0};
}
