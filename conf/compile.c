/*
 * compile.c - reads everything that a configuration names, and writes it down once, as an image.
 * Nothing of it is looked at again later: callers may delete their file then.
 */
#include <errno.h>
#include <stdlib.h>

#include "conf/compile.h"
#include "conf/include.h"
#include "conf/service.h"
#include "conf/users.h"
#include "policy/builder.h"

void compilation_init(struct compilation *c, const struct site *site)
{
	*c = (struct compilation){.site = site};
	complaints_init(&c->complaints, &c->arena);
	list_init(&c->watches);
}

void compilation_fini(struct compilation *c)
{
	arena_fini(&c->arena);
}

static int user_write(struct compilation *c, const struct config *config, struct image_header *h)
{
	int e;

	if (!config->user.text)
		return 0;
	e = account_resolve(c->site, config->user.text, &h->uid, &h->gid);
	if (error_is_shortage(e))
		return e;
	if (e < 0) {
		complain(&c->complaints, LOG_CRIT, &config->user_at,
			"the bus is to run as user \"%.*s\", who is not known",
			SLICE_FMT(config->user));
		return FAULT_CONFIG;
	}
	h->user_known = 1;
	return 0;
}

static int whole_check(
	struct compilation *c, const struct config *config, struct slice path, bool is_fragment)
{
	struct place at = {path, 0};

	if (config->auth_said && !config->auth)
		complain(&c->complaints, LOG_WARNING, &at,
			"no authentication mechanism is left that could be offered: nobody can "
			"connect");
	if (!list_is_empty(&config->listens))
		return 0;
	complain(&c->complaints, is_fragment ? LOG_NOTICE : LOG_CRIT, &at,
		"there is no <listen>, the bus has no address");
	return is_fragment ? 0 : FAULT_CONFIG;
}

static void header_write(struct builder *b, const struct config *config, struct slice path)
{
	struct image_header *h = builder_header(b);

	h->flags = config->flags;
	/* no <auth>: every mechanism there is; ANONYMOUS wants <allow_anonymous/> besides */
	h->auth = config->auth_said ? config->auth : AUTH_EXTERNAL | AUTH_ANONYMOUS;
	h->apparmor = config->apparmor ? config->apparmor - 1 : APPARMOR_ENABLED;
	h->records = config->records;
	h->user = builder_text(b, config->user);
	h->type = builder_text(b, config->type);
	h->pidfile = builder_text(b, config->pidfile);
	h->main_file = builder_text(b, path);
	for (int i = 0; i < LIMITS; i++) {
		if (config->limits[i] >= 0)
			h->limits[i] = config->limits[i];
	}
}

static void rules_write(struct builder *b, const struct config *config)
{
	list_for_each (at, &config->rules) {
		struct draft *d = list_entry(at, struct draft, link);
		struct rule rule = d->rule;

		rule.name = builder_text(b, d->name);
		rule.path = builder_text(b, d->path);
		rule.interface = builder_text(b, d->interface);
		rule.member = builder_text(b, d->member);
		rule.error = builder_text(b, d->error);
		rule.arg0 = builder_text(b, d->arg0);
		rule.action = builder_text(b, d->action);
		rule.text = builder_text(b, d->text);
		rule.file = builder_text(b, d->at.file);
		rule.line = d->at.line;
		builder_rule(b, d->context,
			d->pattern.text ? builder_pattern(b, d->context, d->pattern) : d->id,
			&rule);
	}
}

static void restrictions_write(struct builder *b, const struct config *config)
{
	list_for_each (at, &config->restrictions) {
		const struct restriction_draft *d = list_entry(at, struct restriction_draft, link);
		struct restriction r = d->restriction;

		r.name = builder_text(b, d->name);
		r.unit = builder_text(b, d->unit);
		r.label = builder_text(b, d->label);
		r.text = builder_text(b, d->text);
		r.file = builder_text(b, d->at.file);
		r.line = d->at.line;
		builder_restriction(b, &r);
	}
	list_for_each (at, &config->overrides) {
		const struct override_draft *d = list_entry(at, struct override_draft, link);
		struct override o = d->override;

		o.pattern = builder_text(b, d->pattern);
		o.file = builder_text(b, d->at.file);
		o.line = d->at.line;
		builder_override(b, &o);
	}
}

static void services_write(struct builder *b, const struct activatable *services)
{
	for (const struct activatable *s = services; s; s = s->hh.next) {
		struct service service = {.name = builder_text(b, s->name),
			.file = builder_text(b, s->file),
			.user = builder_text(b, s->user),
			.systemd_service = builder_text(b, s->systemd_service),
			.apparmor_label = builder_text(b, s->apparmor_label),
			.argc = s->argc};

		builder_service(b, &service, s->argv);
	}
}

static void lists_write(struct builder *b, const struct compilation *c, const struct config *config)
{
	list_for_each (at, &config->listens) {
		builder_listen(b, builder_text(b, list_entry(at, struct item, link)->text));
	}
	list_for_each (at, &config->labels) {
		const struct association_draft *l = list_entry(at, struct association_draft, link);

		builder_association(b, builder_text(b, l->own), builder_text(b, l->context));
	}
	list_for_each (at, &c->watches) {
		builder_watch(b, builder_text(b, list_entry(at, struct item, link)->text));
	}
	list_for_each (at, &c->complaints.all) {
		const struct remark *r = list_entry(at, struct remark, link);

		builder_complaint(b, r->level, r->at.file, r->at.line, r->text);
	}
}

static int image_write(struct compilation *c, const struct config *config, struct slice path,
	void **ret_data, size_t *ret_size)
{
	struct activatable *services = NULL;
	struct builder *b = builder_new();
	int e = b ? 0 : -ENOMEM;

	if (e == 0)
		e = user_write(c, config, builder_header(b));
	if (e == 0)
		e = services_read(c, config, &services);
	if (e == 0) {
		complaints_close(&c->complaints, &(struct place){path, 0});
		header_write(b, config, path);
		rules_write(b, config);
		restrictions_write(b, config);
		services_write(b, services);
		lists_write(b, c, config);
		e = c->arena.bad ? -ENOMEM : builder_finish(b, ret_data, ret_size);
	}
	services_forget(&services);
	builder_free(b);
	return e;
}

int compile(struct compilation *c, const char *path, int fd, unsigned int options, void **ret_data,
	size_t *ret_size)
{
	struct slice main_file = arena_text(&c->arena, slice_of(path));
	struct config config;
	int e;

	if (!main_file.text)
		return -ENOMEM;
	config_init(&config);
	e = include_main(c, &config, main_file, fd);
	if (e == 0)
		e = whole_check(c, &config, main_file, options & COMPILE_FRAGMENT);
	return e ? e : image_write(c, &config, main_file, ret_data, ret_size);
}
