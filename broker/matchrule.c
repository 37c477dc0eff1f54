/*
 * matchrule.c - the match rule: text to parsed form, and parsed form against a message. The only
 * parser of rules in the tree, so that what is checked is what is later applied.
 *
 * A rule keeps all its texts in one run of bytes (the image) in which each is tagged and ends in
 * NUL; texts hold no NUL themselves, so two rules mean the same exactly if their images are equal.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/drop.h"
#include "base/hash.h"
#include "broker/fault.h"
#include "broker/matchrule.h"
#include "broker/syntax.h"

#define IMAGE_HEAD 3 /* type, eavesdrop, path_is_namespace */
#define IMAGE_TAGS 3 /* around each text: what it is, of which kind, NUL */

static const char *const types[] = {
	[MESSAGE_CALL] = "method_call",
	[MESSAGE_RETURN] = "method_return",
	[MESSAGE_ERROR] = "error",
	[MESSAGE_SIGNAL] = "signal",
};

static uint8_t type_of(struct slice text)
{
	for (uint8_t i = MESSAGE_CALL; i < ARRAY_SIZE(types); i++)
		if (slice_is(text, types[i]))
			return i;
	return 0;
}

static bool is_type(struct slice text)
{
	return type_of(text) != 0;
}

static bool is_truth(struct slice text)
{
	return slice_is(text, "true") || slice_is(text, "false");
}

enum key {
	KEY_TYPE,
	KEY_EAVESDROP,
	KEY_SENDER,
	KEY_INTERFACE,
	KEY_MEMBER,
	KEY_PATH,
	KEY_PATH_NAMESPACE,
	KEY_DESTINATION,
	KEYS,
};

static const struct {
	const char *name;
	bool (*is_valid)(struct slice value);
	const char *why_invalid;
} keys[KEYS] = {
	[KEY_TYPE] = {"type", is_type, "type is not method_call, method_return, error or signal"},
	[KEY_EAVESDROP] = {"eavesdrop", is_truth, "eavesdrop is neither true nor false"},
	[KEY_SENDER] = {"sender", syntax_is_bus_name, "sender is not a bus name"},
	[KEY_INTERFACE] = {"interface", syntax_is_interface, "interface is not an interface name"},
	[KEY_MEMBER] = {"member", syntax_is_member, "member is not a member name"},
	[KEY_PATH] = {"path", syntax_is_path, "path is not an object path"},
	[KEY_PATH_NAMESPACE] = {"path_namespace", syntax_is_path,
		"path_namespace is not an object path"},
	[KEY_DESTINATION] = {"destination", syntax_is_bus_name, "destination is not a bus name"},
};

static const struct {
	const char *name;
	enum arg_kind kind;
} arg_suffixes[] = {
	{"", ARG_STRING},
	{"path", ARG_PATH},
	{"namespace", ARG_NAMESPACE},
};

/* A rule while it is read. Values are unquoted into `room`, which they cannot exceed. */
struct draft {
	struct slice rest; /* of the rule's text */
	struct slice values[KEYS];
	uint64_t args_seen; /* by index */
	uint8_t kinds[MESSAGE_ARGS_MAX];
	struct slice args[MESSAGE_ARGS_MAX];
	size_t used;
	char room[MATCHRULE_TEXT_MAX];
};

static void draft_skip_blanks(struct draft *d)
{
	while (d->rest.size && strchr(" \t\n\r", d->rest.text[0])) {
		d->rest.text++;
		d->rest.size--;
	}
}

/* Up to and including '='. Blanks stand before and after a key, never in a value. */
static const char *draft_read_key(struct draft *d, struct slice *ret)
{
	const char *begin = d->rest.text;

	while (d->rest.size && !strchr(" \t\n\r=", d->rest.text[0])) {
		d->rest.text++;
		d->rest.size--;
	}
	*ret = (struct slice){begin, (size_t)(d->rest.text - begin)};
	draft_skip_blanks(d);
	if (!d->rest.size || d->rest.text[0] != '=')
		return "a key is not followed by '='";
	if (!ret->size)
		return "a condition has no key";
	d->rest.text++;
	d->rest.size--;
	return NULL;
}

/*
 * Up to and including the comma, or to the end. An apostrophe begins and ends literal text anywhere
 * in a value. Outside of that a backslash makes an apostrophe an ordinary character, and itself
 * stays in the value before any other; what follows it (a comma, say) is then ordinary too.
 */
static const char *draft_read_value(struct draft *d, struct slice *ret)
{
	char *begin = d->room + d->used, *out = begin;
	bool quoted = false, escaped = false;
	size_t i;

	for (i = 0; i < d->rest.size; i++) {
		char c = d->rest.text[i];

		if (escaped) {
			if (c != '\'')
				*out++ = '\\';
			*out++ = c;
			escaped = false;
			continue;
		}
		if (c == '\'') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && c == '\\') {
			escaped = true;
			continue;
		}
		if (!quoted && c == ',')
			break;
		*out++ = c;
	}
	if (quoted)
		return "an apostrophe is not closed";
	if (escaped)
		*out++ = '\\';
	i += i < d->rest.size; /* the comma */
	d->rest.text += i;
	d->rest.size -= i;
	*ret = (struct slice){begin, (size_t)(out - begin)};
	d->used += ret->size;
	return NULL;
}

/* argN, argNpath, arg0namespace; `key` is what follows "arg". */
static const char *draft_take_arg(struct draft *d, struct slice key, struct slice value)
{
	unsigned int index = 0;
	size_t digits = 0;

	while (digits < key.size && digits < 3 && key.text[digits] >= '0' &&
		key.text[digits] <= '9')
		index = index * 10 + (unsigned int)(key.text[digits++] - '0');
	if (!digits)
		return "a key begins with arg and has no argument number";
	if (digits > 1 && key.text[0] == '0')
		return "an argument number has leading zeros";
	if (index >= MESSAGE_ARGS_MAX)
		return "an argument number is above 63";
	key = (struct slice){key.text + digits, key.size - digits};

	for (size_t i = 0; i < ARRAY_SIZE(arg_suffixes); i++) {
		if (!slice_is(key, arg_suffixes[i].name))
			continue;
		if (arg_suffixes[i].kind == ARG_NAMESPACE) {
			if (index != 0)
				return "namespace is for arg0 only";
			if (!syntax_is_name_prefix(value))
				return "arg0namespace is not the beginning of a bus name";
		}
		if (d->args_seen & UINT64_C(1) << index)
			return "an argument is matched more than once";
		d->args_seen |= UINT64_C(1) << index;
		d->kinds[index] = arg_suffixes[i].kind;
		d->args[index] = value;
		return NULL;
	}
	return "an argument number is followed by neither path nor namespace";
}

static const char *draft_take(struct draft *d, struct slice key, struct slice value)
{
	if (key.size >= 3 && memcmp(key.text, "arg", 3) == 0)
		return draft_take_arg(d, (struct slice){key.text + 3, key.size - 3}, value);

	for (size_t i = 0; i < KEYS; i++) {
		if (!slice_is(key, keys[i].name))
			continue;
		if (d->values[i].text)
			return "a key is given more than once";
		if (!keys[i].is_valid(value))
			return keys[i].why_invalid;
		d->values[i] = value;
		if (d->values[KEY_PATH].text && d->values[KEY_PATH_NAMESPACE].text)
			return "path and path_namespace exclude one another";
		return NULL;
	}
	return "a key is not known";
}

static const char *draft_read(struct draft *d)
{
	struct slice key, value;
	const char *why = NULL;

	if (memchr(d->rest.text, '\0', d->rest.size))
		return "a byte is NUL";
	for (draft_skip_blanks(d); d->rest.size && !why; draft_skip_blanks(d)) {
		why = draft_read_key(d, &key);
		if (!why)
			why = draft_read_value(d, &value);
		if (!why)
			why = draft_take(d, key, value);
	}
	return why;
}

static size_t draft_image_size(const struct draft *d)
{
	size_t size = IMAGE_HEAD;

	for (size_t i = KEY_SENDER; i < KEYS; i++)
		if (d->values[i].text)
			size += IMAGE_TAGS + d->values[i].size;
	for (size_t i = 0; i < MESSAGE_ARGS_MAX; i++)
		if (d->args[i].text)
			size += IMAGE_TAGS + d->args[i].size;
	return size;
}

/* Writes one text into the image; returns where it stands there (absent stays absent). */
static struct slice image_put(char **at, char tag, char kind, struct slice text)
{
	struct slice kept = {*at + 2, text.size};

	if (!text.text)
		return text;
	*(*at)++ = tag;
	*(*at)++ = kind;
	memcpy(*at, text.text, text.size);
	*at += text.size;
	*(*at)++ = '\0';
	return kept;
}

static int draft_finish(const struct draft *d, struct matchrule **ret)
{
	bool is_namespace = d->values[KEY_PATH_NAMESPACE].text;
	size_t args_n = (size_t)__builtin_popcountll(d->args_seen);
	size_t image_size = draft_image_size(d);
	struct matchrule *r = malloc(sizeof(*r) + args_n * sizeof(r->args[0]) + image_size);
	char *image, *at;

	if (!r)
		return -ENOMEM;
	image = at = (char *)&r->args[args_n];
	*r = (struct matchrule){
		.type = type_of(d->values[KEY_TYPE]),
		.eavesdrop = slice_is(d->values[KEY_EAVESDROP], "true"),
		.path_is_namespace = is_namespace,
		.image = image,
		.image_size = (uint32_t)image_size,
	};
	*at++ = (char)r->type;
	*at++ = (char)r->eavesdrop;
	*at++ = (char)r->path_is_namespace;
	r->sender = image_put(&at, KEY_SENDER, 0, d->values[KEY_SENDER]);
	r->interface = image_put(&at, KEY_INTERFACE, 0, d->values[KEY_INTERFACE]);
	r->member = image_put(&at, KEY_MEMBER, 0, d->values[KEY_MEMBER]);
	r->path = image_put(
		&at, KEY_PATH, 0, d->values[is_namespace ? KEY_PATH_NAMESPACE : KEY_PATH]);
	r->destination = image_put(&at, KEY_DESTINATION, 0, d->values[KEY_DESTINATION]);
	for (uint8_t i = 0; i < MESSAGE_ARGS_MAX; i++) {
		if (!d->args[i].text)
			continue;
		r->args[r->args_n++] = (struct match_arg){
			.index = i,
			.kind = d->kinds[i],
			.text = image_put(&at, (char)(KEYS + i), (char)d->kinds[i], d->args[i]),
		};
	}
	assert(at == image + image_size);
	r->hash = hash_bytes(image, image_size);
	*ret = r;
	return 0;
}

int matchrule_parse(struct slice text, struct matchrule **ret, const char **ret_why)
{
	struct draft d;
	const char *why;

	if (text.size > MATCHRULE_TEXT_MAX)
		return FAULT_LIMITS;
	memset(&d, 0, offsetof(struct draft, room));
	d.rest = text.text ? text : SLICE("");
	why = draft_read(&d);
	if (why) {
		*ret_why = why;
		return FAULT_BAD_MATCH;
	}
	return draft_finish(&d, ret);
}

void matchrule_free(struct matchrule *rule)
{
	free(rule);
}

bool matchrule_equal(const struct matchrule *a, const struct matchrule *b)
{
	return a->hash == b->hash && a->image_size == b->image_size &&
	       memcmp(a->image, b->image, a->image_size) == 0;
}

/* ,key='value' with apostrophes of the value as '\'' */
static void print_condition(struct writer *out, size_t begin, const char *key, struct slice value)
{
	if (!value.text)
		return;
	if (out->size > begin)
		writer_bytes(out, ",", 1);
	writer_bytes(out, key, strlen(key));
	writer_bytes(out, "='", 2);
	for (const char *quote; (quote = memchr(value.text, '\'', value.size));) {
		size_t size = (size_t)(quote - value.text);

		writer_bytes(out, value.text, size);
		writer_bytes(out, "'\\''", 4);
		value = (struct slice){quote + 1, value.size - size - 1};
	}
	writer_bytes(out, value.text, value.size);
	writer_bytes(out, "'", 1);
}

void matchrule_print(const struct matchrule *rule, struct writer *out)
{
	size_t begin = out->size;
	char key[sizeof("arg63namespace")];

	print_condition(out, begin, "type", slice_of(types[rule->type]));
	print_condition(out, begin, "interface", rule->interface);
	print_condition(out, begin, "member", rule->member);
	print_condition(
		out, begin, rule->path_is_namespace ? "path_namespace" : "path", rule->path);
	print_condition(out, begin, "sender", rule->sender);
	print_condition(out, begin, "destination", rule->destination);
	print_condition(out, begin, "eavesdrop", slice_of(rule->eavesdrop ? "true" : NULL));
	for (size_t i = 0; i < rule->args_n; i++) {
		const struct match_arg *arg = &rule->args[i];

		snprintf(key, sizeof(key), "arg%u%s", arg->index, arg_suffixes[arg->kind].name);
		print_condition(out, begin, key, arg->text);
	}
}

char matchable_arg(struct matchable *m, unsigned int index, struct slice *ret)
{
	uint8_t need = index ? MESSAGE_ARGS_MAX : 1;

	if (!m->message->signature.size)
		return 0;
	if (m->args_read < need) {
		message_args(m->message, need, &m->args);
		m->args_read = need;
	}
	if (index >= m->args.count)
		return 0;
	*ret = m->args.text[index];
	return m->args.type[index];
}

/* Equal, or one ends in '/' and the other begins with it. */
static bool paths_meet(struct slice a, struct slice b)
{
	struct slice least = a.size < b.size ? a : b, most = a.size < b.size ? b : a;

	if (a.size == b.size)
		return slice_equal(a, b);
	return least.size && least.text[least.size - 1] == '/' &&
	       memcmp(least.text, most.text, least.size) == 0;
}

static bool arg_fits(const struct match_arg *arg, struct matchable *m)
{
	struct slice text;
	char type = matchable_arg(m, arg->index, &text);

	switch ((enum arg_kind)arg->kind) {
	case ARG_STRING:
		return type == 's' && slice_equal(arg->text, text);
	case ARG_PATH:
		return (type == 's' || type == 'o') && paths_meet(arg->text, text);
	case ARG_NAMESPACE:
		return type == 's' && slice_leads(arg->text, text, '.');
	}
	assert(!"a kind of argument");
}

static bool path_fits(const struct matchrule *rule, struct slice path)
{
	if (!path.text)
		return false;
	if (!rule->path_is_namespace)
		return slice_equal(rule->path, path);
	return rule->path.size == 1 || slice_leads(rule->path, path, '/');
}

static bool destination_fits(struct slice destination, const struct matchable *m)
{
	if (!m->recipient_names_n)
		return slice_equal(destination, m->message->destination);
	for (uint32_t i = 0; i < m->recipient_names_n; i++)
		if (slice_equal(destination, m->recipient_names[i]))
			return true;
	return false;
}

bool matchrule_fits(const struct matchrule *rule, struct matchable *m)
{
	const struct message *message = m->message;

	if (rule->type && rule->type != message->type)
		return false;
	if (rule->interface.text && !slice_equal(rule->interface, message->interface))
		return false;
	if (rule->member.text && !slice_equal(rule->member, message->member))
		return false;
	if (rule->path.text && !path_fits(rule, message->path))
		return false;
	if (rule->destination.text && !destination_fits(rule->destination, m))
		return false;
	for (size_t i = 0; i < rule->args_n; i++)
		if (!arg_fits(&rule->args[i], m))
			return false;
	return true;
}
