/* filter.c - each condition by itself; all that are given must hold */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "base/drop.h"
#include "conf/users.h"
#include "ctl/filter.h"
#include "ctl/moment.h"
#include "ctl/say.h"

static int time_read(const char *option, const char *text, uint64_t now, uint64_t *ret)
{
	*ret = 0;
	if (!text || moment_parse(text, now, ret) == 0)
		return 0;
	say("--%s=%s: not a time (see wardenctl(1))", option, text);
	return -1;
}

int filter_init(struct filter *f, const struct options *o, struct records_want *ret_want)
{
	struct site site = {.find_user = users_find_user,
		.find_uid = users_find_uid,
		.find_group = users_find_group};
	uint64_t now = moment_now();

	*f = (struct filter){.uid = ID_NONE,
		.unit = o->unit,
		.destination = o->destination,
		.reason = o->reason,
		.denied = o->denied,
		.allowed = o->allowed,
		.permissive = o->permissive};
	if (!f->denied && !f->allowed && !f->permissive)
		f->denied = f->allowed = f->permissive = true;
	if (o->user && user_resolve(&site, o->user, &f->uid) < 0) {
		say("user \"%s\": not known", o->user);
		return -1;
	}
	if (time_read("since", o->since, now, &f->since) < 0 ||
		time_read("until", o->until, now, &f->until) < 0)
		return -1;
	*ret_want = (struct records_want){.from = o->from,
		.session = o->session,
		.follow = o->follow,
		.fresh = o->follow && !o->since,
		.since = f->since};
	return 0;
}

void filter_fini(const struct filter *f)
{
	if (f->timeless)
		say("records of which it is not known when they were made, and not shown: %" PRIu64,
			f->timeless);
}

/* The glob matches as file names do, but * also over what stands between slashes. */
static bool unit_fits(const char *glob, struct slice unit)
{
	char buf[512];

	if (!unit.text || unit.size >= sizeof(buf) || memchr(unit.text, '\0', unit.size))
		return false;
	memcpy(buf, unit.text, unit.size);
	buf[unit.size] = '\0';
	return fnmatch(glob, buf, 0) == 0;
}

bool names_have(struct slice list, struct slice name)
{
	while (list.size > 0) {
		const char *comma = memchr(list.text, ',', list.size);
		size_t size = comma ? (size_t)(comma - list.text) : list.size;
		size_t over = size + (comma != NULL);

		if (slice_equal((struct slice){list.text, size}, name))
			return true;
		list = (struct slice){list.text + over, list.size - over};
	}
	return false;
}

bool entry_is_for(const struct entry *e, struct slice name)
{
	return slice_equal(entry_text(e, RECORD_DESTINATION), name) ||
	       slice_equal(entry_text(e, RECORD_PEER), name) ||
	       slice_equal(entry_text(e, RECORD_NAME), name) ||
	       names_have(entry_text(e, RECORD_PEER_NAMES), name);
}

static bool text_has(struct slice text, struct slice word)
{
	for (size_t i = 0; text.text && i + word.size <= text.size; i++)
		if (strncasecmp(text.text + i, word.text, word.size) == 0)
			return true;
	return false;
}

static bool reason_fits(const struct entry *e, struct slice word)
{
	static const enum record_field fields[] = {RECORD_VERB, RECORD_JUDGE, RECORD_RULE,
		RECORD_RULE_TEXT, RECORD_LIMIT, RECORD_TEXT, RECORD_WHY};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (text_has(entry_text(e, fields[i]), word))
			return true;
	return false;
}

static bool outcome_fits(const struct filter *f, const struct entry *e)
{
	if (entry_is_permissive(e))
		return f->permissive;
	return entry_is_denied(e) ? f->denied : f->allowed;
}

static bool time_fits(struct filter *f, const struct entry *e)
{
	if (!f->since && !f->until)
		return true;
	if (!e->time) {
		f->timeless++;
		return false;
	}
	return e->time >= f->since && (!f->until || e->time <= f->until);
}

bool filter_passes(struct filter *f, const struct entry *e)
{
	if (!outcome_fits(f, e))
		return false;
	if (f->uid != ID_NONE && entry_number(e, RECORD_AUID, ID_NONE) != f->uid &&
		entry_number(e, RECORD_UID, ID_NONE) != f->uid)
		return false;
	if (f->unit && !unit_fits(f->unit, entry_text(e, RECORD_UNIT)))
		return false;
	if (f->destination && !entry_is_for(e, slice_of(f->destination)))
		return false;
	if (f->reason && !reason_fits(e, slice_of(f->reason)))
		return false;
	return time_fits(f, e);
}
