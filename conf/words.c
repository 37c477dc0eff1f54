/* words.c - an element as it was written, for whoever is told of it: in one line, with its escapes */
#include <stdio.h>

#include "base/drop.h"
#include "conf/reading.h"

/* `text` as it may stand between quotation marks, what needs no escape in whole stretches */
static void writer_escaped(struct writer *w, const char *text)
{
	static const char *const escapes[128] = {['&'] = "&amp;",
		['<'] = "&lt;",
		['>'] = "&gt;",
		['"'] = "&quot;",
		['\t'] = "&#9;",
		['\n'] = "&#10;",
		['\r'] = "&#13;",
		[0x7f] = "&#127;"};
	const char *plain = text;
	char c1[8];

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
		const char *start = text;
		const char *escape = c < ARRAY_SIZE(escapes) ? escapes[c] : NULL;

		/* control characters of two bytes, which XML has as well */
		if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
			snprintf(c1, sizeof(c1), "&#%u;", next);
			escape = c1;
			text++;
		}
		if (!escape)
			continue;
		writer_bytes(w, plain, (size_t)(start - plain));
		writer_bytes(w, escape, strlen(escape));
		plain = text + 1;
	}
	writer_bytes(w, plain, (size_t)(text - plain));
}

struct slice element_words(struct arena *arena, const char *name, const char *const *attributes)
{
	struct slice words = {NULL, 0};
	struct writer w = {0};

	writer_bytes(&w, "<", 1);
	writer_bytes(&w, name, strlen(name));
	for (; *attributes; attributes += 2) {
		writer_bytes(&w, " ", 1);
		writer_bytes(&w, attributes[0], strlen(attributes[0]));
		writer_bytes(&w, "=\"", 2);
		writer_escaped(&w, attributes[1]);
		writer_bytes(&w, "\"", 1);
	}
	writer_bytes(&w, "/>", 2);
	if (!w.bad)
		words = arena_text(arena, (struct slice){(const char *)w.data, w.size});
	writer_fini(&w);
	return words;
}
