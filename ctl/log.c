/* log.c - the records that are wanted, each in a line */
#include <stdio.h>

#include "ctl/command.h"
#include "ctl/filter.h"
#include "ctl/records.h"
#include "ctl/wording.h"

int log_run(const struct options *o)
{
	struct json j = {.to = stdout};
	struct people people = {0};
	struct records_want want;
	struct records *records;
	const struct entry *e;
	struct filter filter;
	int r;

	if (filter_init(&filter, o, &want) < 0 || records_open(&records, &want) < 0)
		return STATUS_ERROR;
	while ((r = records_next(records, &e)) > 0) {
		if (!filter_passes(&filter, e))
			continue;
		if (o->json) {
			entry_json(&j, e, &people);
			json_end(&j);
		} else {
			entry_print(e, &people, stdout);
		}
		/* whoever follows wants each at once, and to be heard when nobody listens */
		if ((o->follow && fflush(stdout) != 0) || ferror(stdout))
			break;
	}
	records_close(records);
	filter_fini(&filter);
	return r < 0 ? STATUS_ERROR : STATUS_GOOD;
}
