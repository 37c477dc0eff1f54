/* reading.c - what the readers of elements, rules and includes share */
#include <errno.h>
#include <stdlib.h>

#include "conf/reading.h"

#define WORDS_MAX 1000

static void reading_complain(struct reading *r, int level, const char *format, va_list args)
{
	struct place at = {r->path, r->sink.line};
	char words[WORDS_MAX];

	vsnprintf(words, sizeof(words), format, args);
	complain(&r->c->complaints, level, &at, "%s", words);
}

int reading_fault(struct reading *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reading_complain(r, r->confined ? LOG_ERR : LOG_CRIT, format, args);
	va_end(args);
	return r->c->arena.bad ? -ENOMEM : FAULT_CONFIG;
}

void reading_remark(struct reading *r, int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reading_complain(r, level, format, args);
	va_end(args);
}

struct slice reading_path(struct reading *r, struct slice text)
{
	if (text.size > 0 && text.text[0] == '/')
		return text;
	return arena_print(&r->c->arena, "%.*s/%.*s", SLICE_FMT(r->folder), SLICE_FMT(text));
}

const char *attribute_find(const char *const *attributes, const char *name)
{
	for (; *attributes; attributes += 2) {
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	}
	return NULL;
}

int attribute_choice(struct reading *r, const char *const *attributes, const char *name,
	const char *yes, const char *no, bool *ret)
{
	const char *value = attribute_find(attributes, name);

	*ret = value && strcmp(value, yes) == 0;
	if (!value || *ret || strcmp(value, no) == 0)
		return 0;
	return reading_fault(r, "bad value \"%s\" for %s: must be %s or %s", value, name, yes, no);
}

int item_append(struct arena *arena, struct list *to, struct slice text)
{
	struct item *item = arena_take(arena, sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->text = text;
	list_append(to, &item->link);
	return 0;
}

int number_read(struct reading *r, const char *what, const char *text, int64_t *ret)
{
	char *end;
	long long v;
	bool plain;

	errno = 0;
	v = strtoll(text, &end, 0);
	if (end == text)
		return -EINVAL;
	if (errno)
		return -ERANGE;
	plain = strspn(text, "0123456789") == strlen(text) && (text[0] != '0' || !text[1]);
	if (v >= 0 && !plain)
		reading_remark(r, LOG_WARNING,
			"%s=\"%s\" is no plain decimal number, taken as %lld", what, text, v);
	*ret = v;
	return 0;
}
