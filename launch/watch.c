/*
 * watch.c - inotify. The set is changed in place, so that nothing is missed between an old and a new
 * one. Changes are given time to settle: a package installs several files. Only folders are watched, a
 * file by its name in its folder: that sees it replaced, too, and is what the policy of SELinux grants
 * a message bus.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
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

static bool event_counts(const struct watch *watch, const struct inotify_event *e)
{
	/* IN_IGNORED follows our own removals */
	if (e->mask & IN_IGNORED)
		return false;
	for (uint32_t i = 0; i < watch->watched_n; i++) {
		const struct watched *w = &watch->watched[i];

		if (w->wd != e->wd)
			continue;
		if (e->len == 0 || (w->file ? strcmp(w->file, e->name) == 0 : name_counts(e->name)))
			return true;
	}
	return false;
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

		counts |= event_counts(watch, e);
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

static void watched_free(struct watched *watched, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		free(watched[i].file);
	free(watched);
}

static bool is_among(int wd, const struct watched *watched, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (watched[i].wd == wd)
			return true;
	}
	return false;
}

/* A folder, or with `file` what happens to that in it. False: not to be had. */
static bool watched_add(
	struct watch *watch, const char *folder, const char *file, struct watched *ret)
{
	int wd = inotify_add_watch(watch->fd, folder, MASK);
	char *name = file ? strdup(file) : NULL;

	if (wd < 0 || (file && !name)) {
		if (errno != ENOENT)
			log_warning("changes of %s are not noticed: %s", folder, strerror(errno));
		free(name);
		return false;
	}
	*ret = (struct watched){wd, name};
	return true;
}

/* Two at the most: a file by its own name, and what it is a link to by that. How many. */
static uint32_t watched_add_path(struct watch *watch, const char *path, struct watched *ret)
{
	char real[PATH_MAX], folder[PATH_MAX], name[PATH_MAX];
	const char *const paths[] = {path, realpath(path, real)};
	uint32_t n = 0;
	struct stat st;

	if (!paths[1] || stat(path, &st) < 0 || S_ISDIR(st.st_mode))
		return watched_add(watch, path, NULL, ret);
	for (size_t i = 0; i < ARRAY_SIZE(paths) && (i == 0 || strcmp(path, real) != 0); i++) {
		snprintf(folder, sizeof(folder), "%s", paths[i]);
		snprintf(name, sizeof(name), "%s", paths[i]);
		n += watched_add(watch, dirname(folder), basename(name), &ret[n]);
	}
	return n;
}

void watch_set(struct watch *watch, const struct image *image)
{
	uint32_t count = image->header->watches.count, n = 0;
	struct watched *fresh;

	if (!watch->loop)
		return;
	fresh = calloc(2 * (size_t)count + 1, sizeof(*fresh));
	if (!fresh) {
		log_warning("changes of the configuration are not noticed: no memory");
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		n += watched_add_path(watch, image_string(image, image->watches[i]), &fresh[n]);
	for (uint32_t i = 0; i < watch->watched_n; i++) {
		if (!is_among(watch->watched[i].wd, fresh, n))
			inotify_rm_watch(watch->fd, watch->watched[i].wd);
	}
	watched_free(watch->watched, watch->watched_n);
	watch->watched = fresh;
	watch->watched_n = n;
}

void watch_fini(struct watch *watch)
{
	if (!watch->loop)
		return;
	timer_cancel(&watch->settle);
	source_fini(&watch->source);
	close(watch->fd);
	watched_free(watch->watched, watch->watched_n);
	*watch = (struct watch){.fd = -1};
}
