/* draft.c - rules that were not asked for twice */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/drop.h"
#include "ctl/draft.h"
#include "ctl/wanted.h"

/* Clients choose what they call. */
#define RULES_MAX 10000

static void draft_rule_free(struct draft_rule *r)
{
	if (!r)
		return;
	free(r->key);
	free(r->note);
	free(r);
}

DROP_WITH(draft_rule, draft_rule_free)

void draft_fini(struct draft *d)
{
	struct draft_rule *r, *next;

	HASH_ITER(hh, d->all, r, next)
	{
		HASH_DEL(d->all, r);
		draft_rule_free(r);
	}
}

static char *note_of(const char *text)
{
	struct writer w = {.limit = 0};

	wanted_write_comment(&w, slice_of(text));
	writer_bytes(&w, "", 1);
	if (!w.bad)
		return (char *)w.data;
	writer_fini(&w);
	return NULL;
}

static int rule_new(
	struct draft *d, char **key, size_t section, const char *note, struct draft_rule **ret)
{
	DROP(draft_rule) r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->note = note ? note_of(note) : NULL;
	if (note && !r->note)
		return -ENOMEM;
	r->section = section;
	r->key = TAKE(*key);
	HASH_ADD_KEYPTR(hh, d->all, r->key, strlen(r->key), r);
	if (hash_failed())
		return -ENOMEM;
	*ret = TAKE(r);
	return 0;
}

int draft_add(struct draft *d, const char *section, struct slice rule, const char *note,
	struct draft_rule **ret)
{
	DROP_HEAP char *key = NULL;
	struct draft_rule *r;
	int e = 0;

	if (asprintf(&key, "%s\n%.*s", section, SLICE_FMT(rule)) < 0)
		return -ENOMEM;
	HASH_FIND_STR(d->all, key, r);
	if (!r && HASH_COUNT(d->all) >= RULES_MAX)
		return -E2BIG;
	if (!r)
		e = rule_new(d, &key, strlen(section), note, &r);
	if (e < 0)
		return e;
	r->times++;
	if (ret)
		*ret = r;
	return 0;
}

static int rule_compare(struct draft_rule *a, struct draft_rule *b)
{
	return strcmp(a->key, b->key);
}

void draft_json(struct draft *d, struct json *j)
{
	HASH_SORT(d->all, rule_compare);
	for (const struct draft_rule *r = d->all; r; r = r->hh.next) {
		if (!r->times)
			continue;
		json_open(j, NULL, '{');
		if (r->section)
			json_text(j, "policy", (struct slice){r->key, r->section});
		json_string(j, "rule", r->key + r->section + 1);
		if (r->note)
			json_string(j, "first", r->note);
		json_number(j, "times", (int64_t)r->times);
		json_close(j, '}');
	}
}

void draft_print(struct draft *d, FILE *to)
{
	struct slice section = {NULL, 0};

	HASH_SORT(d->all, rule_compare);
	for (const struct draft_rule *r = d->all; r; r = r->hh.next) {
		struct slice own = {r->key, r->section};

		if (!r->times)
			continue;
		if (!section.text || !slice_equal(section, own)) {
			if (section.text)
				fputs("  </policy>\n", to);
			fprintf(to, "  <policy %.*s>\n", SLICE_FMT(own));
			section = own;
		}
		if (r->note && r->times > 1)
			fprintf(to, "    <!-- %s, %" PRIu64 " times -->\n", r->note, r->times);
		else if (r->note)
			fprintf(to, "    <!-- %s -->\n", r->note);
		fprintf(to, "    %s\n", r->key + r->section + 1);
	}
	if (section.text)
		fputs("  </policy>\n", to);
}
