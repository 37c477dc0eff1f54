/* listen.c - from an address to a listening socket */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/drop.h"
#include "launch/address.h"
#include "launch/listen.h"

/* One address being tried. */
struct attempt {
	struct listeners *listeners;
	const struct listen_source *source;
	const struct address *address;
	char *why;
};

static int give_up(const struct attempt *a, int error, const char *what, const char *name)
{
	if (error == EINVAL)
		snprintf(a->why, LISTEN_WHY, "%s%s", what, name);
	else
		snprintf(a->why, LISTEN_WHY, "%s%s: %s", what, name, strerror(error));
	return -error;
}

static int listeners_append(struct listeners *l, struct listener *one)
{
	struct listener *array = realloc(l->array, (l->n + 1) * sizeof(*array));

	if (!array)
		return -ENOMEM;
	l->array = array;
	l->array[l->n++] = *one;
	*one = (struct listener){.fd = -1};
	return 0;
}

static void listener_fini(struct listener *one)
{
	if (one->fd >= 0)
		close(one->fd);
	free(one->address);
	free(one->path);
}

static char *address_of(const char *key, const char *value)
{
	DROP_HEAP char *escaped = address_escape(value);
	char *text;

	if (!escaped || asprintf(&text, "unix:%s=%s", key, escaped) < 0)
		return NULL;
	return text;
}

/* Binds so that the file has mode 0777 from its first moment: who may connect is the policy's
 * question, and a chmod afterwards could meet another file. */
static int bind_open(int fd, const struct sockaddr_un *name, socklen_t size)
{
	mode_t mask = umask(0);
	int r = bind(fd, (const struct sockaddr *)name, size) < 0 ? -errno : 0;

	umask(mask);
	return r;
}

/* A socket file left by a bus that died is in the way of every later one. */
static void remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

static int remember_file(struct listener *one, const char *path)
{
	DROP_HEAP char *folder = NULL;
	struct stat st;

	if (path[0] == '/')
		one->path = strdup(path);
	else if (!(folder = getcwd(NULL, 0)) || asprintf(&one->path, "%s/%s", folder, path) < 0)
		one->path = NULL;
	if (!one->path)
		return -ENOMEM;
	if (lstat(path, &st) < 0)
		return -errno;
	one->dev = st.st_dev;
	one->ino = st.st_ino;
	one->address = address_of("path", one->path);
	return one->address ? 0 : -ENOMEM;
}

static int listen_name(const struct attempt *a, const char *value, bool abstract)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	char *at = name.sun_path + abstract;
	size_t room = sizeof(name.sun_path) - 1, size = strlen(value);
	struct listener one = {.fd = -1};
	int r;

	if (size > room)
		return give_up(a, ENAMETOOLONG, "cannot listen on ", value);
	memcpy(at, value, size);
	one.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (one.fd < 0)
		return give_up(a, errno, "cannot make a socket for ", value);
	size += offsetof(struct sockaddr_un, sun_path) + 1;
	r = bind_open(one.fd, &name, (socklen_t)size);
	if (r == 0 && listen(one.fd, SOMAXCONN) < 0)
		r = -errno;
	if (r == 0 && !abstract)
		r = remember_file(&one, value);
	if (r == 0 && abstract && !(one.address = address_of("abstract", value)))
		r = -ENOMEM;
	if (r == 0)
		r = listeners_append(a->listeners, &one);
	listener_fini(&one);
	return r < 0 ? give_up(a, -r, "cannot listen on ", value) : 0;
}

static int listen_path(const struct attempt *a, const char *value)
{
	remove_stale(value);
	return listen_name(a, value, false);
}

static int listen_abstract(const struct attempt *a, const char *value)
{
	return listen_name(a, value, true);
}

static int listen_folder(const struct attempt *a, const char *value)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	unsigned char random[10];
	char name[sizeof(random) + 1] = {0};
	int r = -EADDRINUSE;

	for (int tries = 0; tries < 8 && r == -EADDRINUSE; tries++) {
		DROP_HEAP char *path = NULL;

		if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return give_up(a, EIO, "no random name for a socket in ", value);
		for (size_t i = 0; i < sizeof(random); i++)
			name[i] = letters[random[i] % (sizeof(letters) - 1)];
		if (asprintf(&path, "%s/dbus-%s", value, name) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		r = listen_name(a, path, false);
	}
	return r;
}

static int listen_runtime(const struct attempt *a, const char *value)
{
	DROP_HEAP char *path = NULL;

	if (strcmp(value, "yes") != 0)
		return give_up(a, EINVAL, "the only value that runtime= takes is yes, not ", value);
	if (!a->source->runtime_dir)
		return give_up(a, EINVAL, "unix:runtime=yes: XDG_RUNTIME_DIR is not set", "");
	if (asprintf(&path, "%s/bus", a->source->runtime_dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return listen_path(a, path);
}

static const struct {
	const char *key;
	int (*listen)(const struct attempt *a, const char *value);
} unix_table[] = {
	{"path", listen_path},
	{"dir", listen_folder},
	{"tmpdir", listen_folder},
	{"abstract", listen_abstract},
	{"runtime", listen_runtime},
};

static int listen_unix(const struct attempt *a)
{
	const char *value = NULL;
	size_t which = 0;

	for (size_t i = 0; i < ARRAY_SIZE(unix_table); i++) {
		const char *found = address_get(a->address, unix_table[i].key);

		if (found && value)
			return give_up(a, EINVAL,
				"a unix address says only one of path, dir, tmpdir, "
				"abstract and runtime",
				"");
		if (found) {
			value = found;
			which = i;
		}
	}
	if (!value)
		return give_up(a, EINVAL,
			"a unix address needs one of path, dir, tmpdir, abstract and runtime", "");
	return unix_table[which].listen(a, value);
}

/* The address of a socket that somebody else has bound. */
static char *socket_address(int fd)
{
	struct sockaddr_un name;
	socklen_t size = sizeof(name), value, flag_size = sizeof(value);
	char path[sizeof(name.sun_path) + 1] = {0};
	size_t n;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &flag_size) < 0 || value != SOCK_STREAM ||
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &flag_size) < 0 || !value ||
		getsockname(fd, (struct sockaddr *)&name, &size) < 0 ||
		name.sun_family != AF_UNIX || size <= offsetof(struct sockaddr_un, sun_path))
		return NULL;
	n = size - offsetof(struct sockaddr_un, sun_path);
	memcpy(path, name.sun_path, n);
	return path[0] ? address_of("path", path) : address_of("abstract", path + 1);
}

static int listen_systemd(const struct attempt *a)
{
	const struct listen_source *s = a->source;

	if (s->fds_n <= 0)
		return give_up(a, EINVAL, "systemd: no socket was inherited", "");
	for (int fd = s->first_fd; fd < s->first_fd + s->fds_n; fd++) {
		struct listener one = {.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)};
		int r;

		one.address = one.fd < 0 ? NULL : socket_address(one.fd);
		if (!one.address) {
			listener_fini(&one);
			return give_up(a, EINVAL,
				"systemd: an inherited descriptor is not a listening unix socket",
				"");
		}
		r = fcntl(one.fd, F_SETFL, fcntl(one.fd, F_GETFL) | O_NONBLOCK) < 0
			    ? -errno
			    : listeners_append(a->listeners, &one);
		listener_fini(&one);
		if (r < 0)
			return give_up(a, -r, "systemd: an inherited socket cannot be used", "");
	}
	return 0;
}

static int refuse_network(const struct attempt *a)
{
	return give_up(a, EINVAL,
		"this bus listens on unix sockets only, because the kernel cannot say who is at "
		"the other end of any other transport; refused: ",
		a->address->transport);
}

static const struct {
	const char *transport;
	int (*listen)(const struct attempt *a);
} transport_table[] = {
	{"unix", listen_unix},
	{"systemd", listen_systemd},
	{"tcp", refuse_network},
	{"nonce-tcp", refuse_network},
	{"unixexec", refuse_network},
	{"launchd", refuse_network},
	{"autolaunch", refuse_network},
};

static int listen_one(const struct attempt *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(transport_table); i++) {
		if (strcmp(a->address->transport, transport_table[i].transport) == 0)
			return transport_table[i].listen(a);
	}
	return give_up(a, EINVAL, "there is no transport called ", a->address->transport);
}

int listeners_add(struct listeners *l, const struct listen_source *source, const char *addresses,
	char why[LISTEN_WHY])
{
	const char *at = addresses;
	int first = 0;

	do {
		char text[LISTEN_WHY] = "no memory";
		struct address address = {0};
		struct attempt a = {l, source, &address, text};
		const char *syntax = NULL;
		int r = address_next(&at, &address, &syntax);

		if (syntax) {
			snprintf(
				why, LISTEN_WHY, "\"%s\" is not an address: %s", addresses, syntax);
			return r;
		}
		if (r == 0)
			r = listen_one(&a);
		address_fini(&address);
		if (r == 0)
			return 0;
		if (!first) {
			first = r;
			memcpy(why, text, LISTEN_WHY);
		}
	} while (*at && first != -ENOMEM);
	return first;
}

char *listeners_address(const struct listeners *l, const char *guid)
{
	char *text = strdup("");

	for (size_t i = l->n; text && i-- > 0;) {
		DROP_HEAP char *before = text;

		if (asprintf(&text, "%s%s%s,guid=%s", before, *before ? ";" : "",
			    l->array[i].address, guid) < 0)
			text = NULL;
	}
	return text;
}

void listeners_unlink(struct listeners *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct listener *one = &l->array[i];
		struct stat st;

		if (one->path && lstat(one->path, &st) == 0 && st.st_dev == one->dev &&
			st.st_ino == one->ino)
			unlink(one->path);
	}
}

void listeners_fini(struct listeners *l)
{
	for (size_t i = 0; i < l->n; i++)
		listener_fini(&l->array[i]);
	free(l->array);
	*l = (struct listeners){0};
}
