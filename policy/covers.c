/*
 * covers.c - compares two rules attribute by attribute, by the same semantics as fit.h: a field
 * that a message lacks is not compared, but for the interface, where a deny fits and an allow does
 * not; last, what rules say about replies and copies depends on their effect.
 */
#include "policy/covers.h"

static bool texts_equal(const struct image *image, struct image_text a, struct image_text b)
{
	return a.at && b.at && slice_equal(image_slice(image, a), image_slice(image, b));
}

bool rule_name_covers(const struct image *image, const struct rule *l, const struct rule *e)
{
	if (l->name_kind == NAME_ANY)
		return true;
	if (e->name_kind == NAME_ANY)
		return false;
	if (l->name_kind == NAME_EXACT)
		return e->name_kind == NAME_EXACT && texts_equal(image, l->name, e->name);
	return slice_leads(image_slice(image, l->name), image_slice(image, e->name), '.');
}

static bool text_covers(const struct image *image, struct image_text l, struct image_text e)
{
	return !l.at || texts_equal(image, l, e);
}

/* A call without interface fits all by interface but an allow. */
static bool interface_covers(const struct image *image, const struct rule *l, const struct rule *e)
{
	if (!l->interface.at)
		return true;
	return texts_equal(image, l->interface, e->interface) &&
	       (l->effect != EFFECT_ALLOW || e->effect == EFFECT_ALLOW);
}

/* Which replies a rule fits: bit 0 those that were not asked for, bit 1 those that were. */
static unsigned int replies_of(const struct rule *r)
{
	if (r->effect == EFFECT_AUDIT || r->effect == EFFECT_CHECK)
		return 3;
	if (r->effect == EFFECT_DENY)
		return r->requested_reply == IS_TRUE ? 3 : 1;
	return r->requested_reply == IS_FALSE || r->eavesdrop == IS_TRUE ? 3 : 2;
}

/* What a receive rule fits: bit 0 messages to the receiver itself, bit 1 copies. */
static unsigned int copies_of(const struct rule *r)
{
	if (r->eavesdrop == IS_TRUE)
		return r->effect == EFFECT_ALLOW ? 3 : 2;
	return r->effect == EFFECT_ALLOW ? 1 : 3;
}

static bool arg0_covers(const struct image *image, const struct rule *l, const struct rule *e)
{
	struct slice wide = image_slice(image, l->arg0), narrow = image_slice(image, e->arg0);

	if (l->arg0_kind == ARG0_ANY)
		return true;
	if (l->arg0_kind == ARG0_EXACT)
		return e->arg0_kind == ARG0_EXACT && slice_equal(wide, narrow);
	return e->arg0_kind != ARG0_ANY && narrow.size >= wide.size &&
	       slice_equal(wide, (struct slice){narrow.text, wide.size});
}

static bool message_covers(const struct image *image, const struct rule *l, const struct rule *e)
{
	bool speaks_of_replies = e->type == 2 || e->type == 3 || e->requested_reply != UNSET;

	if ((l->type && l->type != e->type) || !rule_name_covers(image, l, e))
		return false;
	if (!text_covers(image, l->path, e->path) || !text_covers(image, l->member, e->member) ||
		!text_covers(image, l->error, e->error) || !interface_covers(image, l, e))
		return false;
	if (l->broadcast != UNSET && l->broadcast != e->broadcast)
		return false;
	if (!arg0_covers(image, l, e) || (l->on | e->on) != l->on)
		return false;
	if (l->min_fds > e->min_fds || l->max_fds < e->max_fds)
		return false;
	if (speaks_of_replies && (replies_of(e) & ~replies_of(l)))
		return false;
	return e->verb != RULE_RECEIVE || !(copies_of(e) & ~copies_of(l));
}

bool rule_covers(const struct image *image, const struct rule *later, const struct rule *earlier)
{
	/* what is on trial takes nothing away from what is in force */
	if (rule_is_on_trial(later) && !rule_is_on_trial(earlier))
		return false;
	switch ((enum rule_verb)later->verb) {
	case RULE_CONNECT:
		return later->who == WHO_ANY ||
		       (later->who == earlier->who && later->id == earlier->id);
	case RULE_OWN:
	case RULE_SEE:
	case RULE_AUDIT_OWN:
		return rule_name_covers(image, later, earlier) &&
		       (later->on | earlier->on) == later->on;
	case RULE_SEND:
	case RULE_RECEIVE:
	case RULE_AUDIT:
		return message_covers(image, later, earlier);
	case RULE_VERBS:
		break;
	}
	return false;
}

bool rules_names_meet(const struct image *image, const struct rule *a, const struct rule *b)
{
	return rule_name_covers(image, a, b) || rule_name_covers(image, b, a);
}

bool restriction_is_on(
	const struct image *image, const struct restriction *restriction, struct slice name)
{
	return name_kind_fits(restriction->name_kind, image_slice(image, restriction->name), name);
}
