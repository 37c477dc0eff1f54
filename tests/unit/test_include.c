/* test_include.c - several files: which are read, in which order, and what a faulty one costs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "tests/unit/describe.h"

#define FILES_MAX_IN_TEST 6
#define HEAD "<busconfig><listen>unix:path=/x</listen>"
#define TAIL "</busconfig>"
#define PART(text) "<busconfig>" text "</busconfig>"
#define OWN(name) "<policy context=\"default\"><allow own=\"" name "\"/></policy>"
#define DENY(name) "<policy context=\"default\"><deny own=\"" name "\"/></policy>"
#define GOT_OWN(name) "default 0 own: <allow own=\"" name "\"/>\n"
#define GOT_DENY(name) "default 0 own: <deny own=\"" name "\"/>\n"
#define FAULTY(file, n)                                                                            \
	"error " file ": the file is faulty: of what it says only the " n                          \
	" deny rules before the fault count\n"

struct row {
	struct {
		const char *name, *text;
	} files[FILES_MAX_IN_TEST];
	const char *want;
};

static const struct row rows[] = {
	/* an included file's policies count where it is included; paths are relative to the file */
	{{{"main", HEAD OWN("a") "<include>sub/b</include>" OWN("d") TAIL},
		 {"sub/b", PART(OWN("b") "<include>c</include>")}, {"sub/c", PART(OWN("c"))}},
		GOT_OWN("a") GOT_OWN("b") GOT_OWN("c") GOT_OWN("d")},
	/* the same file twice in sequence is fine, inside itself it is not */
	{{{"main", HEAD "<include>b</include><include>b</include>" TAIL}, {"b", PART(OWN("b"))}},
		GOT_OWN("b") GOT_OWN("b")},
	{{{"main", HEAD "\n<include>main</include>" TAIL}},
		"fatal main: Circular inclusion: the file is being read already\n"
		"fatal main:2: cannot include main: it is faulty\nno image\n"},
	{{{"main", HEAD "<include>b</include>" TAIL},
		 {"b", PART("<include>sub/../main</include>")}},
		"fatal sub/../main: Circular inclusion: the file is being read already\n"
		"fatal b:1: cannot include sub/../main: it is faulty\n"
		"fatal main:1: cannot include b: it is faulty\nno image\n"},
	/* missing files */
	{{{"main", HEAD "<include>b</include>" TAIL}},
		"fatal main:1: cannot include b: No such file or directory\nno image\n"},
	{{{"main", HEAD "<include ignore_missing=\"yes\">b</include>" TAIL}}, ""},
	{{{"main", HEAD "<include ignore_missing=\"yes\">sub</include>" TAIL}},
		"fatal main:1: cannot include sub: Is a directory\nno image\n"},
	/* a fault in an included file is one of the file that includes it */
	{{{"main", HEAD "<include ignore_missing=\"yes\">b</include>" TAIL},
		 {"b", PART(DENY("b") "\n<x/>")}},
		"fatal b:2: unknown element <x>\n"
		"fatal main:1: cannot include b: it is faulty\nno image\n"},
	/* folders: sorted, only *.conf, missing ones are fine */
	{{{"main", HEAD "<includedir>sub</includedir>" OWN("z") TAIL},
		 {"sub/b.conf", PART(OWN("b"))}, {"sub/B.conf", PART(OWN("B"))},
		 {"sub/a.conf", PART(OWN("a"))}, {"sub/a.config", PART(OWN("x"))},
		 {"sub/.conf", PART(OWN("x"))}},
		GOT_OWN("B") GOT_OWN("a") GOT_OWN("b") GOT_OWN("z")},
	{{{"main", HEAD "<includedir>nowhere</includedir>" OWN("z") TAIL}}, GOT_OWN("z")},
	{{{"main", HEAD "<includedir>main</includedir>" OWN("z") TAIL}},
		"error main:1: cannot read the folder main: Not a directory\n" GOT_OWN("z")},
	/* a fault there costs that file its allows, and all but the denies before it */
	{{{"main", HEAD "<includedir>sub</includedir>" OWN("z") TAIL},
		 {"sub/a.conf", PART(OWN("a") "\n" DENY("b") "\n<fork x=\"y\"/>" DENY("c"))},
		 {"sub/b.conf", PART(OWN("d"))}},
		"error sub/a.conf:3: attribute \"x\" is not known on <fork>\n" FAULTY(
			"sub/a.conf:3", "1") GOT_DENY("b") GOT_OWN("d") GOT_OWN("z")},
	{{{"main", HEAD "<includedir>sub</includedir>" TAIL},
		 {"sub/a.conf", PART(DENY("a") OWN("b") DENY("c")) "junk"}},
		"error sub/a.conf:1: not well-formed XML: junk after document element\n" FAULTY(
			"sub/a.conf:1", "2") GOT_DENY("a") GOT_DENY("c")},
	{{{"main", HEAD "<includedir>sub</includedir>" TAIL},
		 {"sub/a.conf", PART("<user>gone</user><listen>tcp:</listen><x/>")}},
		"error sub/a.conf:1: unknown element <x>\n" FAULTY("sub/a.conf:1", "0")},
	{{{"main", HEAD "<includedir>sub</includedir>" TAIL}, {"sub/a.conf", ""}},
		"error sub/a.conf:1: not well-formed XML: no element found\n" FAULTY(
			"sub/a.conf:1", "0")},
	/* with what it includes, and also where that is missing */
	{{{"main", HEAD "<includedir>sub</includedir>" OWN("z") TAIL},
		 {"sub/a.conf", PART(DENY("a") "<include>b</include>" DENY("c"))},
		 {"sub/b", PART(DENY("b") OWN("x") "<x/>")}},
		"error sub/b:1: unknown element <x>\n"
		"error sub/a.conf:1: cannot include sub/b: it is faulty\n" FAULTY(
			"sub/a.conf:1", "2") GOT_DENY("a") GOT_DENY("b") GOT_OWN("z")},
	{{{"main", HEAD "<includedir>sub</includedir>" TAIL},
		 {"sub/a.conf", PART(OWN("a") DENY("b") "<include>gone</include>")}},
		"error sub/a.conf:1: cannot include sub/gone: No such file or directory\n" FAULTY(
			"sub/a.conf:1", "1") GOT_DENY("b")},
	/* a folder that includes itself: each file on the way is being read already */
	{{{"main", HEAD "<includedir>sub</includedir>" TAIL},
		 {"sub/a.conf", PART(OWN("a") "<includedir>.</includedir>" OWN("b"))}},
		"error sub/./a.conf: Circular inclusion: the file is being read already\n" FAULTY(
			"sub/./a.conf", "0") GOT_OWN("a") GOT_OWN("b")},
	/* other settings of an included file count as if they stood in the main one */
	{{{"main", HEAD "<type>a</type><includedir>sub</includedir>" TAIL},
		 {"sub/a.conf", PART("<type>b</type><fork/>")},
		 {"sub/b.conf", PART("<type>c</type><syslog/><x/>")}},
		"error sub/b.conf:1: unknown element <x>\n" FAULTY("sub/b.conf:1",
			"0") "auth external+anonymous, apparmor enabled, fork, type "
			     "b\nlisten unix:path=/x\n"},
};

static void for_each_file(const char *folder, const struct row *row, bool put)
{
	for (int i = 0; i < FILES_MAX_IN_TEST && row->files[i].name; i++) {
		DROP_HEAP char *path = NULL;

		if (put) {
			put_file(folder, row->files[i].name, row->files[i].text);
			continue;
		}
		assert_true(asprintf(&path, "%s/%s", folder, row->files[i].name) > 0);
		assert_int_equal(unlink(path), 0);
	}
}

/* The text without the folder of the test. */
static void strip_folder(char *text, const char *folder)
{
	size_t n = strlen(folder);

	for (char *at = strstr(text, folder); at; at = strstr(at, folder))
		memmove(at, at + n + 1, strlen(at + n + 1) + 1);
}

static char *describe_row(const char *folder, const struct row *row, unsigned int shown)
{
	DROP_HEAP char *path = NULL;
	char *got;

	for_each_file(folder, row, true);
	assert_true(asprintf(&path, "%s/main", folder) > 0);
	got = describe_file(path, &made_up_site, shown, 0);
	for_each_file(folder, row, false);
	strip_folder(got, folder);
	return got;
}

static void test_includes(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int shown = strstr(rows[i].want, "auth ") ? SHOW_SETTINGS : SHOW_RULES;
		DROP_HEAP char *got = describe_row(*state, &rows[i], shown);

		if (strcmp(got, rows[i].want) != 0)
			print_error("row %zu\n", i);
		assert_string_equal(got, rows[i].want);
	}
}

static void test_selinux_root(void **state)
{
	const struct row row = {
		{{"main", HEAD "<include if_selinux_enabled=\"yes\" selinux_root_relative=\"yes\">"
			       "b</include>" TAIL},
			{"sub/b", PART(OWN("b"))}},
		GOT_OWN("b")};
	const char *folder = *state;
	struct site site = made_up_site;
	DROP_HEAP char *root = NULL, *path = NULL, *got = NULL;

	assert_true(asprintf(&root, "%s/sub", folder) > 0);
	assert_true(asprintf(&path, "%s/main", folder) > 0);
	site.selinux_root = root;
	for_each_file(folder, &row, true);
	got = describe_file(path, &site, SHOW_RULES, 0);
	for_each_file(folder, &row, false);
	assert_string_equal(got, row.want);
}

/* Including is bounded in depth and in all. */
static void test_bounds(void **state)
{
	const char *folder = *state;
	DROP_HEAP char *path = NULL, *deep = NULL, *wide = NULL;

	for (int i = 0; i < 40; i++) {
		DROP_HEAP char *text = NULL;
		char name[32], next[32];

		snprintf(name, sizeof(name), "sub/%d", i);
		snprintf(next, sizeof(next), "%d", i + 1);
		assert_true(asprintf(&text, PART("<include>%s</include><include>%s</include>"),
				    next, next) > 0);
		put_file(folder, name, text);
	}
	put_file(folder, "main", HEAD "<include>sub/0</include>" TAIL);
	assert_true(asprintf(&path, "%s/main", folder) > 0);
	deep = describe_file(path, &made_up_site, SHOW_RULES, strlen(folder) + 1);
	assert_non_null(strstr(deep, "fatal sub/32: files are included more than 32 deep\n"));
	assert_non_null(strstr(deep, "no image\n"));
	/* two to the power of 20 files */
	put_file(folder, "sub/20", PART(""));
	wide = describe_file(path, &made_up_site, SHOW_RULES, strlen(folder) + 1);
	assert_non_null(strstr(wide, "too many or too large files are included\n"));
	assert_non_null(strstr(wide, "no image\n"));
	for (int i = 0; i < 40; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s/sub/%d", folder, i);
		assert_int_equal(unlink(name), 0);
	}
	assert_int_equal(unlink(path), 0);
}

static void test_watches(void **state)
{
	const struct row row = {
		{{"main", HEAD "<includedir>sub</includedir><standard_system_servicedirs/>"
			       "<standard_session_servicedirs/><servicedir>sub</servicedir>"
			       "<servicedir>/one/dbus-1/services</servicedir>" TAIL},
			{"sub/a.conf", PART("<x/>")}, {"sub/b.conf", PART("<include>c</include>")},
			{"sub/c", PART("")}},
		"error sub/a.conf:1: unknown element <x>\n" FAULTY("sub/a.conf:1",
			"0") "watch main\nwatch sub\nwatch "
			     "sub/c\n"
			     "watch /etc/dbus-1/system-services\nwatch "
			     "/run/dbus-1/system-services\n"
			     "watch /usr/local/share/dbus-1/system-services\n"
			     "watch /usr/share/dbus-1/system-services\nwatch "
			     "/lib/dbus-1/system-services\n"
			     "watch /run/user/1001/dbus-1/services\nwatch "
			     "/home/alice/.local/share/dbus-1/services\n"
			     "watch /one/dbus-1/services\nwatch /two/dbus-1/services\n"
			     "watch /usr/share/dbus-1/services\nwatch sub\n"};
	DROP_HEAP char *got = describe_row(*state, &row, SHOW_WATCHES);
	char *at;

	/* services of the machine that the test runs on may be complained of between */
	at = strstr(got, "watch main");
	assert_non_null(at);
	assert_string_equal(at, strstr(row.want, "watch main"));
}

static int setup(void **state)
{
	char folder[] = "/tmp/test_include.XXXXXX";
	DROP_HEAP char *sub = NULL;

	*state = mkdtemp(folder) ? strdup(folder) : NULL;
	return *state && asprintf(&sub, "%s/sub", folder) > 0 ? mkdir(sub, 0700) : -1;
}

static int teardown(void **state)
{
	DROP_HEAP char *folder = *state, *sub = NULL;

	if (asprintf(&sub, "%s/sub", folder) < 0 || rmdir(sub) < 0)
		return -1;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_selinux_root),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_watches),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
