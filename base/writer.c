/* writer.c - a growing buffer that fails once and stays failed */
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"

void writer_fini(struct writer *w)
{
	free(w->data);
	*w = (struct writer){.limit = w->limit};
}

void *writer_grow(struct writer *w, size_t size)
{
	size_t need = w->size + size;

	if (w->bad || need < size || (w->limit && need > w->limit)) {
		w->bad = true;
		return NULL;
	}
	if (need > w->room || !w->data) {
		size_t room = w->room ? w->room : 256;
		uint8_t *data;

		while (room < need)
			room *= 2;
		data = realloc(w->data, room);
		if (!data) {
			w->bad = true;
			return NULL;
		}
		w->data = data;
		w->room = room;
	}
	w->size = need;
	return w->data + need - size;
}

void writer_bytes(struct writer *w, const void *data, size_t size)
{
	void *p = writer_grow(w, size);

	if (p && size)
		memcpy(p, data, size);
}

void writer_u32(struct writer *w, uint32_t v)
{
	writer_bytes(w, &v, sizeof(v));
}

void writer_u64(struct writer *w, uint64_t v)
{
	writer_bytes(w, &v, sizeof(v));
}

void writer_text(struct writer *w, struct slice s)
{
	writer_u32(w, (uint32_t)s.size);
	writer_bytes(w, s.text, s.size);
	writer_bytes(w, "", 1);
}
