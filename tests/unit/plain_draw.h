/*
 * plain_draw.h - random books of rules and random requests from small sets of words, for plain.h; and
 * the same books for the builder.
 */
#pragma once

#include "tests/unit/draw.h"
#include "tests/unit/plain.h"
#include "tests/unit/rulebook.h"

/* restrictions are numbered from here, so that no rule has the number of one */
#define PLAIN_RESTRICTIONS 100000

/* What one run draws from. */
struct shape {
	const char *what;
	uint32_t books, requests, rules_most;
	uint32_t names_n; /* how many names can be owned; how many one peer has at the most */
	uint32_t names_most;
	uint32_t contexts; /* the first of them: 1 puts everything into the default section */
	uint32_t words; /* how many paths, interfaces ... */
	uint32_t name_in; /* one rule in so many has a name */
};

/* names are drawn from the first few, or from all; the last three are nobody's well-known names */
static const char *const names[] = {"com.A", "com.A.b", "com.AB", "com.B", "com.A.b.c",
	"com.A.b.c.d", "com", "com.B.b", "org.x", "org.x.y", "org.x.yz", "org.x-y", "net.a.b.c.d.e",
	":1", ":1.1", ":1.2", "org.freedesktop.DBus"};
static const char *const paths[] = {"/", "/a", "/a/b", "/b", "/b/c", ""};
static const char *const interfaces[] = {"com.I", "com.J", "com.K", "com.L", "com.M.N"};
static const char *const members[] = {"M", "N", "O", "P", "Q"};
static const char *const errors[] = {"com.E", "com.F", "com.G"};
static const char *const arguments[] = {"", "a", "a.service", "ab", "b"};
static const char *const actions[] = {"com.a.do", "com.a.undo"};
static const uint32_t gids[] = {10, 20, 30};

/* where somebody is: unit and slices; and what fits */
static const struct {
	const char *unit, *slices;
} places[] = {{NULL, NULL}, {NULL, "system.slice"}, {"a.service", "system.slice"},
	{"foo@1.service", "system.slice system-foo.slice"},
	{"foo@12.service", "system.slice system-foo.slice"},
	{"user@7.service", "user.slice user-7.slice"},
	{"user@7.service/a.service", "user.slice user-7.slice user@7.service/app.slice"},
	{"session-3.scope", "user.slice user-7.slice"}};
static const char *const units[] = {"a.service", "foo@*.service", "foo@1.service", "*", "*.service",
	"**@*1*.service", "user@7.service", "user@*.service/*", "user@*/a.service", "*.scope",
	"system.slice", "user-*.slice", "*.slice", "user@7.service/*.slice", ".slice", "a.slice",
	"*1.*", "f*o@*.service"};
static const char *const labels[] = {"u:r:a_t:s0", "u:r:b_t:s0", "u:r:b_t:s0:c1/2", "*"};
static const char *const label_globs[] = {
	"u:r:a_t:s0", "u:r:a_t:*", "*:b_t:*", "*", "u:*:*", "*s0", "*_t:s0*2", "**"};

/* A third of the time nothing, else one of `n` words. */
static inline const char *draw_word(const char *const *words, uint32_t n)
{
	return draw(3) == 0 ? NULL : words[draw(n)];
}

static inline const char *draw_field(const struct shape *s, const char *const *words, uint32_t n)
{
	return draw_word(words, s->words < n ? s->words : n);
}

#define DRAW_OF(words) (words)[draw(ARRAY_SIZE(words))]

/* A name that can be owned, or one of the last three. */
static inline const char *draw_name(const struct shape *s)
{
	uint32_t i = draw(s->names_n + 3);

	return names[i < s->names_n ? i : ARRAY_SIZE(names) - 1 - (i - s->names_n)];
}

static inline void draw_section(struct plain_rule *r, const struct shape *s)
{
	static const enum section_context contexts[] = {SECTION_DEFAULT, SECTION_GROUP,
		SECTION_USER, SECTION_NO_CONSOLE, SECTION_MANDATORY, SECTION_UNIT, SECTION_LABEL};

	r->context = contexts[draw(s->contexts)];
	if (r->context == SECTION_GROUP)
		r->id = DRAW_OF(gids);
	if (r->context == SECTION_USER)
		r->id = draw(3);
	if (r->context == SECTION_UNIT)
		r->pattern = DRAW_OF(units);
	if (r->context == SECTION_LABEL)
		r->pattern = DRAW_OF(label_globs);
}

/* What a rule does; of some verbs. */
static inline void draw_effect(struct plain_rule *r)
{
	static const enum rule_effect common[] = {
		EFFECT_DENY, EFFECT_ALLOW, EFFECT_DENY, EFFECT_ALLOW, EFFECT_CHECK};
	bool can_ask = r->verb == RULE_OWN || r->verb == RULE_SEND;

	r->effect = common[draw(can_ask ? 5 : 2)];
	if (r->effect == EFFECT_CHECK)
		r->action = DRAW_OF(actions);
	r->permissive = draw(6) == 0;
	if (r->verb == RULE_AUDIT || r->verb == RULE_AUDIT_OWN) {
		r->effect = EFFECT_AUDIT;
		r->on = 1 + draw(3);
	}
}

static inline struct plain_rule draw_rule(const struct shape *s)
{
	static const enum rule_verb verbs[] = {
		RULE_CONNECT, RULE_OWN, RULE_OWN, RULE_SEE, RULE_AUDIT_OWN, RULE_AUDIT};
	struct plain_rule r = {.max_fds = UINT32_MAX};

	draw_section(&r, s);
	r.verb = draw(3) ? (draw(2) ? RULE_SEND : RULE_RECEIVE) : DRAW_OF(verbs);
	draw_effect(&r);
	if (r.verb == RULE_CONNECT) {
		r.who = draw(3);
		r.who_id = r.who == WHO_GROUP ? DRAW_OF(gids) : draw(3);
		return r;
	}
	r.name = draw(s->name_in) ? NULL : draw_name(s);
	r.prefix = r.name && r.verb != RULE_RECEIVE && draw(2);
	if (r.verb < RULE_SEND)
		return r;
	r.type = draw(2) ? 0 : 1 + draw(4);
	r.path = draw(3) ? NULL : draw_field(s, paths, ARRAY_SIZE(paths));
	r.interface = draw(2) ? NULL : draw_field(s, interfaces, ARRAY_SIZE(interfaces));
	r.member = draw(3) ? NULL : draw_field(s, members, ARRAY_SIZE(members));
	r.error = draw(4) ? NULL : draw_field(s, errors, ARRAY_SIZE(errors));
	r.arg0 = r.verb == RULE_RECEIVE || draw(4) ? NULL : DRAW_OF(arguments);
	r.arg0_prefix = r.arg0 && draw(2);
	r.min_fds = draw(5) ? 0 : draw(4);
	r.max_fds = draw(5) ? UINT32_MAX : draw(4);
	r.eavesdrop = draw(3) ? UNSET : draw(3);
	r.requested_reply = draw(3) ? UNSET : draw(3);
	r.broadcast = r.verb == RULE_SEND && draw(4) == 0 ? draw(3) : UNSET;
	return r;
}

static inline struct plain_restriction draw_restriction(const struct shape *s)
{
	struct plain_restriction r = {.name = names[draw(s->names_n)], .prefix = draw(2)};

	r.permissive = draw(3) == 0;
	r.revoke = draw(2);
	r.by_user = draw(3) == 0;
	r.user = draw(3);
	r.by_group = draw(3) == 0;
	r.group = DRAW_OF(gids);
	r.nobody = draw(8) == 0;
	r.unit = draw(3) ? NULL : DRAW_OF(units);
	r.label = draw(3) ? NULL : DRAW_OF(label_globs);
	if (!r.by_group && !r.unit && !r.label)
		r.by_user = true;
	return r;
}

static inline struct plain_side draw_side(const struct shape *s, const char *unique)
{
	struct plain_side side = {.names = {unique}, .names_n = 1, .uid = draw(3)};
	uint32_t place = draw(ARRAY_SIZE(places));

	while (side.names_n < s->names_most && draw(4))
		side.names[side.names_n++] = names[draw(s->names_n)];
	for (uint32_t i = 0; i < 3; i++)
		if (draw(2))
			side.groups[side.groups_n++] = gids[i];
	side.unit = places[place].unit;
	side.slices = places[place].slices;
	side.label = draw_word(labels, ARRAY_SIZE(labels));
	return side;
}

static inline struct plain_request draw_request(const struct shape *s)
{
	static const enum verb others[] = {VERB_OWN, VERB_CONNECT, VERB_SEE};
	struct plain_request q = {
		.from = draw_side(s, ":1.1"), .to = draw_side(s, ":1.2"), .bus_uid = 2};

	q.verb = draw(6) ? VERB_SEND : DRAW_OF(others);
	q.name = names[draw(s->names_n)];
	q.consent = draw(3) ? NULL : DRAW_OF(actions);
	q.authorised = draw(2);
	if (q.verb != VERB_SEND)
		return q;
	q.from.is_driver = draw(8) == 0;
	q.to.is_driver = !q.from.is_driver && draw(6) == 0;
	q.type = 1 + draw(4);
	q.fds = draw(2) ? 0 : draw(5);
	q.path = draw_field(s, paths, ARRAY_SIZE(paths));
	q.interface = draw_field(s, interfaces, ARRAY_SIZE(interfaces));
	q.member = draw_field(s, members, ARRAY_SIZE(members));
	q.error = q.type == 3 ? draw_field(s, errors, ARRAY_SIZE(errors)) : NULL;
	q.arg0 = draw_word(arguments, ARRAY_SIZE(arguments));
	q.destination = draw(3) == 0 ? NULL : draw_name(s);
	q.is_reply = draw(3) == 0;
	q.requested = draw(2);
	q.eavesdrop = draw(4) == 0;
	return q;
}

/* --- the same for the builder --- */

static inline void plain_build_rule(struct builder *b, const struct plain_rule *p, uint32_t line)
{
	struct rule r = {.verb = (uint8_t)p->verb,
		.line = line,
		.effect = (uint8_t)p->effect,
		.id = p->who_id,
		.who = (uint8_t)p->who,
		.type = (uint8_t)p->type,
		.min_fds = p->min_fds,
		.max_fds = p->max_fds,
		.eavesdrop = (uint8_t)p->eavesdrop,
		.requested_reply = (uint8_t)p->requested_reply,
		.broadcast = (uint8_t)p->broadcast,
		.permissive = p->permissive,
		.on = (uint8_t)p->on};

	r.name = builder_text(b, slice_of(p->name));
	r.name_kind = !p->name ? NAME_ANY : p->prefix ? NAME_PREFIX : NAME_EXACT;
	r.path = builder_text(b, slice_of(p->path));
	r.interface = builder_text(b, slice_of(p->interface));
	r.member = builder_text(b, slice_of(p->member));
	r.error = builder_text(b, slice_of(p->error));
	r.action = builder_text(b, slice_of(p->action));
	r.arg0 = builder_text(b, slice_of(p->arg0));
	r.arg0_kind = !p->arg0 ? ARG0_ANY : p->arg0_prefix ? ARG0_PREFIX : ARG0_EXACT;
	builder_rule(b, p->context,
		p->pattern ? builder_pattern(b, p->context, slice_of(p->pattern)) : p->id, &r);
}

static inline void plain_build_restriction(
	struct builder *b, const struct plain_restriction *p, uint32_t line)
{
	struct restriction r = {.line = line,
		.name = builder_text(b, slice_of(p->name)),
		.unit = builder_text(b, slice_of(p->unit)),
		.label = builder_text(b, slice_of(p->label)),
		.user = p->user,
		.group = p->group,
		.name_kind = p->prefix ? NAME_PREFIX : NAME_EXACT,
		.revoke = p->revoke,
		.permissive = p->permissive};

	r.asks = (uint8_t)((p->by_user ? ASKS_USER : 0) | (p->by_group ? ASKS_GROUP : 0) |
			   (p->unit ? ASKS_UNIT : 0) | (p->label ? ASKS_LABEL : 0) |
			   (p->nobody ? ASKS_NOBODY : 0));
	builder_restriction(b, &r);
}

static inline void draw_book(const struct shape *s, struct plain_book *book, struct rulebook *made)
{
	struct builder *b = builder_new();

	*book = (struct plain_book){.rules = calloc(s->rules_most + 1, sizeof(*book->rules)),
		.n = (int)draw(s->rules_most + 1),
		.restrictions_n = (int)draw(5)};
	RULEBOOK_MUST(b && book->rules);
	for (int i = 0; i < book->n; i++) {
		book->rules[i] = draw_rule(s);
		plain_build_rule(b, &book->rules[i], (uint32_t)i + 1);
	}
	for (int i = 0; i < book->restrictions_n; i++) {
		book->restrictions[i] = draw_restriction(s);
		plain_build_restriction(
			b, &book->restrictions[i], PLAIN_RESTRICTIONS + (uint32_t)i);
	}
	rulebook_finish(made, b);
}
