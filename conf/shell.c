/* shell.c - one pass over the text; a word is never longer than what it was written with */
#include <errno.h>

#include "conf/shell.h"

struct shell {
	const char *at, *end;
	char *out; /* the words, one behind the other, each with its NUL */
	const char *why;
};

static bool is_gap(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void skip_gap(struct shell *s)
{
	while (s->at < s->end) {
		if (*s->at == '#') {
			while (s->at < s->end && *s->at != '\n')
				s->at++;
		} else if (is_gap(*s->at)) {
			s->at++;
		} else if (*s->at == '\\' && s->end - s->at > 1 && s->at[1] == '\n') {
			s->at += 2;
		} else {
			return;
		}
	}
}

static void take_quoted(struct shell *s)
{
	char quote = *s->at++;

	for (; s->at < s->end && *s->at != quote; s->at++) {
		if (quote == '"' && *s->at == '\\' && s->end - s->at > 1 &&
			memchr("\"\\`$\n", s->at[1], 5))
			s->at++;
		*s->out++ = *s->at;
	}
	if (s->at == s->end)
		s->why = "a quotation mark is not closed";
	else
		s->at++;
}

static void take_freed(struct shell *s)
{
	if (++s->at == s->end)
		s->why = "the text ends in a backslash";
	else if (*s->at == '\n')
		s->at++;
	else
		*s->out++ = *s->at++;
}

static void take_word(struct shell *s)
{
	while (!s->why && s->at < s->end && !is_gap(*s->at)) {
		if (*s->at == '\'' || *s->at == '"')
			take_quoted(s);
		else if (*s->at == '\\')
			take_freed(s);
		else
			*s->out++ = *s->at++;
	}
}

int shell_split(struct arena *arena, struct slice text, struct slice **ret_words, uint32_t *ret_n,
	const char **ret_why)
{
	/* a word takes at least one letter and, but the last, a gap; and a NUL where the gap was */
	struct slice *words = arena_take(arena, (text.size / 2 + 1) * sizeof(*words));
	struct shell s = {text.text, text.text + text.size, arena_take(arena, text.size + 1), NULL};
	uint32_t n = 0;

	if (arena->bad)
		return -ENOMEM;
	for (skip_gap(&s); !s.why && s.at < s.end; skip_gap(&s)) {
		const char *begin = s.out;

		take_word(&s);
		words[n++] = (struct slice){begin, (size_t)(s.out - begin)};
		*s.out++ = '\0';
	}
	if (!s.why && n == 0)
		s.why = "the text is empty";
	if (s.why) {
		*ret_why = s.why;
		return SHELL_BAD;
	}
	*ret_words = words;
	*ret_n = n;
	return 0;
}
