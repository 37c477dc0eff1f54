/*
 * launch_broker.c - encoder and decoder of each message stand together. The decoders take bytes from
 * the other side of a trust border: whatever is missing, left over or not a truth value is refused.
 */
#include <errno.h>

#include "base/reader.h"
#include "link/launch_broker.h"

void broker_setup_write(struct writer *w, const struct broker_setup *m)
{
	writer_text(w, m->guid);
	writer_text(w, m->machine_id);
	writer_u32(w, m->pid);
	writer_u32(w, m->flags);
}

int broker_setup_read(const struct letter *l, struct broker_setup *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct broker_setup m;

	m.guid = reader_text(&r);
	m.machine_id = reader_text(&r);
	m.pid = reader_u32(&r);
	m.flags = reader_u32(&r);
	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = m;
	return 0;
}

void broker_answer_write(struct writer *w, const struct broker_answer *m)
{
	writer_u64(w, m->serial);
	writer_u32(w, m->ok);
	writer_text(w, m->text);
}

int broker_answer_read(const struct letter *l, struct broker_answer *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct broker_answer m;
	uint32_t ok;

	m.serial = reader_u64(&r);
	ok = reader_u32(&r);
	m.text = reader_text(&r);
	if (!reader_is_done(&r) || ok > 1)
		return -EBADMSG;
	m.ok = ok == 1;
	*ret = m;
	return 0;
}

void broker_start_write(struct writer *w, const struct broker_start *m)
{
	writer_u64(w, m->serial);
	writer_text(w, m->name);
}

int broker_start_read(const struct letter *l, struct broker_start *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct broker_start m;

	m.serial = reader_u64(&r);
	m.name = reader_text(&r);
	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = m;
	return 0;
}

void broker_failure_write(struct writer *w, const struct broker_failure *m)
{
	writer_u64(w, m->serial);
	writer_text(w, m->name);
	writer_text(w, m->error);
	writer_text(w, m->text);
}

int broker_failure_read(const struct letter *l, struct broker_failure *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct broker_failure m;

	m.serial = reader_u64(&r);
	m.name = reader_text(&r);
	m.error = reader_text(&r);
	m.text = reader_text(&r);
	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = m;
	return 0;
}

void broker_greeting_write(struct writer *w, const struct broker_greeting *m)
{
	writer_text(w, m->name);
	writer_u64(w, (uint64_t)m->pid);
}

int broker_greeting_read(const struct letter *l, struct broker_greeting *ret)
{
	struct reader r = reader_of(l->data, l->size);
	struct broker_greeting m = {.name = reader_text(&r)};

	m.pid = (int64_t)reader_u64(&r);
	if (!reader_is_done(&r) || m.name.size >= BROKER_GREETING_NAME)
		return -EBADMSG;
	*ret = m;
	return 0;
}

void broker_serial_write(struct writer *w, uint64_t serial)
{
	writer_u64(w, serial);
}

int broker_serial_read(const struct letter *l, uint64_t *ret)
{
	struct reader r = reader_of(l->data, l->size);
	uint64_t serial = reader_u64(&r);

	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret = serial;
	return 0;
}

void broker_texts_write(struct writer *w, const struct slice *texts, uint32_t n)
{
	writer_u32(w, n);
	for (uint32_t i = 0; i < n; i++)
		writer_text(w, texts[i]);
}

int broker_texts_read(const struct letter *l, struct slice *texts, uint32_t max, uint32_t *ret_n)
{
	struct reader r = reader_of(l->data, l->size);
	uint32_t n = reader_u32(&r);

	if (n > max)
		return -EBADMSG;
	for (uint32_t i = 0; i < n; i++)
		texts[i] = reader_text(&r);
	if (!reader_is_done(&r))
		return -EBADMSG;
	*ret_n = n;
	return 0;
}
