/*
 * service.c - activatable services. A faulty file costs only the service that it describes: nothing
 * else can be opened or closed by it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "conf/bus_name.h"
#include "conf/desktop.h"
#include "conf/file.h"
#include "conf/service.h"
#include "conf/shell.h"

#define SECTION "D-BUS Service"
#define SUFFIX ".service"

static int service_fault(struct compilation *c, struct slice path, uint32_t line,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

static int service_fault(
	struct compilation *c, struct slice path, uint32_t line, const char *format, ...)
{
	struct place at = {path, line};
	struct slice words;
	va_list args;

	va_start(args, format);
	words = arena_vprint(&c->arena, format, args);
	va_end(args);
	complain(&c->complaints, LOG_ERR, &at, "%.*s", SLICE_FMT(words));
	return c->arena.bad ? -ENOMEM : FAULT_CONFIG;
}

/* The driver's is taken. */
static bool name_is_valid(struct slice name)
{
	return bus_name_elements(name) >= 2 && !slice_is(name, "org.freedesktop.DBus");
}

static struct slice base_of(struct slice path)
{
	const char *slash = memrchr(path.text, '/', path.size);
	size_t skip = slash ? (size_t)(slash + 1 - path.text) : 0;

	return (struct slice){path.text + skip, path.size - skip};
}

static bool file_is_named(struct slice path, struct slice name)
{
	struct slice base = base_of(path);

	return base.size == name.size + strlen(SUFFIX) &&
	       memcmp(base.text, name.text, name.size) == 0;
}

static int name_check(
	struct compilation *c, const struct activatable *s, uint32_t line, enum naming naming)
{
	struct place at = {s->file, line};

	if (!name_is_valid(s->name))
		return service_fault(c, s->file, line,
			"\"%.*s\" is no name that a service can have", SLICE_FMT(s->name));
	if (file_is_named(s->file, s->name))
		return 0;
	if (naming == NAMING_STRICT || (naming == NAMING_UNIT && !s->systemd_service.text))
		return service_fault(c, s->file, line,
			"here the file must be called %.*s" SUFFIX ": it is ignored",
			SLICE_FMT(s->name));
	complain(&c->complaints, LOG_WARNING, &at, "the file should be called %.*s" SUFFIX "%s",
		SLICE_FMT(s->name), naming == NAMING_UNIT ? ": only systemd starts it" : "");
	return 0;
}

static struct slice text_find(const struct desktop *d, const char *key)
{
	const struct desktop_entry *e = desktop_find(d, SECTION, key);

	return e ? e->value : (struct slice){NULL, 0};
}

int service_parse(struct compilation *c, struct slice path, struct slice data, enum naming naming,
	struct activatable *ret)
{
	struct activatable s = {.file = path};
	const struct desktop_entry *name, *exec;
	const char *why = NULL;
	struct desktop d;
	uint32_t line = 0;
	int e;

	e = desktop_parse(&c->arena, data, &d, &line, &why);
	if (e < 0)
		return e;
	if (e > 0)
		return service_fault(c, path, line, "%s: the service is ignored", why);
	name = desktop_find(&d, SECTION, "Name");
	if (!name)
		return service_fault(c, path, 0, "no Name in a section [" SECTION "]");
	s.name = name->value;
	s.systemd_service = text_find(&d, "SystemdService");
	e = name_check(c, &s, name->line, naming);
	if (e)
		return e;
	exec = desktop_find(&d, SECTION, "Exec");
	e = exec ? shell_split(&c->arena, exec->value, &s.argv, &s.argc, &why) : 0;
	if (e < 0)
		return e;
	if (e > 0)
		return service_fault(
			c, path, exec->line, "bad Exec: %s: the service is ignored", why);
	s.user = text_find(&d, "User");
	if (!exec && !s.systemd_service.text)
		return service_fault(
			c, path, 0, "neither Exec nor SystemdService: the service is ignored");
	s.apparmor_label = text_find(&d, "AssumedAppArmorLabel");
	/* as with dbus-daemon, whose helper looks for the program by the name of the file */
	if (naming == NAMING_UNIT && !file_is_named(path, s.name))
		s.argc = 0;
	*ret = s;
	return 0;
}

static int service_add(struct compilation *c, struct slice folder, const struct activatable *s,
	struct activatable **all)
{
	struct activatable *known, *copy;

	HASH_FIND(hh, *all, s->name.text, s->name.size, known);
	if (known && slice_leads(folder, known->file, '/') &&
		memchr(known->file.text + folder.size + 1, '/',
			known->file.size - folder.size - 1) == NULL) {
		struct place at = {s->file, 0};

		complain(&c->complaints, LOG_WARNING, &at,
			"ignored: %.*s describes the same service", SLICE_FMT(known->file));
	}
	if (known)
		return 0;
	copy = arena_take(&c->arena, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *s;
	HASH_ADD_KEYPTR(hh, *all, copy->name.text, copy->name.size, copy);
	return hash_failed() ? -ENOMEM : 0;
}

static int service_read(
	struct compilation *c, struct slice path, enum naming naming, struct activatable *ret)
{
	DROP_FD int fd = file_open(path.text);
	DROP_HEAP char *data = NULL;
	size_t size;
	int e = fd;

	if (fd >= 0)
		e = file_read(fd, SERVICE_SIZE_MAX, &data, &size);
	if (error_is_shortage(e))
		return e;
	if (e < 0)
		return service_fault(c, path, 0, "cannot be read: %s", strerror(-e));
	return service_parse(c, path, (struct slice){data, size}, naming, ret);
}

static int name_is_service(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > strlen(SUFFIX) && strcmp(entry->d_name + n - strlen(SUFFIX), SUFFIX) == 0;
}

static int name_compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int folder_read(
	struct compilation *c, struct slice folder, enum naming naming, struct activatable **all)
{
	struct dirent **names = NULL;
	struct activatable s;
	int n, e = 0;

	if (item_append(&c->arena, &c->watches, folder) < 0)
		return -ENOMEM;
	n = scandir(folder.text, &names, name_is_service, name_compare);
	if (n < 0 && error_is_shortage(-errno))
		return -errno;
	if (n < 0 && errno != ENOENT)
		service_fault(c, folder, 0, "cannot read the folder: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		struct slice path = {NULL, 0};

		if (e >= 0 && HASH_COUNT(*all) < SERVICES_MAX)
			path = arena_print(
				&c->arena, "%.*s/%s", SLICE_FMT(folder), names[i]->d_name);
		if (path.text)
			e = service_read(c, path, naming, &s);
		if (path.text && e == 0)
			e = service_add(c, folder, &s, all);
		free(names[i]);
	}
	free(names);
	return c->arena.bad ? -ENOMEM : e < 0 ? e : 0;
}

int services_read(struct compilation *c, const struct config *config, struct activatable **ret)
{
	enum naming naming = slice_is(config->type, "system") ? NAMING_UNIT : NAMING_FREE;
	struct activatable *all = NULL;
	int e = 0;

	list_for_each (at, &config->folders) {
		const struct item *folder = list_entry(at, struct item, link);

		e = folder_read(c, folder->text, folder->strict ? NAMING_STRICT : naming, &all);
		if (e < 0) {
			services_forget(&all);
			return e;
		}
	}
	*ret = all;
	return 0;
}

void services_forget(struct activatable **services)
{
	HASH_CLEAR(hh, *services);
}
