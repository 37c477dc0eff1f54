/* whocalled.c - who called what at a name, and with what result, as far as it was recorded */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/drop.h"
#include "ctl/command.h"
#include "ctl/filter.h"
#include "ctl/moment.h"
#include "ctl/records.h"
#include "ctl/wording.h"

/* "NAME", "NAME.MEMBER" or "INTERFACE.MEMBER" */
static bool is_asked_about(const struct entry *e, struct slice what)
{
	struct slice interface = entry_text(e, RECORD_INTERFACE);
	struct slice member = entry_text(e, RECORD_MEMBER), front;

	if (!slice_is(entry_text(e, RECORD_TYPE), "method_call"))
		return false;
	if (entry_is_for(e, what))
		return true;
	if (!member.size || what.size <= member.size + 1 ||
		what.text[what.size - member.size - 1] != '.' ||
		memcmp(what.text + what.size - member.size, member.text, member.size) != 0)
		return false;
	front = (struct slice){what.text, what.size - member.size - 1};
	return entry_is_for(e, front) || slice_equal(interface, front);
}

/* The columns in front of the method, which has no width. */
static const struct {
	const char *title;
	size_t width;
} columns[] = {
	{"WHEN", 23}, {"USER", 16}, {"SESSION", 7}, {"EXE", 24}, {"UNIT", 24}, {"RESULT", 10}};
enum { WHEN, USER, SESSION, EXE, UNIT, RESULT };

/* A line that is being put together. */
struct row {
	FILE *to;
	char *text; /* owned */
	size_t size, start; /* start: of the column that is written */
};

/* Blanks up to the next column; a text that is too long pushes that aside. */
static void column_end(struct row *row, int column)
{
	fflush(row->to);
	if (row->size == row->start)
		fputc('-', row->to);
	fflush(row->to);
	for (size_t n = row->size - row->start; n < columns[column].width; n++)
		fputc(' ', row->to);
	fputc(' ', row->to);
	fflush(row->to);
	row->start = row->size;
}

static void row_write(struct row *row, const struct entry *e, struct people *people)
{
	/* the bus may not know the program's file: then it is the name that the program gives itself */
	struct slice exe = entry_text(e, entry_value(e, RECORD_EXE) ? RECORD_EXE : RECORD_COMM);
	int64_t session = entry_number(e, RECORD_SES, ID_NONE);
	char when[MOMENT_SIZE];

	moment_print(e->time, when);
	fputs(when, row->to);
	column_end(row, WHEN);
	entry_print_user(e, people, row->to);
	column_end(row, USER);
	if (session != ID_NONE)
		fprintf(row->to, "%" PRId64, session);
	column_end(row, SESSION);
	if (exe.text)
		safe_print(row->to, exe);
	column_end(row, EXE);
	if (entry_value(e, RECORD_UNIT))
		safe_print(row->to, entry_text(e, RECORD_UNIT));
	column_end(row, UNIT);
	fputs(entry_outcome(e), row->to);
	column_end(row, RESULT);
	entry_print_method(e, row->to);
	entry_print_counts(e, row->to);
}

/* 0 or -1, told */
static int row_print(const struct entry *e, struct people *people)
{
	struct row row = {.to = NULL};
	int r = -1;

	row.to = open_memstream(&row.text, &row.size);
	if (row.to) {
		row_write(&row, e, people);
		r = fclose(row.to);
	}
	if (r == 0)
		puts(row.text);
	else
		say("%s", strerror(ENOMEM));
	free(row.text);
	return r == 0 ? 0 : -1;
}

static void heading_print(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		printf("%-*s ", (int)columns[i].width, columns[i].title);
	puts("METHOD");
}

static int rows_print(const struct options *o, struct records *records, struct filter *filter)
{
	struct json j = {.to = stdout};
	struct people people = {0};
	const struct entry *e;
	bool any = false;
	int r;

	if (o->json)
		json_open(&j, NULL, '[');
	while ((r = records_next(records, &e)) > 0 && !ferror(stdout)) {
		if (!filter_passes(filter, e) || !is_asked_about(e, slice_of(o->rest[0])))
			continue;
		if (o->json) {
			entry_json(&j, e, &people);
			continue;
		}
		if (!any)
			heading_print();
		any = true;
		if (row_print(e, &people) < 0)
			return -1;
	}
	if (o->json) {
		json_close(&j, ']');
		json_end(&j);
	} else if (r == 0 && !any) {
		say("no such call is recorded; allowed calls are where an <audit> rule says so");
	}
	return r;
}

int whocalled_run(const struct options *o)
{
	struct records_want want;
	struct records *records;
	struct filter filter;
	int r;

	if (filter_init(&filter, o, &want) < 0 || records_open(&records, &want) < 0)
		return STATUS_ERROR;
	r = rows_print(o, records, &filter);
	records_close(records);
	filter_fini(&filter);
	return r < 0 ? STATUS_ERROR : STATUS_GOOD;
}
