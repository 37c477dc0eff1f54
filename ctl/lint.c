/*
 * lint.c - runs the finders over each file and prints what they found, in the order of files and
 * lines. Each file is looked at by itself, as the package that brings it along would.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/printable.h"
#include "ctl/command.h"
#include "ctl/json.h"
#include "ctl/lint.h"

#define ACTIONS "/usr/share/polkit-1/actions"

static const struct {
	const char *name;
	enum severity severity;
	const char *advice;
} kinds[LINT_KINDS] = {
#define KIND(id, name, severity, advice) [LINT_##id] = {name, severity, advice},
#include "ctl/lint.def"
#undef KIND
};

static const char *const severities[] = {
	[NOTE] = "note", [WARNING] = "warning", [ERROR] = "error", [SEVERITIES] = "never"};

const char *lint_name(enum lint_kind kind)
{
	return kinds[kind].name;
}

static bool kind_is_ignored(const struct lint *l, enum lint_kind kind)
{
	for (uint32_t i = 0; i < l->options->ignored.n; i++)
		if (strcmp(l->options->ignored.list[i], kinds[kind].name) == 0)
			return true;
	return false;
}

/* Takes the texts of `f`. */
static void finding_keep(struct lint *l, struct finding f)
{
	struct finding *grown;

	if (!kind_is_ignored(l, f.kind) && f.file && f.why) {
		make_printable(f.file);
		make_printable(f.why);
		grown = realloc(l->findings, (l->findings_n + 1) * sizeof(*grown));
		if (grown) {
			l->findings = grown;
			grown[l->findings_n++] = f;
			return;
		}
	}
	l->failed |= !kind_is_ignored(l, f.kind);
	free(f.file);
	free(f.rule);
	free(f.why);
}

/* `text` as it was written. */
static void finding_add(struct lint *l, struct finding f, struct image_text file,
	struct image_text text, const char *why, va_list args)
{
	f.file = strdup(image_string(l->image, file));
	f.rule = text.at ? strdup(image_string(l->image, text)) : NULL;
	if (vasprintf(&f.why, why, args) < 0)
		f.why = NULL;
	finding_keep(l, f);
}

void lint_add(struct lint *l, enum lint_kind kind, const struct rule *rule, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	finding_add(l,
		(struct finding){
			.kind = kind, .severity = kinds[kind].severity, .line = rule->line},
		rule->file, rule->text, why, args);
	va_end(args);
}

void lint_add_restriction(
	struct lint *l, enum lint_kind kind, const struct restriction *r, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	finding_add(l,
		(struct finding){.kind = kind, .severity = kinds[kind].severity, .line = r->line},
		r->file, r->text, why, args);
	va_end(args);
}

void lint_add_override(
	struct lint *l, enum lint_kind kind, const struct override *o, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	finding_add(l,
		(struct finding){.kind = kind, .severity = kinds[kind].severity, .line = o->line},
		o->file, (struct image_text){0}, why, args);
	va_end(args);
}

void lint_add_as(struct lint *l, enum lint_kind kind, enum severity severity,
	const struct rule *rule, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	finding_add(l, (struct finding){.kind = kind, .severity = severity, .line = rule->line},
		rule->file, rule->text, why, args);
	va_end(args);
}

void lint_add_at(struct lint *l, enum lint_kind kind, enum severity severity, struct slice file,
	uint32_t line, struct slice why)
{
	finding_keep(
		l, (struct finding){kind, severity, strndup(file.text ? file.text : "", file.size),
			   NULL, strndup(why.text ? why.text : "", why.size), line});
}

static int finding_compare(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	int order = strcmp(a->file, b->file);

	if (order || a->line != b->line)
		return order ? order : a->line < b->line ? -1 : 1;
	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->why, b->why);
}

static void rules_look(struct lint *l)
{
	for (uint32_t i = 0; i < l->image->header->sections.count; i++) {
		const struct section *s = &l->image->sections[i];

		for (unsigned int verb = 0; verb < RULE_VERBS; verb++)
			for (uint32_t n = 0; n < s->rules[verb].count; n++) {
				uint32_t index = s->rules[verb].first + n;
				struct place_of_rule at = {s, &l->image->rules[index]};

				lint_forms(l, &at);
				if (l->dead[index])
					continue;
				lint_sends(l, &at);
				lint_denies(l, &at);
				lint_owns(l, &at);
				lint_arguments(l, &at);
				lint_checks(l, &at);
				lint_audits(l, &at);
				lint_sees(l, &at);
			}
	}
}

static void policy_look(struct lint *l, const struct policy *policy)
{
	lint_complaints(l, policy);
	if (!policy->image.header)
		return;
	l->image = &policy->image;
	l->dead = calloc((size_t)policy->image.header->rules.count + 1, sizeof(bool));
	if (l->dead) {
		lint_hidden(l);
		rules_look(l);
		lint_restrictions(l);
		lint_patterns(l);
		lint_trials(l);
		lint_foreign(l);
	}
	l->failed |= !l->dead;
	free(l->dead);
	l->dead = NULL;
	l->image = NULL;
}

/* 0; -1 where there is nothing to look at, which was told. */
static int file_look(struct lint *l, const char *path)
{
	struct policy policy;
	int e = policy_open_quietly(&policy, path);
	bool spoke = !list_is_empty(&policy.compilation.complaints.all);

	policy_look(l, &policy);
	policy_close(&policy);
	return e < 0 && !spoke ? -1 : 0;
}

/* What --config or --live names, or the shipped configuration, as a whole. */
static int whole_look(struct lint *l, const struct options *o)
{
	struct policy policy;
	int e = policy_open(&policy, o);

	policy_look(l, &policy);
	policy_close(&policy);
	return e;
}

static int name_is_config(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

/* A file, or each *.conf of a folder. */
static int path_look(struct lint *l, const char *path)
{
	struct dirent **names = NULL;
	struct stat st;
	int n, e = 0;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return file_look(l, path);
	n = scandir(path, &names, name_is_config, alphasort);
	if (n < 0) {
		say("%s: %s", path, strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		DROP_HEAP char *file = NULL;

		if (asprintf(&file, "%s/%s", path, names[i]->d_name) < 0)
			file = NULL;
		if (!file || file_look(l, file) < 0)
			e = -1;
		free(names[i]);
	}
	free(names);
	return e;
}

static void finding_print(const struct finding *f, struct json *j, bool json)
{
	if (!json) {
		printf("%s", f->file);
		if (f->line)
			printf(":%" PRIu32, f->line);
		printf(": %s: %s [%s]\n", severities[f->severity], f->why, kinds[f->kind].name);
		if (f->rule)
			printf("    %s\n", f->rule);
		printf("    %s\n", kinds[f->kind].advice);
		return;
	}
	json_open(j, NULL, '{');
	json_string(j, "id", kinds[f->kind].name);
	json_string(j, "severity", severities[f->severity]);
	json_string(j, "file", f->file);
	json_number(j, "line", f->line);
	json_string(j, "rule", f->rule);
	json_string(j, "why", f->why);
	json_string(j, "advice", kinds[f->kind].advice);
	json_close(j, '}');
}

/* Prints all; returns whether one of them is at `fail_on` or above. */
static bool findings_print(struct lint *l, enum severity fail_on)
{
	struct json j = {.to = stdout};
	uint32_t counts[SEVERITIES] = {0};
	bool bad = false;

	if (l->findings_n)
		qsort(l->findings, l->findings_n, sizeof(*l->findings), finding_compare);
	if (l->options->json)
		json_open(&j, NULL, '[');
	for (uint32_t i = 0; i < l->findings_n; i++) {
		finding_print(&l->findings[i], &j, l->options->json);
		counts[l->findings[i].severity]++;
		bad |= l->findings[i].severity >= fail_on;
	}
	if (l->options->json) {
		json_close(&j, ']');
		json_end(&j);
	} else {
		printf("errors: %" PRIu32 ", warnings: %" PRIu32 ", notes: %" PRIu32 "\n",
			counts[ERROR], counts[WARNING], counts[NOTE]);
	}
	return bad;
}

static int options_check(const struct options *o, enum severity *ret_fail_on)
{
	unsigned int level;

	for (level = 0; o->fail_on && level <= SEVERITIES; level++)
		if (strcmp(o->fail_on, severities[level]) == 0)
			break;
	if (level > SEVERITIES)
		return say("--fail-on: \"%s\" is none of error, warning, note, never", o->fail_on);
	for (uint32_t i = 0; i < o->ignored.n; i++) {
		unsigned int kind = 0;

		while (kind < LINT_KINDS && strcmp(o->ignored.list[i], kinds[kind].name) != 0)
			kind++;
		if (kind == LINT_KINDS)
			return say("--ignore: there are no findings called \"%s\"",
				o->ignored.list[i]);
	}
	*ret_fail_on = o->fail_on ? level : WARNING;
	return 0;
}

static void lint_fini(struct lint *l)
{
	for (uint32_t i = 0; i < l->findings_n; i++) {
		free(l->findings[i].file);
		free(l->findings[i].rule);
		free(l->findings[i].why);
	}
	free(l->findings);
	writer_fini(&l->actions);
}

int lint_run(const struct options *o)
{
	struct lint l = {.options = o};
	enum severity fail_on = WARNING;
	int status;

	if (options_check(o, &fail_on))
		return STATUS_ERROR;
	for (uint32_t i = 0; i < o->actions.n; i++)
		lint_actions_read(&l, o->actions.list[i]);
	if (o->actions.n == 0)
		lint_actions_read(&l, ACTIONS);
	status = STATUS_GOOD;
	for (uint32_t i = 0; i < o->rest_n; i++)
		if (path_look(&l, o->rest[i]) < 0)
			status = STATUS_ERROR;
	if (o->rest_n == 0 && whole_look(&l, o) < 0)
		status = STATUS_ERROR;
	if (findings_print(&l, fail_on) && status == STATUS_GOOD)
		status = STATUS_BAD;
	if (l.failed)
		status = say("%s", strerror(ENOMEM));
	lint_fini(&l);
	return status;
}
