/*
 * fuzz_config.c - any bytes as a configuration file. As the main file: an image that its validator
 * takes, or a fatal complaint. As a file of an includedir: an image always, and if the file is faulty
 * there is nothing in it that opens: no allow, no check, no other limit for some.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/drop.h"
#include "conf/compile.h"
#include "policy/image.h"
#include "tests/fuzz/fuzz.h"

static int find_id(const char *name, uint32_t *ret_id)
{
	*ret_id = (uint32_t)strlen(name);
	return *ret_id < 6 ? 0 : -ENOENT;
}

static int find_user(const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	*ret_gid = 1;
	return find_id(name, ret_uid);
}

static int find_uid(uint32_t uid, uint32_t *ret_gid)
{
	*ret_gid = 1;
	return uid < 1000 ? 0 : -ENOENT;
}

static const struct site site = {
	.find_user = find_user, .find_uid = find_uid, .find_group = find_id};

/* The folder of the file under test, made once. */
static const char *folder_get(void)
{
	static char folder[] = "/tmp/fuzz_config.XXXXXX";
	static bool made;

	if (!made)
		MUST(mkdtemp(folder));
	made = true;
	return folder;
}

/* Files of this machine are no part of the input: no path may be absolute, whichever way. */
static bool stays_here(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '/' && !(i > 0 && data[i - 1] == '<') &&
			!(i + 1 < size && data[i + 1] == '>'))
			return false;
		if (data[i] == '&' && i + 1 < size && data[i + 1] == '#')
			return false;
	}
	return !memmem(data, size, "servicedirs", 11) && !memmem(data, size, "..", 2);
}

static int fd_of(const void *data, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static bool opens_something(const void *data, size_t size)
{
	struct image image;
	bool found = false;

	MUST(image_open(&image, data, size, NULL) == 0);
	for (uint32_t i = 0; i < image.header->rules.count; i++)
		found |= image.rules[i].effect == EFFECT_ALLOW ||
			 image.rules[i].effect == EFFECT_CHECK;
	return found || image.header->overrides.count > 0;
}

static bool was_complained(const struct compilation *c, int level, const char *words)
{
	list_for_each (at, &c->complaints.all) {
		const struct remark *r = list_entry(at, struct remark, link);

		if (r->level == level && strstr(r->text.text, words))
			return true;
	}
	return false;
}

/* Words at the start of a complaint: what stands behind them may be the input's. */
static bool was_opened_with(const struct compilation *c, int level, const char *words)
{
	list_for_each (at, &c->complaints.all) {
		const struct remark *r = list_entry(at, struct remark, link);

		if (r->level == level && strncmp(r->text.text, words, strlen(words)) == 0)
			return true;
	}
	return false;
}

static void run_main(const uint8_t *data, size_t size)
{
	DROP_FD int fd = fd_of(data, size);
	DROP_HEAP void *image = NULL;
	struct compilation c;
	size_t image_size;
	int e;

	compilation_init(&c, &site);
	e = compile(&c, "/nowhere/main", fd, 0, &image, &image_size);
	MUST(e == 0 || e == FAULT_CONFIG);
	if (e == 0)
		opens_something(image, image_size);
	MUST((e == FAULT_CONFIG) == was_complained(&c, LOG_CRIT, ""));
	compilation_fini(&c);
}

static void run_confined(const uint8_t *data, size_t size)
{
	const char *folder = folder_get();
	DROP_HEAP char *path = NULL, *text = NULL;
	DROP_HEAP void *image = NULL;
	DROP_FD int file = -1, fd = -1;
	struct compilation c;
	size_t image_size;
	int e;

	MUST(asprintf(&path, "%s/a.conf", folder) > 0);
	MUST(asprintf(&text, "<busconfig><listen>x</listen><includedir>%s</includedir></busconfig>",
		     folder) > 0);
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(file >= 0 && write(file, data, size) == (ssize_t)size);
	fd = fd_of(text, strlen(text));
	compilation_init(&c, &site);
	e = compile(&c, "/nowhere/main", fd, 0, &image, &image_size);
	/* who the bus runs as is looked up when all is read: the one thing that may still fail */
	MUST(e == 0 || (e == FAULT_CONFIG && was_complained(&c, LOG_CRIT, "who is not known")));
	if (e == 0 && was_opened_with(&c, LOG_ERR, "the file is faulty"))
		MUST(!opens_something(image, image_size));
	compilation_fini(&c);
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!stays_here(data, size))
		return 0;
	run_main(data, size);
	run_confined(data, size);
	return 0;
}
