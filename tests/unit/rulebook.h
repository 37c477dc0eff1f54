/*
 * rulebook.h - an image from rules written as text, for tests and benchmarks. One line each:
 * a section ("default", "group 100", "user 0", "not_at_console", "mandatory") or a rule of the
 * section before it ("<deny send_type='error'/>"; with trial='yes' one of a permissive section). A
 * rule's line is its line here, its file "book".
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/drop.h"
#include "policy/builder.h"
#include "policy/rules.h"

/* also where NDEBUG is set */
#define RULEBOOK_MUST(condition)                                                                   \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct rulebook {
	void *data;
	size_t size;
	struct image image;
};

static inline struct image_text rulebook_star(struct builder *b, struct slice value)
{
	return builder_text(b, slice_is(value, "*") ? (struct slice){NULL, 0} : value);
}

static inline uint8_t rulebook_tristate(struct slice value)
{
	RULEBOOK_MUST(slice_is(value, "true") || slice_is(value, "false"));
	return slice_is(value, "true") ? IS_TRUE : IS_FALSE;
}

static inline uint8_t rulebook_type(struct slice value)
{
	static const char *const types[] = {"*", "method_call", "method_return", "error", "signal"};

	for (uint8_t i = 0; i < 5; i++)
		if (slice_is(value, types[i]))
			return i;
	RULEBOOK_MUST(!"a message type");
	return 0;
}

static inline void rulebook_name(
	struct builder *b, struct rule *r, struct slice value, enum name_kind kind)
{
	r->name = kind == NAME_PREFIX ? builder_text(b, value) : rulebook_star(b, value);
	r->name_kind = r->name.at ? kind : NAME_ANY;
}

static inline void rulebook_arg0(
	struct builder *b, struct rule *r, struct slice value, enum arg0_kind kind)
{
	r->arg0 = kind == ARG0_PREFIX ? builder_text(b, value) : rulebook_star(b, value);
	r->arg0_kind = r->arg0.at ? kind : ARG0_ANY;
}

/* What is left of an attribute's name behind send_ or receive_. */
static inline bool rulebook_field(
	struct builder *b, struct rule *r, const char *name, struct slice value)
{
	if (!strcmp(name, "type"))
		r->type = rulebook_type(value);
	else if (!strcmp(name, "path"))
		r->path = rulebook_star(b, value);
	else if (!strcmp(name, "interface"))
		r->interface = rulebook_star(b, value);
	else if (!strcmp(name, "member"))
		r->member = rulebook_star(b, value);
	else if (!strcmp(name, "error"))
		r->error = rulebook_star(b, value);
	else if (!strcmp(name, "destination") || !strcmp(name, "sender"))
		rulebook_name(b, r, value, NAME_EXACT);
	else if (!strcmp(name, "destination_prefix"))
		rulebook_name(b, r, value, NAME_PREFIX);
	else if (!strcmp(name, "broadcast"))
		r->broadcast = rulebook_tristate(value);
	else if (!strcmp(name, "requested_reply"))
		r->requested_reply = rulebook_tristate(value);
	else if (!strcmp(name, "arg0"))
		rulebook_arg0(b, r, value, ARG0_EXACT);
	else if (!strcmp(name, "arg0_prefix"))
		rulebook_arg0(b, r, value, ARG0_PREFIX);
	else
		return false;
	return true;
}

static inline void rulebook_who(struct rule *r, struct slice value, enum rule_who who)
{
	r->verb = RULE_CONNECT;
	r->who = slice_is(value, "*") ? WHO_ANY : who;
	r->id = (uint32_t)strtoul(value.text, NULL, 10);
}

static inline void rulebook_attribute(
	struct builder *b, struct rule *r, const char *name, struct slice value)
{
	if (!strncmp(name, "send_", 5)) {
		r->verb = RULE_SEND;
		RULEBOOK_MUST(rulebook_field(b, r, name + 5, value));
	} else if (!strncmp(name, "receive_", 8)) {
		RULEBOOK_MUST(rulebook_field(b, r, name + 8, value));
	} else if (!strcmp(name, "own") || !strcmp(name, "own_prefix")) {
		r->verb = RULE_OWN;
		rulebook_name(b, r, value, name[3] ? NAME_PREFIX : NAME_EXACT);
	} else if (!strcmp(name, "see") || !strcmp(name, "see_prefix")) {
		r->verb = RULE_SEE;
		rulebook_name(b, r, value, name[3] ? NAME_PREFIX : NAME_EXACT);
	} else if (!strcmp(name, "polkit")) {
		r->action = builder_text(b, value);
	} else if (!strcmp(name, "keep")) {
		r->keep = (uint32_t)strtoul(value.text, NULL, 10);
	} else if (!strcmp(name, "trial")) {
		r->permissive = slice_is(value, "yes");
	} else if (!strcmp(name, "on")) {
		r->on = slice_is(value, "allow")  ? ON_ALLOW
			: slice_is(value, "deny") ? ON_DENY
						  : ON_ALLOW | ON_DENY;
	} else if (!strcmp(name, "user") || !strcmp(name, "group")) {
		rulebook_who(r, value, name[0] == 'u' ? WHO_USER : WHO_GROUP);
	} else if (!strcmp(name, "eavesdrop")) {
		r->eavesdrop = rulebook_tristate(value);
	} else if (!strcmp(name, "log")) {
		r->log = slice_is(value, "true");
	} else if (!strcmp(name, "min_fds")) {
		r->min_fds = (uint32_t)strtoul(value.text, NULL, 10);
	} else {
		RULEBOOK_MUST(!strcmp(name, "max_fds"));
		r->max_fds = (uint32_t)strtoul(value.text, NULL, 10);
	}
}

static inline uint8_t rulebook_effect(const char *element)
{
	return *element == 'd'	   ? EFFECT_DENY
	       : *element == 'c'   ? EFFECT_CHECK
	       : element[1] == 'l' ? EFFECT_ALLOW
				   : EFFECT_AUDIT;
}

static inline struct rule rulebook_rule(struct builder *b, struct slice line, uint32_t number)
{
	/* what names no side is a rule for receiving */
	struct rule r = {.verb = RULE_RECEIVE,
		.line = number,
		.max_fds = UINT32_MAX,
		.file = builder_text(b, SLICE("book")),
		.text = builder_text(b, line)};
	const char *at = memchr(line.text, ' ', line.size);

	r.effect = rulebook_effect(line.text + 1);
	r.on = r.effect == EFFECT_AUDIT ? ON_ALLOW | ON_DENY : 0;
	while (at && *at == ' ') {
		char name[32];
		const char *value, *end;

		RULEBOOK_MUST(sscanf(at, " %31[a-z_0-9]=", name) == 1);
		value = strchr(at, '\'') + 1;
		end = strchr(value, '\'');
		rulebook_attribute(b, &r, name, (struct slice){value, (size_t)(end - value)});
		at = end + 1;
	}
	if (r.effect == EFFECT_AUDIT)
		r.verb = r.verb == RULE_OWN ? RULE_AUDIT_OWN : RULE_AUDIT;
	return r;
}

/* `rest` of the line that begins a section: a number, or a pattern in quotes. */
static inline uint32_t rulebook_id(
	struct builder *b, enum section_context context, struct slice rest)
{
	if (context == SECTION_GROUP || context == SECTION_USER)
		return (uint32_t)strtoul(rest.text, NULL, 10);
	if (context != SECTION_UNIT && context != SECTION_LABEL)
		return 0;
	return builder_pattern(b, context, (struct slice){rest.text + 1, rest.size - 1});
}

static inline void rulebook_add(struct builder *b, const char *text)
{
	static const char *const contexts[] = {[SECTION_DEFAULT] = "default",
		[SECTION_GROUP] = "group",
		[SECTION_USER] = "user",
		[SECTION_NO_CONSOLE] = "not_at_console",
		[SECTION_UNIT] = "unit",
		[SECTION_LABEL] = "label",
		[SECTION_MANDATORY] = "mandatory"};
	enum section_context context = SECTION_DEFAULT;
	uint32_t id = 0, number = 1;

	for (; *text; number++) {
		size_t size = strcspn(text, "\n");

		if (*text == '<') {
			struct rule r = rulebook_rule(b, (struct slice){text, size}, number);

			builder_rule(b, context, id, &r);
		} else if (size) {
			size_t word = strcspn(text, " \n"), i = 0;

			while (!slice_is((struct slice){text, word}, contexts[i]))
				RULEBOOK_MUST(++i < ARRAY_SIZE(contexts));
			context = (enum section_context)i;
			id = rulebook_id(b, context, (struct slice){text + word, size - word});
		}
		text += size + (text[size] == '\n');
	}
}

static inline void rulebook_finish(struct rulebook *book, struct builder *b)
{
	const char *why = NULL;

	RULEBOOK_MUST(builder_finish(b, &book->data, &book->size) == 0);
	builder_free(b);
	if (image_open(&book->image, book->data, book->size, &why) < 0) {
		fprintf(stderr, "image: %s\n", why);
		abort();
	}
}

static inline void rulebook_open(struct rulebook *book, const char *text)
{
	struct builder *b = builder_new();

	RULEBOOK_MUST(b);
	rulebook_add(b, text);
	rulebook_finish(book, b);
}

static inline void rulebook_close(struct rulebook *book)
{
	free(book->data);
}
