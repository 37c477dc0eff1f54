/*
 * watch.c - inotify. The set is changed in place, so that nothing is missed between an old and a new
 * one. Changes are given time to settle: a package installs several files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/log.h"
#include "launch/watch.h"

#define SETTLE_US 200000
#define MASK                                                                                       \
	(IN_CREATE | IN_DELETE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |   \
		IN_MOVE_SELF | IN_ATTRIB)

/* Whether a name in a watched folder can be of interest; the rest is not read by the compiler. */
static bool name_counts(const char *name)
{
	static const char *const endings[] = {".conf", ".service"};
	size_t n = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t m = strlen(endings[i]);

		if (n > m && strcmp(name + n - m, endings[i]) == 0)
			return true;
	}
	return false;
}

static int watch_settled(struct timer *timer)
{
	struct watch *watch = container_of(timer, struct watch, settle);

	return watch->changed(watch);
}

static int watch_ready(struct source *source, uint32_t events)
{
	struct watch *watch = container_of(source, struct watch, source);
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(watch->fd, buffer, sizeof(buffer));
	bool counts = false;

	(void)events;
	for (const char *at = buffer; n > 0 && at < buffer + n;) {
		const struct inotify_event *e = (const struct inotify_event *)at;

		/* IN_IGNORED follows our own removals */
		if (!(e->mask & IN_IGNORED) && (e->len == 0 || name_counts(e->name)))
			counts = true;
		at += sizeof(*e) + e->len;
	}
	if (counts && !list_is_linked(&watch->settle.link))
		timer_arm(&watch->settle, watch->loop, SETTLE_US, watch_settled);
	return 0;
}

int watch_init(struct watch *watch, struct loop *loop, int (*changed)(struct watch *watch))
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), r;

	if (fd < 0)
		return -errno;
	*watch = (struct watch){.loop = loop, .fd = fd, .changed = changed};
	r = source_init(&watch->source, loop, fd, EPOLLIN, watch_ready);
	if (r < 0) {
		close(fd);
		watch->loop = NULL;
	}
	return r;
}

static bool is_among(int wd, const int *wds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (wds[i] == wd)
			return true;
	}
	return false;
}

void watch_set(struct watch *watch, const struct image *image)
{
	uint32_t count = image->header->watches.count, n = 0;
	int *wds;

	if (!watch->loop)
		return;
	wds = calloc(count + 1, sizeof(*wds));
	if (!wds) {
		log_warning("changes of the configuration are not noticed: no memory");
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const char *path = image_string(image, image->watches[i]);
		int wd = inotify_add_watch(watch->fd, path, MASK);

		if (wd >= 0)
			wds[n++] = wd;
		else if (errno != ENOENT)
			log_warning("changes of %s are not noticed: %s", path, strerror(errno));
	}
	for (uint32_t i = 0; i < watch->wds_n; i++) {
		if (!is_among(watch->wds[i], wds, n))
			inotify_rm_watch(watch->fd, watch->wds[i]);
	}
	free(watch->wds);
	watch->wds = wds;
	watch->wds_n = n;
}

void watch_fini(struct watch *watch)
{
	if (!watch->loop)
		return;
	timer_cancel(&watch->settle);
	source_fini(&watch->source);
	close(watch->fd);
	free(watch->wds);
	*watch = (struct watch){.fd = -1};
}
