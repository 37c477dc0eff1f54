/* folders.c - where service files lie: the XDG base folders of a user, and those of the system */
#include <errno.h>

#include "conf/folders.h"

#define SESSION_FOLDER "dbus-1/services"
#define SYSTEM_FOLDER "dbus-1/system-services"

static const char *const system_roots[] = {
	"/etc", "/run", "/usr/local/share", "/usr/share", "/lib"};

static int append(struct reading *r, struct slice path, bool strict)
{
	struct list *folders = &r->config->folders;

	if (!path.text)
		return -ENOMEM;
	if (config_has_folder(r->config, path))
		return 0;
	if (item_append(&r->c->arena, folders, path) < 0)
		return -ENOMEM;
	list_entry(folders->prev, struct item, link)->strict = strict;
	return 0;
}

int folder_append(struct reading *r, struct slice path)
{
	return append(r, path, false);
}

/* Relative folders are to be ignored (XDG base directory specification). */
static int append_below(struct reading *r, struct slice root, const char *folder, bool strict)
{
	if (root.size == 0 || root.text[0] != '/')
		return 0;
	return append(r, arena_print(&r->c->arena, "%.*s/%s", SLICE_FMT(root), folder), strict);
}

static int folders_append_list(struct reading *r, const char *list)
{
	int e = 0;

	while (e == 0 && *list) {
		size_t n = strcspn(list, ":");

		e = append_below(r, (struct slice){list, n}, SESSION_FOLDER, false);
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
	/* files that live as long as the session, and that nobody has packaged */
	e = append_below(r, slice_of(site->runtime_dir), SESSION_FOLDER, true);
	if (e == 0)
		e = append_below(r, data_home, SESSION_FOLDER, false);
	if (e == 0 && site->data_dirs && *site->data_dirs)
		e = folders_append_list(r, site->data_dirs);
	else if (e == 0)
		e = folders_append_list(r, "/usr/local/share");
	return e ? e : append_below(r, SLICE("/usr/share"), SESSION_FOLDER, false);
}

int folders_append_system(struct reading *r)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < ARRAY_SIZE(system_roots); i++)
		e = append_below(r, slice_of(system_roots[i]), SYSTEM_FOLDER, false);
	return e;
}
