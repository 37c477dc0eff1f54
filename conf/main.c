/*
 * main.c - dbus-warden-compile: reads a configuration and all that it names, once, and answers with
 * an image or with the reasons why there is none. What has to be opened with the rights of whoever
 * started it (the file it is given, the file it writes) is opened first; then it has none.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memfd.h"
#include "base/path.h"
#include "conf/cage.h"
#include "conf/compile.h"
#include "conf/privilege.h"
#include "conf/users.h"
#include "link/launch_broker.h"
#include "link/launch_compile.h"
#include "mac/selinux.h"

#define READER "nobody"
/* of a letter that says why there is no image: what fits well into one */
#define TEXTS_MAX 256
#define TEXTS_SIZE_MAX (LETTER_MAX / 2)

struct options {
	bool check;
	const char *output;
	const char *file;
};

static int usage(FILE *to, int status)
{
	fputs("usage: dbus-warden-compile [--check] [--output=FILE] FILE\n"
	      "  --check        only complain; exit with 1 if something is wrong\n"
	      "  --output=FILE  write the image to FILE\n"
	      "Without either, the answer goes to dbus-warden, over the socket that it passes.\n",
		to);
	return status;
}

/* Returns -1 to go on, or the status to exit with. */
static int options_read(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {{"check", no_argument, NULL, 'c'},
		{"output", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case 'c':
			o->check = true;
			break;
		case 'o':
			o->output = optarg;
			break;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, 2);
		}
	}
	if (argc - optind != 1)
		return usage(stderr, 2);
	o->file = argv[optind];
	return -1;
}

static int image_save(int fd, const char *data, size_t size)
{
	if (ftruncate(fd, 0) < 0)
		return -errno;
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		size -= (size_t)(n > 0 ? n : 0);
	}
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int image_send(const void *data, size_t size)
{
	DROP_FD int fd = memfd_seal("policy", data, size);

	return fd < 0 ? fd : channel_send(LINK_FD, FROM_COMPILE_IMAGE, NULL, &fd, 1);
}

/* The fatal ones first: they must fit in. */
static int failure_send(struct compilation *c, int error)
{
	struct slice texts[TEXTS_MAX];
	struct writer w = {0};
	uint32_t n = 0;
	size_t size = 0;
	int e;

	if (error < 0)
		texts[n++] = slice_of(strerror(-error));
	for (int fatal = 1; fatal >= 0; fatal--) {
		list_for_each (at, &c->complaints.all) {
			const struct remark *r = list_entry(at, struct remark, link);

			if ((r->level <= LOG_CRIT) != fatal || n == TEXTS_MAX ||
				size + r->at.file.size + r->text.size > TEXTS_SIZE_MAX)
				continue;
			texts[n] = remark_words(r, &c->arena);
			if (!texts[n].text)
				continue;
			size += texts[n++].size;
		}
	}
	compile_failed_write(&w, texts, n);
	e = channel_send(LINK_FD, FROM_COMPILE_FAILED, &w, NULL, 0);
	writer_fini(&w);
	return e;
}

static void complaints_print(struct compilation *c)
{
	list_for_each (at, &c->complaints.all) {
		struct slice words = remark_words(list_entry(at, struct remark, link), &c->arena);

		fprintf(stderr, "%.*s\n", SLICE_FMT(words));
	}
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "dbus-warden-compile: %s: %s\n", what, strerror(-error));
	return 1;
}

/* `error`: what compile() returned. Returns the status to exit with. */
static int answer_person(const struct options *o, struct compilation *c, int error, int output,
	const void *data, size_t size)
{
	complaints_print(c);
	if (error < 0)
		return fail(o->file, error);
	if (error == 0 && o->output) {
		int e = image_save(output, data, size);

		if (e < 0)
			return fail(o->output, e);
	}
	return error > 0 || (o->check && c->complaints.faults > 0) ? 1 : 0;
}

static int answer_launch(struct compilation *c, int error, const void *data, size_t size)
{
	int e = error ? failure_send(c, error) : image_send(data, size);

	if (e < 0)
		return fail("cannot answer", e);
	return error ? 1 : 0;
}

static bool launch_is_there(void)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(LINK_FD, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct compilation c;
	struct site site;
	DROP_HEAP char *path = NULL;
	DROP_HEAP void *data = NULL;
	DROP_FD int input = -1, output = -1;
	size_t size = 0;
	int e = options_read(&o, argc, argv);

	if (e >= 0)
		return e;
	if (!o.check && !o.output && !launch_is_there())
		return fail("nobody to answer to (see --help)", -ENOTCONN);
	path = path_absolute(o.file);
	if (!path)
		return fail(o.file, -errno);
	site = users_site();
	site.selinux_root = selinux_is_on() ? selinux_root() : NULL;
	input = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	output = o.output ? open(o.output, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644) : -1;
	if (o.output && output < 0)
		return fail(o.output, -errno);
	e = privilege_drop(READER);
	if (e < 0)
		return fail("cannot drop privilege", e);
	e = cage_enter(&compile_cage);
	if (e < 0)
		return fail("no cage", e);
	compilation_init(&c, &site);
	e = compile(&c, path, input, o.check && !o.output ? COMPILE_FRAGMENT : 0, &data, &size);
	e = o.check || o.output ? answer_person(&o, &c, e, output, data, size)
				: answer_launch(&c, e, data, size);
	compilation_fini(&c);
	free((char *)site.home);
	return e;
}
