/*
 * test_extensions.c - what a configuration can say beyond that of the reference: each fault and each
 * complaint of units, labels, trials, restrictions, checks, audit and see rules, first arguments and
 * limits of some; and what is accepted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/unit/rows.h"

#define WARNING(sentence) "warning main:1: " sentence "\n"
#define ON_RULE(name) FATAL("attribute \"" name "\" is not known on a rule")
#define ON_CHECK(name) FATAL("attribute \"" name "\" is not known on check")
#define ON_AUDIT(name) FATAL("attribute \"" name "\" is not known on audit")
#define CHECK(rest) DEFAULT("<check polkit=\"a.b\" " rest "/>")
#define NO_UNIT(name)                                                                              \
	WARNING("nobody can be in a unit \"" name                                                  \
		"\": their names end in .service, .scope, .slice and the like")
static const struct row faults[] = {
	/* sections */
	{"<policy unit=\"\"/>", FATAL("a unit must not be empty")},
	{"<policy label=\"\"/>", FATAL("a label must not be empty")},
	{"<policy unit=\"a.service\" label=\"x\"/>",
		FATAL("<policy> must have exactly one of context, user, group, at_console, unit "
		      "and label")},
	{"<policy mode=\"permissive\"/>",
		FATAL("<policy> must have exactly one of context, user, group, at_console, unit "
		      "and label")},
	{"<policy context=\"default\" mode=\"trial\"/>",
		FATAL("bad value \"trial\" for mode: must be permissive or enforcing")},
	{"<policy unit=\"a.service\"><allow user=\"*\"/></policy>",
		FATAL("who may connect is for the whole bus, it cannot be said per user, group, "
		      "unit or label")},
	{"<policy label=\"a\"><deny group=\"*\"/></policy>",
		FATAL("who may connect is for the whole bus, it cannot be said per user, group, "
		      "unit or label")},
	/* first arguments */
	{DEFAULT("<allow receive_arg0=\"a\"/>"), ON_RULE("receive_arg0")},
	{DEFAULT("<allow send_arg1=\"a\"/>"), ON_RULE("send_arg1")},
	{DEFAULT("<allow send_arg0=\"a\" send_arg0_prefix=\"a\"/>"),
		BAD("send_arg0 and send_arg0_prefix exclude one another")},
	{DEFAULT("<allow send_arg0=\"a\" receive_type=\"signal\"/>"),
		BAD("send and receive attributes cannot stand in one rule")},
	{DEFAULT("<allow own=\"a.b\" send_arg0=\"a\"/>"), BAD("own stands alone")},
	{DEFAULT("<allow user=\"*\" send_arg0_prefix=\"a\"/>"), BAD("user stands alone")},
	/* see */
	{DEFAULT("<deny see=\"a.b\" see_prefix=\"a\"/>"), BAD("see stands alone")},
	{DEFAULT("<deny see=\"a.b\" own=\"a.b\"/>"), BAD("see stands alone")},
	{DEFAULT("<deny see=\"a.b\" send_path=\"/\"/>"), BAD("see stands alone")},
	{DEFAULT("<deny see=\"a.b\" max_fds=\"1\"/>"), BAD("see stands alone")},
	{DEFAULT("<deny see_prefix=\"a.b\" user=\"*\"/>"), BAD("see_prefix stands alone")},
	{DEFAULT("<deny see_prefix=\"a.b\" eavesdrop=\"true\"/>"), BAD("see_prefix stands alone")},
	/* checks: the action */
	{DEFAULT("<check own=\"a.b\"/>"), FATAL("<check> needs polkit=\"ACTION\"")},
	{DEFAULT("<check polkit=\"\" own=\"a.b\"/>"),
		FATAL("\"\" cannot be the name of a polkit action")},
	{DEFAULT("<check polkit=\"a b\" own=\"a.b\"/>"),
		FATAL("\"a b\" cannot be the name of a polkit action")},
	{DEFAULT("<check polkit=\"a/b\" own=\"a.b\"/>"),
		FATAL("\"a/b\" cannot be the name of a polkit action")},
	{DEFAULT("<allow polkit=\"a.b\" own=\"a.b\"/>"), ON_RULE("polkit")},
	{DEFAULT("<deny keep=\"1\" own=\"a.b\"/>"), ON_RULE("keep")},
	{CHECK("own=\"a.b\" keep=\"-1\""),
		FATAL("bad value \"-1\" for keep: must be from 0 to 3600 seconds")},
	{CHECK("own=\"a.b\" keep=\"3601\""),
		FATAL("bad value \"3601\" for keep: must be from 0 to 3600 seconds")},
	{CHECK("own=\"a.b\" keep=\"\""),
		FATAL("bad value \"\" for keep: must be from 0 to 3600 seconds")},
	/* what is checked */
	{CHECK(""), EMPTY_RULE},
	{CHECK("keep=\"1\""), EMPTY_RULE},
	{CHECK("own=\"*\""), FATAL("<check> must say for which name, or what begins it")},
	{CHECK("send_path=\"/\""), FATAL("<check> must say for which name, or what begins it")},
	{CHECK("send_destination=\"*\""),
		FATAL("<check> must say for which name, or what begins it")},
	{CHECK("send_destination=\"a.b\" send_type=\"signal\""),
		FATAL("only method calls can be checked by polkit")},
	{CHECK("send_destination=\"a.b\" send_type=\"method_return\""),
		FATAL("only method calls can be checked by polkit")},
	{CHECK("send_destination=\"org.freedesktop.DBus\""),
		FATAL("polkit cannot be asked about org.freedesktop.DBus: it is needed "
		      "to ask")},
	{CHECK("send_destination=\"org.freedesktop.PolicyKit1\""),
		FATAL("polkit cannot be asked about org.freedesktop.PolicyKit1: it is "
		      "needed to ask")},
	{CHECK("send_destination_prefix=\"org\""),
		FATAL("polkit cannot be asked about org.freedesktop.DBus: it is needed "
		      "to ask")},
	{CHECK("send_destination_prefix=\"org.freedesktop.PolicyKit1\""),
		FATAL("polkit cannot be asked about org.freedesktop.PolicyKit1: it is "
		      "needed to ask")},
	{CHECK("send_destination=\"org.freedesktop.systemd1\""),
		FATAL("polkit cannot be asked about org.freedesktop.systemd1: it is needed to "
		      "ask")},
	{CHECK("own=\"org.freedesktop.PolicyKit1\""),
		FATAL("polkit cannot be asked about org.freedesktop.PolicyKit1: it is needed to "
		      "ask")},
	{CHECK("own_prefix=\"org.freedesktop\""),
		FATAL("polkit cannot be asked about org.freedesktop.DBus: it is needed to ask")},
	{CHECK("receive_sender=\"a.b\""), ON_CHECK("receive_sender")},
	{CHECK("send_error=\"a.b\""), ON_CHECK("send_error")},
	{CHECK("send_broadcast=\"false\""), ON_CHECK("send_broadcast")},
	{CHECK("send_requested_reply=\"false\""), ON_CHECK("send_requested_reply")},
	{CHECK("eavesdrop=\"true\""), ON_CHECK("eavesdrop")},
	{CHECK("user=\"*\""), ON_CHECK("user")},
	{CHECK("see=\"a.b\""), ON_CHECK("see")},
	{CHECK("on=\"all\""), ON_CHECK("on")},
	{CHECK("send_destination=\"a.b\" send_member=\"M\""),
		FATAL("missing attribute: send_member needs send_interface or send_path")},
	/* audit */
	{DEFAULT("<audit/>"), EMPTY_RULE},
	{DEFAULT("<audit on=\"all\"/>"), EMPTY_RULE},
	{DEFAULT("<audit own=\"a.b\" on=\"both\"/>"),
		FATAL("bad value \"both\" for on: must be allow, deny or all")},
	{DEFAULT("<audit own=\"a.b\" log=\"true\"/>"), ON_AUDIT("log")},
	{DEFAULT("<audit receive_type=\"signal\"/>"), ON_AUDIT("receive_type")},
	{DEFAULT("<audit see=\"a.b\"/>"), ON_AUDIT("see")},
	{DEFAULT("<audit group=\"*\"/>"), ON_AUDIT("group")},
	{DEFAULT("<audit eavesdrop=\"true\"/>"), ON_AUDIT("eavesdrop")},
	{DEFAULT("<deny on=\"all\" own=\"a.b\"/>"), ON_RULE("on")},
	{DEFAULT("<audit own=\"a.b\" send_path=\"/\"/>"), BAD("own stands alone")},
	/* restrictions */
	{"<restrict/>", FATAL("<restrict> must have either own or own_prefix")},
	{"<restrict user=\"root\"/>", FATAL("<restrict> must have either own or own_prefix")},
	{"<restrict own=\"a.b\" own_prefix=\"a\" user=\"root\"/>",
		FATAL("<restrict> must have either own or own_prefix")},
	{"<restrict own=\"a.b\"/>",
		FATAL("<restrict> must have one or more of user, group, unit and label")},
	{"<restrict own=\"a.b\" revoke=\"yes\"/>",
		FATAL("<restrict> must have one or more of user, group, unit and label")},
	{"<restrict own=\"a.b\" unit=\"\"/>", FATAL("a unit must not be empty")},
	{"<restrict own=\"a.b\" label=\"\"/>", FATAL("a label must not be empty")},
	{"<restrict own=\"a.b\" user=\"root\" revoke=\"true\"/>",
		FATAL("bad value \"true\" for revoke: must be yes or no")},
	{"<restrict own=\"a.b\" user=\"root\" mode=\"\"/>",
		FATAL("bad value \"\" for mode: must be permissive or enforcing")},
	{"<restrict own=\"a.b\" uid=\"0\"/>",
		FATAL("attribute \"uid\" is not known on <restrict>")},
	{DEFAULT("<restrict own=\"a.b\" user=\"root\"/>"),
		FATAL("element <restrict> cannot stand inside <policy>")},
	/* of names that nobody can have: nothing would be restricted */
	{"<restrict own=\"*\" user=\"root\"/>",
		FATAL("no name can be \"*\": this would restrict nothing")},
	{"<restrict own=\"\" user=\"root\"/>",
		FATAL("no name can be \"\": this would restrict nothing")},
	{"<restrict own=\"a\" user=\"root\"/>",
		FATAL("no name can be \"a\": this would restrict nothing")},
	{"<restrict own=\"a.b.\" user=\"root\"/>",
		FATAL("no name can be \"a.b.\": this would restrict nothing")},
	{"<restrict own=\"a.2\" user=\"root\"/>",
		FATAL("no name can be \"a.2\": this would restrict nothing")},
	{"<restrict own=\":1.2\" user=\"root\"/>",
		FATAL("no name can be \":1.2\": this would restrict nothing")},
	{"<restrict own_prefix=\"\" user=\"root\"/>",
		FATAL("no name can be \"\": this would restrict nothing")},
	{"<restrict own_prefix=\"a.*\" user=\"root\"/>",
		FATAL("no name can be \"a.*\": this would restrict nothing")},
	{"<restrict own_prefix=\"a.\" user=\"root\"/>",
		FATAL("no name can be \"a.\": this would restrict nothing")},
	/* limits of some */
	{"<limit name=\"max_message_size\" user=\"root\" own=\"a.b\">1</limit>",
		FATAL("a limit is for a user, a unit or a name")},
	{"<limit name=\"max_message_size\" user=\"\">1</limit>", FATAL("a user must not be empty")},
	{"<limit name=\"max_message_size\" unit=\"\">1</limit>", FATAL("a unit must not be empty")},
	{"<limit name=\"max_message_size\" own=\"\">1</limit>", FATAL("a own must not be empty")},
	{"<limit name=\"max_message_size\" own=\"*\">1</limit>",
		FATAL("no name can be \"*\": this would limit nothing")},
	{"<limit name=\"max_message_size\" group=\"wheel\">1</limit>",
		FATAL("attribute \"group\" is not known on <limit>")},
	{"<limit user=\"root\">1</limit>", FATAL("<limit> must have a name")},
	{"<limit name=\"auth_timeout\" user=\"root\">1</limit>",
		FATAL("auth_timeout is of the bus as a whole")},
	{"<limit name=\"max_completed_connections\" unit=\"a.service\">1</limit>",
		FATAL("max_completed_connections is of the bus as a whole")},
	{"<limit name=\"max_message_size\" user=\"root\"/>", FATAL("<limit> is empty")},
	{"<limit name=\"max_message_size\" user=\"root\">-1</limit>",
		FATAL("max_message_size must not be negative")},
	{"<limit name=\"max_names_per_connection\" own=\"a.b\">2147483648</limit>",
		FATAL("max_names_per_connection: 2147483648 is too large")},
};

static const struct row rules[] = {
	/* sections between at_console and mandatory, in the order of first reading */
	{"<policy context=\"mandatory\"><deny own=\"a\"/></policy>"
	 "<policy label=\"*\"><deny own=\"b\"/></policy>"
	 "<policy unit=\"z.service\"><deny own=\"c\"/></policy>"
	 "<policy unit=\"*\"><deny own=\"d\"/></policy>"
	 "<policy label=\"a\"><deny own=\"e\"/></policy>"
	 "<policy unit=\"z.service\"><deny own=\"f\"/></policy>"
	 "<policy at_console=\"false\"><deny own=\"g\"/></policy>",
		"no-console 0 own: <deny own=\"g\"/>\n"
		"unit 1 own: <deny own=\"c\"/>\n"
		"unit 1 own: <deny own=\"f\"/>\n"
		"unit 2 own: <deny own=\"d\"/>\n"
		"label 0 own: <deny own=\"b\"/>\n"
		"label 3 own: <deny own=\"e\"/>\n"
		"mandatory 0 own: <deny own=\"a\"/>\n"},
	/* units that are none */
	{"<policy unit=\"sshd\"><deny own=\"a\"/></policy>",
		NO_UNIT("sshd") "unit 0 own: <deny own=\"a\"/>\n"},
	{"<policy unit=\"a.timer\"/><policy unit=\"a.service/\"/>",
		NO_UNIT("a.timer") NO_UNIT("a.service/")},
	{"<policy unit=\"ssh*\"/><policy unit=\"a.scope\"/><policy unit=\"x.slice\"/>"
	 "<policy unit=\"user@1.service/y.socket\"/>",
		""},
	{"<restrict own=\"a.b\" unit=\"sshd\"/>", NO_UNIT("sshd")},
	{"<limit name=\"max_message_size\" unit=\"sshd\">1</limit>", NO_UNIT("sshd")},
	/* every kind of rule */
	{DEFAULT("<check polkit=\"a.B-c_1\" own_prefix=\"a\" log=\"true\"/>"
		 "<check polkit=\"a\" send_destination=\"a.b\" send_arg0=\"x\" max_fds=\"0\"/>"
		 "<deny see=\"a.b\"/><allow see_prefix=\"a\"/><deny see=\"*\"/>"
		 "<audit own=\"*\"/><audit send_destination=\"*\" on=\"deny\"/>"),
		"default 0 own: <check polkit=\"a.B-c_1\" own_prefix=\"a\" log=\"true\"/>\n"
		"default 0 see: <deny see=\"a.b\"/>\n"
		"default 0 see: <allow see_prefix=\"a\"/>\n"
		"default 0 see: <deny see=\"*\"/>\n"
		"default 0 audit-own: <audit own=\"*\"/>\n"
		"default 0 send: <check polkit=\"a\" send_destination=\"a.b\" send_arg0=\"x\" "
		"max_fds=\"0\"/>\n"
		"default 0 audit: <audit send_destination=\"*\" on=\"deny\"/>\n"},
	/* owning, of whatever type */
	{CHECK("own=\"a.b\""), "default 0 own: <check polkit=\"a.b\" own=\"a.b\"/>\n"},
	/* whose name only begins like polkit's */
	{CHECK("send_destination=\"org.freedesktop.DBus2\"")
			CHECK("send_destination_prefix=\"org.freedesktop.PolicyKit1.x\""),
		"default 0 send: <check polkit=\"a.b\" "
		"send_destination=\"org.freedesktop.DBus2\"/>\n"
		"default 0 send: <check polkit=\"a.b\" "
		"send_destination_prefix=\"org.freedesktop.PolicyKit1.x\"/>\n"},
	/* nobody is there whom they could mean */
	{"<policy user=\"gone\"><check polkit=\"a\" own=\"a.b\"/><audit own=\"a.b\"/>"
	 "<deny see=\"a.b\"/></policy>",
		WARNING("unknown user \"gone\": this policy is ignored") "error main:1: this check "
									 "is lost, for nobody by "
									 "that name is known: "
									 "<check polkit=\"a\" "
									 "own=\"a.b\"/>\n"
									 "error main:1: this deny "
									 "is lost, for nobody by "
									 "that name is known: "
									 "<deny see=\"a.b\"/>\n"},
	{"<restrict own=\"a.b\" user=\"gone\"/><restrict own=\"a.b\" group=\"-1\" unit=\"*\"/>",
		"error main:1: unknown user \"gone\": nobody can own the name\n"
		"error main:1: unknown group \"-1\": nobody can own the name\n"},
	{"<restrict own=\"a.b\" user=\"broken\"/>",
		"error main:1: unknown user \"broken\": Input/output error: nobody can own the "
		"name\n"},
	{"<limit name=\"max_message_size\" user=\"gone\">1</limit>",
		WARNING("unknown user \"gone\": this limit is ignored")},
	{DEFAULT("<check polkit=\"a\" own=\"a.b\" keep=\"0x10\"/>"),
		WARNING("keep=\"0x10\" is no plain decimal number, taken as 16") "default 0 own: "
										 "<check "
										 "polkit=\"a\" "
										 "own=\"a.b\" "
										 "keep=\"0x10\"/"
										 ">\n"},
};

static void test_faults(void **state)
{
	rows_check(state, faults, ARRAY_SIZE(faults), false, SHOW_RULES);
}

static void test_rules(void **state)
{
	rows_check(state, rules, ARRAY_SIZE(rules), false, SHOW_RULES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, rows_begin, rows_end);
}
