/* complaint.c - the list of complaints; texts of files come into them, so they are made printable */
#include <string.h>

#include "base/printable.h"
#include "conf/complaint.h"

#define TEXT_MAX 1000

void complaints_init(struct complaints *c, struct arena *arena)
{
	*c = (struct complaints){.arena = arena};
	list_init(&c->all);
}

void complain(struct complaints *c, int level, const struct place *at, const char *format, ...)
{
	char text[TEXT_MAX];
	struct remark *r;
	va_list args;

	if (level <= LOG_ERR)
		c->faults++;
	/* what stops the compilation is told in any case */
	if (c->n >= COMPLAINTS_MAX && level > LOG_CRIT) {
		c->unkept++;
		return;
	}
	r = arena_take(c->arena, sizeof(*r));
	if (!r)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_printable(text);
	*r = (struct remark){.at = *at, .level = level};
	r->text = arena_text(c->arena, slice_of(text));
	list_append(&c->all, &r->link);
	c->n++;
}

void complaints_close(struct complaints *c, const struct place *at)
{
	uint32_t n = c->unkept;

	if (n == 0)
		return;
	c->n = COMPLAINTS_MAX - 1;
	complain(c, LOG_WARNING, at, "and %u more complaints", n);
}

struct slice remark_words(const struct remark *r, struct arena *arena)
{
	struct slice words = r->at.line == 0
				     ? arena_print(arena, "%.*s: %.*s", SLICE_FMT(r->at.file),
					       SLICE_FMT(r->text))
				     : arena_print(arena, "%.*s:%u: %.*s", SLICE_FMT(r->at.file),
					       r->at.line, SLICE_FMT(r->text));

	/* files can be called anything, too; the arena's texts are ours to change */
	if (words.text)
		make_printable((char *)(uintptr_t)words.text);
	return words;
}
