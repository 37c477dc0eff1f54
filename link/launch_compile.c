/*
 * launch_compile.c - the list of texts with which the compiler says why there is no image. What it
 * read was written by anybody: launch takes nothing of it on trust but bytes to be logged.
 */
#include <errno.h>

#include "base/reader.h"
#include "link/launch_compile.h"

void compile_failed_write(struct writer *w, const struct slice *texts, uint32_t n)
{
	writer_u32(w, n);
	for (uint32_t i = 0; i < n; i++)
		writer_text(w, texts[i]);
}

int compile_failed_read(const struct letter *l, struct slice *texts, uint32_t max, uint32_t *ret_n)
{
	struct reader r = reader_of(l->data, l->size);
	uint32_t n = reader_u32(&r);

	for (uint32_t i = 0; i < n && !r.bad; i++) {
		struct slice text = reader_text(&r);

		if (i < max)
			texts[i] = text;
	}
	if (!reader_is_done(&r) || n == 0)
		return -EBADMSG;
	*ret_n = n < max ? n : max;
	return 0;
}
