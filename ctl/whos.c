/*
 * whos.c - whom rules tell apart: each user, group, unit and label that has a policy or may connect, taken
 * alone; and for each name with restrictions who may own it and is also what they ask.
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>

#include "ctl/whos.h"
#include "policy/covers.h"

static bool text_equal(const char *a, const char *b)
{
	return !a == !b && (!a || strcmp(a, b) == 0);
}

static bool identity_equal(const struct identity *a, const struct identity *b)
{
	return a->uid == b->uid && a->groups_n == b->groups_n &&
	       (!a->groups_n ||
		       memcmp(a->groups, b->groups, a->groups_n * sizeof(*a->groups)) == 0) &&
	       text_equal(a->unit, b->unit) && text_equal(a->slices, b->slices) &&
	       text_equal(a->label, b->label);
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

static void account_print(const char *what, uint32_t id, const char *name, FILE *to)
{
	fprintf(to, "%s %" PRIu32, what, id);
	if (name)
		fprintf(to, " (%s)", name);
}

/* `nobody`: the user who is not named, and so no part of it. */
static char *who_label(const struct identity *like, uint32_t nobody)
{
	const struct {
		const char *what, *text;
	} places[] = {{"unit", like->unit}, {"unit", like->slices}, {"label", like->label}};
	const char *between = "";
	char *label = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&label, &size);

	if (!to)
		return NULL;
	if (like->uid != nobody) {
		const struct passwd *user = getpwuid(like->uid);

		account_print("user", like->uid, user ? user->pw_name : NULL, to);
		between = " + ";
	}
	for (uint32_t i = 0; i < like->groups_n; i++, between = " + ") {
		const struct group *group = getgrgid(like->groups[i]);

		fputs(between, to);
		account_print("group", like->groups[i], group ? group->gr_name : NULL, to);
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!places[i].text)
			continue;
		fprintf(to, "%s%s %s", between, places[i].what, places[i].text);
		between = " + ";
	}
	if (!*between)
		fputs("everyone", to);
	fclose(to);
	return label;
}

/* *ret: where it is, be it new or not. */
static int who_add(struct survey *s, const struct identity *like, uint32_t base, uint32_t nobody,
	uint32_t *ret)
{
	struct who *grown, *who;

	for (uint32_t i = 0; i < s->whos_n; i++) {
		s->whos[i].like.groups = s->whos[i].groups;
		if (!identity_equal(&s->whos[i].like, like))
			continue;
		*ret = i;
		return 0;
	}
	grown = realloc(s->whos, (s->whos_n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->whos = grown;
	who = &grown[s->whos_n];
	*who = (struct who){.like = *like, .base = base == UINT32_MAX ? s->whos_n : base};
	if (like->groups_n)
		memcpy(who->groups, like->groups, like->groups_n * sizeof(*like->groups));
	who->label = who_label(like, nobody);
	*ret = s->whos_n++;
	return who->label ? 0 : -ENOMEM;
}

static bool section_owns(
	const struct image *image, const struct section *s, const struct restriction *r)
{
	const struct rule name = {.name = r->name, .name_kind = r->name_kind};

	for (uint32_t i = 0; i < s->rules[RULE_OWN].count; i++) {
		const struct rule *rule = &image->rules[s->rules[RULE_OWN].first + i];

		if (rule->effect != EFFECT_DENY && rules_names_meet(image, rule, &name))
			return true;
	}
	return false;
}

/* Who is whom a section lets own a restricted name, and also what its restrictions ask. */
static int restricted_collect(struct survey *s, const struct image *image,
	const struct restriction *r, const struct section *section, uint32_t nobody)
{
	uint32_t groups[LIKE_GROUPS], base, ignored;
	struct identity like = like_section(image, section, nobody, groups);
	int e = who_add(s, &like, UINT32_MAX, nobody, &base);

	for (uint32_t i = 0; i < image->header->restrictions.count && e == 0; i++) {
		const struct restriction *other = &image->restrictions[i];

		if (!other->permissive &&
			restriction_is_on(image, other, image_slice(image, r->name)) &&
			!like_restricted(&like, image, other, nobody))
			return 0;
	}
	return e ? e : who_add(s, &like, base, nobody, &ignored);
}

static int restrictions_collect(struct survey *s, const struct image *image, uint32_t nobody)
{
	int e = 0;

	for (uint32_t r = 0; r < image->header->restrictions.count; r++)
		for (uint32_t n = 0; n < image->header->sections.count && e == 0; n++)
			if (section_owns(image, &image->sections[n], &image->restrictions[r]))
				e = restricted_collect(s, image, &image->restrictions[r],
					&image->sections[n], nobody);
	return e;
}

/* Those of connect rules, which stand in no section of their own. */
static int connectors_collect(struct survey *s, const struct image *image, uint32_t nobody)
{
	uint32_t ignored;
	int e = 0;

	for (uint32_t n = 0; n < image->header->rules.count && e == 0; n++) {
		const struct rule *rule = &image->rules[n];
		uint32_t group = rule->id;
		struct identity like = {.uid = nobody, .groups = &group};

		if (rule->verb != RULE_CONNECT || rule->who == WHO_ANY || rule->id == ID_NONE)
			continue;
		like.uid = rule->who == WHO_USER ? rule->id : nobody;
		like.groups_n = rule->who == WHO_GROUP;
		e = who_add(s, &like, UINT32_MAX, nobody, &ignored);
	}
	return e;
}

int whos_collect(struct survey *s)
{
	uint32_t nobody = INT32_MAX, groups[LIKE_GROUPS], ignored;
	int e;

	while (user_is_named(s, nobody))
		nobody--;
	e = who_add(s, &(struct identity){.uid = nobody}, UINT32_MAX, nobody, &ignored);
	if (e == 0)
		e = who_add(s, &(struct identity){.uid = 0}, UINT32_MAX, nobody, &ignored);
	for (uint32_t i = 0; i < s->images_n && e == 0; i++) {
		const struct image *image = s->images[i];

		for (uint32_t n = 0; n < image->header->sections.count && e == 0; n++) {
			struct identity like =
				like_section(image, &image->sections[n], nobody, groups);

			e = who_add(s, &like, UINT32_MAX, nobody, &ignored);
		}
		if (e == 0)
			e = connectors_collect(s, image, nobody);
		if (e == 0)
			e = restrictions_collect(s, image, nobody);
	}
	return e;
}

/* Only when all are known, as persons must not be moved. */
int whos_settle(struct survey *s)
{
	for (uint32_t i = 0; i < s->whos_n; i++) {
		struct who *who = &s->whos[i];

		who->like.groups = who->groups;
		for (uint32_t n = 0; n < s->images_n; n++)
			if (person_init_like(&who->persons[n], s->images[n], &who->like) < 0)
				return -1;
	}
	return 0;
}

void whos_fini(struct survey *s)
{
	for (uint32_t i = 0; i < s->whos_n; i++) {
		for (uint32_t n = 0; n < s->images_n; n++)
			person_fini(&s->whos[i].persons[n]);
		free(s->whos[i].label);
	}
	free(s->whos);
}
