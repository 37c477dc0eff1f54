/* test_matchrule.c - rule texts to canonical text or refusal, and rules against messages */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/drop.h"
#include "broker/fault.h"
#include "broker/matchrule.h"
#include "tests/unit/arguments.h"

DROP_WITH(matchrule, matchrule_free)

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X256 X64 X64 X64 X64

static const struct {
	const char *text;
	const char *want; /* canonical text, or "!reason" */
} texts[] = {
	/* nothing, blanks */
	{"", ""},
	{" \t\n\r", ""},
	{"\v", "!a key is not followed by '='"},
	{" type='signal'", "type='signal'"},
	{"\ttype\n\r='signal'", "type='signal'"},
	{"type='signal', member='A'", "type='signal',member='A'"},
	{"type='signal',   ", "type='signal'"},
	{"eavesdrop =true", "eavesdrop='true'"},
	{" eavesdrop\t=true", "eavesdrop='true'"},
	{"eavesdrop= true", "!eavesdrop is neither true nor false"},
	{"eavesdrop=true ", "!eavesdrop is neither true nor false"},
	{"type= 'signal'", "!type is not method_call, method_return, error or signal"},
	{"type='signal' ,member='A'", "!type is not method_call, method_return, error or signal"},
	{"\vtype='signal'", "!a key is not known"},
	{"arg 0='a'", "!a key is not followed by '='"},
	{"arg0 path='/a'", "!a key is not followed by '='"},
	/* commas, keys */
	{"type='signal',", "type='signal'"},
	{"type='signal',,", "!a key is not followed by '='"},
	{",type='signal'", "!a key is not known"},
	{",", "!a key is not followed by '='"},
	{"type", "!a key is not followed by '='"},
	{"type='signal',junk", "!a key is not followed by '='"},
	{"=", "!a condition has no key"},
	{"type='signal', =x", "!a condition has no key"},
	{"'type'='signal'", "!a key is not known"},
	{"Type='signal'", "!a key is not known"},
	{"foo='a'", "!a key is not known"},
	{"foo='", "!an apostrophe is not closed"},
	/* quoting */
	{"arg0=", "arg0=''"},
	{"arg0=''", "arg0=''"},
	{"arg0= a b ", "arg0=' a b '"},
	{"arg0=a=b", "arg0='a=b'"},
	{"arg0='a,b'", "arg0='a,b'"},
	{"arg0=a,b", "!a key is not followed by '='"},
	{"type=sig'nal'", "type='signal'"},
	{"arg0='a'b'c'", "arg0='abc'"},
	{"arg0=''''", "arg0=''"},
	{"arg0='''", "!an apostrophe is not closed"},
	{"arg0=\"a\"", "arg0='\"a\"'"},
	{"arg0='\\'", "arg0='\\'"},
	{"arg0='it\\'s'", "!an apostrophe is not closed"},
	{"arg0='it'\\''s'", "arg0='it'\\''s'"},
	{"arg0=\\'", "arg0=''\\'''"},
	{"arg0=\\'\\'", "arg0=''\\'''\\'''"},
	{"arg0=a\\b", "arg0='a\\b'"},
	{"arg0=a\\", "arg0='a\\'"},
	{"arg0=\\\\", "arg0='\\\\'"},
	{"arg0=\\\\'", "!an apostrophe is not closed"},
	{"arg0=\\\\\\'", "arg0='\\\\'\\'''"},
	{"arg0=a\\,b", "arg0='a\\,b'"},
	{"arg0='\\'','", "arg0='\\,'"},
	{"arg0='a\nb\x01'", "arg0='a\nb\x01'"},
	{"arg0='\xc3\xa4'", "arg0='\xc3\xa4'"},
	/* each key, in canonical order */
	{"type='method_call'", "type='method_call'"},
	{"type='method_return'", "type='method_return'"},
	{"type='error'", "type='error'"},
	{"type=''", "!type is not method_call, method_return, error or signal"},
	{"type='Signal'", "!type is not method_call, method_return, error or signal"},
	{"interface='a.b'", "interface='a.b'"},
	{"interface='a'", "!interface is not an interface name"},
	{"interface=''", "!interface is not an interface name"},
	{"member='A'", "member='A'"},
	{"member='A.b'", "!member is not a member name"},
	{"path='/'", "path='/'"},
	{"path='/a/'", "!path is not an object path"},
	{"path=''", "!path is not an object path"},
	{"path_namespace='/'", "path_namespace='/'"},
	{"path_namespace='a'", "!path_namespace is not an object path"},
	{"pathnamespace='/'", "!a key is not known"},
	{"sender=':1.1'", "sender=':1.1'"},
	{"sender='a.b'", "sender='a.b'"},
	{"sender='a'", "!sender is not a bus name"},
	{"destination=':1.5'", "destination=':1.5'"},
	{"destination='*'", "!destination is not a bus name"},
	{"eavesdrop='true'", "eavesdrop='true'"},
	{"eavesdrop='false'", ""},
	{"eavesdrop='TRUE'", "!eavesdrop is neither true nor false"},
	{"eavesdrop=''", "!eavesdrop is neither true nor false"},
	{"arg0='a'", "arg0='a'"},
	{"arg63='a'", "arg63='a'"},
	{"arg64='a'", "!an argument number is above 63"},
	{"arg4294967296='a'", "!an argument number is above 63"},
	{"arg='a'", "!a key begins with arg and has no argument number"},
	{"argpath='a'", "!a key begins with arg and has no argument number"},
	{"arg+1='a'", "!a key begins with arg and has no argument number"},
	{"arg01='a'", "!an argument number has leading zeros"},
	{"arg00='a'", "!an argument number has leading zeros"},
	{"arg0x1='a'", "!an argument number is followed by neither path nor namespace"},
	{"arg1Path='a'", "!an argument number is followed by neither path nor namespace"},
	{"arg0path=''", "arg0path=''"},
	{"arg63path='a b'", "arg63path='a b'"},
	{"arg0namespace='a'", "arg0namespace='a'"},
	{"arg0namespace=':1.5'", "arg0namespace=':1.5'"},
	{"arg0namespace='a.'", "!arg0namespace is not the beginning of a bus name"},
	{"arg0namespace=''", "!arg0namespace is not the beginning of a bus name"},
	{"arg1namespace='a'", "!namespace is for arg0 only"},
	{"destination='a.b',path='/p',member='M',sender='s.s',interface='i.i',type='error',"
	 "eavesdrop='true',arg3='c',arg1path='/b/'",
		"type='error',interface='i.i',member='M',path='/p',sender='s.s',destination='a.b',"
		"eavesdrop='true',arg1path='/b/',arg3='c'"},
	{"arg10='c',arg9='b',arg0namespace='a',path_namespace='/p'",
		"path_namespace='/p',arg0namespace='a',arg9='b',arg10='c'"},
	/* each at most once */
	{"type='signal',type='signal'", "!a key is given more than once"},
	{"eavesdrop='true',eavesdrop='false'", "!a key is given more than once"},
	{"sender='a.b',sender='a.b'", "!a key is given more than once"},
	{"path='/',path_namespace='/'", "!path and path_namespace exclude one another"},
	{"path_namespace='/',path='/'", "!path and path_namespace exclude one another"},
	{"arg1='a',arg1='a'", "!an argument is matched more than once"},
	{"arg0='a',arg0path='/a'", "!an argument is matched more than once"},
	{"arg0path='/a',arg0namespace='a'", "!an argument is matched more than once"},
	/* more conditions than the sixteen that the reference reads */
	{"arg0=a,arg1=a,arg2=a,arg3=a,arg4=a,arg5=a,arg6=a,arg7=a,arg8=a,arg9=a,arg10=a,arg11=a,"
	 "arg12=a,arg13=a,arg14=a,arg15=a,eavesdrop=true,member=A",
		"member='A',eavesdrop='true',arg0='a',arg1='a',arg2='a',arg3='a',arg4='a',arg5='a',"
		"arg6='a',arg7='a',arg8='a',arg9='a',arg10='a',arg11='a',arg12='a',arg13='a',"
		"arg14='a',arg15='a'"},
	{"arg0=a,arg1=a,arg2=a,arg3=a,arg4=a,arg5=a,arg6=a,arg7=a,arg8=a,arg9=a,arg10=a,arg11=a,"
	 "arg12=a,arg13=a,arg14=a,arg15=a,junk",
		"!a key is not followed by '='"},
};

static void assert_prints(const struct matchrule *rule, const char *want)
{
	struct writer out = {.limit = 0};

	matchrule_print(rule, &out);
	writer_bytes(&out, "", 1);
	assert_false(out.bad);
	assert_string_equal((const char *)out.data, want);
	writer_fini(&out);
}

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		DROP(matchrule) rule = NULL;
		DROP(matchrule) again = NULL;
		const char *why = NULL;
		int r = matchrule_parse(slice_of(texts[i].text), &rule, &why);

		if (texts[i].want[0] == '!') {
			assert_int_equal(r, FAULT_BAD_MATCH);
			assert_string_equal(why, texts[i].want + 1);
			continue;
		}
		if (r)
			fail_msg("%s: refused: %s", texts[i].text, why);
		assert_prints(rule, texts[i].want);
		assert_int_equal(matchrule_parse(slice_of(texts[i].want), &again, &why), 0);
		assert_true(matchrule_equal(rule, again));
		assert_prints(again, texts[i].want);
	}
}

static void test_length(void **state)
{
	static const char longest[] = "arg0='" X256 X256 X256 X64 X64 X64 X16 X16 X16 "xxxxxxxxx'";
	struct slice text = SLICE(X256 X256 X256 X256 "x");
	struct slice nul = SLICE("arg0='a\0b'");
	DROP(matchrule) rule = NULL;
	const char *why = NULL;

	(void)state;
	assert_int_equal(sizeof(longest) - 1, MATCHRULE_TEXT_MAX);
	assert_int_equal(matchrule_parse(slice_of(longest), &rule, &why), 0);
	assert_prints(rule, longest);
	assert_int_equal(matchrule_parse(text, &rule, &why), FAULT_LIMITS);
	assert_int_equal(matchrule_parse(nul, &rule, &why), FAULT_BAD_MATCH);
	assert_string_equal(why, "a byte is NUL");
}

static void test_equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} cases[] = {
		{"type='signal',member='A'", " member=A,type=signal,", true},
		{"arg1='b',arg0='a'", "arg0=a,arg1=b", true},
		{"eavesdrop='false'", "", true},
		{"eavesdrop='true'", "", false},
		{"path='/a'", "path_namespace='/a'", false},
		{"sender='a.b'", "destination='a.b'", false},
		{"arg0='a.b'", "arg0path='a.b'", false},
		{"arg0='a.b'", "arg0namespace='a.b'", false},
		{"arg0='a'", "arg1='a'", false},
		{"arg0=''", "", false},
		{"arg0='ab',arg1='c'", "arg0='a',arg1='bc'", false},
		{"type='signal'", "type='error'", false},
		{"type='signal'", "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		DROP(matchrule) a = NULL;
		DROP(matchrule) b = NULL;
		const char *why;

		assert_int_equal(matchrule_parse(slice_of(cases[i].a), &a, &why), 0);
		assert_int_equal(matchrule_parse(slice_of(cases[i].b), &b, &why), 0);
		if (matchrule_equal(a, b) != cases[i].want)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

struct sample {
	const char *rule;
	bool want;
	const char *types; /* of the arguments, see arguments_put; NULL: none */
	const char *texts[3];
	const char *destination;
	struct slice recipient[2];
};

/* The rest of the message: a signal from /a/b, interface i.i, member M. */
static const struct sample samples[] = {
	{.rule = "", .want = true},
	{.rule = "type='signal'", .want = true},
	{.rule = "type='error'"},
	{.rule = "interface='i.i',member='M',path='/a/b'", .want = true},
	{.rule = "interface='i.ii'"},
	{.rule = "member='N'"},
	{.rule = "path='/a'"},
	{.rule = "path_namespace='/a/b'", .want = true},
	{.rule = "path_namespace='/a'", .want = true},
	{.rule = "path_namespace='/a/b/c'"},
	{.rule = "path_namespace='/'", .want = true},
	{.rule = "path_namespace='/a/bb'"},
	/* the sender is the registry's affair */
	{.rule = "sender='x.y'", .want = true},
	/* destination: what the recipient is called, or without one what the message says */
	{.rule = "destination='a.b'"},
	{.rule = "destination='a.b'", .want = true, .destination = "a.b"},
	{.rule = "destination='a.b'",
		.want = true,
		.destination = ":1.5",
		.recipient = {{":1.5", 4}, {"a.b", 3}}},
	{.rule = "destination=':1.5'",
		.want = true,
		.destination = "a.b",
		.recipient = {{":1.5", 4}, {"a.b", 3}}},
	{.rule = "destination='c.d'", .destination = "c.d", .recipient = {{":1.5", 4}, {"a.b", 3}}},
	/* argN */
	{.rule = "arg0='x'", .want = true, .types = "s", .texts = {"x"}},
	{.rule = "arg0='x'", .types = "s", .texts = {"xx"}},
	{.rule = "arg0='x'"},
	{.rule = "arg0=''", .want = true, .types = "s", .texts = {""}},
	{.rule = "arg0=''", .types = "u"},
	{.rule = "arg0='/x'", .types = "o", .texts = {"/x"}},
	{.rule = "arg1='x'", .want = true, .types = "us", .texts = {"x"}},
	{.rule = "arg1='x'", .types = "su", .texts = {"x"}},
	{.rule = "arg0='x',arg2='z'", .want = true, .types = "sss", .texts = {"x", "y", "z"}},
	{.rule = "arg0='x',arg2='y'", .types = "sss", .texts = {"x", "y", "z"}},
	/* argNpath */
	{.rule = "arg0path='/x/'", .want = true, .types = "s", .texts = {"/x/y"}},
	{.rule = "arg0path='/x/'", .want = true, .types = "o", .texts = {"/x/y"}},
	{.rule = "arg0path='/x/'", .want = true, .types = "s", .texts = {"/x/"}},
	{.rule = "arg0path='/x/'", .types = "s", .texts = {"/x"}},
	{.rule = "arg0path='/x/y'", .want = true, .types = "s", .texts = {"/x/"}},
	{.rule = "arg0path='/x/y'", .want = true, .types = "s", .texts = {"/"}},
	{.rule = "arg0path='/x/y'", .types = "s", .texts = {"/x"}},
	{.rule = "arg0path='/x'", .types = "s", .texts = {"/x/y"}},
	{.rule = "arg0path='/x'", .types = "s", .texts = {"/y"}},
	{.rule = "arg0path=''", .want = true, .types = "s", .texts = {""}},
	{.rule = "arg0path=''", .types = "s", .texts = {"/"}},
	{.rule = "arg0path='/'", .types = "s", .texts = {""}},
	{.rule = "arg1path='/x'", .want = true, .types = "uo", .texts = {"/x"}},
	{.rule = "arg1path='/x'", .types = "ou", .texts = {"/x"}},
	/* arg0namespace */
	{.rule = "arg0namespace='a.b'", .want = true, .types = "s", .texts = {"a.b"}},
	{.rule = "arg0namespace='a.b'", .want = true, .types = "s", .texts = {"a.b.c"}},
	{.rule = "arg0namespace='a.b'", .types = "s", .texts = {"a.bc"}},
	{.rule = "arg0namespace='a.b'", .types = "s", .texts = {"a"}},
	{.rule = "arg0namespace='a'", .types = "o", .texts = {"a"}},
	{.rule = "arg0namespace='a'"},
};

static struct message sample_message(void)
{
	return (struct message){.type = MESSAGE_SIGNAL,
		.path = SLICE("/a/b"),
		.interface = SLICE("i.i"),
		.member = SLICE("M")};
}

static void test_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		struct message message = sample_message();
		struct matchable m = {.message = &message, .recipient_names = s->recipient};
		struct arguments arguments;
		DROP(matchrule) rule = NULL;
		const char *why;

		if (s->types)
			arguments_put(&arguments, &message, s->types, s->texts);
		message.destination = slice_of(s->destination);
		m.recipient_names_n = s->recipient[0].text ? 2 : 0;
		assert_int_equal(matchrule_parse(slice_of(s->rule), &rule, &why), 0);
		if (matchrule_fits(rule, &m) != s->want)
			fail_msg("row %zu: %s", i, s->rule);
	}
}

/* A message without header fields has none of what a rule may ask for. */
static void test_fits_absent(void **state)
{
	static const char *const rules[] = {"interface='i.i'", "member='M'", "path='/'",
		"path_namespace='/'", "destination='a.b'", "arg0=''", "arg0path=''"};
	struct message message = {.type = MESSAGE_RETURN};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct matchable m = {.message = &message};
		DROP(matchrule) rule = NULL;
		const char *why;

		assert_int_equal(matchrule_parse(slice_of(rules[i]), &rule, &why), 0);
		assert_false(matchrule_fits(rule, &m));
	}
}

/* arg0 to arg63: rule N fits a message whose argument N is "x" and no other is. */
static void test_every_index(void **state)
{
	char types[MESSAGE_ARGS_MAX + 1] = {0}, text[32];
	const char *values[MESSAGE_ARGS_MAX];

	(void)state;
	memset(types, 's', MESSAGE_ARGS_MAX);
	for (unsigned int at = 0; at < MESSAGE_ARGS_MAX; at++) {
		struct message message = sample_message();
		struct arguments arguments;

		for (unsigned int i = 0; i < MESSAGE_ARGS_MAX; i++)
			values[i] = i == at ? "x" : "y";
		arguments_put(&arguments, &message, types, values);
		for (unsigned int i = 0; i < MESSAGE_ARGS_MAX; i++) {
			struct matchable m = {.message = &message};
			DROP(matchrule) rule = NULL;
			const char *why;

			snprintf(text, sizeof(text), "arg%u%s='x'", i, i & 1 ? "path" : "");
			assert_int_equal(matchrule_parse(slice_of(text), &rule, &why), 0);
			assert_int_equal(rule->args[0].index, i);
			assert_int_equal(matchrule_fits(rule, &m), i == at);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_fits_absent),
		cmocka_unit_test(test_every_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
