/*
 * fuzz_entry.c - whatever stands in a log: it is refused, or it is a record, whose line can be read
 * again and says the same. A byte in front chooses how it is read.
 */
#include <string.h>

#include "ctl/entry.h"
#include "tests/fuzz/fuzz.h"

static struct entry entry, again;

static void check_same(const struct entry *a, const struct entry *b)
{
	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		const struct record_value *v = &a->record.values[i], *w = &b->record.values[i];

		if (record_kind_of(i) == RECORD_KIND_PROSE)
			continue;
		MUST(v->known == w->known && v->number == w->number && v->full == w->full);
		MUST(slice_equal(v->text, w->text));
	}
}

/* As the journal gives them: KEY=VALUE, each ended by a NUL. */
static int read_fields(struct entry *e, struct slice s)
{
	while (s.size > 0) {
		size_t size = strnlen(s.text, s.size), over = size + (size < s.size);
		const char *equals = memchr(s.text, '=', size);
		size_t key = equals ? (size_t)(equals - s.text) : size;

		if (equals && entry_set(e, (struct slice){s.text, key},
				      (struct slice){equals + 1, size - key - 1}) < 0)
			return -1;
		s = (struct slice){s.text + over, s.size - over};
	}
	return entry_finish(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data + 1, size ? size - 1 : 0};
	struct writer line = {.limit = 0};
	int r;

	if (size == 0)
		return 0;
	entry_init(&entry);
	r = data[0] == 'f'   ? read_fields(&entry, text)
	    : data[0] == 'l' ? entry_read_line(&entry, text)
	    : data[0] == 'm' ? entry_read_mac(&entry, text)
			     : entry_read_text(&entry, text);
	if (r < 0)
		return 0;
	record_line(&line, &entry.record);
	MUST(!line.bad);
	entry_init(&again);
	MUST(entry_read_line(&again, (struct slice){(char *)line.data, line.size}) == 0);
	check_same(&entry, &again);
	entry_move(&again, &entry);
	check_same(&entry, &again);
	writer_fini(&line);
	return 0;
}
