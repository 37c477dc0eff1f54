/*
 * restrict.c - <restrict> as a judge: each restriction on a name, or on a prefix of it, must be met
 * in all that it asks. Found by the name and by what ends before one of its dots.
 */
#include "policy/pattern.h"
#include "policy/rules.h"

/* Of several that are not met the one that does most is told of: what is in force before what is on
 * trial, what takes the name away before what lets it be. */
static int force_of(const struct restriction *r)
{
	if (!r)
		return 0;
	return r->permissive ? 1 : 2 + r->revoke;
}

/* One that fits the name and is not met, if it does more than `found`; else that. */
static const struct restriction *unmet_among(const struct restriction *r, uint32_t n, bool whole,
	const struct subject *subject, const struct restriction *found)
{
	for (; n > 0; n--, r++) {
		if (r->name_kind == NAME_EXACT && !whole)
			continue;
		if (force_of(r) > force_of(found) &&
			restriction_differs(subject->image, r, subject->identity))
			found = r;
	}
	return found;
}

const struct restriction *restriction_unmet(const struct subject *subject, struct slice name)
{
	const struct restriction *found = NULL;

	if (!subject->image->header->restrictions.count)
		return NULL;
	for (size_t i = 0; i <= name.size; i++) {
		const struct restriction *r;
		uint32_t n;

		if (i < name.size && name.text[i] != '.')
			continue;
		r = image_restrictions(subject->image, (struct slice){name.text, i}, &n);
		found = unmet_among(r, n, i == name.size, subject, found);
	}
	return found;
}

static struct verdict restrictions_ask(const struct judge *judge, const struct request *request)
{
	const struct subject *subject;
	const struct restriction *unmet;

	(void)judge;
	if (request->verb != VERB_OWN || !request->sender)
		return (struct verdict){.answer = ANSWER_NONE};
	subject = request->sender->subject;
	unmet = restriction_unmet(subject, request->name);
	if (!unmet)
		return (struct verdict){.answer = ANSWER_NONE};
	return (struct verdict){.answer = ANSWER_DENY,
		.reason = REASON_RESTRICTION,
		.advisory = unmet->permissive,
		.image = subject->image,
		.restriction = unmet};
}

const struct judge restrictions = {.name = "restrictions", .ask = restrictions_ask, .tried = true};
