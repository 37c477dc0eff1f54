/*
 * fold.c - what makes two decisions the same: who asked, for what, of whom, and why the answer was
 * what it was. The key is a hash under a secret seed, wide enough that no two differ by chance, and
 * that nobody can choose two that do not.
 */
#include <stdlib.h>

#include "audit/fold.h"
#include "audit/record.h"

/* How many of one user's are under way. */
struct fold_user {
	uint32_t uid;
	uint32_t n;
	UT_hash_handle hh;
};

void folds_init(struct folds *folds)
{
	*folds = (struct folds){.n = 0};
	list_init(&folds->queue);
}

void folds_fini(struct folds *folds)
{
	while (folds->table)
		fold_free(folds, folds->table);
}

static uint32_t party_uid(const struct party *party)
{
	return party && party->subject && party->subject->identity ? party->subject->identity->uid
								   : ID_NONE;
}

static void add_text(struct fold_key *key, struct slice text)
{
	hash_more(key->bits, text.text ? text.text : "", text.text ? text.size : 0);
}

/* Without numbers: what polkit said is told with how long it took, which no two have in common. */
static void add_words(struct fold_key *key, struct slice text)
{
	static const char digits[] = "0123456789";

	for (size_t at = 0, n; at < text.size; at += n) {
		n = strcspn(text.text + at, digits);
		add_text(key, (struct slice){text.text + at, n});
		n += strspn(text.text + at + n, digits);
	}
}

/* By its unique name, which is nobody's again; before it has one, by its process. */
static void add_party(struct fold_key *key, const struct party *party)
{
	if (party && party->names_n > 0)
		add_text(key, party->names[0]);
	else if (party && party->subject && party->subject->identity)
		hash_more(key->bits, &party->subject->identity->pid,
			sizeof(party->subject->identity->pid));
	else
		add_text(key, SLICE(""));
}

static void add_traffic(struct fold_key *key, const struct traffic *t)
{
	const struct {
		uint32_t fds;
		uint8_t type, is_reply, filler[2];
	} facts = {.fds = t->fds, .type = t->type, .is_reply = t->is_reply};

	hash_more(key->bits, &facts, sizeof(facts));
	add_text(key, t->destination);
	add_text(key, t->path);
	add_text(key, t->interface);
	add_text(key, t->member);
	add_text(key, t->error);
}

static void add_reason(struct fold_key *key, const struct verdict *v)
{
	const struct {
		const void *judge, *rule, *restriction, *audit;
		uint64_t policy;
		int64_t figure;
		uint32_t answer, reason, advisory, limit;
	} facts = {.judge = v->judge,
		.rule = v->rule,
		.restriction = v->restriction,
		.audit = v->audit,
		.policy = v->image ? v->image->header->checksum : 0,
		.figure = v->figure,
		.answer = v->answer,
		.reason = v->reason,
		.advisory = v->advisory,
		.limit = v->limit};

	_Static_assert(sizeof(facts) == 4 * sizeof(void *) + 2 * 8 + 4 * 4, "no filler");
	hash_more(key->bits, &facts, sizeof(facts));
	if (v->reason == REASON_CONSENT)
		add_words(key, slice_of(v->text));
	else
		add_text(key, slice_of(v->text));
	add_text(key, slice_of(v->labels.subject));
	add_text(key, slice_of(v->labels.object));
	add_text(key, slice_of(v->labels.permission));
}

static struct fold_key key_of(const struct request *request, const struct verdict *verdict)
{
	const struct {
		uint32_t uid, verb, requested;
	} facts = {party_uid(request->sender), request->verb, request->requested_reply};
	struct fold_key key = {{0, 0}};

	hash_more(key.bits, &facts, sizeof(facts));
	add_party(&key, request->sender);
	add_party(&key, request->recipient);
	add_text(&key, request->name);
	if (request->traffic)
		add_traffic(&key, request->traffic);
	if (record_has_arg0(request, verdict))
		add_text(&key, traffic_arg0(request->traffic));
	add_reason(&key, verdict);
	return key;
}

enum outcome { LET_THROUGH, ON_TRIAL, REFUSED };

/* All of a user's that are not told apart, and ended alike: who looks for refusals finds them. */
static struct fold_key others_key(uint32_t uid, const struct verdict *v)
{
	const uint32_t facts[] = {uid, v->answer == ANSWER_ALLOW ? LET_THROUGH
				       : v->advisory		 ? ON_TRIAL
								 : REFUSED};
	struct fold_key key = {{0, 0}};

	add_text(&key, SLICE("others"));
	hash_more(key.bits, facts, sizeof(facts));
	return key;
}

static struct fold *find(const struct folds *folds, const struct fold_key *key)
{
	struct fold *fold;

	HASH_FIND(hh, folds->table, key, sizeof(*key), fold);
	return fold;
}

static struct fold_user *user_of(struct folds *folds, uint32_t uid)
{
	struct fold_user *user;

	HASH_FIND(hh, folds->users, &uid, sizeof(uid), user);
	if (user)
		return user;
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	HASH_ADD(hh, folds->users, uid, sizeof(uid), user);
	if (hash_failed()) {
		free(user);
		return NULL;
	}
	return user;
}

static void user_put(struct folds *folds, struct fold_user *user)
{
	if (user->n > 0)
		return;
	HASH_DEL(folds->users, user);
	free(user);
}

static struct fold *fold_new(struct folds *folds, struct fold_user *user,
	const struct fold_key *key, bool others, uint64_t now)
{
	struct fold *fold = calloc(1, sizeof(*fold));

	if (!fold)
		return NULL;
	*fold = (struct fold){.key = *key, .uid = user->uid, .others = others, .count = 1};
	HASH_ADD(hh, folds->table, key, sizeof(fold->key), fold);
	if (hash_failed()) {
		free(fold);
		return NULL;
	}
	list_init(&fold->link);
	fold_again(folds, fold, now);
	folds->n++;
	user->n++;
	return fold;
}

struct fold *folds_count(struct folds *folds, const struct request *request,
	const struct verdict *verdict, uint64_t now, struct fold **ret_new)
{
	struct fold_key key = key_of(request, verdict);
	struct fold *fold = find(folds, &key);
	struct fold_user *user;
	bool others = false;

	*ret_new = NULL;
	user = fold ? NULL : user_of(folds, party_uid(request->sender));
	if (user && (user->n >= FOLD_USER_MAX || folds->n >= FOLD_MAX)) {
		others = true;
		key = others_key(user->uid, verdict);
		fold = find(folds, &key);
	}
	if (fold) {
		fold->count++;
		return fold;
	}
	if (!user)
		return NULL;
	*ret_new = fold_new(folds, user, &key, others, now);
	user_put(folds, user);
	return NULL;
}

struct fold *folds_due(const struct folds *folds, uint64_t now)
{
	struct fold *first;

	if (list_is_empty(&folds->queue))
		return NULL;
	first = list_entry(folds->queue.next, struct fold, link);
	return first->due <= now ? first : NULL;
}

void fold_again(struct folds *folds, struct fold *fold, uint64_t now)
{
	list_unlink(&fold->link);
	fold->due = now + FOLD_SECONDS * 1000000ull;
	list_append(&folds->queue, &fold->link);
}

void fold_free(struct folds *folds, struct fold *fold)
{
	struct fold_user *user;

	HASH_FIND(hh, folds->users, &fold->uid, sizeof(fold->uid), user);
	HASH_DEL(folds->table, fold);
	list_unlink(&fold->link);
	folds->n--;
	user->n--;
	user_put(folds, user);
	free(fold->letter);
	free(fold);
}
