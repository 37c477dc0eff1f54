/* test_config.c - one configuration file: what is refused, and what the rest becomes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/rows.h"

/* Faults, in the order of the table of the reference's configuration errors. */
static const struct row faults[] = {
	/* rules that say nothing */
	{DEFAULT("<allow/>"), EMPTY_RULE},
	{DEFAULT("<deny/>"), EMPTY_RULE},
	{DEFAULT("<allow min_fds=\"1\"/>"), EMPTY_RULE},
	{DEFAULT("<allow max_fds=\"1\"/>"), EMPTY_RULE},
	{DEFAULT("<allow log=\"true\"/>"), EMPTY_RULE},
	/* members */
	{DEFAULT("<allow send_member=\"M\"/>"),
		FATAL("missing attribute: send_member needs send_interface or send_path")},
	{DEFAULT("<allow send_member=\"*\"/>"),
		FATAL("missing attribute: send_member needs send_interface or send_path")},
	{DEFAULT("<deny receive_member=\"M\"/>"),
		FATAL("missing attribute: receive_member needs receive_interface or receive_path")},
	/* unknown attributes */
	{DEFAULT("<allow send_membre=\"M\" own=\"a.b\"/>"),
		FATAL("attribute \"send_membre\" is not known on a rule")},
	{DEFAULT("<allow receive_broadcast=\"true\"/>"),
		FATAL("attribute \"receive_broadcast\" is not known on a rule")},
	{DEFAULT("<allow receive_sender_prefix=\"a\"/>"),
		FATAL("attribute \"receive_sender_prefix\" is not known on a rule")},
	{DEFAULT("<allow at_console=\"true\"/>"),
		FATAL("attribute \"at_console\" is not known on a rule")},
	{"<policy context=\"default\" own=\"a\"/>",
		FATAL("attribute \"own\" is not known on <policy>")},
	{"<selinux a=\"b\"/>", FATAL("attribute \"a\" is not known on <selinux>")},
	{"<fork a=\"b\"/>", FATAL("attribute \"a\" is not known on <fork>")},
	{"<include bad=\"yes\">x</include>", FATAL("attribute \"bad\" is not known on <include>")},
	/* what stands alone */
	{DEFAULT("<allow own=\"a.b\" own_prefix=\"a\"/>"), BAD("own stands alone")},
	{DEFAULT("<allow own=\"a.b\" user=\"root\"/>"), BAD("own stands alone")},
	{DEFAULT("<allow own=\"a.b\" send_type=\"signal\"/>"), BAD("own stands alone")},
	{DEFAULT("<allow own=\"a.b\" eavesdrop=\"true\"/>"), BAD("own stands alone")},
	{DEFAULT("<allow own=\"a.b\" min_fds=\"1\"/>"), BAD("own stands alone")},
	{DEFAULT("<allow own_prefix=\"a.b\" group=\"wheel\"/>"), BAD("own_prefix stands alone")},
	{DEFAULT("<allow own_prefix=\"a.b\" receive_type=\"signal\"/>"),
		BAD("own_prefix stands alone")},
	{DEFAULT("<allow user=\"*\" group=\"*\"/>"), BAD("user stands alone")},
	{DEFAULT("<allow user=\"*\" max_fds=\"1\"/>"), BAD("user stands alone")},
	{DEFAULT("<allow group=\"*\" eavesdrop=\"true\"/>"), BAD("group stands alone")},
	/* what excludes one another */
	{DEFAULT("<allow send_type=\"signal\" receive_type=\"signal\"/>"),
		BAD("send and receive attributes cannot stand in one rule")},
	{DEFAULT("<allow send_requested_reply=\"true\" receive_sender=\"a\"/>"),
		BAD("send and receive attributes cannot stand in one rule")},
	{DEFAULT("<allow send_error=\"*\" send_interface=\"a.b\"/>"),
		BAD("an error has neither interface nor member")},
	{DEFAULT("<allow send_error=\"a.b\" send_path=\"/\" send_member=\"M\"/>"),
		BAD("an error has neither interface nor member")},
	{DEFAULT("<allow receive_error=\"a.b\" receive_interface=\"a.b\"/>"),
		BAD("an error has neither interface nor member")},
	{DEFAULT("<allow send_destination=\"*\" send_destination_prefix=\"a\"/>"),
		BAD("send_destination and send_destination_prefix exclude one another")},
	{DEFAULT("<deny send_broadcast=\"true\" send_destination=\"a.b\"/>"),
		FATAL("send_broadcast=\"true\" with a send_destination cannot match anything")},
	/* values */
	{DEFAULT("<allow send_type=\"signals\"/>"), FATAL("bad message type \"signals\"")},
	{DEFAULT("<allow receive_type=\"\"/>"), FATAL("bad message type \"\"")},
	{DEFAULT("<allow eavesdrop=\"yes\"/>"),
		FATAL("bad value \"yes\" for eavesdrop: must be true or false")},
	{DEFAULT("<allow eavesdrop=\"*\"/>"),
		FATAL("bad value \"*\" for eavesdrop: must be true or false")},
	{DEFAULT("<allow send_requested_reply=\"1\"/>"),
		FATAL("bad value \"1\" for send_requested_reply: must be true or false")},
	{DEFAULT("<allow receive_requested_reply=\"\"/>"),
		FATAL("bad value \"\" for receive_requested_reply: must be true or false")},
	{DEFAULT("<allow send_broadcast=\"True\"/>"),
		FATAL("bad value \"True\" for send_broadcast: must be true or false")},
	{DEFAULT("<allow send_path=\"/\" min_fds=\"-1\"/>"),
		FATAL("bad value \"-1\" for min_fds: must be an integer from 0 to 33554432")},
	{DEFAULT("<allow send_path=\"/\" max_fds=\"33554433\"/>"),
		FATAL("bad value \"33554433\" for max_fds: must be an integer from 0 to 33554432")},
	{DEFAULT("<allow send_path=\"/\" max_fds=\"\"/>"),
		FATAL("bad value \"\" for max_fds: must be an integer from 0 to 33554432")},
	{DEFAULT("<allow send_path=\"/\" max_fds=\"99999999999999999999\"/>"),
		FATAL("bad value \"99999999999999999999\" for max_fds: must be an integer from 0 "
		      "to "
		      "33554432")},
	/* who may connect is for the whole bus */
	{"<policy user=\"alice\"><allow user=\"*\"/></policy>",
		FATAL("who may connect is for the whole bus, it cannot be said per user, "
		      "group, unit or label")},
	{"<policy group=\"wheel\"><deny group=\"wheel\"/></policy>",
		FATAL("who may connect is for the whole bus, it cannot be said per user, "
		      "group, unit or label")},
	/* policies */
	{"<policy/>", FATAL("<policy> must have exactly one of context, user, group, at_console, "
			    "unit and label")},
	{"<policy context=\"default\" user=\"root\"/>",
		FATAL("<policy> must have exactly one of context, user, group, at_console, unit "
		      "and label")},
	{"<policy context=\"optional\"/>",
		FATAL("bad policy context \"optional\": must be default or mandatory")},
	{"<policy at_console=\"yes\"/>",
		FATAL("bad value \"yes\" for at_console: must be true or false")},
	/* structure */
	{DEFAULT("x"), FATAL("no text is expected inside <policy>")},
	{"x", FATAL("no text is expected inside <busconfig>")},
	{"<fork>x</fork>", FATAL("no text is expected inside <fork>")},
	{DEFAULT("<deny own=\"*\">x</deny>"), FATAL("no text is expected inside <deny>")},
	{"<polcy/>", FATAL("unknown element <polcy>")},
	{"<allow own=\"*\"/>", FATAL("element <allow> cannot stand inside <busconfig>")},
	{"<busconfig/>", FATAL("element <busconfig> cannot stand inside <busconfig>")},
	{DEFAULT(DEFAULT("")), FATAL("element <policy> cannot stand inside <policy>")},
	{"<pidfile>a<fork/></pidfile>", FATAL("element <fork> cannot stand inside <pidfile>")},
	/* includes (more of them: test_include.c) */
	{"<include>/nowhere/x</include>",
		FATAL("cannot include /nowhere/x: No such file or directory")},
	{"<include ignore_missing=\"true\">/nowhere/x</include>",
		FATAL("bad value \"true\" for ignore_missing: must be yes or no")},
	{"<include if_selinux_enabled=\"1\">x</include>",
		FATAL("bad value \"1\" for if_selinux_enabled: must be yes or no")},
	{"<include selinux_root_relative=\"\">x</include>",
		FATAL("bad value \"\" for selinux_root_relative: must be yes or no")},
	{"<include selinux_root_relative=\"yes\">x</include>",
		FATAL("SELinux is off, it has no folder to find \"x\" in")},
	/* empty elements */
	{"<include/>", FATAL("<include> is empty")},
	{"<includedir/>", FATAL("<includedir> is empty")},
	{"<servicedir></servicedir>", FATAL("<servicedir> is empty")},
	{"<servicehelper/>", FATAL("<servicehelper> is empty")},
	{"<listen/>", FATAL("<listen> is empty")},
	{"<auth/>", FATAL("<auth> is empty")},
	{"<user/>", FATAL("<user> is empty")},
	{"<type/>", FATAL("<type> is empty")},
	{"<pidfile/>", FATAL("<pidfile> is empty")},
	{"<limit name=\"auth_timeout\"/>", FATAL("<limit> is empty")},
	/* limits */
	{"<limit>1</limit>", FATAL("<limit> must have a name")},
	{"<limit name=\"max_mesage_size\">1</limit>",
		FATAL("there is no limit \"max_mesage_size\"")},
	{"<limit name=\"max_message_size\">-1</limit>",
		FATAL("max_message_size must not be negative")},
	{"<limit name=\"max_message_size\">many</limit>",
		FATAL("max_message_size: \"many\" is no number")},
	{"<limit name=\"max_message_size\"> </limit>",
		FATAL("max_message_size: \" \" is no number")},
	{"<limit name=\"auth_timeout\">2147483648</limit>",
		FATAL("auth_timeout: 2147483648 is too large")},
	{"<limit name=\"max_message_size\">99999999999999999999</limit>",
		FATAL("max_message_size: 99999999999999999999 is too large")},
	/* security modules */
	{"<records to=\"audit, journal\"/>",
		FATAL("bad list of where records go \"audit, journal\": must have one or more of "
		      "audit, journal, syslog and stderr, with commas between them")},
	{"<apparmor mode=\"on\"/>",
		FATAL("bad AppArmor mode \"on\": must be required, enabled or disabled")},
	{"<selinux><associate own=\"a\"/></selinux>",
		FATAL("<associate> must have both own and context")},
	{"<selinux><associate context=\"a\"/></selinux>",
		FATAL("<associate> must have both own and context")},
	{"<selinux><fork/></selinux>", FATAL("element <fork> cannot stand inside <selinux>")},
	{"<associate own=\"a\" context=\"b\"/>",
		FATAL("element <associate> cannot stand inside <busconfig>")},
	/* authentication */
	{"<auth>KERBEROS</auth>", FATAL("unknown authentication mechanism \"KERBEROS\"")},
	{"<auth> EXTERNAL</auth>", FATAL("unknown authentication mechanism \" EXTERNAL\"")},
	/* the user of the bus */
	{"<user>nobody-here</user>",
		FATAL("the bus is to run as user \"nobody-here\", who is not known")},
	{"<user>54321</user>", FATAL("the bus is to run as user \"54321\", who is not known")},
	/* XML */
	{"<fork>", FATAL("not well-formed XML: mismatched tag")},
	{DEFAULT("<deny own=\"a\" own=\"b\"/>"), FATAL("not well-formed XML: duplicate attribute")},
	{DEFAULT("<deny own=\"&x;\"/>"), FATAL("not well-formed XML: undefined entity")},
};

/* What is accepted, and what becomes of it. */
static const struct row rules[] = {
	/* the verbs */
	{DEFAULT("<allow user=\"*\"/><deny group=\"wheel\"/><deny user=\"7\"/>"),
		"default 0 connect: <allow user=\"*\"/>\n"
		"default 0 connect: <deny group=\"wheel\"/>\n"
		"default 0 connect: <deny user=\"7\"/>\n"},
	{DEFAULT("<allow own=\"a.b\"/><deny own=\"\"/><deny own_prefix=\"*\"/>"),
		"default 0 own: <allow own=\"a.b\"/>\n"
		"default 0 own: <deny own=\"\"/>\n"
		"default 0 own: <deny own_prefix=\"*\"/>\n"},
	{DEFAULT("<deny send_broadcast=\"true\" send_destination=\"*\"/>"
		 "<deny send_broadcast=\"true\" send_destination_prefix=\"a\"/>"
		 "<deny send_error=\"e\"/><deny send_path=\"any old text\" send_member=\"M\"/>"),
		"default 0 send: <deny send_broadcast=\"true\" send_destination=\"*\"/>\n"
		"default 0 send: <deny send_broadcast=\"true\" send_destination_prefix=\"a\"/>\n"
		"default 0 send: <deny send_error=\"e\"/>\n"
		"default 0 send: <deny send_path=\"any old text\" send_member=\"M\"/>\n"},
	{DEFAULT("<allow eavesdrop=\"true\" min_fds=\"5\" max_fds=\"2\" log=\"anything\"/>"),
		"default 0 receive: <allow eavesdrop=\"true\" min_fds=\"5\" max_fds=\"2\" "
		"log=\"anything\"/>\n"},
	/* the words of a rule */
	{DEFAULT("<deny  own='a&lt;&quot;&gt;&amp;&#10;'\n/>"),
		"default 0 own: <deny own=\"a&lt;&quot;&gt;&amp;&#10;\"/>\n"},
	/* numbers that C reads */
	{DEFAULT("<deny send_path=\"/\" min_fds=\"0x2\"/>"),
		"warning main:1: min_fds=\"0x2\" is no plain decimal number, taken as 2\n"
		"default 0 send: <deny send_path=\"/\" min_fds=\"0x2\"/>\n"},
	{DEFAULT("<deny send_path=\"/\" min_fds=\"2x\"/>"),
		"warning main:1: min_fds=\"2x\" is no plain decimal number, taken as 2\n"
		"default 0 send: <deny send_path=\"/\" min_fds=\"2x\"/>\n"},
	/* sections, each with the rules of all policies of its kind, in order */
	{"<policy context=\"mandatory\"><deny own=\"a\"/></policy>"
	 "<policy user=\"alice\"><deny own=\"b\"/></policy>"
	 "<policy group=\"wheel\"><deny own=\"c\"/></policy>"
	 "<policy at_console=\"false\"><deny own=\"d\"/></policy>" DEFAULT(
		 "<deny own=\"e\"/>") "<policy user=\"1001\"><deny own=\"f\"/></policy>",
		"default 0 own: <deny own=\"e\"/>\n"
		"group 10 own: <deny own=\"c\"/>\n"
		"user 1001 own: <deny own=\"b\"/>\n"
		"user 1001 own: <deny own=\"f\"/>\n"
		"no-console 0 own: <deny own=\"d\"/>\n"
		"mandatory 0 own: <deny own=\"a\"/>\n"},
	/* numeric users: decimal only, and they need no entry */
	{"<policy user=\"061001\"><deny own=\"a\"/></policy>",
		"user 61001 own: <deny own=\"a\"/>\n"},
	{"<policy user=\" 61001\"/><policy user=\"+61001\"/><policy user=\"0xee49\"/>"
	 "<policy user=\"4294967295\"/><policy group=\"-1\"/>",
		"warning main:1: unknown user \" 61001\": this policy is ignored\n"
		"warning main:1: unknown user \"+61001\": this policy is ignored\n"
		"warning main:1: unknown user \"0xee49\": this policy is ignored\n"
		"warning main:1: unknown user \"4294967295\": this policy is ignored\n"
		"warning main:1: unknown group \"-1\": this policy is ignored\n"},
	/* unknown users: no wildcard, nothing is lost quietly, faults inside still count */
	{"<policy user=\"*\"><allow own=\"a\"/></policy>",
		"warning main:1: unknown user \"*\": this policy is ignored\n"},
	{"<policy group=\"gone\"><allow own=\"a\"/><deny own=\"b\"/><allow user=\"*\"/></policy>",
		"warning main:1: unknown group \"gone\": this policy is ignored\n"
		"error main:1: this deny is lost, for nobody by that name is known: <deny "
		"own=\"b\"/>\n"},
	{"<policy user=\"gone\"><deny owner=\"b\"/></policy>",
		"warning main:1: unknown user \"gone\": this policy is ignored\n" FATAL(
			"attribute \"owner\" is not known on a rule")},
	{"<policy user=\"broken\"/>", "warning main:1: unknown user \"broken\": Input/output "
				      "error: this policy is ignored\n"},
	{DEFAULT("<allow user=\"gone\"/><deny user=\"\"/>"),
		"warning main:1: unknown user \"gone\"\n"
		"warning main:1: unknown user \"\"\n"
		"error main:1: this deny is lost, for nobody by that name is known: <deny "
		"user=\"\"/>\n"},
	/* at the console: nobody is */
	{"<policy at_console=\"true\"><deny own=\"a\"/><allow user=\"*\"/></policy>",
		"notice main:1: at_console=\"true\" applies to nobody: this policy is ignored\n"},
	{"<policy at_console=\"true\"><deny/></policy>",
		"notice main:1: at_console=\"true\" applies to nobody: this policy is "
		"ignored\n" EMPTY_RULE},
	{"<policy at_console=\"false\"><deny user=\"*\"/></policy>",
		"warning main:1: who may connect is not decided in an at_console policy: <deny "
		"user=\"*\"/> has no effect\n"},
};

static const struct row settings[] = {
	{"", "auth external+anonymous, apparmor enabled\nlisten unix:path=/x\n"},
	/* flags are added up, the last text counts, addresses are collected */
	{"<fork/><syslog/><keep_umask/><allow_anonymous/>",
		"auth external+anonymous, apparmor enabled, fork, syslog, keep_umask, "
		"allow_anonymous\n"
		"listen unix:path=/x\n"},
	{"<type>a</type><type>b</type><pidfile>/p</pidfile><pidfile>/q</pidfile>"
	 "<listen>unix:<!-- -->tmpdir=/tmp</listen>",
		"auth external+anonymous, apparmor enabled, type b, pidfile /q\n"
		"listen unix:path=/x\nlisten unix:tmpdir=/tmp\n"},
	/* authentication */
	{"<auth>ANONYMOUS</auth>", "auth anonymous, apparmor enabled\nlisten unix:path=/x\n"},
	{"<auth>ANONYMOUS</auth><auth>EXTERNAL</auth>",
		"auth external+anonymous, apparmor enabled\nlisten unix:path=/x\n"},
	{"<auth>DBUS_COOKIE_SHA1</auth>",
		"notice main:1: DBUS_COOKIE_SHA1 is never offered: on a local socket EXTERNAL is "
		"safer\n"
		"warning main: no authentication mechanism is left that could be offered: nobody "
		"can "
		"connect\n"
		"auth none, apparmor enabled\nlisten unix:path=/x\n"},
	/* security modules */
	{"<apparmor/>", "auth external+anonymous, apparmor enabled\nlisten unix:path=/x\n"},
	{"<apparmor mode=\"required\"/><apparmor mode=\"disabled\"/>",
		"auth external+anonymous, apparmor disabled\nlisten unix:path=/x\n"},
	{"<records to=\"audit\" mode=\"required\"/><records to=\"syslog,audit\"/>",
		"auth external+anonymous, apparmor enabled, records syslog,audit\n"
		"listen unix:path=/x\n"},
	{"<records to=\"audit,journal,syslog,stderr\" mode=\"required\"/>",
		"auth external+anonymous, apparmor enabled, records audit,journal,syslog,stderr "
		"required\nlisten unix:path=/x\n"},
	{"<apparmor mode=\"required\"/><apparmor/>",
		"auth external+anonymous, apparmor required\nlisten unix:path=/x\n"},
	{"<selinux><associate own=\"a.b\" context=\"c:d\"/></selinux>",
		"auth external+anonymous, apparmor enabled\nlisten unix:path=/x\nlabel a.b c:d\n"},
	/* the user of the bus: the last counts, and is looked up only then */
	{"<user>gone</user><user>alice</user>", "auth external+anonymous, apparmor enabled, user "
						"alice 1001:1001\nlisten unix:path=/x\n"},
	{"<user>1001</user>", "auth external+anonymous, apparmor enabled, user 1001 "
			      "1001:100\nlisten unix:path=/x\n"},
	/* accepted, without effect */
	{"<servicehelper>/x</servicehelper><servicedir>/nowhere</servicedir>"
	 "<includedir>/nowhere</includedir>",
		"auth external+anonymous, apparmor enabled\nlisten unix:path=/x\n"},
	{"<include if_selinux_enabled=\"yes\" selinux_root_relative=\"yes\">x</include>"
	 "<include selinux_root_relative=\"yes\" ignore_missing=\"yes\">x</include>",
		"auth external+anonymous, apparmor enabled\nlisten unix:path=/x\n"},
};

/* Whole documents. */
static const struct row documents[] = {
	{"", FATAL("not well-formed XML: no element found")},
	{"<busconfig>", FATAL("not well-formed XML: no element found")},
	{"<busconfig/><busconfig/>", FATAL("not well-formed XML: junk after document element")},
	{"<policy/>", FATAL("element <policy> cannot stand at the root")},
	{"<busconfig a=\"b\"/>", FATAL("attribute \"a\" is not known on <busconfig>")},
	{"<busconfig/>", "fatal main: there is no <listen>, the bus has no address\nno image\n"},
	{"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n" HEAD "<type>\xc3\xa9</type>" TAIL,
		"auth external+anonymous, apparmor enabled, type \xc3\xa9\nlisten unix:path=/x\n"},
	{"<!DOCTYPE busconfig PUBLIC \"a\" \"http://b/c.dtd\" [<!ELEMENT fork EMPTY>]>" HEAD TAIL,
		"auth external+anonymous, apparmor enabled\nlisten unix:path=/x\n"},
	{"<!DOCTYPE busconfig SYSTEM \"b.dtd\">" HEAD DEFAULT("<deny own=\"a&x;\"/>") TAIL,
		FATAL("not well-formed XML: undefined entity in an attribute")},
	{"<!DOCTYPE busconfig SYSTEM \"b.dtd\">" HEAD "<type>&x;</type>" TAIL,
		FATAL("not well-formed XML: undefined entity")},
	{"<!DOCTYPE busconfig [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>" HEAD TAIL,
		FATAL("not well-formed XML: entities must not be declared here")},
	{"<!DOCTYPE busconfig [<!ENTITY a SYSTEM \"/etc/passwd\">]>" HEAD "<type>&a;</type>" TAIL,
		FATAL("not well-formed XML: entities must not be declared here")},
	{"<!DOCTYPE busconfig [<!ENTITY % a SYSTEM \"/etc/passwd\"> %a;]>" HEAD TAIL,
		FATAL("not well-formed XML: entities must not be declared here")},
	{"<!DOCTYPE busconfig [<!ATTLIST allow own CDATA \"*\">]>" HEAD TAIL,
		FATAL("not well-formed XML: attributes must not be declared here")},
};

static void test_faults(void **state)
{
	rows_check(state, faults, ARRAY_SIZE(faults), false, SHOW_RULES);
}

static void test_rules(void **state)
{
	rows_check(state, rules, ARRAY_SIZE(rules), false, SHOW_RULES);
}

static void test_settings(void **state)
{
	rows_check(state, settings, ARRAY_SIZE(settings), false, SHOW_SETTINGS);
}

static void test_documents(void **state)
{
	rows_check(state, documents, ARRAY_SIZE(documents), true, SHOW_SETTINGS);
}

/* Fields of a rule that its words do not show. */
static void test_fields(void **state)
{
	static const struct {
		const char *rule;
		struct rule want; /* its plain fields */
	} rows[] = {
		{"<allow send_destination=\"*\"/>",
			{.verb = RULE_SEND, .effect = EFFECT_ALLOW, .max_fds = UINT32_MAX}},
		{"<deny receive_type=\"error\" receive_requested_reply=\"false\" log=\"true\"/>",
			{.verb = RULE_RECEIVE,
				.type = 3,
				.requested_reply = IS_FALSE,
				.log = 1,
				.max_fds = UINT32_MAX}},
		{"<deny send_type=\"*\" send_broadcast=\"true\" min_fds=\"1\" max_fds=\"3\"/>",
			{.verb = RULE_SEND, .broadcast = IS_TRUE, .min_fds = 1, .max_fds = 3}},
		{"<deny own_prefix=\"*\"/>",
			{.verb = RULE_OWN, .name_kind = NAME_PREFIX, .max_fds = UINT32_MAX}},
		{"<deny send_destination=\"a\" eavesdrop=\"true\" log=\"1\"/>",
			{.verb = RULE_SEND,
				.name_kind = NAME_EXACT,
				.eavesdrop = IS_TRUE,
				.max_fds = UINT32_MAX}},
		{"<deny group=\"wheel\"/>",
			{.verb = RULE_CONNECT, .who = WHO_GROUP, .id = 10, .max_fds = UINT32_MAX}},
		{"<deny user=\"*\"/>", {.verb = RULE_CONNECT, .max_fds = UINT32_MAX}},
	};
	const char *folder = *state;
	DROP_HEAP char *path = NULL;

	assert_true(asprintf(&path, "%s/main", folder) > 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		DROP_HEAP char *body = NULL;
		DROP_HEAP void *data = NULL;
		struct compilation c;
		struct image image;
		struct rule got;
		size_t size;

		assert_true(asprintf(&body, HEAD DEFAULT("\n\n%s") TAIL, rows[i].rule) > 0);
		put_file(folder, "main", body);
		compilation_init(&c, &made_up_site);
		assert_int_equal(compile(&c, path, -1, 0, &data, &size), 0);
		assert_int_equal(image_open(&image, data, size, NULL), 0);
		assert_int_equal(image.header->rules.count, 1);
		got = image.rules[0];
		assert_string_equal(image_string(&image, got.file), path);
		assert_int_equal(got.line, 3);
		got.name = got.path = got.interface = got.member = got.error = got.file = got.text =
			(struct image_text){0, 0};
		got.line = 0;
		assert_memory_equal(&got, &rows[i].want, sizeof(got));
		compilation_fini(&c);
	}
}

static void test_limits(void **state)
{
	const char *folder = *state;
	DROP_HEAP char *path = NULL;
	DROP_HEAP void *data = NULL;
	struct compilation c;
	struct image image;
	size_t size;

	assert_true(asprintf(&path, "%s/main", folder) > 0);
	put_file(folder, "main",
		HEAD "<limit name=\"auth_timeout\">5</limit><limit name=\"auth_timeout\">0</limit>"
		     "<limit name=\"max_message_size\">9999999999</limit>"
		     "<limit name=\"max_names_per_connection\"> 7 </limit>" TAIL);
	compilation_init(&c, &made_up_site);
	assert_int_equal(compile(&c, path, -1, 0, &data, &size), 0);
	assert_int_equal(image_open(&image, data, size, NULL), 0);
	assert_int_equal(image_limit(&image, LIMIT_AUTH_TIMEOUT), 0);
	assert_int_equal(image_limit(&image, LIMIT_MAX_MESSAGE_SIZE), 9999999999);
	assert_int_equal(image_limit(&image, LIMIT_MAX_NAMES_PER_CONNECTION), 7);
	assert_int_equal(image_limit(&image, LIMIT_REPLY_TIMEOUT), -1);
	compilation_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, rows_begin, rows_end);
}
