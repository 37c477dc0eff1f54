/*
 * differs.c - finds the attribute that keeps a rule from fitting by asking rule_fits about ever more
 * of the rule: it begins with none of its attributes, and the first whose addition makes it fail is
 * the one. What an attribute compares is so written in one place only, in fit.h.
 */
#include "base/drop.h"
#include "policy/differs.h"

static void add_type(struct rule *to, const struct rule *from)
{
	to->type = from->type;
}

static void add_name(struct rule *to, const struct rule *from)
{
	to->name = from->name;
	to->name_kind = from->name_kind;
}

static void add_broadcast(struct rule *to, const struct rule *from)
{
	to->broadcast = from->broadcast;
}

static void add_min_fds(struct rule *to, const struct rule *from)
{
	to->min_fds = from->min_fds;
}

static void add_max_fds(struct rule *to, const struct rule *from)
{
	to->max_fds = from->max_fds;
}

static void add_interface(struct rule *to, const struct rule *from)
{
	to->interface = from->interface;
}

static void add_member(struct rule *to, const struct rule *from)
{
	to->member = from->member;
}

static void add_path(struct rule *to, const struct rule *from)
{
	to->path = from->path;
}

static void add_error(struct rule *to, const struct rule *from)
{
	to->error = from->error;
}

static void add_arg0(struct rule *to, const struct rule *from)
{
	to->arg0 = from->arg0;
	to->arg0_kind = from->arg0_kind;
}

/* In the order in which a reader wants to hear of them. */
static const struct {
	void (*add)(struct rule *to, const struct rule *from);
	const char *send, *receive;
} attributes[] = {
	{add_name, "send_destination", "receive_sender"},
	{add_type, "send_type", "receive_type"},
	{add_interface, "send_interface", "receive_interface"},
	{add_member, "send_member", "receive_member"},
	{add_path, "send_path", "receive_path"},
	{add_error, "send_error", "receive_error"},
	{add_broadcast, "send_broadcast", "receive_broadcast"},
	{add_min_fds, "min_fds", "min_fds"},
	{add_max_fds, "max_fds", "max_fds"},
	{add_arg0, "send_arg0", "send_arg0"},
};

const char *rule_name_attribute(const struct rule *rule)
{
	if (rule->verb == RULE_RECEIVE)
		return "receive_sender";
	if (rule->verb == RULE_SEE)
		return rule->name_kind == NAME_PREFIX ? "see_prefix" : "see";
	if (rule->verb == RULE_OWN || rule->verb == RULE_AUDIT_OWN)
		return rule->name_kind == NAME_PREFIX ? "own_prefix" : "own";
	return rule->name_kind == NAME_PREFIX ? "send_destination_prefix" : "send_destination";
}

/* It begins with a rule of that effect that fits every message, asked-for or not, copy or not. */
static const char *message_differs(
	const struct image *image, const struct rule *rule, const struct request *request)
{
	bool send = rule->verb != RULE_RECEIVE, opens = rule->effect != EFFECT_DENY;
	struct rule part = {.verb = rule->verb,
		.effect = rule->effect,
		.on = rule->on,
		.max_fds = UINT32_MAX,
		.eavesdrop = opens ? IS_TRUE : UNSET,
		.requested_reply = opens ? IS_FALSE : IS_TRUE};

	if (rule_fits(image, rule, request))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		attributes[i].add(&part, rule);
		if (rule_fits(image, &part, request))
			continue;
		if (attributes[i].add == add_name)
			return rule_name_attribute(rule);
		if (attributes[i].add == add_arg0 && rule->arg0_kind == ARG0_PREFIX)
			return "send_arg0_prefix";
		return send ? attributes[i].send : attributes[i].receive;
	}
	part.eavesdrop = rule->eavesdrop;
	if (!rule_fits(image, &part, request))
		return "eavesdrop";
	return send ? "send_requested_reply" : "receive_requested_reply";
}

/* A name to be owned is compared as the destination of a message to nobody would be. */
static const char *own_differs(
	const struct image *image, const struct rule *rule, const struct request *request)
{
	struct rule send = {.verb = RULE_SEND,
		.effect = EFFECT_DENY,
		.max_fds = UINT32_MAX,
		.name = rule->name,
		.name_kind = rule->name_kind};
	struct traffic traffic = {.type = 1, .destination = request->name};
	struct request asked = {.verb = VERB_SEND, .sender = request->sender, .traffic = &traffic};

	return rule_fits(image, &send, &asked) ? NULL : rule_name_attribute(rule);
}

static const char *connect_differs(const struct rule *rule, const struct request *request)
{
	const struct identity *who = request->sender->subject->identity;

	if (rule->who == WHO_ANY)
		return NULL;
	if (rule->who == WHO_USER)
		return rule->id != ID_NONE && rule->id == who->uid ? NULL : "user";
	for (uint32_t i = 0; i < who->groups_n; i++)
		if (rule->id != ID_NONE && rule->id == who->groups[i])
			return NULL;
	return "group";
}

const char *rule_differs(
	const struct image *image, const struct rule *rule, const struct request *request)
{
	switch ((enum rule_verb)rule->verb) {
	case RULE_CONNECT:
		return connect_differs(rule, request);
	case RULE_OWN:
	case RULE_SEE:
	case RULE_AUDIT_OWN:
		return own_differs(image, rule, request);
	case RULE_SEND:
	case RULE_RECEIVE:
	case RULE_AUDIT:
		return message_differs(image, rule, request);
	case RULE_VERBS:
		break;
	}
	return NULL;
}
