/*
 * policy.c - the compiler reads what people wrote and is not trusted: its answer is used only if it
 * is a sealed memfd in which image_open() finds nothing wrong.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/drop.h"
#include "base/log.h"
#include "base/memfd.h"
#include "launch/policy.h"
#include "link/launch_compile.h"

#define FAILURES_MAX 64

void policy_fini(struct policy *p)
{
	if (p->data) {
		munmap((void *)(uintptr_t)p->data, p->size);
		close(p->fd);
	}
	*p = (struct policy){.fd = -1};
}

int compile_start(struct compile *c, const char *program, const char *config)
{
	const char *argv[] = {program, config, NULL};
	struct child_plan plan = {.program = program, .argv = argv, .keep_fds = true};
	int pair[2], r;

	r = channel_pair(pair);
	if (r < 0)
		return r;
	plan.channel = pair[1];
	r = child_start(&c->child, &plan);
	close(pair[1]);
	if (r < 0)
		close(pair[0]);
	else
		c->channel = pair[0];
	return r;
}

static int explain(char **ret_why, int error, const char *what, const char *detail)
{
	if (asprintf(ret_why, "%s%s%s", what, *detail ? ": " : "", detail) < 0)
		*ret_why = NULL;
	return error;
}

static int take_image(struct letter *l, struct policy *ret, char **ret_why)
{
	struct policy p = {.fd = l->fds_n == 1 ? l->fds[0] : -1};
	const char *why = "";
	int r;

	if (p.fd < 0)
		return explain(ret_why, -EBADMSG, "the compiler sent no image", "");
	r = memfd_map(p.fd, IMAGE_SIZE_MAX, &p.data, &p.size);
	if (r < 0)
		return explain(ret_why, r, "the compiler's image cannot be mapped", strerror(-r));
	l->fds[0] = -1;
	r = image_open(&p.image, p.data, p.size, &why);
	if (r < 0) {
		policy_fini(&p);
		return explain(ret_why, r, "the compiler's image is damaged", why);
	}
	*ret = p;
	return 0;
}

static int take_failures(const struct letter *l, char **ret_why)
{
	struct slice texts[FAILURES_MAX];
	struct writer w = {0};
	uint32_t n;

	if (compile_failed_read(l, texts, FAILURES_MAX, &n) < 0 || n == 0)
		return explain(ret_why, -EBADMSG, "the compiler failed and cannot say why", "");
	for (uint32_t i = 0; i < n; i++) {
		writer_bytes(&w, texts[i].text, texts[i].size);
		writer_bytes(&w, i + 1 < n ? "\n" : "", 1);
	}
	if (w.bad)
		writer_fini(&w);
	*ret_why = (char *)w.data;
	return -EINVAL;
}

static int take_letter(struct letter *l, struct policy *ret, char **ret_why)
{
	switch (l->type) {
	case FROM_COMPILE_IMAGE:
		return take_image(l, ret, ret_why);
	case FROM_COMPILE_FAILED:
		return take_failures(l, ret_why);
	}
	return explain(ret_why, -EBADMSG, "the compiler sent an unknown message", "");
}

int compile_take(struct compile *c, struct policy *ret, char **ret_why)
{
	struct letter l;
	char ended[128];
	int r, status;

	r = channel_recv(c->channel, &l);
	close(c->channel);
	/* it has said what it had to say; what is left is to end */
	status = child_finish(&c->child, 2000);
	*c = (struct compile){.channel = -1};
	if (r == -EPIPE) {
		child_describe(status, ended, sizeof(ended));
		return explain(ret_why, r, "dbus-warden-compile gave no answer, it", ended);
	}
	if (r < 0)
		return explain(ret_why, r, "the compiler's answer cannot be read", strerror(-r));
	r = take_letter(&l, ret, ret_why);
	letter_fini(&l);
	return r;
}

int compile_wait(const char *program, const char *config, struct policy *ret, char **ret_why)
{
	struct compile c = {0};
	struct pollfd p = {.events = POLLIN};
	int r;

	r = compile_start(&c, program, config);
	if (r < 0)
		return explain(ret_why, r, program, strerror(-r));
	p.fd = c.channel;
	do
		r = poll(&p, 1, COMPILE_SECONDS * 1000);
	while (r < 0 && errno == EINTR);
	if (r <= 0) {
		compile_abort(&c);
		return explain(ret_why, -ETIMEDOUT, "the compiler does not come to an end", "");
	}
	return compile_take(&c, ret, ret_why);
}

void compile_abort(struct compile *c)
{
	if (c->child.pid == 0)
		return;
	close(c->channel);
	child_finish(&c->child, 0);
	*c = (struct compile){.channel = -1};
}

void policy_log_complaints(const struct policy *p)
{
	const struct image *image = &p->image;

	for (uint32_t i = 0; i < image->header->complaints.count; i++) {
		const struct complaint *c = &image->complaints[i];

		log_line((int)c->level, "%s:%u: %s", image_string(image, c->file), c->line,
			image_string(image, c->text));
	}
}
