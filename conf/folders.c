/* folders.c - where service files lie: the XDG base folders of a user, and those of the system */
#include <errno.h>

#include "conf/folders.h"

#define SESSION_FOLDER "dbus-1/services"
#define SYSTEM_FOLDER "dbus-1/system-services"

static const char *const system_roots[] = {
	"/etc", "/run", "/usr/local/share", "/usr/share", "/lib"};

int folder_append(struct reading *r, struct slice path)
{
	struct arena *arena = &r->c->arena;

	if (!path.text)
		return -ENOMEM;
	if (config_has_folder(r->config, path))
		return 0;
	return item_append(arena, &r->config->folders, path);
}

/* Relative folders are to be ignored (XDG base directory specification). */
static int folder_append_below(struct reading *r, struct slice root, const char *folder)
{
	if (root.size == 0 || root.text[0] != '/')
		return 0;
	return folder_append(r, arena_print(&r->c->arena, "%.*s/%s", SLICE_FMT(root), folder));
}

static int folders_append_list(struct reading *r, const char *list)
{
	int e = 0;

	while (e == 0 && *list) {
		size_t n = strcspn(list, ":");

		e = folder_append_below(r, (struct slice){list, n}, SESSION_FOLDER);
		list += n + (list[n] == ':');
	}
	return e;
}

int folders_append_session(struct reading *r)
{
	const struct site *site = r->c->site;
	struct slice data_home = slice_of(site->data_home);
	int e;

	if (data_home.size == 0 && site->home)
		data_home = arena_print(&r->c->arena, "%s/.local/share", site->home);
	e = folder_append_below(r, slice_of(site->runtime_dir), SESSION_FOLDER);
	if (e == 0)
		e = folder_append_below(r, data_home, SESSION_FOLDER);
	if (e == 0 && site->data_dirs && *site->data_dirs)
		e = folders_append_list(r, site->data_dirs);
	else if (e == 0)
		e = folders_append_list(r, "/usr/local/share");
	return e ? e : folder_append_below(r, SLICE("/usr/share"), SESSION_FOLDER);
}

int folders_append_system(struct reading *r)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < ARRAY_SIZE(system_roots); i++)
		e = folder_append_below(r, slice_of(system_roots[i]), SYSTEM_FOLDER);
	return e;
}
