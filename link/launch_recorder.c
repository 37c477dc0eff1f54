/* launch_recorder.c - letters between launch and the recorder; each knows the other's to be bounded */
#include <errno.h>

#include "base/reader.h"
#include "link/launch_recorder.h"

void recorder_ready_write(struct writer *w, const struct recorder_ready *m)
{
	writer_u32(w, m->preferred);
	writer_text(w, m->sink);
	writer_text(w, m->why);
}

int recorder_ready_read(const struct letter *l, struct recorder_ready *ret)
{
	struct reader r = reader_of(l->data, l->size);
	uint32_t preferred = reader_u32(&r);
	struct recorder_ready m = {.preferred = preferred == 1, .sink = reader_text(&r)};

	m.why = reader_text(&r);
	if (!reader_is_done(&r) || preferred > 1)
		return -EBADMSG;
	*ret = m;
	return 0;
}

void recorder_exe_write(struct writer *w, const struct recorder_exe *m)
{
	writer_u64(w, m->cookie);
	writer_text(w, m->path);
}

int recorder_exe_read(const struct letter *l, struct recorder_exe *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct recorder_exe m = {.cookie = reader_u64(&r)};

	m.path = reader_text(&r);
	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = m;
	return 0;
}

void recorder_question_write(struct writer *w, const struct recorder_question *m)
{
	writer_u64(w, m->cookie);
	writer_text(w, m->name);
	writer_u64(w, (uint64_t)m->pid);
}

int recorder_question_read(const struct letter *l, struct recorder_question *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct recorder_question m = {.cookie = reader_u64(&r)};

	m.name = reader_text(&r);
	m.pid = (int64_t)reader_u64(&r);
	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = m;
	return 0;
}
