/* desktop.c - line by line; a line that is not understood is a fault, as it is for the reference */
#include <errno.h>

#include "conf/desktop.h"

struct lines {
	const char *at, *end;
	uint32_t line;
};

static bool next_line(struct lines *l, struct slice *ret)
{
	const char *end;

	if (l->at == l->end)
		return false;
	end = memchr(l->at, '\n', (size_t)(l->end - l->at));
	*ret = (struct slice){l->at, (size_t)((end ? end : l->end) - l->at)};
	if (ret->size > 0 && ret->text[ret->size - 1] == '\r')
		ret->size--;
	l->at = end ? end + 1 : l->end;
	l->line++;
	return true;
}

static bool is_key_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice without_blanks(struct slice s)
{
	while (s.size > 0 && is_blank(s.text[0])) {
		s.text++;
		s.size--;
	}
	while (s.size > 0 && is_blank(s.text[s.size - 1]))
		s.size--;
	return s;
}

/* UTF-8 without NUL, surrogates, overlong forms: length of the sequence at `p`, 0 if it is none. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0, 1}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t n = 1; n <= 4; n++) {
		uint32_t v = p[0] & (unsigned char)~forms[n - 1].mask;

		if ((p[0] & forms[n - 1].mask) != forms[n - 1].lead)
			continue;
		if (n > left)
			return 0;
		for (size_t i = 1; i < n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			v = v << 6 | (p[i] & 0x3f);
		}
		return v < forms[n - 1].least || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? 0
											     : n;
	}
	return 0;
}

static bool line_is_utf8(struct slice s)
{
	for (size_t i = 0; i < s.size;) {
		size_t n = utf8_length((const unsigned char *)s.text + i, s.size - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

static const char *section_read(struct slice line, struct slice *ret)
{
	const char *close = memchr(line.text, ']', line.size);

	if (!close || close != line.text + line.size - 1)
		return "a section must end in ']'";
	*ret = (struct slice){line.text + 1, (size_t)(close - line.text - 1)};
	for (size_t i = 0; i < ret->size; i++) {
		unsigned char c = (unsigned char)ret->text[i];

		if (c < 0x20 || c >= 0x7f || c == '[')
			return "bad character in the name of a section";
	}
	return ret->size > 0 ? NULL : "a section has no name";
}

/* The escapes of values: \s \n \t \r \\ and no other. */
static const char *value_read(struct arena *arena, struct slice raw, struct slice *ret)
{
	static const char from[] = "sntr\\", to[] = " \n\t\r\\";
	struct slice copy = arena_text(arena, (struct slice){raw.text ? raw.text : "", raw.size});
	char *out = (char *)copy.text;
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < raw.size; i++) {
		const char *escape;

		if (raw.text[i] != '\\') {
			out[n++] = raw.text[i];
			continue;
		}
		if (++i == raw.size)
			return "a value ends in a backslash";
		escape = strchr(from, raw.text[i]);
		if (!escape)
			return "unknown escape in a value";
		out[n++] = to[escape - from];
	}
	out[n] = '\0';
	*ret = (struct slice){out, n};
	return NULL;
}

static const char *entry_read(struct arena *arena, struct slice line, struct desktop_entry *ret)
{
	const char *equal = memchr(line.text, '=', line.size);
	const char *end = line.text + line.size, *at = line.text;

	if (!equal)
		return "neither section nor key=value nor comment";
	while (at < equal && is_key_letter((unsigned char)*at))
		at++;
	ret->key = (struct slice){line.text, (size_t)(at - line.text)};
	if (ret->key.size == 0)
		return "a key is empty or begins with a bad character";
	ret->locale = (struct slice){NULL, 0};
	if (*at == '[') {
		const char *close = memchr(at, ']', (size_t)(end - at));

		if (!close)
			return "a locale must end in ']'";
		ret->locale = (struct slice){at + 1, (size_t)(close - at - 1)};
		at = close + 1;
	}
	while (at < end && is_blank(*at))
		at++;
	if (at == end || *at != '=')
		return "bad character in a key";
	at++;
	while (at < end && is_blank(*at))
		at++;
	return value_read(arena, (struct slice){at, (size_t)(end - at)}, &ret->value);
}

/* How many entries there can be at most. */
static size_t entries_bound(struct slice data)
{
	size_t n = 0;

	for (size_t i = 0; i < data.size; i++)
		n += data.text[i] == '=';
	return n;
}

int desktop_parse(struct arena *arena, struct slice data, struct desktop *ret, uint32_t *ret_line,
	const char **ret_why)
{
	struct lines lines = {data.text, data.text + data.size, 0};
	struct slice section = {NULL, 0}, line;
	const char *why = NULL;
	struct desktop d = {0};

	/* and one for a line that is found to be no entry */
	d.entries = arena_take(arena, (entries_bound(data) + 1) * sizeof(*d.entries));
	while (!arena->bad && !why && next_line(&lines, &line)) {
		struct slice bare = without_blanks(line);

		if (!line_is_utf8(line)) {
			why = "not UTF-8";
		} else if (bare.size == 0 || bare.text[0] == '#') {
			continue;
		} else if (line.text[0] == '[') {
			why = section_read(bare, &section);
		} else if (!section.text) {
			why = "a key stands before the first section";
		} else {
			why = entry_read(arena, line, &d.entries[d.n]);
			d.entries[d.n].section = section;
			d.entries[d.n].line = lines.line;
			d.n++;
		}
	}
	if (arena->bad)
		return -ENOMEM;
	if (why) {
		*ret_line = lines.line;
		*ret_why = why;
		return DESKTOP_BAD;
	}
	*ret = d;
	return 0;
}

const struct desktop_entry *desktop_find(
	const struct desktop *d, const char *section, const char *key)
{
	const char *first = NULL;

	for (uint32_t i = 0; i < d->n; i++) {
		const struct desktop_entry *e = &d->entries[i];

		if (!slice_is(e->section, section))
			continue;
		if (!first)
			first = e->section.text;
		if (e->section.text == first && !e->locale.text && slice_is(e->key, key))
			return e;
	}
	return NULL;
}
