/*
 * flow.c - a set-associative table. The hash is seeded (base/hash.h): a client can make entries go,
 * as anybody who says much can, but not aim at the set of somebody else. Entries keep pointers
 * into the image; the generation in the key makes them unreachable before the image goes.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "policy/flow.h"

#define WAYS 4
/* the last text, and the flag that says that it was asked for */
#define FLOW_ARG0 (FLOW_TEXTS - 1)
#define FLAG_ARG0 16

struct flow_entry {
	struct flow_key key;
	struct verdict verdict;
	uint64_t used; /* flow.clock when it was last found; 0: the place is empty */
};

struct flow_set {
	uint32_t hashes[WAYS];
	struct flow_entry entries[WAYS];
};

_Static_assert(offsetof(struct flow_key, text) == 93, "a key has no padding before its texts");
_Static_assert(sizeof(struct flow_key) == 93 + FLOW_TEXT, "a key has no padding behind them");

int flow_init(struct flow *flow, uint32_t sets)
{
	assert(sets && (sets & (sets - 1)) == 0);
	*flow = (struct flow){.sets = calloc(sets, sizeof(struct flow_set)), .sets_n = sets};
	return flow->sets ? 0 : -ENOMEM;
}

void flow_fini(struct flow *flow)
{
	free(flow->sets);
	*flow = (struct flow){0};
}

bool flow_unique_names(const struct image *image)
{
	for (uint32_t i = 0; i < image->header->rules.count; i++) {
		const struct rule *r = &image->rules[i];

		if (r->verb >= RULE_SEND && image_string(image, r->name)[0] == ':')
			return true;
	}
	return false;
}

static const struct mac_label *party_label(const struct party *party)
{
	const struct identity *id = party ? party->subject->identity : NULL;

	return id ? id->mac : NULL;
}

/* Whether a judge that goes by labels looks at names as well, for one of the two. */
static bool labels_by_name(const struct request *request)
{
	const struct mac_label *from = party_label(request->sender);
	const struct mac_label *to = party_label(request->recipient);

	return (from && from->by_name) || (to && to->by_name);
}

/* Who one end is. A connection without well-known names is like any other of its sections and its
 * label, unless somebody looks at unique names. */
static bool key_end(uint64_t id[2], uint64_t *names, uint64_t *label, const struct party *party,
	bool unique_names)
{
	const struct mac_label *l = party_label(party);
	bool named;

	if (!party)
		return true;
	memcpy(id, party->subject->id, 2 * sizeof(uint64_t));
	named = party->names_n > (unique_names ? 0 : 1);
	*names = named ? party->names_id : 0;
	*label = l ? l->number : 0;
	return id[0] && (!named || party->names_id);
}

/* Where the texts end. */
static size_t key_size(const struct flow_key *key)
{
	size_t size = offsetof(struct flow_key, text);

	for (uint32_t i = 0; i < FLOW_TEXTS; i++)
		size += key->sizes[i];
	return size;
}

/* Text `i` behind those before it; `used`: how much room they take. */
static bool key_text(struct flow_key *key, uint32_t i, struct slice text, size_t used)
{
	if (!text.text)
		return true;
	if (text.size > FLOW_TEXT - used)
		return false;
	memcpy(key->text + used, text.text, text.size);
	key->present |= (uint8_t)(1u << i);
	key->sizes[i] = (uint8_t)text.size;
	return true;
}

static bool key_texts(struct flow_key *key, const struct slice texts[FLOW_ARG0])
{
	size_t used = 0;

	for (uint32_t i = 0; i < FLOW_ARG0; i++) {
		if (!key_text(key, i, texts[i], used))
			return false;
		used += texts[i].size;
	}
	return true;
}

bool flow_key_init(struct flow_key *ret, const struct request *request, const struct epoch *epoch)
{
	const struct traffic *t = request->traffic;
	bool labels_name = labels_by_name(request);
	bool unique_names = epoch->unique_names || labels_name;

	if (request->verb != VERB_SEND)
		return false;
	/* the texts are written as far as they count */
	memset(ret, 0, offsetof(struct flow_key, text));
	ret->rules = epoch->rules;
	ret->mac = epoch->mac;
	ret->fds = t->fds;
	ret->type = t->type;
	ret->flags = (uint8_t)(t->is_reply | request->requested_reply << 1 |
			       request->eavesdrop << 2 | t->broadcast << 3);
	/* a destination counts where nobody who has names stands for it, or is seen as written */
	return key_end(ret->sender, &ret->sender_names, &ret->sender_label, request->sender,
		       unique_names) &&
	       key_end(ret->recipient, &ret->recipient_names, &ret->recipient_label,
		       request->recipient, unique_names) &&
	       key_texts(ret,
		       (const struct slice[FLOW_ARG0]){t->path, t->interface, t->member, t->error,
			       request->recipient && !labels_name ? (struct slice){NULL, 0}
								  : t->destination});
}

bool flow_key_arg0(struct flow_key *key, const struct traffic *traffic)
{
	key->flags |= FLAG_ARG0;
	return key_text(key, FLOW_ARG0, traffic_arg0(traffic),
		key_size(key) - offsetof(struct flow_key, text));
}

const struct verdict *flow_find(struct flow *flow, const struct flow_key *key)
{
	size_t size = key_size(key);
	uint32_t hash = hash_bytes(key, size);
	struct flow_set *set = &flow->sets[hash & (flow->sets_n - 1)];

	for (uint32_t i = 0; i < WAYS; i++) {
		struct flow_entry *e = &set->entries[i];

		/* sizes stand before the texts: equal up to them, both end there */
		if (set->hashes[i] != hash || !e->used || memcmp(&e->key, key, size) != 0)
			continue;
		e->used = ++flow->clock;
		flow->hits++;
		return &e->verdict;
	}
	flow->misses++;
	return NULL;
}

void flow_put(struct flow *flow, const struct flow_key *key, const struct verdict *verdict)
{
	size_t size = key_size(key);
	uint32_t hash = hash_bytes(key, size), oldest = 0;
	struct flow_set *set = &flow->sets[hash & (flow->sets_n - 1)];

	for (uint32_t i = 1; i < WAYS; i++)
		if (set->entries[i].used < set->entries[oldest].used)
			oldest = i;
	set->hashes[oldest] = hash;
	memcpy(&set->entries[oldest].key, key, size);
	set->entries[oldest].verdict = *verdict;
	set->entries[oldest].used = ++flow->clock;
}
