/* config.c - a config in the making: lists that are spliced when a file turns out to be good */
#include "conf/config.h"

void config_init(struct config *c)
{
	*c = (struct config){0};
	list_init(&c->rules);
	list_init(&c->restrictions);
	list_init(&c->overrides);
	list_init(&c->listens);
	list_init(&c->folders);
	list_init(&c->labels);
	for (int i = 0; i < LIMITS; i++)
		c->limits[i] = -1;
}

static void list_move(struct list *to, struct list *from)
{
	list_for_each_safe (at, from) {
		list_unlink(at);
		list_append(to, at);
	}
}

void config_merge(struct config *to, struct config *from)
{
	list_move(&to->rules, &from->rules);
	list_move(&to->restrictions, &from->restrictions);
	list_move(&to->overrides, &from->overrides);
	list_move(&to->listens, &from->listens);
	list_move(&to->folders, &from->folders);
	list_move(&to->labels, &from->labels);
	to->flags |= from->flags;
	to->auth |= from->auth;
	to->auth_said |= from->auth_said;
	if (from->apparmor)
		to->apparmor = from->apparmor;
	if (from->records)
		to->records = from->records;
	if (from->type.text)
		to->type = from->type;
	if (from->pidfile.text)
		to->pidfile = from->pidfile;
	if (from->user.text) {
		to->user = from->user;
		to->user_at = from->user_at;
	}
	for (int i = 0; i < LIMITS; i++) {
		if (from->limits[i] >= 0)
			to->limits[i] = from->limits[i];
	}
}

uint32_t config_salvage(struct config *to, struct config *from)
{
	uint32_t n = 0;

	list_for_each_safe (at, &from->rules) {
		struct draft *d = list_entry(at, struct draft, link);

		if (d->rule.effect == EFFECT_ALLOW)
			continue;
		if (d->rule.effect == EFFECT_CHECK) {
			d->rule.effect = EFFECT_DENY;
			d->rule.keep = 0;
			d->action = (struct slice){NULL, 0};
		}
		list_unlink(at);
		list_append(&to->rules, at);
		n += d->rule.effect == EFFECT_DENY;
	}
	list_move(&to->restrictions, &from->restrictions);
	return n;
}

bool config_has_folder(const struct config *c, struct slice path)
{
	list_for_each (at, &c->folders) {
		if (slice_equal(list_entry(at, struct item, link)->text, path))
			return true;
	}
	return false;
}
