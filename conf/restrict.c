/*
 * restrict.c - <restrict> and <limit>. What cannot be found out closes: a restriction to a user who is
 * not known is one to nobody, and a limit for one is left out, so that the general one holds.
 */
#include "base/drop.h"
#include "conf/bus_name.h"
#include "conf/restrict.h"
#include "conf/section.h"
#include "conf/users.h"

static int ask_name(struct reading *r, const char *const *attributes, struct restriction_draft *d)
{
	const char *own = attribute_find(attributes, "own");
	const char *prefix = attribute_find(attributes, "own_prefix");

	if (!own == !prefix)
		return reading_fault(r, "<restrict> must have either own or own_prefix");
	if (bus_name_elements(slice_of(own ? own : prefix)) < (own ? 2 : 1))
		return reading_fault(r, "no name can be \"%s\": this would restrict nothing",
			own ? own : prefix);
	d->restriction.name_kind = own ? NAME_EXACT : NAME_PREFIX;
	d->name = arena_text(&r->c->arena, slice_of(own ? own : prefix));
	return 0;
}

static int ask_account(struct reading *r, const char *what, const char *value, uint8_t bit,
	struct restriction_draft *d, uint32_t *id)
{
	int e;

	if (!value)
		return 0;
	e = bit == ASKS_USER ? user_resolve(r->c->site, value, id)
			     : group_resolve(r->c->site, value, id);
	if (error_is_shortage(e))
		return e;
	if (e < 0)
		reading_remark(r, LOG_ERR, "unknown %s \"%s\"%s%s: nobody can own the name", what,
			value, e == -ENOENT ? "" : ": ", e == -ENOENT ? "" : strerror(-e));
	d->restriction.asks |= bit | (e < 0 ? ASKS_NOBODY : 0);
	return 0;
}

static int ask_pattern(struct reading *r, const char *what, const char *value, uint8_t bit,
	struct restriction_draft *d, struct slice *ret)
{
	if (!value)
		return 0;
	if (!*value)
		return reading_fault(r, "a %s must not be empty", what);
	if (bit == ASKS_UNIT)
		unit_remark(r, value);
	d->restriction.asks |= bit;
	*ret = arena_text(&r->c->arena, slice_of(value));
	return 0;
}

static int ask_who(struct reading *r, const char *const *attributes, struct restriction_draft *d)
{
	struct restriction *to = &d->restriction;
	int e;

	e = ask_account(r, "user", attribute_find(attributes, "user"), ASKS_USER, d, &to->user);
	if (e == 0)
		e = ask_account(
			r, "group", attribute_find(attributes, "group"), ASKS_GROUP, d, &to->group);
	if (e == 0)
		e = ask_pattern(
			r, "unit", attribute_find(attributes, "unit"), ASKS_UNIT, d, &d->unit);
	if (e == 0)
		e = ask_pattern(
			r, "label", attribute_find(attributes, "label"), ASKS_LABEL, d, &d->label);
	if (e == 0 && !to->asks)
		return reading_fault(
			r, "<restrict> must have one or more of user, group, unit and label");
	return e;
}

int restriction_open(struct reading *r, const char *const *attributes)
{
	struct restriction_draft *d = arena_take(&r->c->arena, sizeof(*d));
	bool revoke = false, permissive = false;
	int e;

	if (!d)
		return -ENOMEM;
	*d = (struct restriction_draft){.at = {r->path, r->sink.line}};
	e = ask_name(r, attributes, d);
	if (e == 0)
		e = ask_who(r, attributes, d);
	if (e == 0)
		e = attribute_choice(r, attributes, "revoke", "yes", "no", &revoke);
	if (e == 0)
		e = attribute_choice(r, attributes, "mode", "permissive", "enforcing", &permissive);
	if (e)
		return e;
	d->restriction.revoke = revoke;
	d->restriction.permissive = permissive || r->permissive;
	d->text = element_words(&r->c->arena, "restrict", attributes);
	if (!d->text.text || r->c->arena.bad)
		return -ENOMEM;
	list_append(&r->config->restrictions, &d->link);
	return 0;
}

/* Whose limit it is: r->override stays NULL where it is everybody's. */
static int limit_whose(struct reading *r, const char *const *attributes)
{
	static const char *const names[WHOSE] = {
		[WHOSE_USER] = "user", [WHOSE_UNIT] = "unit", [WHOSE_OWNER] = "own"};

	for (uint8_t i = 0; i < WHOSE; i++) {
		const char *value = attribute_find(attributes, names[i]);

		if (!value)
			continue;
		if (r->override)
			return reading_fault(r, "a limit is for a user, a unit or a name");
		if (!*value)
			return reading_fault(r, "a %s must not be empty", names[i]);
		if (i == WHOSE_OWNER && bus_name_elements(slice_of(value)) < 2)
			return reading_fault(
				r, "no name can be \"%s\": this would limit nothing", value);
		if (i == WHOSE_UNIT)
			unit_remark(r, value);
		r->override = arena_take(&r->c->arena, sizeof(*r->override));
		if (!r->override)
			return -ENOMEM;
		*r->override = (struct override_draft){.at = {r->path, r->sink.line},
			.pattern = arena_text(&r->c->arena, slice_of(value))};
		if (!r->override->pattern.text)
			return -ENOMEM;
		r->override->override.whose = i;
		r->override->override.limit = (uint16_t)r->limit;
	}
	return 0;
}

int limit_open(struct reading *r, const char *const *attributes)
{
	const char *name = attribute_find(attributes, "name");
	int e;

	if (!name)
		return reading_fault(r, "<limit> must have a name");
	r->limit = limit_find(name);
	if (r->limit == LIMITS)
		return reading_fault(r, "there is no limit \"%s\"", name);
	r->override = NULL;
	e = limit_whose(r, attributes);
	if (e)
		return e;
	if (!r->override || limit_is_personal(r->limit))
		return 0;
	return reading_fault(r, "%s is of the bus as a whole", name);
}

static int override_append(struct reading *r, int64_t value)
{
	struct override_draft *d = r->override;
	int e = 0;

	d->override.value = value;
	if (d->override.whose == WHOSE_USER) {
		e = user_resolve(r->c->site, d->pattern.text, &d->override.uid);
		if (error_is_shortage(e))
			return e;
		if (e < 0)
			reading_remark(r, LOG_WARNING,
				"unknown user \"%.*s\": this limit is ignored",
				SLICE_FMT(d->pattern));
		d->pattern = (struct slice){NULL, 0};
	}
	if (e == 0)
		list_append(&r->config->overrides, &d->link);
	return 0;
}

int limit_take(struct reading *r, struct slice text)
{
	static const int64_t largest[LIMITS] = {
#define LIMIT(id, name, value, max) [LIMIT_##id] = max,
#include "policy/limits.def"
#undef LIMIT
	};
	const char *name = limit_name(r->limit);
	int64_t v = 0;
	int e = number_read(r, name, text.text, &v);

	if (e == -EINVAL)
		return reading_fault(r, "%s: \"%.*s\" is no number", name, SLICE_FMT(text));
	if (v < 0)
		return reading_fault(r, "%s must not be negative", name);
	if (e < 0 || v > largest[r->limit])
		return reading_fault(r, "%s: %.*s is too large", name, SLICE_FMT(text));
	if (r->override)
		return override_append(r, v);
	r->config->limits[r->limit] = v;
	return 0;
}
