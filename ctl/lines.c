/* lines.c - a window that moves over the file; who waits for more of it watches its folder */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/drop.h"
#include "ctl/lines.h"

struct lines {
	char *path; /* owned */
	int fd, watch; /* owned; watch: -1 if nothing is waited for */
	bool follow, whole; /* whole: what is longer than a line may be is being passed over */
	size_t start, end; /* of what was read and not given out, in `window` */
	char window[LINE_MAX_SIZE];
};

DROP_WITH(lines, lines_free)

static int file_open_for_reading(const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* A file that is replaced is found out by looking at its folder. */
static int folder_watch(const char *path)
{
	DROP_HEAP char *copy = strdup(path);
	DROP_FD int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (!copy)
		return -ENOMEM;
	if (fd < 0 || inotify_add_watch(fd, dirname(copy), IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int lines_open(const char *path, bool follow, struct lines **ret)
{
	DROP(lines) l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->watch = -1;
	l->fd = file_open_for_reading(path);
	if (l->fd < 0)
		return l->fd;
	l->path = strdup(path);
	if (!l->path)
		return -ENOMEM;
	l->follow = follow && strcmp(path, "-") != 0;
	if (l->follow)
		l->watch = folder_watch(path);
	if (l->follow && l->watch < 0)
		return l->watch;
	*ret = TAKE(l);
	return 0;
}

void lines_free(struct lines *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	if (l->watch >= 0)
		close(l->watch);
	free(l->path);
	free(l);
}

void lines_skip(struct lines *l)
{
	lseek(l->fd, 0, SEEK_END);
}

/* Has another file taken its place, or was it emptied? */
static bool file_is_over(struct lines *l)
{
	struct stat old, new;

	if (!l->follow || fstat(l->fd, &old) < 0 || stat(l->path, &new) < 0)
		return false;
	return old.st_ino != new.st_ino || old.st_dev != new.st_dev ||
	       old.st_size < lseek(l->fd, 0, SEEK_CUR);
}

/* From the beginning, of the file that is there now; false if it cannot be read (yet). */
static bool file_renew(struct lines *l)
{
	DROP_FD int fd = file_open_for_reading(l->path);

	if (fd < 0)
		return false;
	close(l->fd);
	l->fd = TAKE_FD(fd);
	l->start = l->end = 0;
	return true;
}

/* More bytes into the window: 1; 0 at the end; -errno. */
static int lines_fill(struct lines *l)
{
	ssize_t n;

	if (l->end == sizeof(l->window) && l->start == 0) {
		l->whole = true;
		l->end = 0;
	}
	memmove(l->window, l->window + l->start, l->end - l->start);
	l->end -= l->start;
	l->start = 0;
	do {
		n = read(l->fd, l->window + l->end, sizeof(l->window) - l->end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	l->end += (size_t)n;
	return n > 0;
}

/* What there is up to the end of a line, or, where no more comes, to the end; 1 or 0. */
static int window_take(struct lines *l, bool last, struct slice *ret)
{
	char *at = l->window + l->start, *end = memchr(at, '\n', l->end - l->start);
	size_t size = end ? (size_t)(end - at) : l->end - l->start;
	bool over = l->whole;

	if (!end && (!last || size == 0))
		return 0;
	l->start += size + (end != NULL);
	l->whole = false;
	*ret = (struct slice){at, over ? 0 : size};
	return 1;
}

int lines_next(struct lines *l, struct slice *ret)
{
	bool over = false;

	for (;;) {
		int r = window_take(l, false, ret);

		if (r > 0)
			return 1;
		r = lines_fill(l);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (!l->follow)
			return window_take(l, true, ret);
		/* what was written before it was over is read first */
		if (over ? !file_renew(l) : !file_is_over(l))
			return 0;
		over = !over;
	}
}

int lines_fd(const struct lines *l)
{
	return l->watch;
}

void lines_woken(struct lines *l)
{
	char events[4096];

	while (read(l->watch, events, sizeof(events)) > 0)
		continue;
}
