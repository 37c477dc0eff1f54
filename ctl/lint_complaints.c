/* lint_complaints.c - what the compiler complained of, as findings */
#include "ctl/lint.h"

/* How its sentences begin; what begins otherwise is sorted by its level. */
static const struct {
	const char *begins;
	enum lint_kind kind;
	enum severity severity;
} known[] = {
	{"unknown user ", LINT_UNKNOWN_USER, WARNING},
	{"unknown group ", LINT_UNKNOWN_USER, WARNING},
	{"this deny is lost", LINT_LOST_DENY, ERROR},
	{"this check is lost", LINT_LOST_DENY, ERROR},
	{"nobody can be in a unit ", LINT_UNIT_PATTERN, WARNING},
	{"at_console=", LINT_AT_CONSOLE, WARNING},
	{"who may connect is not decided in an at_console", LINT_AT_CONSOLE, WARNING},
};

/* Not of interest where a fragment is looked at by itself. */
static const char no_listen[] = "there is no <listen>";

static void complaint_look(
	struct lint *l, uint32_t level, struct slice file, uint32_t line, struct slice text)
{
	if (text.size >= sizeof(no_listen) - 1 &&
		memcmp(text.text, no_listen, sizeof(no_listen) - 1) == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t n = strlen(known[i].begins);

		if (text.size < n || memcmp(text.text, known[i].begins, n) != 0)
			continue;
		lint_add_at(l, known[i].kind, known[i].severity, file, line, text);
		return;
	}
	if (level <= LOG_ERR)
		lint_add_at(l, LINT_BROKEN, ERROR, file, line, text);
	else
		lint_add_at(
			l, LINT_DOUBTFUL, level <= LOG_WARNING ? WARNING : NOTE, file, line, text);
}

void lint_complaints(struct lint *l, const struct policy *policy)
{
	const struct image *image = &policy->image;

	if (image->header) {
		for (uint32_t i = 0; i < image->header->complaints.count; i++) {
			const struct complaint *c = &image->complaints[i];

			complaint_look(l, c->level, image_slice(image, c->file), c->line,
				image_slice(image, c->text));
		}
		return;
	}
	list_for_each (at, &policy->compilation.complaints.all) {
		const struct remark *r = list_entry(at, struct remark, link);

		complaint_look(l, (uint32_t)r->level, r->at.file, r->at.line, r->text);
	}
}
