/* lint_restrict.c - names that their restrictions leave to nobody, or not to whom rules allow them */
#include <inttypes.h>

#include "ctl/like.h"
#include "ctl/lint.h"
#include "policy/covers.h"

/* A user whom no rule can name: it stands for all who are not named. */
#define NOBODY (ID_NONE - 1)

static struct rule name_of(const struct restriction *r)
{
	return (struct rule){.name = r->name, .name_kind = r->name_kind};
}

static bool restrictions_meet(
	const struct image *image, const struct restriction *a, const struct restriction *b)
{
	const struct rule one = name_of(a), other = name_of(b);

	return rules_names_meet(image, &one, &other);
}

/* Whether somebody can meet both. */
static bool restrictions_agree(
	const struct image *image, const struct restriction *a, const struct restriction *b)
{
	uint32_t groups[LIKE_GROUPS];
	struct identity like = {.uid = NOBODY, .groups = groups};

	return like_restricted(&like, image, a, NOBODY) && like_restricted(&like, image, b, NOBODY);
}

static void conflict_look(struct lint *l, const struct restriction *r)
{
	const struct image *image = l->image;

	for (const struct restriction *other = image->restrictions; other < r; other++) {
		if (other->permissive || other->asks & ASKS_NOBODY ||
			!restrictions_meet(image, r, other) || restrictions_agree(image, r, other))
			continue;
		lint_add_restriction(l, LINT_RESTRICT_CONFLICT, r,
			"nobody can meet this and %s:%" PRIu32 " %s, and both are about one name",
			image_string(image, other->file), other->line,
			image_string(image, other->text));
		return;
	}
}

static bool is_allowed(const struct image *image, const struct restriction *r)
{
	const struct rule name = name_of(r);

	for (uint32_t i = 0; i < image->header->rules.count; i++)
		if (image->rules[i].verb == RULE_OWN && image->rules[i].effect != EFFECT_DENY &&
			rules_names_meet(image, &image->rules[i], &name))
			return true;
	return false;
}

/* Who is allowed the name and cannot be whom the restriction asks for. */
static void owner_look(struct lint *l, const struct section *s, const struct rule *rule)
{
	const struct image *image = l->image;

	for (uint32_t i = 0; i < image->header->restrictions.count; i++) {
		const struct restriction *r = &image->restrictions[i];
		const struct rule name = name_of(r);
		uint32_t groups[LIKE_GROUPS];
		struct identity like = like_section(image, s, NOBODY, groups);
		/* one of many names below a prefix may be left to others */
		bool whole = rule_name_covers(image, &name, rule);

		if (r->permissive || r->asks & ASKS_NOBODY || !whole ||
			like_restricted(&like, image, r, NOBODY))
			continue;
		lint_add(l, LINT_OWN_RESTRICTED, rule,
			"does not help: %s:%" PRIu32 " %s leaves the name to others",
			image_string(image, r->file), r->line, image_string(image, r->text));
		return;
	}
}

static void owners_look(struct lint *l, const struct section *s)
{
	for (uint32_t i = 0; i < s->rules[RULE_OWN].count; i++) {
		uint32_t index = s->rules[RULE_OWN].first + i;

		if (l->image->rules[index].effect != EFFECT_DENY && !l->dead[index])
			owner_look(l, s, &l->image->rules[index]);
	}
}

void lint_restrictions(struct lint *l)
{
	for (uint32_t i = 0; i < l->image->header->restrictions.count; i++) {
		const struct restriction *r = &l->image->restrictions[i];

		if (!is_allowed(l->image, r))
			lint_add_restriction(l, LINT_RESTRICT_UNUSED, r,
				"the rules that are looked at let nobody own such a name");
		if (!r->permissive && !(r->asks & ASKS_NOBODY))
			conflict_look(l, r);
	}
	for (uint32_t i = 0; i < l->image->header->sections.count; i++)
		owners_look(l, &l->image->sections[i]);
}
