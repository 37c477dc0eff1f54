/*
 * include.c - which files are read, and what becomes of a faulty one. A file of an <includedir> is
 * read into a config of its own: what it says counts only if all of it is right. Of a faulty one the
 * deny rules before the fault stay, so that a slip of the pen closes and never opens.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "conf/element.h"
#include "conf/file.h"
#include "conf/include.h"

/* Reads what `fd` holds as the file of `r`. */
static int reading_run(struct reading *r, int fd)
{
	DROP_HEAP char *data = NULL;
	size_t size = 0;
	const char *why = "";
	int e;

	e = file_read(fd, FILE_SIZE_MAX, &data, &size);
	if (error_is_shortage(e))
		return e;
	if (e < 0)
		return reading_fault(r, "cannot be read: %s", strerror(-e));
	if (r->c->files >= FILES_MAX || r->c->size + size > FILES_SIZE_MAX)
		return reading_fault(r, "too many or too large files are included");
	r->c->files++;
	r->c->size += size;
	elements_init(r);
	e = xml_parse((struct slice){data, size}, &r->sink, &why);
	elements_fini(r);
	return e == XML_MALFORMED ? reading_fault(r, "not well-formed XML: %s", why) : e;
}

/* Whether the file that `fd` holds is being read already. */
static int loop_check(struct reading *r, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return reading_fault(r, "cannot be read: %s", strerror(errno));
	r->dev = st.st_dev;
	r->ino = st.st_ino;
	for (const struct reading *o = r->outer; o; o = o->outer) {
		if (o->dev == r->dev && o->ino == r->ino)
			return reading_fault(
				r, "Circular inclusion: the file is being read already");
	}
	if (r->depth > INCLUDE_DEPTH_MAX)
		return reading_fault(r, "files are included more than %d deep", INCLUDE_DEPTH_MAX);
	return 0;
}

static struct slice folder_of(struct slice path)
{
	const char *slash = memrchr(path.text, '/', path.size);

	return (struct slice){path.text, slash ? (size_t)(slash - path.text) : 0};
}

static struct reading reading_inside(const struct reading *outer, struct slice path)
{
	return (struct reading){.c = outer->c,
		.config = outer->config,
		.outer = outer,
		.path = path,
		.folder = folder_of(path),
		.depth = outer->depth + 1,
		.confined = outer->confined};
}

/* The way of the descriptor is no place that will be there later. */
static bool path_is_lasting(struct slice path)
{
	return !slice_leads(SLICE("/proc"), path, '/') && !slice_leads(SLICE("/dev/fd"), path, '/');
}

int include_main(struct compilation *c, struct config *config, struct slice path, int fd)
{
	struct reading r = {.c = c, .config = config, .path = path, .folder = folder_of(path)};
	DROP_FD int opened = fd < 0 ? file_open(path.text) : -1;
	int e;

	if (fd < 0 && error_is_shortage(opened))
		return opened;
	if (fd < 0 && opened < 0)
		return reading_fault(&r, "cannot be opened: %s", strerror(-opened));
	if (path_is_lasting(path) && item_append(&c->arena, &c->watches, path) < 0)
		return -ENOMEM;
	fd = fd < 0 ? opened : fd;
	e = loop_check(&r, fd);
	return e ? e : reading_run(&r, fd);
}

int include_file(struct reading *outer, struct slice path, bool ignore_missing)
{
	struct reading r = reading_inside(outer, path);
	DROP_FD int fd = file_open(path.text);
	int e;

	if (fd == -ENOENT && ignore_missing)
		return 0;
	if (error_is_shortage(fd))
		return fd;
	if (fd < 0)
		return reading_fault(
			outer, "cannot include %.*s: %s", SLICE_FMT(path), strerror(-fd));
	if (item_append(&r.c->arena, &r.c->watches, path) < 0)
		return -ENOMEM;
	e = loop_check(&r, fd);
	if (e == 0)
		e = reading_run(&r, fd);
	return e > 0 ? reading_fault(outer, "cannot include %.*s: it is faulty", SLICE_FMT(path))
		     : e;
}

/* One file of an includedir: all of it counts, or only its denies. */
static int include_confined(struct reading *outer, struct slice path)
{
	struct reading r = reading_inside(outer, path);
	DROP_FD int fd = file_open(path.text);
	struct config own;
	uint32_t denies;
	int e;

	r.confined = true;
	config_init(&own);
	r.config = &own;
	if (error_is_shortage(fd))
		return fd;
	if (fd < 0) {
		reading_fault(&r, "cannot be opened: %s", strerror(-fd));
		return 0;
	}
	e = loop_check(&r, fd);
	if (e == 0)
		e = reading_run(&r, fd);
	if (e < 0)
		return e;
	if (e == 0) {
		config_merge(outer->config, &own);
		return 0;
	}
	denies = config_salvage(outer->config, &own);
	reading_fault(&r,
		"the file is faulty: of what it says only the %u deny rules before the fault count",
		denies);
	return 0;
}

static int name_is_config(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

static int name_compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int include_folder(struct reading *r, struct slice path)
{
	struct arena *arena = &r->c->arena;
	struct dirent **names = NULL;
	int n, e;

	if (item_append(arena, &r->c->watches, path) < 0)
		return -ENOMEM;
	n = scandir(path.text, &names, name_is_config, name_compare);
	if (n < 0 && error_is_shortage(-errno))
		return -errno;
	if (n < 0 && errno != ENOENT)
		reading_remark(r, LOG_ERR, "cannot read the folder %.*s: %s", SLICE_FMT(path),
			strerror(errno));
	e = 0;
	for (int i = 0; i < n; i++) {
		struct slice file = {NULL, 0};

		if (e == 0)
			file = arena_print(arena, "%.*s/%s", SLICE_FMT(path), names[i]->d_name);
		if (file.text)
			e = include_confined(r, file);
		free(names[i]);
	}
	free(names);
	return arena->bad ? -ENOMEM : e;
}
