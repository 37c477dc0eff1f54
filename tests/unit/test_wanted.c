/* test_wanted.c - records become rules that admit just what they tell of, or a reason why not */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/drop.h"
#include "ctl/wanted.h"

#define FROM "verb=send sender=\":1.7\" uid=1000 names=\"org.a.Client,org.a.Other\" "
#define TO "destination=\"org.a.S\" peer=\":1.2\" peer_uid=0 peer_names=\"org.a.S,org.a.T\" "
#define CALL "msgtype=method_call path=\"/p\" interface=\"org.a.I\" member=\"M\" "
#define DENIED "judge=send_rules res=failed"
#define RULE                                                                                       \
	"<allow send_destination=\"org.a.S\" send_type=\"method_call\" send_path=\"/p\" "          \
	"send_interface=\"org.a.I\" send_member=\"M\"/>"
#define USER "user=\"1000\""

static void test_records(void **state)
{
	static const struct {
		const char *line;
		enum wanted_by by;
		enum hope hope;
		const char *section, *rule; /* rule: or the beginning of why */
	} cases[] = {
		{FROM TO CALL DENIED, BY_BEST, HOPE_RULE, USER, RULE},
		/* who */
		{FROM "unit=\"a.service\" " TO CALL DENIED, BY_BEST, HOPE_RULE,
			"unit=\"a.service\"", RULE},
		{FROM "unit=\"a@b\\x2dc.service\" " TO CALL DENIED, BY_BEST, HOPE_RULE,
			"unit=\"a@b\\x2dc.service\"", RULE},
		{FROM "unit=\"a.service\" " TO CALL DENIED, BY_USER, HOPE_RULE, USER, RULE},
		{FROM "unit=\"session-3.scope\" " TO CALL DENIED, BY_BEST, HOPE_RULE, USER, RULE},
		{FROM "unit=\"session-3.scope\" " TO CALL DENIED, BY_UNIT, HOPE_RULE,
			"unit=\"session-3.scope\"", RULE},
		{FROM "unit=\"user@1000.service\" " TO CALL DENIED, BY_BEST, HOPE_RULE, USER, RULE},
		{FROM "unit=\"user@1000.service/app-x.service\" " TO CALL DENIED, BY_BEST,
			HOPE_RULE, USER, RULE},
		{FROM "unit=\"user@1000.service/app-x.service\" " TO CALL DENIED, BY_UNIT,
			HOPE_RULE, "unit=\"user@1000.service/app-x.service\"", RULE},
		/* what would be a pattern, a slice, or is cut */
		{FROM "unit=\"a*.service\" " TO CALL DENIED, BY_UNIT, HOPE_RULE, USER, RULE},
		{FROM "unit=\"a.slice\" " TO CALL DENIED, BY_UNIT, HOPE_RULE, USER, RULE},
		{FROM "unit=\"a.service\" unit_cut=300 " TO CALL DENIED, BY_BEST, HOPE_NONE,
			"unit=\"a.service\"", "part of it is longer"},
		{"verb=send " TO CALL DENIED, BY_BEST, HOPE_NONE, "", "the bus itself"},
		{"verb=send uid=4294967295 " TO CALL DENIED, BY_BEST, HOPE_NONE, "",
			"the bus itself"},
		/* whom */
		{FROM "destination=\"org.a.T\" " CALL DENIED, BY_BEST, HOPE_RULE, USER,
			"<allow send_destination=\"org.a.T\" send_type=\"method_call\" "
			"send_path=\"/p\" send_interface=\"org.a.I\" send_member=\"M\"/>"},
		{FROM "destination=\":1.2\" peer_names=\"org.a.S,+2\" " CALL DENIED, BY_BEST,
			HOPE_RULE, USER, RULE},
		{FROM "destination=\":1.2\" peer_names=\"org.a.S\" peer_names_cut=99 " CALL DENIED,
			BY_BEST, HOPE_WIDE, USER,
			"<allow send_type=\"method_call\" send_path=\"/p\" "
			"send_interface=\"org.a.I\" send_member=\"M\"/>"},
		{FROM "destination=\":1.2\" " CALL DENIED, BY_BEST, HOPE_WIDE, USER,
			"<allow send_type=\"method_call\" send_path=\"/p\" "
			"send_interface=\"org.a.I\" send_member=\"M\"/>"},
		/* what */
		{FROM TO "msgtype=method_call path=\"/p\" member=\"M\" " DENIED, BY_BEST, HOPE_WIDE,
			USER,
			"<allow send_destination=\"org.a.S\" send_type=\"method_call\" "
			"send_path=\"/p\" send_member=\"M\"/>"},
		{FROM TO "msgtype=signal path=\"/p\" interface=\"org.a.I\" member=\"M\" " DENIED,
			BY_BEST, HOPE_RULE, USER,
			"<allow send_destination=\"org.a.S\" send_type=\"signal\" send_path=\"/p\" "
			"send_interface=\"org.a.I\" send_member=\"M\" send_broadcast=\"false\"/>"},
		{FROM TO "msgtype=error error_name=\"org.a.E\" reply=requested " DENIED, BY_BEST,
			HOPE_RULE, USER,
			"<allow send_destination=\"org.a.S\" send_type=\"error\" "
			"send_error=\"org.a.E\"/>"},
		{FROM TO "msgtype=method_return reply=unrequested " DENIED, BY_BEST, HOPE_NONE,
			USER, "it is a reply that nobody waits for"},
		{FROM TO "path=\"/p\" " DENIED, BY_BEST, HOPE_NONE, USER, "it is recorded with"},
		{FROM TO "msgtype=else path=\"/p\" " DENIED, BY_BEST, HOPE_NONE, USER,
			"it is recorded with"},
		/* nothing gets into a rule that could end it, or mean more than itself */
		{FROM TO "msgtype=method_call path=\"/p\" interface=\"*\" member=\"M\" " DENIED,
			BY_BEST, HOPE_NONE, USER, "it is recorded with"},
		{FROM TO "msgtype=method_call path=2F222F3E member=\"M\" " DENIED, BY_BEST,
			HOPE_NONE, USER, "it is recorded with"},
		{FROM TO "msgtype=method_call path=2F00 member=\"M\" " DENIED, BY_BEST, HOPE_NONE,
			USER, "it is recorded with"},
		{FROM TO "msgtype=method_call path=\"/p\" member=\"\" " DENIED, BY_BEST, HOPE_NONE,
			USER, "it is recorded with"},
		{FROM "destination=\"&lt;\" msgtype=method_call path=\"/p\" " DENIED, BY_BEST,
			HOPE_NONE, USER, "it is recorded with"},
		{FROM TO "msgtype=method_call path=\"/p\" path_cut=300 member=\"M\" " DENIED,
			BY_BEST, HOPE_NONE, USER, "part of it is longer"},
		/* the receiver's rules */
		{FROM TO CALL "judge=receive_rules res=failed", BY_BEST, HOPE_RULE, "user=\"0\"",
			"<allow receive_sender=\"org.a.Client\" receive_type=\"method_call\" "
			"receive_path=\"/p\" receive_interface=\"org.a.I\" receive_member=\"M\"/>"},
		{"verb=send sender=\":1.7\" uid=1000 " TO CALL "judge=receive_rules res=failed",
			BY_BEST, HOPE_WIDE, "user=\"0\"",
			"<allow receive_type=\"method_call\" receive_path=\"/p\" "
			"receive_interface=\"org.a.I\" receive_member=\"M\"/>"},
		{"verb=send sender=\"org.freedesktop.DBus\" peer_uid=7 peer_unit=\"s.service\" "
		 "msgtype=signal path=\"/p\" interface=\"org.a.I\" member=\"M\" "
		 "judge=receive_rules res=failed",
			BY_BEST, HOPE_RULE, "unit=\"s.service\"",
			"<allow receive_sender=\"org.freedesktop.DBus\" receive_type=\"signal\" "
			"receive_path=\"/p\" receive_interface=\"org.a.I\" receive_member=\"M\"/>"},
		/* names and connections */
		{"verb=own uid=1000 name=\"org.a.B-c\" judge=own_rules res=failed", BY_BEST,
			HOPE_RULE, USER, "<allow own=\"org.a.B-c\"/>"},
		{"verb=own uid=1000 name=\"*\" judge=own_rules res=failed", BY_BEST, HOPE_NONE,
			USER, "it is recorded with"},
		{"verb=own uid=1000 name=\"org.a.B\" judge=restrictions res=failed", BY_BEST,
			HOPE_NONE, USER, "a restriction"},
		{"verb=connect uid=1000 judge=connect_rules res=failed", BY_BEST, HOPE_RULE,
			"context=\"default\"", "<allow user=\"1000\"/>"},
		/* others than rules */
		{FROM TO CALL "judge=selinux res=failed", BY_BEST, HOPE_NONE, USER, "SELinux"},
		{FROM TO CALL "judge=apparmor res=failed", BY_BEST, HOPE_NONE, USER, "AppArmor"},
		{FROM TO CALL "judge=send_rules polkit=\"org.a.b\" res=failed", BY_BEST, HOPE_NONE,
			USER, "polkit"},
		{"verb=own uid=1000 name=\"org.a.B\" limit=max_names figure=5 res=failed", BY_BEST,
			HOPE_NONE, USER, "a limit"},
		{"verb=protocol uid=1000 res=failed", BY_BEST, HOPE_NONE, USER, "the client"},
		{"verb=monitor uid=1000 res=failed", BY_BEST, HOPE_NONE, USER, "to watch"},
		{"verb=driver uid=1000 res=failed", BY_BEST, HOPE_NONE, USER, "the bus itself"},
		{"verb=activate uid=1000 res=failed", BY_BEST, HOPE_NONE, USER, "allow its"},
		{"verb=policy res=failed", BY_BEST, HOPE_NONE, "", "no rule speaks"},
	};
	static struct entry e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wanted w;
		struct slice got;

		entry_init(&e);
		assert_int_equal(entry_read_line(&e, slice_of(cases[i].line)), 0);
		assert_int_equal(wanted_of(&w, &e, cases[i].by), 0);
		got = w.hope == HOPE_NONE ? slice_of(w.why)
					  : (struct slice){(char *)w.rule.data, w.rule.size};
		if (w.hope != cases[i].hope || strcmp(w.section, cases[i].section) != 0 ||
			strncmp(got.text, cases[i].rule, strlen(cases[i].rule)) != 0 ||
			(w.hope != HOPE_NONE && got.size != strlen(cases[i].rule)))
			fail_msg("%s: %d <policy %s> %.*s", cases[i].line, w.hope, w.section,
				SLICE_FMT(got));
		wanted_fini(&w);
	}
}

static void test_comment(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"a - b", "a - b"},
		{"a-", "a\\x2d"},
		{"-->", "\\x2d->"},
		{"a\n\x1b\xff", "a\\x0a\\x1b\\xff"},
		{"<!DOCTYPE x>&amp;", "<!DOCTYPE x>&amp;"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct writer w = {.limit = 0};

		wanted_write_comment(&w, slice_of(cases[i].text));
		writer_bytes(&w, "", 1);
		assert_string_equal((char *)w.data, cases[i].want);
		writer_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_comment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
