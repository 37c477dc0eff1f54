/* person.c - users and groups by name or number, or as a running bus knows them */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
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

static const struct identity nobody = {.uid = ID_NONE, .loginuid = ID_NONE, .sessionid = ID_NONE};

/* Several words as one text, with blanks between them, as the slices of an identity are. */
static char *words_join(const struct words *words)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	for (uint32_t i = 0; to && i < words->n; i++)
		fprintf(to, "%s%s", i ? " " : "", words->list[i]);
	if (to)
		fclose(to);
	return text;
}

/* Where it runs, and as what. */
static int identity_place(struct identity *identity, const char *unit, const char *label)
{
	identity->unit = unit ? strdup(unit) : NULL;
	identity->label = label ? strdup(label) : NULL;
	identity->label_size = label ? (uint32_t)strlen(label) : 0;
	return (unit && !identity->unit) || (label && !identity->label) ? -ENOMEM : 0;
}

static int person_names(struct person *p, char *const *names, uint32_t n)
{
	p->names = calloc((size_t)n + 1, sizeof(struct slice));
	for (uint32_t i = 0; p->names && i < n; i++)
		p->names[i] = slice_of(names[i]);
	p->party.names_n = n;
	return p->names ? 0 : -1;
}

int person_init(
	struct person *ret, const struct policy *policy, const struct description *description)
{
	static const struct words none = {0};
	const struct words *groups = description->groups ? description->groups : &none;
	const struct words *names = description->names ? description->names : &none;
	int e;

	*ret = (struct person){.identity = nobody};
	e = user_resolve(&policy->site, description->user, &ret->identity.uid);
	if (e < 0) {
		say("user \"%s\": %s", description->user,
			e == -ENOENT ? "not known" : strerror(-e));
		return -1;
	}
	e = groups->n ? groups_of_words(&ret->identity, &policy->site, groups)
		      : groups_of_user(&ret->identity);
	if (e < 0 || identity_place(&ret->identity, description->unit, description->label) < 0)
		return -1;
	if (description->slices && description->slices->n) {
		ret->identity.slices = words_join(description->slices);
		if (!ret->identity.slices)
			return -1;
	}
	if (person_names(ret, (char *const *)names->list, names->n) < 0)
		return -1;
	return person_finish(ret, &policy->image);
}

int person_init_like(struct person *ret, const struct image *image, const struct identity *like)
{
	*ret = (struct person){.identity = nobody};
	ret->identity.uid = like->uid;
	ret->identity.groups = calloc((size_t)like->groups_n + 1, sizeof(uint32_t));
	if (!ret->identity.groups || identity_place(&ret->identity, like->unit, like->label) < 0)
		return -1;
	for (uint32_t i = 0; i < like->groups_n; i++)
		ret->identity.groups[i] = like->groups[i];
	ret->identity.groups_n = like->groups_n;
	ret->identity.slices = like->slices ? strdup(like->slices) : NULL;
	if (like->slices && !ret->identity.slices)
		return -1;
	return person_finish(ret, image);
}

int person_init_live(struct person *ret, const struct policy *policy, const char *name)
{
	int e;

	*ret = (struct person){.identity = nobody};
	e = live_peer(policy->live, name, &ret->live);
	if (e)
		return e;
	ret->identity.uid = ret->live.uid;
	ret->identity.groups = TAKE(ret->live.groups);
	ret->identity.groups_n = ret->live.groups_n;
	ret->identity.slices = TAKE(ret->live.slices);
	if (identity_place(&ret->identity, ret->live.unit, ret->live.label) < 0 ||
		person_names(ret, ret->live.names, ret->live.names_n) < 0)
		return -1;
	return person_finish(ret, &policy->image);
}

void person_fini(struct person *p)
{
	subject_fini(&p->subject);
	free(p->identity.groups);
	free(p->identity.unit);
	free(p->identity.slices);
	free(p->identity.label);
	free(p->names);
	live_peer_fini(&p->live);
	*p = (struct person){0};
}

void person_describe(const struct person *p, FILE *to)
{
	const struct identity *identity = &p->identity;
	const struct {
		const char *what, *text;
	} more[] = {
		{"unit", identity->unit}, {"slices", identity->slices}, {"label", identity->label}};
	const char *between = " (";

	fprintf(to, "user %" PRIu32, identity->uid);
	for (uint32_t i = 0; i < identity->groups_n; i++)
		fprintf(to, "%s%" PRIu32, i ? "," : " (groups ", identity->groups[i]);
	if (identity->groups_n)
		between = "; ";
	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		if (!more[i].text)
			continue;
		fprintf(to, "%s%s %s", between, more[i].what, more[i].text);
		between = "; ";
	}
	if (between[0] == ';')
		fputc(')', to);
}
