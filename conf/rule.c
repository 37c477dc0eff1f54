/*
 * rule.c - one rule: a table of attributes, a table of those that cannot stand together, and nothing
 * that is left out quietly: an attribute that is not understood would make the rule wider.
 */
#include <errno.h>

#include "conf/rule.h"
#include "conf/users.h"

enum attribute_id {
#define ATTRIBUTE(id, name, take, field) AT_##id,
#include "conf/attributes.def"
#undef ATTRIBUTE
	ATTRIBUTES
};

#define BIT(id) (1u << AT_##id)
#define SENDS                                                                                      \
	(BIT(SEND_INTERFACE) | BIT(SEND_MEMBER) | BIT(SEND_PATH) | BIT(SEND_ERROR) |               \
		BIT(SEND_TYPE) | BIT(SEND_DESTINATION) | BIT(SEND_DESTINATION_PREFIX) |            \
		BIT(SEND_BROADCAST) | BIT(SEND_REQUESTED_REPLY) | BIT(SEND_ARG0) |                 \
		BIT(SEND_ARG0_PREFIX))
#define RECEIVES                                                                                   \
	(BIT(RECEIVE_INTERFACE) | BIT(RECEIVE_MEMBER) | BIT(RECEIVE_PATH) | BIT(RECEIVE_ERROR) |   \
		BIT(RECEIVE_TYPE) | BIT(RECEIVE_SENDER) | BIT(RECEIVE_REQUESTED_REPLY))
#define OWNS (BIT(OWN) | BIT(OWN_PREFIX))
#define SEES (BIT(SEE) | BIT(SEE_PREFIX))
#define CONNECTS (BIT(USER) | BIT(GROUP))
#define MESSAGES (SENDS | RECEIVES | BIT(EAVESDROP) | FDS)
#define STANDARD (MESSAGES | OWNS | CONNECTS | BIT(LOG))
#define FDS (BIT(MIN_FDS) | BIT(MAX_FDS))
#define CALLS (SENDS & ~(BIT(SEND_ERROR) | BIT(SEND_BROADCAST) | BIT(SEND_REQUESTED_REPLY)))

/* The elements that are rules, and what may stand on each. */
static const struct {
	const char *name;
	uint32_t attributes;
} elements[] = {
	[EFFECT_DENY] = {"deny", STANDARD | SEES},
	[EFFECT_ALLOW] = {"allow", STANDARD | SEES},
	[EFFECT_CHECK] = {"check", CALLS | FDS | OWNS | BIT(LOG) | BIT(POLKIT) | BIT(KEEP)},
	[EFFECT_AUDIT] = {"audit", SENDS | FDS | OWNS | BIT(ON)},
};

#define FDS_MAX 33554432
#define ACTION_MAX 255
#define KEEP_MAX 3600

/* What the attributes of one kind make of the rule; the first that is given decides. */
static const struct {
	uint32_t any;
	enum rule_verb verb;
} kinds[] = {
	{SENDS, RULE_SEND},
	{RECEIVES, RULE_RECEIVE},
	{OWNS, RULE_OWN},
	{SEES, RULE_SEE},
	{CONNECTS, RULE_CONNECT},
	{BIT(EAVESDROP), RULE_RECEIVE},
};

/* Both given: fault. */
static const struct {
	uint32_t one, other;
	const char *why;
} apart[] = {
	{SENDS, RECEIVES, "send and receive attributes cannot stand in one rule"},
	{BIT(OWN), MESSAGES | CONNECTS | BIT(OWN_PREFIX), "own stands alone"},
	{BIT(OWN_PREFIX), MESSAGES | CONNECTS, "own_prefix stands alone"},
	{BIT(SEE), MESSAGES | OWNS | CONNECTS | BIT(SEE_PREFIX), "see stands alone"},
	{BIT(SEE_PREFIX), MESSAGES | OWNS | CONNECTS, "see_prefix stands alone"},
	{BIT(SEND_ARG0), BIT(SEND_ARG0_PREFIX),
		"send_arg0 and send_arg0_prefix exclude one another"},
	{BIT(USER), MESSAGES | BIT(GROUP), "user stands alone"},
	{BIT(GROUP), MESSAGES, "group stands alone"},
	{BIT(SEND_ERROR), BIT(SEND_INTERFACE) | BIT(SEND_MEMBER),
		"an error has neither interface nor member"},
	{BIT(RECEIVE_ERROR), BIT(RECEIVE_INTERFACE) | BIT(RECEIVE_MEMBER),
		"an error has neither interface nor member"},
	{BIT(SEND_DESTINATION), BIT(SEND_DESTINATION_PREFIX),
		"send_destination and send_destination_prefix exclude one another"},
};

/* The first given and none of the others: fault. */
static const struct {
	uint32_t one, others;
	const char *why;
} needs[] = {
	{BIT(SEND_MEMBER), BIT(SEND_INTERFACE) | BIT(SEND_PATH),
		"send_member needs send_interface or send_path"},
	{BIT(RECEIVE_MEMBER), BIT(RECEIVE_INTERFACE) | BIT(RECEIVE_PATH),
		"receive_member needs receive_interface or receive_path"},
};

static const char *const types[] = {"*", "method_call", "method_return", "error", "signal"};

struct attribute {
	const char *name;
	int (*take)(
		struct reading *r, const struct attribute *a, struct draft *d, const char *value);
	size_t field;
};

#define FIELD(d, a, type) ((type *)((char *)(d) + (a)->field))

/* "*" is the same as nothing. */
static int take_text(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	if (strcmp(value, "*") != 0)
		*FIELD(d, a, struct slice) = arena_text(&r->c->arena, slice_of(value));
	return 0;
}

static int take_name(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	if (strcmp(value, "*") != 0)
		d->rule.name_kind = NAME_EXACT;
	return take_text(r, a, d, value);
}

/* Here "*" is a name like any other. */
static int take_prefix(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	d->rule.name_kind = NAME_PREFIX;
	*FIELD(d, a, struct slice) = arena_text(&r->c->arena, slice_of(value));
	return 0;
}

static int take_arg0(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	if (strcmp(value, "*") != 0)
		d->rule.arg0_kind = ARG0_EXACT;
	return take_text(r, a, d, value);
}

/* Here "*" is a beginning like any other. */
static int take_arg0_prefix(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	d->rule.arg0_kind = ARG0_PREFIX;
	*FIELD(d, a, struct slice) = arena_text(&r->c->arena, slice_of(value));
	return 0;
}

/* polkit's own rule for names of actions: lower-case ASCII letters, digits, ".", "-", beginning with
 * a letter (polkit(8)); it takes upper-case ones, too. */
static int take_action(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	size_t good = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_");

	if (good == 0 || value[good] != '\0' || good > ACTION_MAX)
		return reading_fault(r, "\"%s\" cannot be the name of a polkit action", value);
	*FIELD(d, a, struct slice) = arena_text(&r->c->arena, slice_of(value));
	return 0;
}

static int take_seconds(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	int64_t n;

	if (number_read(r, a->name, value, &n) < 0 || n < 0 || n > KEEP_MAX)
		return reading_fault(r, "bad value \"%s\" for %s: must be from 0 to %d seconds",
			value, a->name, KEEP_MAX);
	*FIELD(d, a, uint32_t) = (uint32_t)n;
	return 0;
}

static int take_on(struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	static const struct {
		const char *word;
		uint8_t on;
	} decisions[] = {{"allow", ON_ALLOW}, {"deny", ON_DENY}, {"all", ON_ALLOW | ON_DENY}};

	for (size_t i = 0; i < ARRAY_SIZE(decisions); i++) {
		if (strcmp(value, decisions[i].word) != 0)
			continue;
		*FIELD(d, a, uint8_t) = decisions[i].on;
		return 0;
	}
	return reading_fault(
		r, "bad value \"%s\" for %s: must be allow, deny or all", value, a->name);
}

static int take_type(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(value, types[i]) == 0) {
			*FIELD(d, a, uint8_t) = (uint8_t)i;
			return 0;
		}
	}
	return reading_fault(r, "bad message type \"%s\"", value);
}

static int take_truth(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	bool yes = strcmp(value, "true") == 0;

	if (!yes && strcmp(value, "false") != 0)
		return reading_fault(
			r, "bad value \"%s\" for %s: must be true or false", value, a->name);
	*FIELD(d, a, uint8_t) = yes ? IS_TRUE : IS_FALSE;
	return 0;
}

static int take_count(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	int64_t n;

	if (number_read(r, a->name, value, &n) < 0 || n < 0 || n > FDS_MAX)
		return reading_fault(r, "bad value \"%s\" for %s: must be an integer from 0 to %d",
			value, a->name, FDS_MAX);
	*FIELD(d, a, uint32_t) = (uint32_t)n;
	return 0;
}

/* Any value is taken, as everywhere; only one has a meaning. */
static int take_log(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	(void)r;
	*FIELD(d, a, uint8_t) = strcmp(value, "true") == 0;
	return 0;
}

static int take_who(struct reading *r, const struct attribute *a, struct draft *d,
	const char *value, enum rule_who who,
	int (*resolve)(const struct site *site, const char *text, uint32_t *ret))
{
	int e;

	if (strcmp(value, "*") == 0)
		return 0;
	e = resolve(r->c->site, value, FIELD(d, a, uint32_t));
	if (error_is_shortage(e))
		return e;
	if (e < 0) {
		reading_remark(r, LOG_WARNING, "unknown %s \"%s\"%s%s", a->name, value,
			e == -ENOENT ? "" : ": ", e == -ENOENT ? "" : strerror(-e));
		d->nobody = true;
	}
	d->rule.who = (uint8_t)who;
	return 0;
}

static int take_user(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	return take_who(r, a, d, value, WHO_USER, user_resolve);
}

static int take_group(
	struct reading *r, const struct attribute *a, struct draft *d, const char *value)
{
	return take_who(r, a, d, value, WHO_GROUP, group_resolve);
}

static const struct attribute attributes_known[ATTRIBUTES] = {
#define ATTRIBUTE(id, name, take, field) [AT_##id] = {name, take, offsetof(struct draft, field)},
#include "conf/attributes.def"
#undef ATTRIBUTE
};

static int attribute_id(const char *name)
{
	for (int i = 0; i < ATTRIBUTES; i++) {
		if (strcmp(name, attributes_known[i].name) == 0)
			return i;
	}
	return -1;
}

static int combination_check(struct reading *r, uint32_t given)
{
	for (size_t i = 0; i < ARRAY_SIZE(apart); i++) {
		if ((given & apart[i].one) && (given & apart[i].other))
			return reading_fault(
				r, "invalid combination of attributes: %s", apart[i].why);
	}
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if ((given & needs[i].one) && !(given & needs[i].others))
			return reading_fault(r, "missing attribute: %s", needs[i].why);
	}
	return 0;
}

/* polkit would have to be asked about what is needed to ask it, or about what nobody waits for. */
static int check_check(struct reading *r, uint32_t given, struct draft *d)
{
	static const char *const exempt[] = {
		"org.freedesktop.DBus", "org.freedesktop.PolicyKit1", "org.freedesktop.systemd1"};

	if (!(given & BIT(POLKIT)))
		return reading_fault(r, "<check> needs polkit=\"ACTION\"");
	if (d->rule.name_kind == NAME_ANY)
		return reading_fault(r, "<check> must say for which name, or what begins it");
	if (d->rule.verb == RULE_SEND && d->rule.type == 0)
		d->rule.type = 1;
	if (d->rule.verb == RULE_SEND && d->rule.type != 1)
		return reading_fault(r, "only method calls can be checked by polkit");
	for (size_t i = 0; i < ARRAY_SIZE(exempt); i++)
		if (name_kind_fits(d->rule.name_kind, d->name, slice_of(exempt[i])))
			return reading_fault(r,
				"polkit cannot be asked about %s: it is needed to ask", exempt[i]);
	return 0;
}

static int verb_check(struct reading *r, uint32_t given, struct draft *d)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(kinds) && !(given & kinds[i].any))
		i++;
	if (i == ARRAY_SIZE(kinds))
		return reading_fault(r,
			"a rule must have one or more attributes that say what it is "
			"about (log, min_fds and max_fds do not)");
	d->rule.verb = (uint8_t)kinds[i].verb;
	if (d->rule.effect == EFFECT_CHECK)
		return check_check(r, given, d);
	if (d->rule.effect == EFFECT_AUDIT) {
		d->rule.verb = d->rule.verb == RULE_OWN ? RULE_AUDIT_OWN : RULE_AUDIT;
		return 0;
	}
	if (d->rule.broadcast == IS_TRUE && d->rule.name_kind == NAME_EXACT)
		return reading_fault(r,
			"send_broadcast=\"true\" with a send_destination cannot match "
			"anything");
	if (d->rule.verb == RULE_CONNECT && !r->section.unknown &&
		r->section.context != SECTION_DEFAULT && r->section.context != SECTION_NO_CONSOLE &&
		r->section.context != SECTION_MANDATORY)
		return reading_fault(r,
			"who may connect is for the whole bus, it cannot be said per user, "
			"group, unit or label");
	return 0;
}

/* Whether a rule that is right in itself has an effect; tells where that is not so. */
static bool rule_applies(struct reading *r, const struct draft *d)
{
	if (r->section.dead)
		return false;
	if (d->nobody || r->section.unknown) {
		if (d->rule.effect == EFFECT_DENY || d->rule.effect == EFFECT_CHECK)
			reading_remark(r, LOG_ERR,
				"this %s is lost, for nobody by that name is known: %.*s",
				elements[d->rule.effect].name, SLICE_FMT(d->text));
		return false;
	}
	if (d->rule.verb == RULE_CONNECT && r->section.context == SECTION_NO_CONSOLE) {
		reading_remark(r, LOG_WARNING,
			"who may connect is not decided in an at_console policy: %.*s has no "
			"effect",
			SLICE_FMT(d->text));
		return false;
	}
	return true;
}

static int attributes_take(
	struct reading *r, const char *const *attributes, struct draft *d, uint32_t *given)
{
	int e;

	for (; *attributes; attributes += 2) {
		int id = attribute_id(attributes[0]);

		if (id < 0 || !(elements[d->rule.effect].attributes >> id & 1))
			return reading_fault(r, "attribute \"%s\" is not known on %s",
				attributes[0],
				id < 0 || d->rule.effect <= EFFECT_ALLOW
					? "a rule"
					: elements[d->rule.effect].name);
		*given |= 1u << id;
		e = attributes_known[id].take(r, &attributes_known[id], d, attributes[1]);
		if (e)
			return e;
	}
	return 0;
}

int rule_read(struct reading *r, enum rule_effect effect, const char *const *attributes)
{
	struct draft *d = arena_take(&r->c->arena, sizeof(*d));
	uint32_t given = 0;
	int e;

	if (!d)
		return -ENOMEM;
	*d = (struct draft){
		.at = {r->path, r->sink.line}, .context = r->section.context, .id = r->section.id};
	d->pattern = r->section.pattern;
	d->rule.effect = (uint8_t)effect;
	d->rule.max_fds = UINT32_MAX;
	d->rule.permissive = r->permissive || r->section.permissive;
	d->rule.on = effect == EFFECT_AUDIT ? ON_ALLOW | ON_DENY : 0;
	e = attributes_take(r, attributes, d, &given);
	if (e == 0)
		e = combination_check(r, given);
	if (e == 0)
		e = verb_check(r, given, d);
	if (e)
		return e;
	d->text = element_words(&r->c->arena, elements[effect].name, attributes);
	if (!d->text.text || r->c->arena.bad)
		return -ENOMEM;
	if (rule_applies(r, d))
		list_append(&r->config->rules, &d->link);
	return 0;
}
