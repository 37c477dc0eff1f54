/*
 * element.c - one table: each element, where it may stand, whether it has text, what it sets. The
 * table bounds the depth too: no element can stand inside itself.
 */
#include <assert.h>
#include <errno.h>

#include "conf/element.h"
#include "conf/folders.h"
#include "conf/include.h"
#include "conf/restrict.h"
#include "conf/rule.h"
#include "conf/section.h"
#include "policy/sinks.h"

enum element_id {
	EL_BUSCONFIG,
	EL_TYPE,
	EL_USER,
	EL_PIDFILE,
	EL_LISTEN,
	EL_AUTH,
	EL_INCLUDE,
	EL_INCLUDEDIR,
	EL_SERVICEDIR,
	EL_SERVICEHELPER,
	EL_LIMIT,
	EL_FORK,
	EL_KEEP_UMASK,
	EL_SYSLOG,
	EL_ALLOW_ANONYMOUS,
	EL_STANDARD_SESSION_SERVICEDIRS,
	EL_STANDARD_SYSTEM_SERVICEDIRS,
	EL_APPARMOR,
	EL_SELINUX,
	EL_ASSOCIATE,
	EL_POLICY,
	EL_RESTRICT,
	EL_ALLOW,
	EL_DENY,
	EL_CHECK,
	EL_AUDIT,
	EL_RECORDS,
	ELEMENTS, /* also: no element, where the root stands */
};

#define ATTRIBUTES_MAX 8

struct element {
	const char *name;
	enum element_id inside;
	bool any_attributes; /* rules look at theirs themselves */
	const char *attributes[ATTRIBUTES_MAX];
	uint32_t flag; /* IMAGE_*, set where the element is seen */
	int (*open)(struct reading *r, const char *const *attributes);
	/* only elements with text have it; the text is not empty, and ends in NUL */
	int (*text)(struct reading *r, struct slice text);
};

static int open_busconfig(struct reading *r, const char *const *attributes)
{
	return attribute_choice(r, attributes, "mode", "permissive", "enforcing", &r->permissive);
}

static int take_type(struct reading *r, struct slice text)
{
	r->config->type = arena_text(&r->c->arena, text);
	return 0;
}

static int take_user(struct reading *r, struct slice text)
{
	r->config->user = arena_text(&r->c->arena, text);
	r->config->user_at = (struct place){r->path, r->line};
	return 0;
}

static int take_pidfile(struct reading *r, struct slice text)
{
	r->config->pidfile = arena_text(&r->c->arena, text);
	return 0;
}

static int take_listen(struct reading *r, struct slice text)
{
	struct arena *arena = &r->c->arena;

	return item_append(arena, &r->config->listens, arena_text(arena, text));
}

static int take_auth(struct reading *r, struct slice text)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} mechanisms[] = {{"EXTERNAL", AUTH_EXTERNAL}, {"ANONYMOUS", AUTH_ANONYMOUS},
		{"DBUS_COOKIE_SHA1", 0}};

	for (size_t i = 0; i < ARRAY_SIZE(mechanisms); i++) {
		if (!slice_is(text, mechanisms[i].name))
			continue;
		if (!mechanisms[i].bit)
			reading_remark(r, LOG_NOTICE,
				"%s is never offered: on a local socket EXTERNAL is safer",
				mechanisms[i].name);
		r->config->auth |= mechanisms[i].bit;
		r->config->auth_said = true;
		return 0;
	}
	return reading_fault(r, "unknown authentication mechanism \"%.*s\"", SLICE_FMT(text));
}

static int open_include(struct reading *r, const char *const *attributes)
{
	int e;

	e = attribute_choice(
		r, attributes, "ignore_missing", "yes", "no", &r->include.ignore_missing);
	if (e == 0)
		e = attribute_choice(r, attributes, "if_selinux_enabled", "yes", "no",
			&r->include.if_selinux_enabled);
	if (e == 0)
		e = attribute_choice(r, attributes, "selinux_root_relative", "yes", "no",
			&r->include.selinux_root_relative);
	return e;
}

static int take_include(struct reading *r, struct slice text)
{
	struct arena *arena = &r->c->arena;
	const char *root = r->c->site->selinux_root;
	struct slice path;

	if (r->include.if_selinux_enabled && !root)
		return 0;
	if (!r->include.selinux_root_relative)
		path = reading_path(r, arena_text(arena, text));
	else if (root)
		path = arena_print(arena, "%s/%.*s", root, SLICE_FMT(text));
	else if (r->include.ignore_missing)
		return 0;
	else
		return reading_fault(
			r, "SELinux is off, it has no folder to find \"%.*s\" in", SLICE_FMT(text));
	if (!path.text)
		return -ENOMEM;
	return include_file(r, path, r->include.ignore_missing);
}

static int take_includedir(struct reading *r, struct slice text)
{
	struct slice path = reading_path(r, arena_text(&r->c->arena, text));

	return path.text ? include_folder(r, path) : -ENOMEM;
}

static int take_servicedir(struct reading *r, struct slice text)
{
	return folder_append(r, reading_path(r, arena_text(&r->c->arena, text)));
}

/* Who starts services needs no helper: launch has the right to. */
static int take_servicehelper(struct reading *r, struct slice text)
{
	(void)r;
	(void)text;
	return 0;
}

static int open_session_servicedirs(struct reading *r, const char *const *attributes)
{
	(void)attributes;
	return folders_append_session(r);
}

static int open_system_servicedirs(struct reading *r, const char *const *attributes)
{
	(void)attributes;
	return folders_append_system(r);
}

static int open_apparmor(struct reading *r, const char *const *attributes)
{
	static const char *const modes[] = {[APPARMOR_ENABLED] = "enabled",
		[APPARMOR_DISABLED] = "disabled",
		[APPARMOR_REQUIRED] = "required"};
	const char *mode = attribute_find(attributes, "mode");

	for (uint32_t i = 0; mode && i < ARRAY_SIZE(modes); i++) {
		if (strcmp(mode, modes[i]) != 0)
			continue;
		r->config->apparmor = i + 1;
		return 0;
	}
	if (!mode)
		return 0;
	return reading_fault(
		r, "bad AppArmor mode \"%s\": must be required, enabled or disabled", mode);
}

/* Where records go: the last one said. */
static int open_records(struct reading *r, const char *const *attributes)
{
	const char *to = attribute_find(attributes, "to");
	bool required = false;
	uint32_t sinks = to ? sinks_of(slice_of(to)) : 0;
	int e = attribute_choice(r, attributes, "mode", "required", "preferred", &required);

	if (e != 0)
		return e;
	if (!sinks)
		return reading_fault(r,
			"bad list of where records go \"%s\": must have one or more of audit, "
			"journal, syslog and stderr, with commas between them",
			to ? to : "");
	r->config->records = sinks | (required ? SINKS_REQUIRED : 0);
	return 0;
}

static int open_associate(struct reading *r, const char *const *attributes)
{
	const char *own = attribute_find(attributes, "own");
	const char *context = attribute_find(attributes, "context");
	struct association_draft *label;

	if (!own || !context)
		return reading_fault(r, "<associate> must have both own and context");
	label = arena_take(&r->c->arena, sizeof(*label));
	if (!label)
		return -ENOMEM;
	label->own = arena_text(&r->c->arena, slice_of(own));
	label->context = arena_text(&r->c->arena, slice_of(context));
	list_append(&r->config->labels, &label->link);
	return 0;
}

static int open_allow(struct reading *r, const char *const *attributes)
{
	return rule_read(r, EFFECT_ALLOW, attributes);
}

static int open_deny(struct reading *r, const char *const *attributes)
{
	return rule_read(r, EFFECT_DENY, attributes);
}

static int open_check(struct reading *r, const char *const *attributes)
{
	return rule_read(r, EFFECT_CHECK, attributes);
}

static int open_audit(struct reading *r, const char *const *attributes)
{
	return rule_read(r, EFFECT_AUDIT, attributes);
}

#define TOP .inside = EL_BUSCONFIG
static const struct element elements[ELEMENTS] = {
	[EL_BUSCONFIG] = {"busconfig", .inside = ELEMENTS, .attributes = {"mode"},
		.open = open_busconfig},
	[EL_TYPE] = {"type", TOP, .text = take_type},
	[EL_USER] = {"user", TOP, .text = take_user},
	[EL_PIDFILE] = {"pidfile", TOP, .text = take_pidfile},
	[EL_LISTEN] = {"listen", TOP, .text = take_listen},
	[EL_AUTH] = {"auth", TOP, .text = take_auth},
	[EL_INCLUDE] = {"include", TOP, .open = open_include, .text = take_include,
		.attributes = {"ignore_missing", "if_selinux_enabled", "selinux_root_relative"}},
	[EL_INCLUDEDIR] = {"includedir", TOP, .text = take_includedir},
	[EL_SERVICEDIR] = {"servicedir", TOP, .text = take_servicedir},
	[EL_SERVICEHELPER] = {"servicehelper", TOP, .text = take_servicehelper},
	[EL_LIMIT] = {"limit", TOP, .attributes = {"name", "user", "unit", "own"},
		.open = limit_open, .text = limit_take},
	[EL_FORK] = {"fork", TOP, .flag = IMAGE_FORK},
	[EL_KEEP_UMASK] = {"keep_umask", TOP, .flag = IMAGE_KEEP_UMASK},
	[EL_SYSLOG] = {"syslog", TOP, .flag = IMAGE_SYSLOG},
	[EL_ALLOW_ANONYMOUS] = {"allow_anonymous", TOP, .flag = IMAGE_ALLOW_ANONYMOUS},
	[EL_STANDARD_SESSION_SERVICEDIRS] = {"standard_session_servicedirs", TOP,
		.open = open_session_servicedirs},
	[EL_STANDARD_SYSTEM_SERVICEDIRS] = {"standard_system_servicedirs", TOP,
		.open = open_system_servicedirs},
	[EL_APPARMOR] = {"apparmor", TOP, .attributes = {"mode"}, .open = open_apparmor},
	[EL_RECORDS] = {"records", TOP, .attributes = {"to", "mode"}, .open = open_records},
	[EL_SELINUX] = {"selinux", TOP},
	[EL_ASSOCIATE] = {"associate", .inside = EL_SELINUX, .attributes = {"own", "context"},
		.open = open_associate},
	[EL_POLICY] = {"policy", TOP, .open = section_open,
		.attributes = {"context", "user", "group", "at_console", "unit", "label", "mode"}},
	[EL_RESTRICT] = {"restrict", TOP, .open = restriction_open,
		.attributes = {"own", "own_prefix", "user", "group", "unit", "label", "revoke",
			"mode"}},
	[EL_ALLOW] = {"allow", .inside = EL_POLICY, .any_attributes = true, .open = open_allow},
	[EL_DENY] = {"deny", .inside = EL_POLICY, .any_attributes = true, .open = open_deny},
	[EL_CHECK] = {"check", .inside = EL_POLICY, .any_attributes = true, .open = open_check},
	[EL_AUDIT] = {"audit", .inside = EL_POLICY, .any_attributes = true, .open = open_audit},
};

static int attributes_check(
	struct reading *r, const struct element *e, const char *const *attributes)
{
	for (; !e->any_attributes && *attributes; attributes += 2) {
		int i = 0;

		while (i < ATTRIBUTES_MAX && e->attributes[i] &&
			strcmp(attributes[0], e->attributes[i]) != 0)
			i++;
		if (i == ATTRIBUTES_MAX || !e->attributes[i])
			return reading_fault(
				r, "attribute \"%s\" is not known on <%s>", attributes[0], e->name);
	}
	return 0;
}

static enum element_id element_find(const char *name)
{
	unsigned int id = 0;

	while (id < ELEMENTS && strcmp(name, elements[id].name) != 0)
		id++;
	return id;
}

static int on_open(struct xml_sink *sink, const char *name, const char *const *attributes)
{
	struct reading *r = container_of(sink, struct reading, sink);
	unsigned int around = r->open_n > 0 ? r->open[r->open_n - 1] : ELEMENTS;
	unsigned int id = element_find(name);
	const struct element *e;
	int result;

	if (id == ELEMENTS)
		return reading_fault(r, "unknown element <%s>", name);
	e = &elements[id];
	if (e->inside != around)
		return reading_fault(r, "element <%s> cannot stand %s%s%s", name,
			around == ELEMENTS ? "at the root" : "inside <",
			around == ELEMENTS ? "" : elements[around].name,
			around == ELEMENTS ? "" : ">");
	assert(r->open_n < ARRAY_SIZE(r->open));
	result = attributes_check(r, e, attributes);
	if (result)
		return result;
	r->open[r->open_n++] = id;
	r->line = sink->line;
	r->text.size = 0;
	r->config->flags |= e->flag;
	return e->open ? e->open(r, attributes) : 0;
}

static int on_text(struct xml_sink *sink, struct slice text)
{
	struct reading *r = container_of(sink, struct reading, sink);
	const struct element *e = &elements[r->open[r->open_n - 1]];

	if (e->text) {
		writer_bytes(&r->text, text.text, text.size);
		return r->text.bad ? -ENOMEM : 0;
	}
	for (size_t i = 0; i < text.size; i++) {
		if (!strchr(" \t\r\n", text.text[i]))
			return reading_fault(r, "no text is expected inside <%s>", e->name);
	}
	return 0;
}

static int on_close(struct xml_sink *sink)
{
	struct reading *r = container_of(sink, struct reading, sink);
	const struct element *e = &elements[r->open[--r->open_n]];
	uint32_t line = sink->line;
	int result;

	if (!e->text)
		return 0;
	sink->line = r->line;
	if (r->text.size == 0)
		return reading_fault(r, "<%s> is empty", e->name);
	writer_bytes(&r->text, "", 1);
	if (r->text.bad)
		return -ENOMEM;
	result = e->text(r, (struct slice){(const char *)r->text.data, r->text.size - 1});
	if (result == 0)
		sink->line = line;
	return result ? result : r->c->arena.bad ? -ENOMEM : 0;
}

void elements_init(struct reading *r)
{
	r->sink = (struct xml_sink){.open = on_open, .text = on_text, .close = on_close};
	r->open_n = 0;
	r->text = (struct writer){0};
	memset(&r->section, 0, sizeof(r->section));
}

void elements_fini(struct reading *r)
{
	writer_fini(&r->text);
}
