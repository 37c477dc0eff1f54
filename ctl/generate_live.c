/*
 * generate_live.c - a service as it runs: what it owns, and for as long as somebody wants to look,
 * who calls it and whom it calls. Calls that the bus refuses do not count.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/drop.h"
#include "ctl/generate.h"
#include "ctl/live.h"
#include "ctl/say.h"
#include "policy/subject.h"

/* How many calls are remembered until the bus may have refused them. */
#define RECENT 1024
/* Connections come and go: those that are not needed are asked for again. */
#define KNOWN_MAX 4096

/* A connection that calls or is called. */
struct known {
	char *name; /* owned: what it was asked by, its unique name or another */
	struct live_peer peer;
	bool is_meant; /* it is the service */
	UT_hash_handle hh;
};

struct watch {
	struct generation *g;
	struct live *live;
	struct known *known; /* owned */
	struct {
		char sender[32];
		uint64_t serial;
		struct draft_rule *rule;
	} recent[RECENT];
	uint32_t next;
};

static void known_free(struct known *k)
{
	if (!k)
		return;
	live_peer_fini(&k->peer);
	free(k->name);
	free(k);
}

DROP_WITH(known, known_free)

static void watch_forget(struct watch *w)
{
	struct known *k, *next;

	HASH_ITER(hh, w->known, k, next)
	{
		HASH_DEL(w->known, k);
		known_free(k);
	}
}

static struct caller caller_of(const struct live_peer *peer)
{
	return (struct caller){.uid = peer->uid, .unit = slice_of(peer->unit)};
}

static bool peer_is_meant(const struct generation *g, const struct live_peer *peer)
{
	if (g->is_unit)
		return peer->unit && slice_is(g->what, peer->unit);
	for (uint32_t i = 0; i < peer->names_n; i++)
		if (slice_is(g->what, peer->names[i]))
			return true;
	return false;
}

/* The names of the service are found out with it. */
static int known_examine(struct watch *w, struct known *k)
{
	struct caller owner = caller_of(&k->peer);
	int e = 0;

	k->is_meant = peer_is_meant(w->g, &k->peer);
	if (k->is_meant)
		w->g->found = true;
	for (uint32_t i = 0; e == 0 && k->is_meant && i < k->peer.names_n; i++)
		e = generation_add_name(w->g, &owner, slice_of(k->peer.names[i]));
	return e;
}

/* *ret is NULL if it is gone. 0, -errno, or -1, told */
static int watch_know(struct watch *w, const char *name, struct known **ret)
{
	DROP(known) k = NULL;
	int e;

	HASH_FIND_STR(w->known, name, *ret);
	if (*ret)
		return 0;
	k = calloc(1, sizeof(*k));
	if (!k || !(k->name = strdup(name)))
		return -ENOMEM;
	e = live_peer(w->live, name, &k->peer);
	if (e == 0)
		e = known_examine(w, k);
	if (e != 0)
		return e > 0 ? 0 : e;
	HASH_ADD_KEYPTR(hh, w->known, k->name, strlen(k->name), k);
	if (hash_failed())
		return -ENOMEM;
	*ret = TAKE(k);
	return 0;
}

/* Whom a call is for, whatever it is addressed to; NULL: the bus, or nobody that runs. */
static int watch_callee(struct watch *w, const char *destination, struct known **ret)
{
	*ret = NULL;
	if (!destination || strcmp(destination, "org.freedesktop.DBus") == 0)
		return 0;
	return watch_know(w, destination, ret);
}

/* A name for the callee that a rule can use. */
static struct slice callee_name(
	const struct generation *g, const char *destination, const struct known *callee)
{
	if (destination && destination[0] != ':')
		return slice_of(destination);
	if (callee && callee->is_meant && !g->is_unit)
		return g->what;
	for (uint32_t i = 0; callee && i < callee->peer.names_n; i++)
		if (callee->peer.names[i][0] != ':')
			return slice_of(callee->peer.names[i]);
	return (struct slice){NULL, 0};
}

static int watch_called(void *arg, const struct live_call *call)
{
	struct watch *w = arg;
	struct known *caller = NULL, *callee = NULL;
	struct draft_rule *rule = NULL;
	struct wanted_message m;
	struct caller who;
	bool meant;
	int e = 0;

	if (HASH_COUNT(w->known) >= KNOWN_MAX)
		watch_forget(w);
	if (call->sender)
		e = watch_know(w, call->sender, &caller);
	if (e == 0)
		e = watch_callee(w, call->destination, &callee);
	meant = (callee && callee->is_meant) || (caller && caller->is_meant) ||
		(call->destination && slice_is(w->g->what, call->destination));
	if (e < 0 || !meant)
		return e;
	/* who is gone by now cannot be asked any more */
	who = caller ? caller_of(&caller->peer) : (struct caller){.uid = ID_NONE};
	m = (struct wanted_message){.name = callee_name(w->g, call->destination, callee),
		.path = slice_of(call->path),
		.interface = slice_of(call->interface),
		.member = slice_of(call->member)};
	e = generation_add_call(w->g, &who, &m, &rule);
	if (e < 0 || !rule)
		return e;
	snprintf(w->recent[w->next].sender, sizeof(w->recent[0].sender), "%s", call->sender);
	w->recent[w->next].serial = call->serial;
	w->recent[w->next].rule = rule;
	w->next = (w->next + 1) % RECENT;
	return 0;
}

static int watch_refused(void *arg, const char *sender, uint64_t serial)
{
	struct watch *w = arg;

	for (size_t i = 0; i < RECENT; i++) {
		if (!w->recent[i].rule || w->recent[i].serial != serial ||
			strcmp(w->recent[i].sender, sender) != 0)
			continue;
		w->recent[i].rule->times--;
		w->recent[i].rule = NULL;
	}
	return 0;
}

static int watch_each(void *arg, const char *unique)
{
	struct known *k;

	return watch_know(arg, unique, &k);
}

int generation_from_bus(struct generation *g, const struct options *o, uint32_t seconds)
{
	struct watch *w = calloc(1, sizeof(*w));
	struct live_watcher watcher = {watch_called, watch_refused, w};
	int e = w ? 0 : -ENOMEM;

	if (w) {
		w->g = g;
		w->live = live_open(o->address, o->session);
		e = w->live ? live_each(w->live, watch_each, w) : -1;
	}
	if (e == 0 && seconds)
		e = live_watch(w->live, seconds, &watcher);
	if (e < -1)
		say("%s", e == -E2BIG ? "too many different calls" : strerror(-e));
	if (w) {
		watch_forget(w);
		live_close(w->live);
	}
	free(w);
	return e < 0 ? -1 : 0;
}
