/*
 * broker_agent.c - encoder and decoder of each message stand together. Each side takes the other for
 * somebody who may have been taken over: what is missing, left over or out of range is refused.
 */
#include <errno.h>

#include "base/reader.h"
#include "link/broker_agent.h"

void agent_ask_write(struct writer *w, const struct agent_ask *m)
{
	writer_u64(w, m->id);
	writer_u32(w, m->interactive);
	writer_text(w, m->subject);
	writer_text(w, m->action);
	writer_u32(w, m->details_n);
	for (uint32_t i = 0; i < m->details_n; i++) {
		writer_text(w, m->details[i].key);
		writer_text(w, m->details[i].value);
	}
}

int agent_ask_read(const struct letter *l, struct agent_ask *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct agent_ask m = {0};
	uint32_t interactive;

	m.id = reader_u64(&r);
	interactive = reader_u32(&r);
	m.subject = reader_text(&r);
	m.action = reader_text(&r);
	m.details_n = reader_u32(&r);
	if (interactive > 1 || m.details_n > AGENT_DETAILS)
		return -EBADMSG;
	m.interactive = interactive == 1;
	for (uint32_t i = 0; i < m.details_n; i++) {
		m.details[i].key = reader_text(&r);
		m.details[i].value = reader_text(&r);
	}
	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = m;
	return 0;
}

void agent_answer_write(struct writer *w, const struct agent_answer *m)
{
	writer_u64(w, m->id);
	writer_u32(w, m->result);
	writer_text(w, m->action);
	writer_text(w, m->text);
}

int agent_answer_read(const struct letter *l, struct agent_answer *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct agent_answer m;
	uint32_t result;

	m.id = reader_u64(&r);
	result = reader_u32(&r);
	m.action = reader_text(&r);
	m.text = reader_text(&r);
	if (!reader_is_done(&r) || result >= AGENT_RESULTS)
		return -EBADMSG;
	m.result = (enum agent_result)result;
	*ret = m;
	return 0;
}

void agent_name_write(struct writer *w, struct slice name)
{
	writer_text(w, name);
}

int agent_name_read(const struct letter *l, struct slice *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct slice name = reader_text(&r);

	if (!reader_is_done(&r) || !name.size || name.size > AGENT_NAME_MAX)
		return -EBADMSG;
	*ret = name;
	return 0;
}

void agent_cancel_write(struct writer *w, uint64_t id)
{
	writer_u64(w, id);
}

int agent_cancel_read(const struct letter *l, uint64_t *ret)
{
	struct reader r = reader_of(l->data, l->size);
	uint64_t id = reader_u64(&r);

	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = id;
	return 0;
}
