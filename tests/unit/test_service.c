/* test_service.c - service files: lines, values, command lines, names, and which file wins */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "conf/service.h"
#include "conf/shell.h"
#include "tests/unit/describe.h"

#define NAMED "[D-BUS Service]\nName=a.b\n"
#define FILE_TEXT(text)                                                                            \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct {
	struct slice text;
	enum naming naming;
	const char *path, *want;
} files[] = {
	/* keys */
	{FILE_TEXT(NAMED "Exec=/x -y\nUser=u\nSystemdService=s\nAssumedAppArmorLabel=l\n"),
		NAMING_UNIT, "/a.b.service", "a.b: /x|-y user=u unit=s label=l"},
	{FILE_TEXT(NAMED), NAMING_UNIT, "/a.b.service",
		"!/a.b.service: neither Exec nor SystemdService: the service is ignored"},
	{FILE_TEXT(NAMED "SystemdService=s"), NAMING_UNIT, "/a.b.service", "a.b: unit=s"},
	{FILE_TEXT(NAMED "Exec=/x\nExec=/y\nName=c.d\nUnheard=of\n"), NAMING_UNIT, "/a.b.service",
		"a.b: /x"},
	{FILE_TEXT(NAMED "Exec=/x\n[Other]\n" NAMED "User=u\n"), NAMING_UNIT, "/a.b.service",
		"a.b: /x"},
	/* lines */
	{FILE_TEXT("\n  \t\n# c\n\t# c\n[Other]\nName=c.d\n" NAMED "Exec=/x\n[More]\nUser=u\n"),
		NAMING_UNIT, "/a.b.service", "a.b: /x"},
	{FILE_TEXT("[D-BUS Service]\r\nName=a.b\r\nExec=/x\r\n"), NAMING_UNIT, "/a.b.service",
		"a.b: /x"},
	{FILE_TEXT("[D-BUS Service]\nName = a.b\nExec \t=  /x y \n"), NAMING_UNIT, "/a.b.service",
		"a.b: /x|y"},
	{FILE_TEXT(NAMED "Exec[de]=/y\nExec=/x\nComment[de_DE@euro] = \xc3\xa4\n"), NAMING_UNIT,
		"/a.b.service", "a.b: /x"},
	{FILE_TEXT(NAMED "SystemdService=a\\sb\\n\\t\\r\\\\"), NAMING_UNIT, "/a.b.service",
		"a.b: unit=a b\n\t\r\\"},
	/* what is no line */
	{FILE_TEXT("Name=a.b\n[D-BUS Service]\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:1: a key stands before the first section: the service is ignored"},
	{FILE_TEXT(NAMED "text\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: neither section nor key=value nor comment: the service is "
		"ignored"},
	{FILE_TEXT(NAMED "=x\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: a key is empty or begins with a bad character: the service is "
		"ignored"},
	{FILE_TEXT(NAMED " User=x\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: a key is empty or begins with a bad character: the service is "
		"ignored"},
	{FILE_TEXT(NAMED "Us_er=x\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: bad character in a key: the service is ignored"},
	{FILE_TEXT(NAMED "Us er=x\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: bad character in a key: the service is ignored"},
	{FILE_TEXT(NAMED "User[de=x\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: a locale must end in ']': the service is ignored"},
	{FILE_TEXT(NAMED "[Other\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: a section must end in ']': the service is ignored"},
	{FILE_TEXT(NAMED "[]\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: a section has no name: the service is ignored"},
	{FILE_TEXT(NAMED "[a\001]\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: bad character in the name of a section: the service is ignored"},
	{FILE_TEXT(NAMED "User=a\\q\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: unknown escape in a value: the service is ignored"},
	{FILE_TEXT(NAMED "User=a\\\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: a value ends in a backslash: the service is ignored"},
	{FILE_TEXT(NAMED "User=a\0b\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: not UTF-8: the service is ignored"},
	{FILE_TEXT(NAMED "User=\xc0\x80\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: not UTF-8: the service is ignored"},
	{FILE_TEXT(NAMED "User=\xed\xa0\x80\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: not UTF-8: the service is ignored"},
	{FILE_TEXT(NAMED "User=\xf4\x90\x80\x80\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: not UTF-8: the service is ignored"},
	{FILE_TEXT(NAMED "User=\xe2\x82"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: not UTF-8: the service is ignored"},
	/* names */
	{FILE_TEXT(""), NAMING_UNIT, "/a.b.service",
		"!/a.b.service: no Name in a section [D-BUS Service]"},
	{FILE_TEXT("[Other]\nName=a.b\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service: no Name in a section [D-BUS Service]"},
	{FILE_TEXT("[D-BUS Service]\nName=ab\n"), NAMING_FREE, "/ab.service",
		"!/ab.service:2: \"ab\" is no name that a service can have"},
	{FILE_TEXT("[D-BUS Service]\nName=:1.2\n"), NAMING_FREE, "/:1.2.service",
		"!/:1.2.service:2: \":1.2\" is no name that a service can have"},
	{FILE_TEXT("[D-BUS Service]\nName=a.2b\n"), NAMING_FREE, "/a.2b.service",
		"!/a.2b.service:2: \"a.2b\" is no name that a service can have"},
	{FILE_TEXT("[D-BUS Service]\nName=a..b\n"), NAMING_FREE, "/a..b.service",
		"!/a..b.service:2: \"a..b\" is no name that a service can have"},
	{FILE_TEXT("[D-BUS Service]\nName=org.freedesktop.DBus\n"), NAMING_FREE, "/x",
		"!/x:2: \"org.freedesktop.DBus\" is no name that a service can have"},
	{FILE_TEXT("[D-BUS Service]\nName=a-b_c.d2\nExec=/x\n"), NAMING_UNIT, "/a-b_c.d2.service",
		"a-b_c.d2: /x"},
	/* the name of the file */
	{FILE_TEXT(NAMED "Exec=/x\n"), NAMING_UNIT, "/c.service",
		"!/c.service:2: here the file must be called a.b.service: it is ignored"},
	{FILE_TEXT(NAMED "Exec=/x\nSystemdService=s\n"), NAMING_UNIT, "/c.service",
		"a.b: unit=s !/c.service:2: the file should be called a.b.service: only systemd "
		"starts it"},
	{FILE_TEXT(NAMED "Exec=/x\nSystemdService=s\n"), NAMING_STRICT, "/c.service",
		"!/c.service:2: here the file must be called a.b.service: it is ignored"},
	{FILE_TEXT(NAMED "Exec=/x\n"), NAMING_STRICT, "/a.b.service", "a.b: /x"},
	{FILE_TEXT(NAMED "Exec=/x\n"), NAMING_FREE, "/c.service",
		"a.b: /x !/c.service:2: the file should be called a.b.service"},
	/* command lines (more of them below) */
	{FILE_TEXT(NAMED "Exec='x\n"), NAMING_UNIT, "/a.b.service",
		"!/a.b.service:3: bad Exec: a quotation mark is not closed: the service is "
		"ignored"},
};

static void describe_service(FILE *to, const struct activatable *s)
{
	fprintf(to, "%s:", s->name.text);
	for (uint32_t i = 0; i < s->argc; i++)
		fprintf(to, "%c%s", i ? '|' : ' ', s->argv[i].text);
	if (s->user.text)
		fprintf(to, " user=%s", s->user.text);
	if (s->systemd_service.text)
		fprintf(to, " unit=%s", s->systemd_service.text);
	if (s->apparmor_label.text)
		fprintf(to, " label=%s", s->apparmor_label.text);
}

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		DROP_HEAP char *got = NULL;
		struct compilation c;
		struct activatable s;
		size_t size;
		FILE *to = open_memstream(&got, &size);
		int e;

		compilation_init(&c, &made_up_site);
		e = service_parse(&c, slice_of(files[i].path), files[i].text, files[i].naming, &s);
		if (e == 0)
			describe_service(to, &s);
		list_for_each (at, &c.complaints.all) {
			fprintf(to, "%s!%s", e ? "" : " ",
				remark_words(list_entry(at, struct remark, link), &c.arena).text);
		}
		fclose(to);
		assert_string_equal(got, files[i].want);
		compilation_fini(&c);
	}
}

static const struct {
	const char *text, *want; /* words, each in brackets, or "!" and why */
} lines[] = {
	{"a", "[a]"},
	{"  a\tb\n c ", "[a][b][c]"},
	/* quotes */
	{"'a b' \"c d\"", "[a b][c d]"},
	{"a'b'\"c\"d", "[abcd]"},
	{"'' \"\"", "[][]"},
	{"'a\"b\\' \"a'b\"", "[a\"b\\][a'b]"},
	{"\"\\\"\\\\\\`\\$\\a\"", "[\"\\`$\\a]"},
	{"\"a\\\nb\"", "[a\nb]"},
	/* backslashes outside */
	{"a\\ b \\'c \\\\", "[a b]['c][\\]"},
	{"a\\\nb", "[ab]"},
	{"a \\\n b", "[a][b]"},
	/* comments */
	{"a #b c\nd", "[a][d]"},
	{"a#b '#' \\#", "[a#b][#][#]"},
	/* nothing is expanded */
	{"$HOME `x` ~ *", "[$HOME][`x`][~][*]"},
	/* faults */
	{"", "!the text is empty"},
	{" \n", "!the text is empty"},
	{"# a", "!the text is empty"},
	{"'a", "!a quotation mark is not closed"},
	{"a \"", "!a quotation mark is not closed"},
	{"\"a\\\"", "!a quotation mark is not closed"},
	{"\"\\", "!a quotation mark is not closed"},
	{"a\\", "!the text ends in a backslash"},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct arena arena = {0};
		const char *why = NULL;
		struct slice *words;
		char got[256] = "";
		uint32_t n = 0;
		int e = shell_split(&arena, slice_of(lines[i].text), &words, &n, &why);

		if (e == SHELL_BAD)
			snprintf(got, sizeof(got), "!%s", why);
		for (uint32_t w = 0; e == 0 && w < n; w++) {
			size_t used = strlen(got);

			snprintf(got + used, sizeof(got) - used, "[%s]", words[w].text);
		}
		assert_string_equal(got, lines[i].want);
		arena_fini(&arena);
	}
}

/* Folders: the first that has the name wins; in one folder, the first file in order of names. */
static void test_folders(void **state)
{
	static const struct {
		const char *name, *text;
	} put[] = {
		{"one/a.b.service", NAMED "Exec=/one\n"},
		{"one/c.service", "[D-BUS Service]\nName=a.b\nExec=/x\n"},
		{"one/d.e.service", "[D-BUS Service]\nName=d.e\nExec='\n"},
		{"one/f.g.text", "[D-BUS Service]\nName=f.g\nExec=/x\n"},
		{"two/a.b.service", NAMED "Exec=/two\n"},
		{"two/d.e.service", "[D-BUS Service]\nName=d.e\nExec=/two\n"},
		{"main",
			"<busconfig><listen>unix:path=/x</listen><servicedir>one</servicedir>"
			"<servicedir>nowhere</servicedir><servicedir>two</servicedir></busconfig>"},
	};
	const char *folder = *state;
	DROP_HEAP char *path = NULL, *got = NULL, *want = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(put); i++)
		put_file(folder, put[i].name, put[i].text);
	assert_true(asprintf(&path, "%s/main", folder) > 0);
	assert_true(
		asprintf(&want,
			"warning one/c.service:2: the file should be called a.b.service\n"
			"warning one/c.service: ignored: %s/one/a.b.service describes the same "
			"service\n"
			"error one/d.e.service:3: bad Exec: a quotation mark is not closed: the "
			"service is ignored\n"
			"service a.b one/a.b.service: /one\n"
			"service d.e two/d.e.service: /two\n",
			folder) > 0);
	got = describe_file(path, &made_up_site, SHOW_SERVICES, strlen(folder) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(put); i++) {
		DROP_HEAP char *name = NULL;

		assert_true(asprintf(&name, "%s/%s", folder, put[i].name) > 0);
		assert_int_equal(unlink(name), 0);
	}
	assert_string_equal(got, want);
}

static int with_folders(const char *folder, int (*act)(const char *path))
{
	static const char *const names[] = {"one", "two"};
	int e = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		DROP_HEAP char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, names[i]) < 0 || act(path) < 0)
			e = -1;
	}
	return e;
}

static int folder_make(const char *path)
{
	return mkdir(path, 0700);
}

static int setup(void **state)
{
	char folder[] = "/tmp/test_service.XXXXXX";

	*state = mkdtemp(folder) ? strdup(folder) : NULL;
	return *state ? with_folders(*state, folder_make) : -1;
}

static int teardown(void **state)
{
	DROP_HEAP char *folder = *state;

	if (with_folders(folder, rmdir) < 0)
		return -1;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_folders),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
