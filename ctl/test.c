/*
 * test.c - requests with the verdicts that are expected of them, a line each: "allow", "ask" (polkit) or
 * "deny" and then the options of check. For who packages policy, and wants to know that it stays as it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "conf/file.h"
#include "conf/shell.h"
#include "ctl/ask.h"
#include "ctl/command.h"

#define FILE_MAX (1u << 20)

struct run {
	const struct policy *policy;
	const struct options *options;
	struct json json;
	uint32_t passed, failed;
};

/* One line of a file. */
struct line {
	const char *file;
	uint32_t number;
	const char *expected; /* the word for it */
};

static int line_bad(const struct line *l, const char *why)
{
	say("%s:%" PRIu32 ": %s", l->file, l->number, why);
	return -1;
}

static void line_print(struct run *run, const struct line *l, struct ask *a)
{
	struct outcome answer;
	DROP_HEAP char *question = ask_describe(a);
	DROP_HEAP char *sentence = NULL;
	bool good;

	ask_answer(a, &answer);
	good = strcmp(answer_word(&answer.verdict), l->expected) == 0;
	sentence = answer_sentence(&answer.verdict, &a->request);
	run->passed += good;
	run->failed += !good;
	if (run->options->json) {
		json_open(&run->json, NULL, '{');
		json_string(&run->json, "file", l->file);
		json_number(&run->json, "line", l->number);
		json_truth(&run->json, "passed", good);
		json_string(&run->json, "expected", l->expected);
		json_string(&run->json, "question", question);
		answer_json(&run->json, &answer, &a->request);
		json_close(&run->json, '}');
	} else if (!good) {
		printf("%s:%" PRIu32 ": FAIL: %s\n    expected: %s\n    %s\n", l->file, l->number,
			question ? question : "", l->expected,
			sentence ? sentence : answer_word(&answer.verdict));
	}
}

/* `argv`: the options, with the name that getopt complains under before them. */
static int request_run(struct run *run, const struct line *l, int argc, char **argv)
{
	struct options o;
	struct ask a = {0};
	int e = options_read(&o, TAKES_SUBJECT | TAKES_PEER, argc, argv);

	if (e == 0 && o.rest_n)
		e = line_bad(l, "what is behind the verdict has to be options of check");
	else if (e == 0)
		e = ask_init(&a, run->policy, &o);
	if (e == 0 && a.wish == WISH_LIMITS)
		e = line_bad(l, "limits are no verdict");
	if (e == 0)
		line_print(run, l, &a);
	else
		line_bad(l, "there is no answer to this");
	ask_fini(&a);
	options_fini(&o);
	return e ? -1 : 0;
}

static const char *expected_word(struct slice word)
{
	static const char *const words[] = {"allow", "ask", "deny"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_is(word, words[i]))
			return words[i];
	return NULL;
}

static int line_run(struct run *run, struct line *l, struct arena *arena, struct slice text)
{
	DROP_HEAP char *name = NULL;
	DROP_HEAP char **argv = NULL;
	struct slice *words;
	const char *why;
	uint32_t n;

	if (shell_split(arena, text, &words, &n, &why))
		return line_bad(l, arena->bad ? strerror(ENOMEM) : why);
	l->expected = expected_word(words[0]);
	if (!l->expected)
		return line_bad(l, "a line begins with allow, ask or deny");
	argv = calloc((size_t)n + 1, sizeof(*argv));
	if (!argv || asprintf(&name, "%s:%" PRIu32, l->file, l->number) < 0)
		return line_bad(l, strerror(ENOMEM));
	argv[0] = name;
	for (uint32_t i = 1; i < n; i++)
		argv[i] = (char *)words[i].text;
	return request_run(run, l, (int)n, argv);
}

static bool line_is_empty(struct slice text)
{
	size_t blanks = strspn(text.text, " \t\r");

	return blanks >= text.size || text.text[blanks] == '#';
}

static int lines_run(struct run *run, struct arena *arena, const char *path, char *data)
{
	struct line l = {.file = path};
	int e = 0;

	for (char *end, *at = data; *at; at = end) {
		size_t size = strcspn(at, "\n");

		end = at + size + (at[size] == '\n');
		at[size] = '\0';
		l.number++;
		if (!line_is_empty((struct slice){at, size}) &&
			line_run(run, &l, arena, (struct slice){at, size}) < 0)
			e = -1;
	}
	return e;
}

static int file_run(struct run *run, const char *path)
{
	DROP_FD int fd = file_open(path);
	DROP_HEAP char *data = NULL;
	struct arena arena = {0};
	size_t size;
	int e = fd < 0 ? fd : file_read(fd, FILE_MAX, &data, &size);

	if (e < 0) {
		say("%s: %s", path, strerror(-e));
		return -1;
	}
	if (strlen(data) != size) {
		say("%s: not a text", path);
		return -1;
	}
	e = lines_run(run, &arena, path, data);
	arena_fini(&arena);
	return e;
}

static int files_run(struct run *run)
{
	const struct options *o = run->options;
	int e = 0;

	if (o->json)
		json_open(&run->json, NULL, '[');
	for (uint32_t i = 0; i < o->rest_n; i++)
		if (file_run(run, o->rest[i]) < 0)
			e = -1;
	if (o->json) {
		json_close(&run->json, ']');
		json_end(&run->json);
	} else {
		printf("%" PRIu32 " passed, %" PRIu32 " failed\n", run->passed, run->failed);
	}
	if (e < 0)
		return STATUS_ERROR;
	if (run->passed + run->failed == 0)
		return say("the files ask nothing");
	return run->failed ? STATUS_BAD : STATUS_GOOD;
}

int test_run(const struct options *o)
{
	struct policy policy;
	struct run run = {.policy = &policy, .options = o, .json = {.to = stdout}};
	int status = policy_open(&policy, o) == 0 ? files_run(&run) : STATUS_ERROR;

	policy_close(&policy);
	return status;
}
