/* json.c - a small writer of JSON (RFC 8259); whoever calls it keeps brackets in pairs */
#include <inttypes.h>

#include "ctl/json.h"

/* The size of the well-formed UTF-8 sequence at the beginning of `s`, or 0. */
static size_t utf8_size(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.text;
	size_t size = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (size == 0 || p[0] > 0xf4 || size > s.size)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, and what lies behind the last code point */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return size;
}

static void json_quote(struct json *j, struct slice s)
{
	fputc('"', j->to);
	while (s.size > 0) {
		unsigned char c = (unsigned char)s.text[0];
		size_t size = utf8_size(s);

		if (size == 0)
			fputs("\\ufffd", j->to);
		else if (c == '"' || c == '\\')
			fprintf(j->to, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(j->to, "\\u%04x", c);
		else if (c == 0xc2 && (unsigned char)s.text[1] < 0xa0) /* for terminals */
			fprintf(j->to, "\\u%04x", (unsigned char)s.text[1]);
		else
			fwrite(s.text, 1, size, j->to);
		size = size ? size : 1;
		s.text += size;
		s.size -= size;
	}
	fputc('"', j->to);
}

static void json_begin(struct json *j, const char *key)
{
	if (j->follows)
		fputc(',', j->to);
	j->follows = true;
	if (!key)
		return;
	json_quote(j, slice_of(key));
	fputc(':', j->to);
}

void json_open(struct json *j, const char *key, char bracket)
{
	json_begin(j, key);
	fputc(bracket, j->to);
	j->follows = false;
}

void json_close(struct json *j, char bracket)
{
	fputc(bracket, j->to);
	j->follows = true;
}

void json_text(struct json *j, const char *key, struct slice text)
{
	json_begin(j, key);
	if (text.text)
		json_quote(j, text);
	else
		fputs("null", j->to);
}

void json_string(struct json *j, const char *key, const char *text)
{
	json_text(j, key, slice_of(text));
}

void json_number(struct json *j, const char *key, int64_t number)
{
	json_begin(j, key);
	fprintf(j->to, "%" PRId64, number);
}

void json_truth(struct json *j, const char *key, bool truth)
{
	json_begin(j, key);
	fputs(truth ? "true" : "false", j->to);
}

void json_end(struct json *j)
{
	fputc('\n', j->to);
	j->follows = false;
}
