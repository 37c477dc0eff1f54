/*
 * fuzz_link.c - whatever one of our processes may be made to send: each decoder refuses it, or what
 * it read is written again as the same bytes. The first byte chooses the decoder.
 */
#include "base/drop.h"
#include "link/broker_agent.h"
#include "link/launch_broker.h"
#include "link/launch_compile.h"
#include "link/launch_recorder.h"
#include "link/launch_starter.h"
#include "tests/fuzz/fuzz.h"

#define TEXTS 16

static int again_setup(const struct letter *l, struct writer *w)
{
	struct broker_setup m;
	int r = broker_setup_read(l, &m);

	if (r == 0)
		broker_setup_write(w, &m);
	return r;
}

static int again_answer(const struct letter *l, struct writer *w)
{
	struct broker_answer m;
	int r = broker_answer_read(l, &m);

	if (r == 0)
		broker_answer_write(w, &m);
	return r;
}

static int again_failure(const struct letter *l, struct writer *w)
{
	struct broker_failure m;
	int r = broker_failure_read(l, &m);

	if (r == 0)
		broker_failure_write(w, &m);
	return r;
}

static int again_serial(const struct letter *l, struct writer *w)
{
	uint64_t serial;
	int r = broker_serial_read(l, &serial);

	if (r == 0)
		broker_serial_write(w, serial);
	return r;
}

static int again_texts(const struct letter *l, struct writer *w)
{
	struct slice texts[TEXTS];
	uint32_t n;
	int r = broker_texts_read(l, texts, TEXTS, &n);

	if (r == 0)
		broker_texts_write(w, texts, n);
	return r;
}

static int again_failed(const struct letter *l, struct writer *w)
{
	struct slice texts[TEXTS];
	uint32_t n;
	int r = compile_failed_read(l, texts, TEXTS, &n);

	/* as many as asked for: there may have been more */
	if (r < 0 || n == TEXTS)
		return -1;
	compile_failed_write(w, texts, n);
	return 0;
}

static int again_start(const struct letter *l, struct writer *w)
{
	struct broker_start m;
	int r = broker_start_read(l, &m);

	if (r == 0)
		broker_start_write(w, &m);
	return r;
}

static int again_ask(const struct letter *l, struct writer *w)
{
	struct agent_ask m;
	int r = agent_ask_read(l, &m);

	if (r == 0)
		agent_ask_write(w, &m);
	return r;
}

static int again_agent_answer(const struct letter *l, struct writer *w)
{
	struct agent_answer m;
	int r = agent_answer_read(l, &m);

	if (r == 0)
		agent_answer_write(w, &m);
	return r;
}

static int again_agent_name(const struct letter *l, struct writer *w)
{
	struct slice name;
	int r = agent_name_read(l, &name);

	if (r == 0)
		agent_name_write(w, name);
	return r;
}

static int again_cancel(const struct letter *l, struct writer *w)
{
	uint64_t id;
	int r = agent_cancel_read(l, &id);

	if (r == 0)
		agent_cancel_write(w, id);
	return r;
}

static int again_order(const struct letter *l, struct writer *w)
{
	static const char *room[STARTER_TEXTS];
	struct starter_order order;
	int r = starter_order_read(l, room, &order);

	if (r == 0)
		starter_order_write(w, &order);
	return r;
}

static int again_number(const struct letter *l, struct writer *w)
{
	uint32_t number;
	int r = starter_number_read(l, &number);

	if (r == 0)
		starter_number_write(w, number);
	return r;
}

static int again_ready(const struct letter *l, struct writer *w)
{
	struct recorder_ready m;
	int r = recorder_ready_read(l, &m);

	if (r == 0)
		recorder_ready_write(w, &m);
	return r;
}

static int again_exe(const struct letter *l, struct writer *w)
{
	struct recorder_exe m;
	int r = recorder_exe_read(l, &m);

	if (r == 0)
		recorder_exe_write(w, &m);
	return r;
}

static int again_question(const struct letter *l, struct writer *w)
{
	struct recorder_question m;
	int r = recorder_question_read(l, &m);

	if (r == 0)
		recorder_question_write(w, &m);
	return r;
}

static int again_greeting(const struct letter *l, struct writer *w)
{
	struct broker_greeting m;
	int r = broker_greeting_read(l, &m);

	if (r == 0)
		broker_greeting_write(w, &m);
	return r;
}

static int (*const messages[])(const struct letter *l, struct writer *w) = {
	again_setup,
	again_answer,
	again_failure,
	again_serial,
	again_texts,
	again_failed,
	again_start,
	again_ask,
	again_agent_answer,
	again_cancel,
	again_order,
	again_number,
	again_ready,
	again_exe,
	again_question,
	again_greeting,
	again_agent_name,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct letter l = {0};
	struct writer w = {0};

	if (size == 0)
		return 0;
	/* exactly as large as the letter, so that a read beyond it is seen */
	l.size = size - 1;
	l.buffer = malloc(l.size ? l.size : 1);
	MUST(l.buffer);
	memcpy(l.buffer, data + 1, l.size);
	l.data = l.buffer;
	if (messages[data[0] % ARRAY_SIZE(messages)](&l, &w) == 0)
		MUST(!w.bad && w.size == l.size && memcmp(w.data, l.data, l.size) == 0);
	writer_fini(&w);
	letter_fini(&l);
	return 0;
}
