/*
 * test_oom_conf.c - compiling when there is no memory, or are no descriptors: the image that would
 * have been, or none. An image without some of its rules would be a policy that nobody wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <expat.h>
#include <cmocka.h>

#include "tests/unit/describe.h"
#include "tests/unit/oom.h"

/* expat asks here for its memory, too */
XML_Parser __wrap_XML_ParserCreate(const XML_Char *encoding);
XML_Parser __wrap_XML_ParserCreate(const XML_Char *encoding)
{
	const XML_Memory_Handling_Suite suite = {malloc, realloc, free};

	return XML_ParserCreate_MM(encoding, &suite, NULL);
}

static const struct {
	const char *name, *text;
} files[] = {
	{"main", "<busconfig><type>system</type><user>alice</user><listen>unix:path=/x</listen>"
		 "<auth>EXTERNAL</auth><pidfile>/run/x</pidfile><servicedir>services</servicedir>"
		 "<limit name=\"max_names_per_connection\">9</limit>"
		 "<policy context=\"default\"><allow user=\"*\"/><deny own=\"*\"/>"
		 "<deny send_type=\"method_call\"/><allow receive_type=\"signal\"/></policy>"
		 "<policy user=\"alice\"><allow own=\"a.b\"/></policy>"
		 "<policy group=\"wheel\"><deny send_destination=\"a.b\" send_path=\"/\"/></policy>"
		 "<policy user=\"gone\"><deny own=\"x\"/></policy>"
		 "<selinux><associate own=\"a\" context=\"b\"/></selinux>"
		 "<include>more</include><includedir>parts</includedir>"
		 "<policy unit=\"a@*.service\" mode=\"permissive\"><deny send_arg0=\"x\"/></policy>"
		 "<policy label=\"u:*\"><check polkit=\"a.do\" own=\"u.v\" keep=\"3\"/>"
		 "<audit send_arg0_prefix=\"y\" on=\"deny\"/><deny see=\"s.t\"/></policy>"
		 "<restrict own=\"u.v\" user=\"alice\" unit=\"b.service\" label=\"l:*\"/>"
		 "<limit name=\"max_message_size\" user=\"alice\">7</limit>"
		 "<limit name=\"max_message_size\" unit=\"c.service\">8</limit>"
		 "<policy context=\"mandatory\"><deny own=\"m.n\"/></policy></busconfig>"},
	/* what a rule or a whole file could get lost from without being a fault */
	{"loose", "<busconfig><listen>unix:path=/x</listen><includedir>parts</includedir>"
		  "<includedir>deep</includedir>"
		  "<policy user=\"alice\"><deny own=\"a\"/></policy>"
		  "<policy group=\"wheel\"><deny own=\"b\"/></policy>"
		  "<policy context=\"mandatory\"><deny user=\"alice\"/><deny group=\"wheel\"/>"
		  "</policy><restrict own=\"c.d\" user=\"alice\" group=\"wheel\"/>"
		  "<limit name=\"max_message_size\" user=\"alice\">7</limit></busconfig>"},
	{"deep/a.conf", "<busconfig><include>../more</include></busconfig>"},
	{"more", "<busconfig><policy context=\"default\"><allow own=\"o.p\"/>"
		 "<deny own=\"o.p.q\"/></policy></busconfig>"},
	{"parts/a.conf", "<busconfig><policy context=\"default\"><allow own=\"q\"/>"
			 "<deny send_interface=\"i.i\" send_member=\"M\"/></policy></busconfig>"},
	{"parts/b.conf", "<busconfig><policy context=\"default\"><deny own=\"r\"/>"
			 "<allow own=\"s\"/><check polkit=\"a\" own=\"s.t\"/><x/><deny own=\"t\"/>"
			 "</policy></busconfig>"},
	{"services/com.A.service", "[D-BUS Service]\nName=com.A\nExec=/bin/a 'b c' d\nUser=root\n"},
	{"services/com.B.service", "[D-BUS Service]\nName=com.B\nExec=/bin/b\nUser=root\n"
				   "SystemdService=b.service\n"},
	{"services/com.C.service", "[D-BUS Service]\nName=com.C\nExec=/bin/c 'd\n"},
};

static char folder[] = "/tmp/test_oom_conf.XXXXXX";
static const char *const mains[] = {"main", "loose"};

static int image_of(const struct site *site, const char *name, void **ret_data, size_t *ret_size)
{
	char path[sizeof(folder) + 8];
	struct compilation c;
	int e;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	compilation_init(&c, site);
	e = compile(&c, path, -1, 0, ret_data, ret_size);
	compilation_fini(&c);
	return e;
}

/* What the test stands on: of each file something is in the image. */
static void test_image(void **state)
{
	static const char *const parts[] = {"<deny own=\"*\"/>", "<allow own=\"a.b\"/>",
		"send_path=\"/\"", "<deny own=\"o.p.q\"/>", "send_member=\"M\"",
		"<deny own=\"r\"/>", "<deny own=\"m.n\"/>", "service com.A", "service com.B",
		"<deny send_arg0=\"x\"/>", "<check polkit=\"a.do\"", "<audit send_arg0_prefix",
		"<deny see="};
	char path[sizeof(folder) + 8];
	DROP_HEAP char *text = NULL;

	(void)state;
	snprintf(path, sizeof(path), "%s/main", folder);
	text = describe_file(path, &made_up_site, SHOW_RULES | SHOW_SERVICES, strlen(folder) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!strstr(text, parts[i]))
			fail_msg("no %s in:\n%s", parts[i], text);
	}
}

/* Whether an allocation failed. */
static bool compile_once(
	const char *name, enum oom_plan plan, uint32_t n, const void *good, size_t good_size)
{
	DROP_HEAP void *data = NULL;
	size_t size = 0;
	bool failed;
	int e;

	oom_arm(plan, n);
	e = image_of(&made_up_site, name, &data, &size);
	failed = oom_disarm();
	if (e == 0) {
		assert_int_equal(size, good_size);
		assert_memory_equal(data, good, size);
	} else {
		assert_int_equal(e, -ENOMEM);
		assert_null(data);
	}
	return failed;
}

static void test_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
		DROP_HEAP void *good = NULL;
		size_t size = 0;

		assert_int_equal(image_of(&made_up_site, mains[i], &good, &size), 0);
		for (int plan = 0; plan < OOM_PLANS; plan++) {
			uint32_t n = 1;

			while (compile_once(mains[i], plan, n, good, size))
				assert_true(++n < OOM_MAX);
			assert_true(n > 50);
		}
	}
}

/* With `n` descriptors to be had. */
static int image_with(const char *name, rlim_t n, void **ret_data, size_t *ret_size)
{
	struct rlimit all, few;
	int e, lowest = dup(0);

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){(rlim_t)lowest + n, all.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	e = image_of(&made_up_site, name, ret_data, ret_size);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	return e;
}

static void test_descriptors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
		DROP_HEAP void *good = NULL, *data = NULL;
		size_t good_size = 0, size = 0;
		rlim_t n = 0;

		assert_int_equal(image_of(&made_up_site, mains[i], &good, &good_size), 0);
		while (image_with(mains[i], n, &data, &size) != 0)
			assert_true(++n < 16);
		assert_true(n > 0);
		assert_int_equal(size, good_size);
		assert_memory_equal(data, good, size);
	}
}

static int lookup_error;

static int failing_user(const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	(void)name;
	(void)ret_uid;
	(void)ret_gid;
	return lookup_error;
}

static int failing_group(const char *name, uint32_t *ret_gid)
{
	(void)name;
	(void)ret_gid;
	return lookup_error;
}

/* Who cannot be looked up for want of something is not an "unknown user", whose rules are left out. */
static void test_lookups(void **state)
{
	static const int errors[] = {-ENOMEM, -EMFILE, -ENFILE};
	struct site sites[] = {made_up_site, made_up_site};

	(void)state;
	sites[0].find_user = failing_user;
	sites[1].find_group = failing_group;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(sites); j++) {
			void *data = NULL;
			size_t size;

			lookup_error = errors[i];
			assert_int_equal(image_of(&sites[j], "loose", &data, &size), errors[i]);
		}
	}
}

static int folder_make(void **state)
{
	static const char *const inside[] = {"parts", "deep", "services"};
	char name[sizeof(folder) + 16];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		snprintf(name, sizeof(name), "%s/%s", folder, inside[i]);
		if (mkdir(name, 0755) < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put_file(folder, files[i].name, files[i].text);
	return 0;
}

static int folder_remove(void **state)
{
	static const char *const inside[] = {"parts", "deep", "services", ""};
	char name[sizeof(folder) + 64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "%s/%s", folder, files[i].name);
		unlink(name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(inside); i++) {
		snprintf(name, sizeof(name), "%s/%s", folder, inside[i]);
		if (rmdir(name) < 0)
			return -1;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_lookups),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
