/*
 * test_extensions_image.c - what of a configuration beyond that of the reference comes into the image,
 * and its words do not show; and what is left of it when its file is broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "tests/unit/rows.h"

static char *folder, *path;

/* The image of a whole document, which borrows *ret_data. */
static void image_of(const char *text, struct image *ret, void **ret_data)
{
	struct compilation c;
	size_t size;

	put_file(folder, "main", text);
	compilation_init(&c, &made_up_site);
	assert_int_equal(compile(&c, path, -1, 0, ret_data, &size), 0);
	compilation_fini(&c);
	assert_int_equal(image_open(ret, *ret_data, size, NULL), 0);
}

/* Fields of a rule that its words do not show. */
static void test_fields(void **state)
{
	static const struct {
		const char *rule;
		struct rule want; /* its plain fields */
		const char *arg0, *action;
	} rows[] = {
		{"<check polkit=\"a.b\" own=\"a.b\"/>",
			{.verb = RULE_OWN, .effect = EFFECT_CHECK, .name_kind = NAME_EXACT}, "",
			"a.b"},
		{"<check polkit=\"a.b\" send_destination=\"a.b\" keep=\"3600\" log=\"true\"/>",
			{.verb = RULE_SEND,
				.effect = EFFECT_CHECK,
				.name_kind = NAME_EXACT,
				.type = 1,
				.keep = 3600,
				.log = 1},
			"", "a.b"},
		{"<audit own_prefix=\"a\"/>",
			{.verb = RULE_AUDIT_OWN,
				.effect = EFFECT_AUDIT,
				.name_kind = NAME_PREFIX,
				.on = ON_ALLOW | ON_DENY},
			"", ""},
		{"<audit send_type=\"error\" on=\"allow\"/>",
			{.verb = RULE_AUDIT, .effect = EFFECT_AUDIT, .type = 3, .on = ON_ALLOW}, "",
			""},
		{"<audit send_arg0=\"x\" on=\"deny\"/>",
			{.verb = RULE_AUDIT,
				.effect = EFFECT_AUDIT,
				.arg0_kind = ARG0_EXACT,
				.on = ON_DENY},
			"x", ""},
		{"<deny send_arg0=\"\"/>", {.verb = RULE_SEND, .arg0_kind = ARG0_EXACT}, "", ""},
		{"<deny send_arg0=\"*\"/>", {.verb = RULE_SEND}, "", ""},
		{"<deny send_arg0_prefix=\"*\"/>", {.verb = RULE_SEND, .arg0_kind = ARG0_PREFIX},
			"*", ""},
		{"<deny send_arg0_prefix=\"\"/>", {.verb = RULE_SEND, .arg0_kind = ARG0_PREFIX}, "",
			""},
		{"<deny see_prefix=\"*\"/>", {.verb = RULE_SEE, .name_kind = NAME_PREFIX}, "", ""},
		{"<allow see=\"*\"/>", {.verb = RULE_SEE, .effect = EFFECT_ALLOW}, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DROP_HEAP char *text = NULL;
		DROP_HEAP void *data = NULL;
		struct rule want = rows[i].want, got;
		struct image image;

		assert_true(asprintf(&text, HEAD DEFAULT("%s") TAIL, rows[i].rule) > 0);
		image_of(text, &image, &data);
		assert_int_equal(image.header->rules.count, 1);
		got = image.rules[0];
		assert_string_equal(image_string(&image, got.arg0), rows[i].arg0);
		assert_string_equal(image_string(&image, got.action), rows[i].action);
		got.name = got.arg0 = got.action = got.file = got.text = (struct image_text){0, 0};
		got.line = 0;
		want.max_fds = UINT32_MAX;
		assert_memory_equal(&got, &want, sizeof(got));
	}
}

/* On trial: by section and by file, not the files that it includes. */
static void test_trials(void **state)
{
	static const struct {
		const char *text;
		bool rule, restriction;
	} rows[] = {
		{HEAD DEFAULT("<deny own=\"a.b\"/>") "<restrict own=\"a.b\" user=\"7\"/>" TAIL,
			false, false},
		{HEAD "<policy context=\"default\" mode=\"permissive\"><deny own=\"a.b\"/></policy>"
		      "<restrict own=\"a.b\" user=\"7\"/>" TAIL,
			true, false},
		{HEAD "<policy context=\"default\" mode=\"permissive\"></policy>" DEFAULT(
			 "<deny own=\"a.b\"/>") "<restrict own=\"a.b\" user=\"7\" "
						"mode=\"permissive\"/>" TAIL,
			false, true},
		{"<busconfig mode=\"permissive\"><listen>x</listen>" DEFAULT(
			 "<deny own=\"a.b\"/>") "<restrict own=\"a.b\" user=\"7\"/>" TAIL,
			true, true},
		/* what a file says of itself holds whatever its sections say */
		{"<busconfig mode=\"permissive\"><listen>x</listen><policy context=\"default\" "
		 "mode=\"enforcing\"><deny own=\"a.b\"/></policy>"
		 "<restrict own=\"a.b\" user=\"7\" mode=\"enforcing\"/>" TAIL,
			true, true},
		{"<busconfig mode=\"enforcing\"><listen>x</listen>" DEFAULT(
			 "<deny own=\"a.b\"/>") "<restrict own=\"a.b\" user=\"7\"/>" TAIL,
			false, false},
		{"<busconfig mode=\"permissive\"><listen>x</listen><include>more</include>" TAIL,
			false, false},
	};

	(void)state;
	put_file(folder, "more",
		"<busconfig>" DEFAULT(
			"<deny own=\"a.b\"/>") "<restrict own=\"a.b\" user=\"7\"/>" TAIL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DROP_HEAP void *data = NULL;
		struct image image;

		image_of(rows[i].text, &image, &data);
		assert_int_equal(image.header->rules.count, 1);
		assert_int_equal(image.header->restrictions.count, 1);
		if (image.rules[0].permissive != rows[i].rule ||
			image.restrictions[0].permissive != rows[i].restriction)
			fail_msg("row %zu", i);
	}
}

static void test_restrictions(void **state)
{
	DROP_HEAP void *data = NULL;
	const struct restriction *r;
	struct image image;
	uint32_t n;

	(void)state;
	image_of(HEAD "<restrict own=\"b.c\" user=\"alice\"/>\n"
		      "<restrict own_prefix=\"b\" group=\"wheel\" label=\"x*\" revoke=\"yes\"/>\n"
		      "<restrict own=\"b.c\" unit=\"a.service\" user=\"gone\"/>" TAIL,
		&image, &data);
	assert_int_equal(image.header->restrictions.count, 3);
	r = image_restrictions(&image, SLICE("b.c"), &n);
	assert_int_equal(n, 2);
	assert_int_equal(r[0].line, 1);
	assert_int_equal(r[0].asks, ASKS_USER);
	assert_int_equal(r[0].user, 1001);
	assert_int_equal(r[0].name_kind, NAME_EXACT);
	assert_int_equal(r[0].revoke, 0);
	assert_int_equal(r[1].line, 3);
	assert_int_equal(r[1].asks, ASKS_USER | ASKS_UNIT | ASKS_NOBODY);
	assert_string_equal(image_string(&image, r[1].unit), "a.service");
	assert_string_equal(image_string(&image, r[1].file), path);
	r = image_restrictions(&image, SLICE("b"), &n);
	assert_int_equal(n, 1);
	assert_int_equal(r->asks, ASKS_GROUP | ASKS_LABEL);
	assert_int_equal(r->group, 10);
	assert_int_equal(r->name_kind, NAME_PREFIX);
	assert_int_equal(r->revoke, 1);
	assert_string_equal(image_string(&image, r->label), "x*");
	assert_string_equal(image_string(&image, r->text),
		"<restrict own_prefix=\"b\" group=\"wheel\" label=\"x*\" revoke=\"yes\"/>");
	image_restrictions(&image, SLICE("b.d"), &n);
	assert_int_equal(n, 0);
}

static void test_overrides(void **state)
{
	DROP_HEAP void *data = NULL;
	const struct override *o;
	struct image image;

	(void)state;
	image_of(HEAD "<limit name=\"max_message_size\" own=\"a.b\">3</limit>\n"
		      "<limit name=\"max_message_size\" unit=\"a.service\">2</limit>\n"
		      "<limit name=\"max_message_size\" user=\"gone\">9</limit>\n"
		      "<limit name=\"max_message_size\" user=\"alice\">1</limit>\n"
		      "<limit name=\"max_message_size\" user=\"7\"> 0 </limit>\n"
		      "<limit name=\"max_outgoing_bytes\" own=\"a.b\">5</limit>"
		      "<limit name=\"max_message_size\">4</limit>" TAIL,
		&image, &data);
	o = image.overrides;
	assert_int_equal(image.header->overrides.count, 5);
	assert_int_equal(image_limit(&image, LIMIT_MAX_MESSAGE_SIZE), 4);
	assert_int_equal(o[0].limit, LIMIT_MAX_OUTGOING_BYTES);
	assert_string_equal(image_string(&image, o[0].pattern), "a.b");
	assert_int_equal(o[1].whose, WHOSE_USER);
	assert_int_equal(o[1].uid, 1001);
	assert_int_equal(o[1].value, 1);
	assert_int_equal(o[2].uid, 7);
	assert_int_equal(o[2].value, 0);
	assert_int_equal(o[3].whose, WHOSE_UNIT);
	assert_int_equal(o[3].line, 2);
	assert_int_equal(o[4].whose, WHOSE_OWNER);
	assert_int_equal(o[4].value, 3);
	assert_string_equal(image_string(&image, o[4].file), path);
}

/* Of a broken file in an includedir what closes stays: denies, checks as denies, restrictions. */
static void test_salvaged(void **state)
{
	DROP_HEAP char *got = NULL, *inside = NULL;

	(void)state;
	assert_true(asprintf(&inside, "%s/parts", folder) > 0);
	mkdir(inside, 0755);
	put_file(folder, "parts/a.conf",
		"<busconfig>" DEFAULT(
			"<check polkit=\"a\" own=\"a.b\" keep=\"5\"/><allow own=\"a.c\"/>"
			"<audit own=\"a.d\"/><deny see=\"a.e\"/>") "<restrict own=\"a.f\" "
								   "user=\"7\"/>"
								   "<limit "
								   "name=\"max_message_size\" "
								   "user=\"7\">9</limit><x/>" TAIL);
	put_file(folder, "main", HEAD "<includedir>parts</includedir>" TAIL);
	got = describe_file(path, &made_up_site, SHOW_RULES, strlen(folder) + 1);
	assert_string_equal(got,
		"error parts/a.conf:1: unknown element <x>\n"
		"error parts/a.conf:1: the file is faulty: of what it says only the 2 deny rules "
		"before the fault count\n"
		"default 0 own: <check polkit=\"a\" own=\"a.b\" keep=\"5\"/>\n"
		"default 0 see: <deny see=\"a.e\"/>\n"
		"default 0 audit-own: <audit own=\"a.d\"/>\n");
	{
		DROP_HEAP void *data = NULL;
		struct image image;

		image_of(HEAD "<includedir>parts</includedir>" TAIL, &image, &data);
		assert_int_equal(image.rules[0].effect, EFFECT_DENY);
		assert_int_equal(image.header->restrictions.count, 1);
		assert_int_equal(image.header->overrides.count, 0);
		assert_false(image_has_checks(&image));
	}
}

static int setup(void **state)
{
	static char name[] = "/tmp/test_extensions_image.XXXXXX";

	(void)state;
	folder = mkdtemp(name);
	return folder && asprintf(&path, "%s/main", folder) > 0 ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const files[] = {"main", "more", "parts/a.conf", "parts", ""};

	(void)state;
	free(path);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		DROP_HEAP char *file = NULL;

		if (asprintf(&file, "%s/%s", folder, files[i]) < 0 || remove(file) < 0)
			return -1;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_trials),
		cmocka_unit_test(test_restrictions),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_salvaged),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
