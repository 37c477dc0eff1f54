/*
 * policy.c - gets an image, from whatever has one, and opens it with the bus's own validator. Several
 * files are put behind one another by a configuration that includes them all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/memfd.h"
#include "base/path.h"
#include "base/writer.h"
#include "conf/file.h"
#include "conf/users.h"
#include "ctl/policy.h"
#include "ctl/say.h"
#include "mac/selinux.h"

static void policy_init(struct policy *p)
{
	*p = (struct policy){.site = users_site()};
	p->site.selinux_root = selinux_is_on() ? selinux_root() : NULL;
	compilation_init(&p->compilation, &p->site);
}

void policy_close(struct policy *p)
{
	compilation_fini(&p->compilation);
	live_close(p->live);
	free((char *)p->site.home);
	free(p->data);
	if (p->mapped)
		munmap((void *)p->mapped, p->size);
	*p = (struct policy){0};
}

static int image_check(struct policy *p, const char *path)
{
	const char *why = "";

	if (image_open(&p->image, p->mapped ? p->mapped : p->data, p->size, &why) == 0)
		return 0;
	p->image = (struct image){0};
	say("%s: no good image: %s", path, why);
	return -1;
}

/* Whether the file is an image rather than a configuration; its bytes then. < 0: -errno. */
static int image_load(struct policy *p, const char *path)
{
	char magic[sizeof(IMAGE_MAGIC) - 1] = "";
	DROP_FD int fd = file_open(path);
	ssize_t n = fd < 0 ? 0 : pread(fd, magic, sizeof(magic), 0);

	if (fd < 0 || n < 0)
		return fd < 0 ? fd : -errno;
	if (n != sizeof(magic) || memcmp(magic, IMAGE_MAGIC, sizeof(magic)) != 0)
		return 0;
	n = file_read(fd, IMAGE_SIZE_MAX, (char **)&p->data, &p->size);
	return n < 0 ? (int)n : 1;
}

static void complaints_say(struct policy *p)
{
	list_for_each (at, &p->compilation.complaints.all) {
		const struct remark *r = list_entry(at, struct remark, link);

		if (r->level <= LOG_ERR)
			say("%.*s", SLICE_FMT(remark_words(r, &p->compilation.arena)));
	}
}

/* `fd`: as compile() takes it. */
static int policy_compile(struct policy *p, const char *path, int fd)
{
	DROP_HEAP char *absolute = path_absolute(path);
	int e = absolute ? compile(&p->compilation, absolute, fd, COMPILE_FRAGMENT, &p->data,
				   &p->size)
			 : -ENOMEM;

	if (e < 0)
		say("%s: %s", path, strerror(-e));
	return e ? -1 : image_check(p, path);
}

int policy_open_quietly(struct policy *p, const char *path)
{
	int e;

	policy_init(p);
	e = image_load(p, path);
	if (e > 0)
		return image_check(p, path);
	if (e == 0)
		return policy_compile(p, path, -1);
	say("%s: %s", path, strerror(-e));
	return -1;
}

static void text_escape(struct writer *w, const char *text)
{
	for (; *text; text++) {
		char escape[8];

		if (strchr("&<>", *text))
			writer_bytes(w, escape,
				(size_t)snprintf(escape, sizeof(escape), "&#%d;", *text));
		else
			writer_bytes(w, text, 1);
	}
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A configuration that includes the files and folders. */
static int files_combine(const struct words *configs, struct writer *w)
{
	writer_bytes(w, "<busconfig>", 11);
	for (uint32_t i = 0; i < configs->n; i++) {
		DROP_HEAP char *path = path_absolute(configs->list[i]);
		const char *element;

		if (!path)
			return -ENOMEM;
		element = is_folder(path) ? "includedir" : "include";
		writer_bytes(w, "<", 1);
		writer_bytes(w, element, strlen(element));
		writer_bytes(w, ">", 1);
		text_escape(w, path);
		writer_bytes(w, "</", 2);
		writer_bytes(w, element, strlen(element));
		writer_bytes(w, ">\n", 2);
	}
	writer_bytes(w, "</busconfig>", 12);
	return w->bad ? -ENOMEM : 0;
}

static int policy_open_several(struct policy *p, const struct words *configs)
{
	struct writer w = {0};
	int e = files_combine(configs, &w);
	DROP_FD int fd = e < 0 ? e : memfd_seal("configuration", w.data, w.size);
	char path[40];

	writer_fini(&w);
	policy_init(p);
	if (fd < 0) {
		say("cannot put the files together: %s", strerror(-fd));
		return -1;
	}
	/* what was written is read from its beginning; a memfd can do that */
	lseek(fd, 0, SEEK_SET);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return policy_compile(p, path, fd);
}

static int policy_open_live(struct policy *p, const struct options *o)
{
	DROP_FD int fd = -1;
	int e;

	policy_init(p);
	p->live = live_open(o->address, o->session);
	fd = p->live ? live_image(p->live, &p->generation) : -1;
	if (fd < 0)
		return -1;
	e = memfd_map(fd, IMAGE_SIZE_MAX, &p->mapped, &p->size);
	if (e == 0)
		return image_check(p, "the bus");
	say("the bus's policy cannot be read: %s", strerror(-e));
	return -1;
}

int policy_open(struct policy *ret, const struct options *o)
{
	const char *shipped = o->session ? DATA_DIR "/session.conf" : DATA_DIR "/system.conf";
	int e;

	if ((o->live || o->address) && o->configs.n) {
		policy_init(ret);
		say("whose policy? --config and --live exclude one another");
		return -1;
	}
	if (o->live || o->address)
		return policy_open_live(ret, o);
	if (o->configs.n > 1 || (o->configs.n == 1 && is_folder(o->configs.list[0])))
		e = policy_open_several(ret, &o->configs);
	else
		e = policy_open_quietly(ret, o->configs.n ? o->configs.list[0] : shipped);
	complaints_say(ret);
	return e;
}
