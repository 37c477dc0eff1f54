/*
 * plain.h - the policy a second time, by somebody who does what the rules say and nothing clever:
 * rules are plain strings in a list, walked forward in the order of their sections; the last that
 * fits decides. Globs are tried by recursion. For test_rules_random.c.
 */
#pragma once

#include <stdio.h>
#include <string.h>

#include "policy/gate.h"

#define PLAIN_NAMES 12

struct plain_rule {
	enum section_context context;
	uint32_t id;
	const char *pattern; /* of units and labels */
	enum rule_verb verb;
	enum rule_effect effect;
	uint32_t type, min_fds, max_fds;
	const char *name, *path, *interface, *member, *error, *arg0, *action;
	bool prefix, arg0_prefix, permissive;
	enum tristate eavesdrop, requested_reply, broadcast;
	enum rule_who who;
	uint32_t who_id;
	uint32_t on;
};

struct plain_restriction {
	const char *name, *unit, *label; /* NULL: not asked for */
	bool prefix, permissive, revoke, by_user, by_group, nobody;
	uint32_t user, group;
};

struct plain_side {
	bool is_driver;
	const char *names[PLAIN_NAMES];
	uint32_t names_n, uid, groups[3], groups_n;
	const char *unit, *slices, *label; /* NULL: unknown */
};

struct plain_request {
	enum verb verb;
	struct plain_side from, to;
	uint32_t type, fds, bus_uid;
	const char *path, *interface, *member, *error, *destination, *name, *arg0;
	bool is_reply, requested, eavesdrop;
	const char *consent; /* the action that polkit was asked about, NULL: it was not */
	bool authorised;
};

struct plain_book {
	struct plain_rule *rules;
	int n;
	struct plain_restriction restrictions[4];
	int restrictions_n;
};

/* --- who it is --- */

static inline bool plain_glob(const char *pattern, const char *text, char border)
{
	if (!*pattern)
		return !*text;
	if (*pattern != '*')
		return *text == *pattern && plain_glob(pattern + 1, text + 1, border);
	return plain_glob(pattern + 1, text, border) ||
	       (*text && (!border || *text != border) && plain_glob(pattern, text + 1, border));
}

static inline bool plain_is_unit(const char *pattern, const struct plain_side *who)
{
	const char *dot = strrchr(pattern, '.');
	char words[200], *save;

	if (dot && dot != pattern && strcmp(dot, ".slice") == 0) {
		snprintf(words, sizeof(words), "%s", who->slices ? who->slices : "");
		for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
			if (plain_glob(pattern, w, '/'))
				return true;
		return false;
	}
	if (!who->unit)
		return false;
	snprintf(words, sizeof(words), "%s", who->unit);
	if (!strchr(pattern, '/') && strchr(words, '/'))
		*strchr(words, '/') = '\0';
	return plain_glob(pattern, words, '/');
}

static inline bool plain_in_group(const struct plain_side *who, uint32_t gid)
{
	for (uint32_t i = 0; i < who->groups_n; i++)
		if (who->groups[i] == gid)
			return true;
	return false;
}

static inline bool plain_meets(const struct plain_restriction *r, const struct plain_side *who)
{
	return !r->nobody && (!r->by_user || r->user == who->uid) &&
	       (!r->by_group || plain_in_group(who, r->group)) &&
	       (!r->unit || plain_is_unit(r->unit, who)) &&
	       (!r->label || (who->label && plain_glob(r->label, who->label, '\0')));
}

/* --- which rules fit --- */

static inline bool plain_name_fits(const char *wanted, bool prefix, const char *name)
{
	char dotted[64];

	if (!prefix || strcmp(wanted, name) == 0)
		return strcmp(wanted, name) == 0;
	snprintf(dotted, sizeof(dotted), "%s.", wanted);
	return strncmp(name, dotted, strlen(dotted)) == 0;
}

static inline bool plain_peer_fits(
	const struct plain_rule *r, const struct plain_side *peer, const char *absent)
{
	if (!r->name)
		return true;
	if (peer->is_driver)
		return absent && plain_name_fits(r->name, r->prefix, absent);
	for (uint32_t i = 0; i < peer->names_n; i++)
		if (plain_name_fits(r->name, r->prefix, peer->names[i]))
			return true;
	return false;
}

static inline bool plain_field_fits(const char *wanted, const char *field, bool if_absent)
{
	if (!wanted)
		return true;
	return field ? strcmp(wanted, field) == 0 : if_absent;
}

static inline bool plain_reply_fits(const struct plain_rule *r, const struct plain_request *q)
{
	bool requested = q->from.is_driver || (q->requested && !q->eavesdrop);

	if (!q->is_reply || r->effect == EFFECT_AUDIT || r->effect == EFFECT_CHECK)
		return true;
	if (r->effect == EFFECT_ALLOW) {
		bool only_requested = r->requested_reply == UNSET || r->requested_reply == IS_TRUE;

		return !only_requested || requested || r->eavesdrop == IS_TRUE;
	}
	return r->requested_reply == IS_TRUE || !requested;
}

static inline bool plain_arg0_fits(const struct plain_rule *r, const struct plain_request *q)
{
	if (!r->arg0)
		return true;
	if (!q->arg0)
		return false;
	return r->arg0_prefix ? strncmp(r->arg0, q->arg0, strlen(r->arg0)) == 0
			      : strcmp(r->arg0, q->arg0) == 0;
}

static inline bool plain_message_fits(const struct plain_rule *r, const struct plain_request *q)
{
	bool broadcast = q->type == 4 && !q->destination, allow = r->effect == EFFECT_ALLOW;

	if (r->type && r->type != q->type)
		return false;
	if (!plain_field_fits(r->path, q->path, true) ||
		!plain_field_fits(r->member, q->member, true) ||
		!plain_field_fits(r->error, q->error, true) ||
		!plain_field_fits(r->interface, q->interface, !allow))
		return false;
	if (q->fds < r->min_fds || q->fds > r->max_fds || !plain_arg0_fits(r, q))
		return false;
	if (r->broadcast != UNSET && broadcast != (r->broadcast == IS_TRUE))
		return false;
	if (r->verb == RULE_RECEIVE && q->eavesdrop && allow && r->eavesdrop != IS_TRUE)
		return false;
	if (r->verb == RULE_RECEIVE && !q->eavesdrop && !allow && r->eavesdrop == IS_TRUE)
		return false;
	if (!plain_reply_fits(r, q))
		return false;
	return r->verb == RULE_RECEIVE ? plain_peer_fits(r, &q->from, "org.freedesktop.DBus")
				       : plain_peer_fits(r, &q->to, q->destination);
}

static inline bool plain_connect_fits(const struct plain_rule *r, const struct plain_side *who)
{
	if (r->context != SECTION_DEFAULT && r->context != SECTION_MANDATORY)
		return false;
	if (r->who == WHO_USER)
		return r->who_id == who->uid;
	return r->who == WHO_ANY || plain_in_group(who, r->who_id);
}

/* What one walk through the rules is after. */
struct plain_walk {
	enum rule_verb verb;
	bool enforced; /* without rules on trial that do not allow */
	uint32_t on; /* audit rules: of decisions of that kind */
};

static inline bool plain_fits(
	const struct plain_rule *r, const struct plain_request *q, const struct plain_walk *walk)
{
	if (r->verb != walk->verb || (r->effect == EFFECT_AUDIT && !(r->on & walk->on)))
		return false;
	if (walk->enforced && r->permissive && r->effect != EFFECT_ALLOW)
		return false;
	if (r->verb == RULE_CONNECT)
		return plain_connect_fits(r, &q->from);
	if (r->verb == RULE_OWN || r->verb == RULE_SEE || r->verb == RULE_AUDIT_OWN)
		return !r->name || plain_name_fits(r->name, r->prefix, q->name);
	return plain_message_fits(r, q);
}

/* Whether the section of a rule speaks to `who` in this pass: contexts in their order, groups
 * ascending, units and labels each in the order in which they were first written. */
static inline bool plain_passes(const struct plain_rule *r, const struct plain_side *who,
	enum section_context context, uint32_t gid, const char *pattern)
{
	if (r->context != context)
		return false;
	if (context == SECTION_USER)
		return r->id == who->uid;
	if (context == SECTION_GROUP)
		return r->id == gid && plain_in_group(who, gid);
	if (context == SECTION_UNIT)
		return strcmp(r->pattern, pattern) == 0 && plain_is_unit(pattern, who);
	if (context == SECTION_LABEL)
		return strcmp(r->pattern, pattern) == 0 && who->label &&
		       plain_glob(pattern, who->label, '\0');
	return true;
}

static inline int plain_pass(const struct plain_book *book, const struct plain_request *q,
	const struct plain_walk *walk, const struct plain_rule *like, int last)
{
	const struct plain_side *who = walk->verb == RULE_RECEIVE ? &q->to : &q->from;

	for (int i = 0; i < book->n; i++)
		if (plain_passes(&book->rules[i], who, like->context, like->id, like->pattern) &&
			plain_fits(&book->rules[i], q, walk))
			last = i;
	return last;
}

/* Whether no rule before it stands in a section of the same kind and pattern. */
static inline bool plain_is_first(const struct plain_book *book, int at)
{
	const struct plain_rule *r = book->rules;

	for (int i = 0; i < at; i++)
		if (r[i].context == r[at].context && strcmp(r[i].pattern, r[at].pattern) == 0)
			return false;
	return true;
}

/* The last rule that fits, or -1. */
static inline int plain_ask(
	const struct plain_book *book, const struct plain_request *q, const struct plain_walk *walk)
{
	static const struct plain_rule before[] = {{.context = SECTION_DEFAULT},
		{.context = SECTION_GROUP, .id = 10}, {.context = SECTION_GROUP, .id = 20},
		{.context = SECTION_GROUP, .id = 30}, {.context = SECTION_USER},
		{.context = SECTION_NO_CONSOLE}};
	static const struct plain_rule behind = {.context = SECTION_MANDATORY};
	int last = -1;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		last = plain_pass(book, q, walk, &before[i], last);
	for (int context = SECTION_UNIT; context <= SECTION_LABEL; context++)
		for (int i = 0; i < book->n; i++)
			if (book->rules[i].context == (enum section_context)context &&
				plain_is_first(book, i))
				last = plain_pass(book, q, walk, &book->rules[i], last);
	return plain_pass(book, q, walk, &behind, last);
}
