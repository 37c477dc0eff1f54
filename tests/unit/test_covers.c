/*
 * test_covers.c - what is said of rules without asking about a message, against messages: a rule
 * differs in something exactly where its judge passes it over, and a rule that covers another one
 * fits whatever that fits. Random rules and requests from few words, so that they meet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/drop.h"
#include "policy/covers.h"
#include "policy/differs.h"
#include "tests/unit/rulebook.h"
#include "tests/unit/draw.h"

#define BOOKS 4000
#define REQUESTS 60

/* Rules are drawn by verb, and these are numbers of `judges` below. */
enum { SENDS, RECEIVES, AUDITS, OWNS, CONNECTS, SEES, AUDITS_OWNING, DRAWN };

static const struct {
	const char *side;
	bool of_messages;
} verbs[DRAWN] = {[SENDS] = {"send", true},
	[RECEIVES] = {"receive", true},
	[AUDITS] = {"send", true},
	[OWNS] = {"own", false},
	[CONNECTS] = {"", false},
	[SEES] = {"see", false},
	[AUDITS_OWNING] = {"own", false}};
static const char *const types[] = {"*", "method_call", "method_return", "error", "signal"};
static const char *const names[] = {"com.A", "com.A.b", "com.AB"};
static const char *const words[] = {"com.I", "com.J"};
static const char *const truths[] = {"true", "false"};
static const char *const arguments[] = {"", "un", "unit", "units"};
static const char *const decisions[] = {"allow", "deny", "all"};

/* Most are about messages. */
static unsigned int draw_verb(void)
{
	return draw(10) < 7 ? draw(3) : 3 + draw(4);
}

/* One in `n` times an attribute is written. */
static void maybe(FILE *to, uint32_t n, const char *side, const char *name, const char *value)
{
	if (draw(n) == 0)
		fprintf(to, " %s%s%s='%s'", side, *side ? "_" : "", name, value);
}

static void draw_message_rule(FILE *to, unsigned int verb)
{
	const char *side = verbs[verb].side;

	fprintf(to, " %s_type='%s'", side, types[draw(5)]);
	if (verb == RECEIVES || draw(2))
		maybe(to, 2, side, verb == RECEIVES ? "sender" : "destination", names[draw(3)]);
	else
		maybe(to, 2, side, "destination_prefix", names[draw(3)]);
	maybe(to, 3, side, "interface", words[draw(2)]);
	maybe(to, 4, side, "member", draw(2) ? "M" : "N");
	maybe(to, 4, side, "path", draw(2) ? "/" : "/a");
	maybe(to, 6, side, "error", words[draw(2)]);
	maybe(to, 5, side, "requested_reply", truths[draw(2)]);
	if (verb != RECEIVES) {
		maybe(to, 8, side, "broadcast", truths[draw(2)]);
		maybe(to, 5, side, draw(2) ? "arg0" : "arg0_prefix", arguments[draw(4)]);
	}
	maybe(to, 5, "", "eavesdrop", truths[draw(2)]);
	maybe(to, 8, "", "min_fds", draw(2) ? "1" : "2");
	maybe(to, 8, "", "max_fds", draw(2) ? "0" : "1");
}

/* What the elements of its kind are. */
static const char *draw_element(unsigned int verb)
{
	if (verb == AUDITS || verb == AUDITS_OWNING)
		return "<audit";
	if ((verb == SENDS || verb == OWNS) && draw(4) == 0)
		return "<check polkit='org.x'";
	return draw(2) ? "<allow" : "<deny";
}

static void draw_rule(FILE *to, unsigned int verb)
{
	const char *element = draw_element(verb);

	fputs(element, to);
	maybe(to, 6, "", "trial", "yes");
	if (element[2] == 'u')
		maybe(to, 2, "", "on", decisions[draw(3)]);
	if (verbs[verb].of_messages)
		draw_message_rule(to, verb);
	else if (verb != CONNECTS)
		fprintf(to, " %s%s='%s'", verbs[verb].side, draw(2) ? "_prefix" : "",
			names[draw(3)]);
	else
		fprintf(to, " %s='%s'", draw(2) ? "user" : "group",
			draw(3)	  ? "1"
			: draw(2) ? "2"
				  : "*");
	fputs("/>\n", to);
}

static const struct {
	const struct judge *judge; /* NULL: audit rules are no judge's */
	enum verb verb;
} judges[DRAWN] = {[SENDS] = {&rules_send, VERB_SEND},
	[RECEIVES] = {&rules_receive, VERB_SEND},
	[AUDITS] = {NULL, VERB_SEND},
	[OWNS] = {&rules_own, VERB_OWN},
	[CONNECTS] = {&rules_connect, VERB_CONNECT},
	[SEES] = {&rules_see, VERB_SEE},
	[AUDITS_OWNING] = {NULL, VERB_OWN}};

struct asked {
	struct identity identity;
	struct subject subject;
	struct slice names[2];
	struct party self, other;
	struct traffic traffic;
	struct request request;
	uint32_t groups[2];
};

static struct slice word_or_none(const char *const *from, bool required)
{
	return slice_of(required || draw(2) ? from[draw(2)] : NULL);
}

/* As messages are: what a type must have is there, what it cannot have is not. */
static void draw_traffic(struct asked *a)
{
	static const char *const members[] = {"M", "N"}, *const paths[] = {"/", "/a"};
	struct traffic *t = &a->traffic;
	bool addressed;

	t->type = (uint8_t)(1 + draw(4));
	addressed = t->type == 1 || t->type == 4;
	t->is_reply = t->type == 2 || t->type == 3;
	t->fds = draw(3);
	if (addressed) {
		t->path = word_or_none(paths, true);
		t->member = word_or_none(members, true);
		t->interface = word_or_none(words, t->type == 4);
	}
	if (t->type == 3)
		t->error = word_or_none(words, true);
	t->broadcast = t->type == 4 && draw(2);
	if (draw(3))
		t->arg0 = slice_of(arguments[draw(4)]);
	t->destination = t->broadcast ? (struct slice){NULL, 0} : slice_of(names[draw(3)]);
	a->request.traffic = t;
	a->request.requested_reply = draw(2);
	a->request.eavesdrop = draw(4) == 0;
}

static void draw_request(struct asked *a, const struct image *image, unsigned int verb)
{
	*a = (struct asked){.identity = {.uid = draw(3), .groups_n = draw(3)}, .groups = {1, 2}};
	a->identity.groups = a->groups;
	assert_int_equal(subject_init(&a->subject, image, &a->identity), 0);
	a->names[0] = slice_of(names[draw(3)]);
	a->names[1] = slice_of(names[draw(3)]);
	a->self.subject = a->other.subject = &a->subject;
	a->other.names = a->names;
	a->other.names_n = draw(3);
	a->request.bus_uid = ID_NONE;
	a->request.sender = verb == RECEIVES ? &a->other : &a->self;
	a->request.recipient = verb == RECEIVES			    ? &a->self
			       : verbs[verb].of_messages && draw(4) ? &a->other
								    : NULL;
	a->request.verb = judges[verb].verb;
	a->request.name = slice_of(names[draw(3)]);
	if (verbs[verb].of_messages)
		draw_traffic(a);
}

/* The rule that speaks: of one, on trial or not. Audit rules, of a decision that is drawn. */
static const struct rule *rule_speaks(unsigned int verb, const struct request *request, uint8_t *on)
{
	const struct judge *judge = judges[verb].judge;
	struct verdict v = {.answer = draw(2) ? ANSWER_ALLOW : ANSWER_DENY};

	*on = v.answer == ANSWER_ALLOW ? ON_ALLOW : ON_DENY;
	if (!judge) {
		rules_audit(request, &v);
		return v.audit;
	}
	v = judge->ask(judge, request);
	return v.rule ? v.rule : v.would;
}

static char *draw_book(unsigned int verb, uint32_t rules)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	fputs("default\n", to);
	for (uint32_t i = 0; i < rules; i++)
		draw_rule(to, verb);
	fclose(to);
	return text;
}

static void test_differs(void **state)
{
	uint32_t fitted = 0, passed_over = 0;

	(void)state;
	for (uint32_t i = 0; i < BOOKS; i++) {
		unsigned int verb = draw_verb();
		DROP_HEAP char *text = draw_book(verb, 1);
		struct rulebook book;

		rulebook_open(&book, text);
		for (uint32_t n = 0; n < REQUESTS; n++) {
			struct asked a;
			const struct rule *rule = &book.image.rules[0];
			const char *differs;
			bool speaks;
			uint8_t on;

			draw_request(&a, &book.image, verb);
			speaks = rule_speaks(verb, &a.request, &on) != NULL;
			differs = rule_differs(&book.image, rule, &a.request);
			if (rule->effect == EFFECT_AUDIT && !(rule->on & on))
				assert_false(speaks);
			else if (speaks != !differs)
				fail_msg("%s: %s", text, differs ? differs : "fits");
			/* it names what the rule says, or what is true of rules that do not say it */
			if (differs && !strstr(text, differs))
				assert_true(strstr(differs, "requested_reply") ||
					    strcmp(differs, "eavesdrop") == 0);
			fitted += !differs;
			passed_over += differs != NULL;
			subject_fini(&a.subject);
		}
		rulebook_close(&book);
	}
	assert_true(fitted > BOOKS && passed_over > BOOKS);
}

/* Of replies, rules that do not speak of them are not compared. */
static bool is_compared(const struct rule *earlier, const struct traffic *t)
{
	return !t->is_reply || earlier->type == 2 || earlier->type == 3 || earlier->requested_reply;
}

static void test_covers(void **state)
{
	uint32_t covering = 0, both = 0;

	(void)state;
	for (uint32_t i = 0; i < 4 * BOOKS; i++) {
		unsigned int verb = draw_verb();
		DROP_HEAP char *text = draw_book(verb, 2);
		struct rulebook book;
		const struct rule *earlier, *later;
		bool covers;

		rulebook_open(&book, text);
		earlier = &book.image.rules[0];
		later = &book.image.rules[1];
		covers = rule_covers(&book.image, later, earlier);
		covering += covers;
		for (uint32_t n = 0; covers && n < REQUESTS; n++) {
			struct asked a;

			draw_request(&a, &book.image, verb);
			if (!rule_differs(&book.image, earlier, &a.request) &&
				(!verbs[verb].of_messages || is_compared(earlier, &a.traffic))) {
				uint8_t on;

				if (rule_differs(&book.image, later, &a.request) ||
					rule_speaks(verb, &a.request, &on) == earlier)
					fail_msg("does not cover: %s", text);
				both++;
			}
			subject_fini(&a.subject);
		}
		rulebook_close(&book);
	}
	assert_true(covering > 500 && both > 2000);
}

/* What it has to see, and what would be wrong to say. */
static void test_covers_table(void **state)
{
	static const struct {
		const char *earlier, *later;
		bool covers;
	} rows[] = {
		{"<allow own='a.b'/>", "<deny own='*'/>", true},
		{"<allow own='a.b.c'/>", "<deny own_prefix='a.b'/>", true},
		{"<allow own='a.bc'/>", "<deny own_prefix='a.b'/>", false},
		{"<allow own_prefix='a.b'/>", "<deny own='a.b'/>", false},
		{"<allow user='1'/>", "<deny user='*'/>", true},
		{"<allow user='1'/>", "<deny group='1'/>", false},
		{"<allow send_destination='a.b'/>", "<deny send_destination='a.b'/>", true},
		{"<allow send_destination='a.b' send_type='method_return'/>",
			"<deny send_destination='a.b'/>", false},
		{"<allow send_destination='a.b'/>",
			"<deny send_destination='a.b' send_type='method_call'/>", false},
		{"<deny send_interface='a.i'/>", "<allow send_interface='a.i'/>", false},
		{"<allow send_interface='a.i'/>", "<deny send_interface='a.i'/>", true},
		{"<allow send_interface='a.i' send_member='M'/>", "<deny send_interface='a.i'/>",
			true},
		{"<allow send_type='signal' min_fds='1'/>",
			"<deny send_type='signal' max_fds='4'/>", false},
		{"<deny receive_sender='a.b' eavesdrop='true'/>", "<allow receive_sender='a.b'/>",
			false},
		{"<allow send_interface='a.i'/>", "<check polkit='x' send_interface='a.i'/>", true},
		{"<check polkit='x' send_interface='a.i'/>", "<allow send_interface='a.i'/>",
			false},
		{"<check polkit='x' send_interface='a.i'/>", "<deny send_interface='a.i'/>", true},
		{"<check polkit='x' own='a.b'/>", "<allow own_prefix='a'/>", true},
		{"<allow send_arg0='unit'/>", "<deny send_type='*'/>", true},
		{"<allow send_type='*'/>", "<deny send_arg0='unit'/>", false},
		{"<allow send_arg0='unit'/>", "<deny send_arg0_prefix='un'/>", true},
		{"<allow send_arg0_prefix='un'/>", "<deny send_arg0='un'/>", false},
		{"<allow send_arg0_prefix='unit'/>", "<deny send_arg0_prefix=''/>", true},
		{"<allow send_arg0='units'/>", "<deny send_arg0='unit'/>", false},
		{"<allow own='a.b'/>", "<deny own='*' trial='yes'/>", false},
		{"<deny own='a.b'/>", "<allow own='*' trial='yes'/>", true},
		{"<deny own='a.b' trial='yes'/>", "<deny own='*' trial='yes'/>", true},
		{"<deny own='a.b' trial='yes'/>", "<allow own='*'/>", true},
		{"<deny see='a.b'/>", "<allow see='*'/>", true},
		{"<audit own='a.b' on='deny'/>", "<audit own='*'/>", true},
		{"<audit own='a.b'/>", "<audit own='*' on='deny'/>", false},
		{"<audit send_interface='a.i' on='allow'/>", "<audit send_type='*' on='allow'/>",
			true},
		{"<audit send_interface='a.i' on='allow'/>", "<audit send_type='*' on='deny'/>",
			false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[512];
		struct rulebook book;

		snprintf(text, sizeof(text), "default\n%s\n%s\n", rows[i].earlier, rows[i].later);
		rulebook_open(&book, text);
		if (rule_covers(&book.image, &book.image.rules[1], &book.image.rules[0]) !=
			rows[i].covers)
			fail_msg("%s", text);
		rulebook_close(&book);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_differs),
		cmocka_unit_test(test_covers), cmocka_unit_test(test_covers_table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
