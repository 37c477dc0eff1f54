/*
 * fuzz_record.c - whatever the broker may be made to send: it is refused, or it is worded within the
 * bounds, as one line of printable ASCII whose fields come once each, and written again it is the
 * same bytes.
 */
#include <string.h>

#include "audit/record.h"
#include "tests/fuzz/fuzz.h"

static void check_printable(const struct writer *w)
{
	MUST(!w->bad && w->size <= RECORD_LINE_MAX);
	for (size_t i = 0; i < w->size; i++)
		MUST(w->data[i] >= ' ' && w->data[i] < 0x7f);
}

/* As many blanks as there are fields and marks of cuts, less one; no blank is inside of a value. */
static void check_blanks(const struct record *record, const struct writer *line)
{
	size_t wanted = 0, blanks = 1;

	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		const struct record_value *v = &record->values[i];

		if (v->known && record_kind_of(i) != RECORD_KIND_PROSE)
			wanted += v->full > v->text.size ? 2 : 1;
	}
	for (size_t i = 0; i < line->size; i++)
		blanks += line->data[i] == ' ';
	MUST(blanks == wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct writer line = {.limit = 0}, sentence = {.limit = 0}, again = {.limit = 0};
	struct writer audit = {.limit = 0};
	struct record record;

	if (record_read(&record, data, size) < 0)
		return 0;
	record_line(&line, &record);
	check_printable(&line);
	check_blanks(&record, &line);
	record_audit_line(&audit, &record);
	check_printable(&audit);
	MUST(!memchr(audit.data, '\'', audit.size));
	record_sentence(&sentence, &record);
	check_printable(&sentence);
	record_write(&again, &record);
	MUST(again.size == size && memcmp(again.data, data, size) == 0);
	writer_fini(&line);
	writer_fini(&audit);
	writer_fini(&sentence);
	writer_fini(&again);
	return 0;
}
