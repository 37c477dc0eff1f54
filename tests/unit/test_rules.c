/*
 * test_rules.c - rules and a request, and how the verdict explains itself. Rows stand in the
 * order of what they test: order of rules, fitting, replies, the driver's part, own and connect,
 * eavesdropping, silence.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "base/drop.h"
#include "tests/unit/rulebook.h"

/*
 * A request in words: "call|return|error|signal|own|connect", then any of
 *   from=NAMES to=NAMES  (comma-separated, unique name first; "driver")
 *   by=UID:GIDS at=UID:GIDS  (who sends and who receives; 1000:1000 and 0:0)
 *   dest= path= if= member= error= fds= name= reply=requested|unrequested eavesdrop
 * A call, return or error is addressed to the first name of `to`, where dest= does not say other.
 */
struct asked {
	struct request request;
	struct traffic traffic;
	struct side {
		struct party party;
		struct subject subject;
		struct identity identity;
		struct slice names[8];
		uint32_t groups[8];
	} from, to;
	char text[512];
};

static const char allow_all[] =
	"default\n<allow send_destination='*'/>\n<allow receive_sender='*'/>\n";

static void side_names(struct side *side, char *value)
{
	uint32_t n = 0;

	for (char *save, *name = strtok_r(value, ",", &save); name;
		name = strtok_r(NULL, ",", &save))
		side->names[n++] = slice_of(name);
	side->party.names = side->names;
	side->party.names_n = n;
}

static void side_identity(struct side *side, const char *value)
{
	char *end;

	side->identity.uid = (uint32_t)strtol(value, &end, 10);
	side->identity.groups = side->groups;
	side->identity.groups_n = 0;
	while (*end)
		side->groups[side->identity.groups_n++] = (uint32_t)strtoul(end + 1, &end, 10);
}

static void asked_set(struct asked *a, const char *key, char *value)
{
	struct {
		const char *key;
		struct slice *to;
	} const texts[] = {{"dest", &a->traffic.destination}, {"path", &a->traffic.path},
		{"if", &a->traffic.interface}, {"member", &a->traffic.member},
		{"error", &a->traffic.error}, {"name", &a->request.name}};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (!strcmp(key, texts[i].key)) {
			*texts[i].to = slice_of(value);
			return;
		}
	}
	if (!strcmp(key, "from") || !strcmp(key, "to")) {
		side_names(key[0] == 'f' ? &a->from : &a->to, value);
	} else if (!strcmp(key, "by") || !strcmp(key, "at")) {
		side_identity(key[0] == 'b' ? &a->from : &a->to, value);
	} else if (!strcmp(key, "fds")) {
		a->traffic.fds = (uint32_t)strtoul(value, NULL, 10);
	} else if (!strcmp(key, "reply")) {
		a->traffic.is_reply = true;
		a->request.requested_reply = !strcmp(value, "requested");
	} else {
		RULEBOOK_MUST(!strcmp(key, "eavesdrop"));
		a->request.eavesdrop = true;
	}
}

static void asked_open(struct asked *a, const struct image *image, const char *text)
{
	static const char *const kinds[] = {
		"connect", "own", "?", "call", "return", "error", "signal"};
	char sender[] = ":1.1", recipient[] = ":1.2", *save, *word;
	size_t kind = 0;

	*a = (struct asked){.request.bus_uid = 81};
	snprintf(a->text, sizeof(a->text), "%s", text);
	word = strtok_r(a->text, " ", &save);
	while (strcmp(word, kinds[kind]) != 0)
		RULEBOOK_MUST(++kind < ARRAY_SIZE(kinds));
	a->request.verb = kind < 2 ? (enum verb)kind : VERB_SEND;
	a->traffic.type = kind < 2 ? 0 : (uint8_t)(kind - 2);
	side_names(&a->from, sender);
	side_names(&a->to, recipient);
	a->from.names[0] = SLICE(":1.1");
	a->to.names[0] = SLICE(":1.2");
	side_identity(&a->from, "1000:1000");
	side_identity(&a->to, "0:0");
	while ((word = strtok_r(NULL, " ", &save))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		asked_set(a, word, value);
	}
	if (a->traffic.type != 4 && !a->traffic.destination.text)
		a->traffic.destination = a->to.names[0];
	a->traffic.broadcast = a->traffic.type == 4 && !a->traffic.destination.text;
	for (struct side *s = &a->from; s; s = s == &a->from ? &a->to : NULL) {
		s->party.subject = &s->subject;
		RULEBOOK_MUST(subject_init(&s->subject, image, &s->identity) == 0);
	}
	a->request.traffic = &a->traffic;
	a->request.sender = slice_is(a->from.names[0], "driver") ? NULL : &a->from.party;
	a->request.recipient = slice_is(a->to.names[0], "driver") ? NULL : &a->to.party;
}

static void asked_close(struct asked *a)
{
	subject_fini(&a->from.subject);
	subject_fini(&a->to.subject);
}

struct row {
	const char *rules; /* behind `allow_all`, whose lines are 1 to 3; lines begin with 4 */
	const char *request;
	const char *want;
};

static void check_rows(const char *before, const struct row *rows, size_t n)
{
	static const struct judge *const judges[] = {
		&rules_connect, &rules_own, &rules_send, &rules_receive, NULL};
	const struct gate gate = {.judges = judges};

	for (size_t i = 0; i < n; i++) {
		char text[2048], got[512];
		struct rulebook book;
		struct verdict v;
		struct asked a;

		snprintf(text, sizeof(text), "%s%s", before, rows[i].rules);
		rulebook_open(&book, text);
		asked_open(&a, &book.image, rows[i].request);
		v = gate_ask(&gate, &a.request);
		verdict_explain(&v, &a.request, got, sizeof(got));
		if (strcmp(got, rows[i].want) != 0)
			fprintf(stderr, "row %zu: %s / %s\n", i, rows[i].rules, rows[i].request);
		assert_string_equal(got, rows[i].want);
		asked_close(&a);
		rulebook_close(&book);
	}
}

#define CHECK(before, rows) check_rows(before, rows, ARRAY_SIZE(rows))
#define ALLOWED "allow by send rules: book:2 <allow send_destination='*'/>"

static void test_order(void **state)
{
	static const struct row rows[] = {
		/* 1.1 nothing fits: denied */
		{"", "call", "deny by send rules: no rule matched"},
		{"default\n<allow send_destination='*'/>", "call",
			"deny by receive rules: no rule matched"},
		{"", "own name=com.A", "deny by own rules: no rule matched"},
		{"", "connect", "deny by connect rules: no rule matched"},
		{"", "connect by=81:81",
			"allow by connect rules: no rule matched; the bus's own user"},
		/* 1.2 the last that fits, whatever is more specific */
		{"default\n<allow own='com.A'/>\n<deny own='*'/>", "own name=com.A",
			"deny by own rules: book:3 <deny own='*'/>"},
		{"default\n<deny own='*'/>\n<allow own='com.A'/>", "own name=com.A",
			"allow by own rules: book:3 <allow own='com.A'/>"},
		/* 1.2 default, group, user, at_console, mandatory, wherever they stand */
		{"mandatory\n<allow own='com.M'/>\ndefault\n<deny own='com.M'/>", "own name=com.M",
			"allow by own rules: book:2 <allow own='com.M'/>"},
		{"group 7\n<allow own='com.A'/>\ndefault\n<deny own='com.A'/>",
			"own name=com.A by=5:7", "allow by own rules: book:2 <allow own='com.A'/>"},
		{"user 5\n<allow own='com.A'/>\ngroup 7\n<deny own='com.A'/>",
			"own name=com.A by=5:7", "allow by own rules: book:2 <allow own='com.A'/>"},
		{"not_at_console\n<deny own='com.A'/>\nuser 5\n<allow own='com.A'/>",
			"own name=com.A by=5:7", "deny by own rules: book:2 <deny own='com.A'/>"},
		{"mandatory\n<allow own='com.A'/>\nnot_at_console\n<deny own='com.A'/>",
			"own name=com.A by=5:7", "allow by own rules: book:2 <allow own='com.A'/>"},
		/* two stretches of one section are one */
		{"default\n<allow own='com.A'/>\nuser 5\n<deny own='*'/>\ndefault\n<deny "
		 "own='com.A'/>",
			"own name=com.A", "deny by own rules: book:6 <deny own='com.A'/>"},
		/* sections of others */
		{"user 6\n<allow own='com.A'/>\ngroup 8\n<allow own='com.A'/>",
			"own name=com.A by=5:7", "deny by own rules: no rule matched"},
		/* 1.3 of two groups the higher gid */
		{"group 9\n<allow own='com.A'/>\ngroup 7\n<deny own='com.A'/>",
			"own name=com.A by=5:7:9",
			"allow by own rules: book:2 <allow own='com.A'/>"},
		/* unknown ids have no section */
		{"user 4294967295\n<allow own='com.A'/>", "own name=com.A by=-1:7",
			"deny by own rules: no rule matched"},
	};
	static const struct row sides[] = {
		/* 1.5 the sender's user for send, the receiver's for receive */
		{"user 5\n<deny send_member='M'/>", "call by=5:5 at=6:6 member=M",
			"deny by send rules: book:5 <deny send_member='M'/>"},
		{"user 6\n<deny send_member='M'/>", "call by=5:5 at=6:6 member=M", ALLOWED},
		{"user 5\n<deny receive_member='M'/>", "call by=5:5 at=6:6 member=M", ALLOWED},
		/* 1.6 both, send first */
		{"user 6\n<deny receive_member='M'/>", "call by=5:5 at=6:6 member=M",
			"deny by receive rules: book:5 <deny receive_member='M'/>"},
		{"<deny receive_member='M'/>\n<deny send_member='M'/>", "call member=M",
			"deny by send rules: book:5 <deny send_member='M'/>"},
		/* 1.8 nothing is wiped */
		{"<deny send_broadcast='true'/>", "call", ALLOWED},
		{"<deny send_requested_reply='false'/>", "call",
			"deny by send rules: book:4 "
			"<deny send_requested_reply='false'/>"},
		{"<deny send_destination='*' min_fds='9'/>", "call", ALLOWED},
		{"<deny receive_sender='*' eavesdrop='true'/>", "call", ALLOWED},
	};

	(void)state;
	CHECK("", rows);
	CHECK(allow_all, sides);
}

static void test_fit(void **state)
{
	static const struct row rows[] = {
		/* 2.1 "*" alone is no attribute; as a prefix it is a name */
		{"<deny send_member='*' send_interface='com.I'/>", "call if=com.I member=M",
			"deny by send rules: book:4 <deny send_member='*' "
			"send_interface='com.I'/>"},
		{"<deny send_destination_prefix='*'/>", "call", ALLOWED},
		{"<deny send_interface='com.*'/>", "call if=com.I", ALLOWED},
		/* 2.2 types */
		{"<deny send_type='signal'/>", "call", ALLOWED},
		{"<deny send_type='signal'/>", "signal",
			"deny by send rules: book:4 <deny send_type='signal'/>"},
		{"<deny send_type='method_call'/>", "call",
			"deny by send rules: book:4 <deny send_type='method_call'/>"},
		/* 2.3 what the message lacks is not compared */
		{"<deny send_error='E'/>", "call",
			"deny by send rules: book:4 <deny send_error='E'/>"},
		{"<deny send_error='E'/>", "error error=F", ALLOWED},
		{"<deny send_error='E'/>", "error error=E",
			"deny by send rules: book:4 <deny send_error='E'/>"},
		{"<deny send_path='/a'/>", "return",
			"deny by send rules: book:4 <deny send_path='/a'/>"},
		{"<deny receive_member='M'/>", "return",
			"deny by receive rules: book:4 <deny receive_member='M'/>"},
		/* 2.4 without interface: a deny fits, an allow does not */
		{"<deny send_interface='com.I'/>", "call",
			"deny by send rules: book:4 <deny send_interface='com.I'/>"},
		{"<deny receive_interface='com.I'/>", "call",
			"deny by receive rules: book:4 <deny receive_interface='com.I'/>"},
		{"<deny send_interface='com.I' send_member='M'/>", "call member=N", ALLOWED},
		{"<deny send_interface='com.I' send_member='M'/>", "call member=M",
			"deny by send rules: book:4 <deny send_interface='com.I' "
			"send_member='M'/>"},
		{"<deny send_path='/'/>\n<allow send_interface='com.I'/>", "call path=/",
			"deny by send rules: book:4 <deny send_path='/'/>"},
		{"<deny send_path='/'/>\n<allow send_interface='com.I'/>", "call path=/ if=com.I",
			"allow by send rules: book:5 <allow send_interface='com.I'/>"},
		/* 2.5 exact */
		{"<deny send_path='/a'/>", "call path=/a/b", ALLOWED},
		{"<deny send_path='/a'/>", "call path=/a",
			"deny by send rules: book:4 <deny send_path='/a'/>"},
		{"<deny send_interface=''/>", "call if=com.I", ALLOWED},
		{"<deny send_destination=''/>", "call", ALLOWED},
		/* 2.6 the receiver's names, owned or queued, however addressed */
		{"<deny send_destination='com.A'/>", "call to=:1.2,com.B,com.A dest=com.B",
			"deny by send rules: book:4 <deny send_destination='com.A'/>"},
		{"<deny send_destination='com.A'/>", "call to=:1.2,com.B dest=com.A", ALLOWED},
		{"<deny send_destination=':1.2'/>", "call",
			"deny by send rules: book:4 <deny send_destination=':1.2'/>"},
		/* 2.7 broadcasts, for each receiver */
		{"<deny send_destination='com.A'/>", "signal to=:1.2,com.A",
			"deny by send rules: book:4 <deny send_destination='com.A'/>"},
		{"<deny send_destination='com.A'/>", "signal to=:1.3,com.B", ALLOWED},
		/* 2.8 nobody there: the DESTINATION field */
		{"<deny send_destination='com.A'/>", "call to=driver dest=com.A",
			"deny by send rules: book:4 <deny send_destination='com.A'/>"},
		{"<deny send_destination='com.A'/>", "call to=driver dest=com.B", ALLOWED},
		/* 2.9 prefixes end at a dot */
		{"<deny send_destination_prefix='com.A'/>", "call to=:1.2,com.A",
			"deny by send rules: book:4 <deny send_destination_prefix='com.A'/>"},
		{"<deny send_destination_prefix='com.A'/>", "call to=:1.2,com.A.b",
			"deny by send rules: book:4 <deny send_destination_prefix='com.A'/>"},
		{"<deny send_destination_prefix='com.A'/>", "call to=:1.2,com.AB", ALLOWED},
		{"<deny send_destination_prefix='com.A'/>", "call to=driver dest=com.A.b",
			"deny by send rules: book:4 <deny send_destination_prefix='com.A'/>"},
		/* 2.10 the sender's names; the driver's */
		{"<deny receive_sender='com.A'/>", "call from=:1.1,com.A",
			"deny by receive rules: book:4 <deny receive_sender='com.A'/>"},
		{"<deny receive_sender='com.A'/>", "call", ALLOWED},
		{"<deny receive_sender='org.freedesktop.DBus'/>", "signal from=driver",
			"deny by receive rules: book:4 <deny "
			"receive_sender='org.freedesktop.DBus'/>"},
		{"<deny receive_sender='org.freedesktop.DBus'/>", "signal", ALLOWED},
		/* 2.11 broadcast */
		{"<deny send_broadcast='true'/>", "signal",
			"deny by send rules: book:4 <deny send_broadcast='true'/>"},
		{"<deny send_broadcast='true'/>", "signal dest=:1.2", ALLOWED},
		{"<deny send_broadcast='false'/>", "signal", ALLOWED},
		{"<deny send_broadcast='false'/>", "signal dest=:1.2",
			"deny by send rules: book:4 <deny send_broadcast='false'/>"},
		{"<deny send_broadcast='false'/>", "call",
			"deny by send rules: book:4 <deny send_broadcast='false'/>"},
		/* 2.12 descriptors */
		{"<deny send_destination='*' min_fds='2' max_fds='3'/>", "call fds=1", ALLOWED},
		{"<deny send_destination='*' min_fds='2' max_fds='3'/>", "call fds=2",
			"deny by send rules: book:4 <deny send_destination='*' min_fds='2' "
			"max_fds='3'/>"},
		{"<deny send_destination='*' min_fds='2' max_fds='3'/>", "call fds=4", ALLOWED},
		{"<deny receive_sender='*' min_fds='1'/>", "call fds=1",
			"deny by receive rules: book:4 <deny receive_sender='*' min_fds='1'/>"},
		{"<deny receive_sender='*' max_fds='0'/>", "call fds=1", ALLOWED},
		/* 2.13 log */
		{"<allow send_destination='*' log='true'/>", "call",
			"allow by send rules: book:4 <allow send_destination='*' log='true'/>"},
	};

	(void)state;
	CHECK(allow_all, rows);
}

static void test_replies(void **state)
{
	static const struct row rows[] = {
		/* 3.1 whatever the type */
		{"", "signal dest=:1.2 reply=unrequested",
			"deny by send rules: no rule matched; nearest: book:2 "
			"<allow send_destination='*'/>, differs in send_requested_reply"},
		/* 3.3 allow */
		{"", "return reply=requested", ALLOWED},
		{"<allow send_requested_reply='true'/>", "return reply=unrequested",
			"deny by send rules: no rule matched; nearest: book:4 "
			"<allow send_requested_reply='true'/>, differs in send_requested_reply"},
		{"<allow send_requested_reply='false'/>", "return reply=unrequested",
			"deny by receive rules: no rule matched; nearest: book:3 "
			"<allow receive_sender='*'/>, differs in receive_requested_reply"},
		{"<allow send_requested_reply='false'/>\n<allow receive_requested_reply='false'/>",
			"return reply=unrequested",
			"allow by send rules: book:4 <allow send_requested_reply='false'/>"},
		{"<allow send_destination='*' eavesdrop='true'/>\n<allow eavesdrop='true'/>",
			"return reply=unrequested",
			"allow by send rules: book:4 <allow send_destination='*' "
			"eavesdrop='true'/>"},
		{"<allow send_requested_reply='false'/>", "return reply=requested",
			"allow by send rules: book:4 <allow send_requested_reply='false'/>"},
		/* 3.3 deny */
		{"<deny send_type='error'/>", "error reply=requested", ALLOWED},
		{"<deny send_type='error'/>", "error reply=unrequested",
			"deny by send rules: book:4 <deny send_type='error'/>"},
		{"<deny send_requested_reply='true'/>", "error reply=requested",
			"deny by send rules: book:4 <deny send_requested_reply='true'/>"},
		{"<deny send_requested_reply='false'/>", "error reply=requested", ALLOWED},
		{"<deny receive_type='error'/>", "error reply=requested", ALLOWED},
		{"<deny receive_type='error' receive_requested_reply='true'/>",
			"error reply=requested",
			"deny by receive rules: book:4 "
			"<deny receive_type='error' receive_requested_reply='true'/>"},
		/* 3.10 the driver's replies were asked for */
		{"", "return from=driver reply=unrequested",
			"allow by receive rules: book:3 <allow receive_sender='*'/>"},
		{"<deny receive_type='method_return'/>", "return from=driver reply=unrequested",
			"allow by receive rules: book:3 <allow receive_sender='*'/>"},
	};

	(void)state;
	CHECK(allow_all, rows);
}

static void test_driver(void **state)
{
	static const struct row rows[] = {
		/* 5.1 calls of the driver are judged by send rules alone */
		{"<deny receive_sender='*'/>", "call to=driver dest=org.freedesktop.DBus", ALLOWED},
		{"<deny send_type='method_call'/>", "call to=driver dest=org.freedesktop.DBus",
			"deny by send rules: book:4 <deny send_type='method_call'/>"},
		/* 5.2 also without interface */
		{"<deny send_destination='org.freedesktop.DBus' send_interface='I' "
		 "send_member='M'/>",
			"call to=driver dest=org.freedesktop.DBus member=M",
			"deny by send rules: book:4 <deny send_destination='org.freedesktop.DBus' "
			"send_interface='I' send_member='M'/>"},
		/* 5.8 what the driver sends is judged by receive rules alone */
		{"<deny send_destination='*'/>", "signal from=driver",
			"allow by receive rules: book:3 <allow receive_sender='*'/>"},
		{"<deny receive_member='NameOwnerChanged'/>",
			"signal from=driver member=NameOwnerChanged",
			"deny by receive rules: book:4 <deny receive_member='NameOwnerChanged'/>"},
		/* the driver to itself: nobody speaks */
		{"", "signal from=driver to=driver dest=driver", "deny: no judge allowed it"},
	};

	(void)state;
	CHECK(allow_all, rows);
}

static void test_own_connect(void **state)
{
	static const struct row rows[] = {
		/* 6.1 */
		{"default\n<allow own_prefix='com.A'/>", "own name=com.A",
			"allow by own rules: book:2 <allow own_prefix='com.A'/>"},
		{"default\n<allow own_prefix='com.A'/>", "own name=com.A.b",
			"allow by own rules: book:2 <allow own_prefix='com.A'/>"},
		{"default\n<allow own_prefix='com.A'/>", "own name=com.AB",
			"deny by own rules: no rule matched; nearest: book:2 "
			"<allow own_prefix='com.A'/>, differs in own_prefix"},
		{"default\n<allow own='com.A'/>", "own name=com.A.b",
			"deny by own rules: no rule matched; nearest: book:2 <allow own='com.A'/>, "
			"differs in own"},
		{"default\n<allow own_prefix='*'/>", "own name=com.A",
			"deny by own rules: no rule matched; nearest: book:2 <allow "
			"own_prefix='*'/>, "
			"differs in own_prefix"},
		{"default\n<allow own=''/>\n<allow own='*'/>", "own name=com.A",
			"allow by own rules: book:3 <allow own='*'/>"},
		/* 6.2 default, then mandatory; the last; other sections say nothing */
		{"default\n<allow user='*'/>", "connect",
			"allow by connect rules: book:2 <allow user='*'/>"},
		{"default\n<allow user='1000'/>", "connect by=1001:1001",
			"deny by connect rules: no rule matched; nearest: book:2 <allow "
			"user='1000'/>, "
			"differs in user"},
		{"default\n<allow user='*'/>\n<deny group='7'/>", "connect by=1000:7:1000",
			"deny by connect rules: book:3 <deny group='7'/>"},
		{"default\n<allow user='*'/>\n<deny group='8'/>", "connect by=1000:7:1000",
			"allow by connect rules: book:2 <allow user='*'/>"},
		{"default\n<allow group='8'/>", "connect",
			"deny by connect rules: no rule matched; nearest: book:2 <allow "
			"group='8'/>, "
			"differs in group"},
		{"mandatory\n<deny user='1000'/>\ndefault\n<allow user='*'/>", "connect",
			"deny by connect rules: book:2 <deny user='1000'/>"},
		{"default\n<allow user='*'/>\nnot_at_console\n<deny user='*'/>\nuser 1000\n"
		 "<deny user='*'/>\ngroup 1000\n<deny user='*'/>",
			"connect", "allow by connect rules: book:2 <allow user='*'/>"},
		/* 6.3 everybody, also root and the bus's own user */
		{"default\n<allow user='*'/>\n<deny user='0'/>", "connect by=0:0",
			"deny by connect rules: book:3 <deny user='0'/>"},
		{"default\n<deny user='81'/>", "connect by=81:81",
			"deny by connect rules: book:2 <deny user='81'/>"},
		/* nobody's number is nobody */
		{"default\n<allow user='4294967295'/>", "connect by=-1:7",
			"deny by connect rules: no rule matched; nearest: book:2 "
			"<allow user='4294967295'/>, differs in user"},
	};

	(void)state;
	CHECK("", rows);
}

static void test_eavesdrop(void **state)
{
	static const struct row rows[] = {
		/* 7.2 allow: only where the rule says so; the send rule need not */
		{"", "call eavesdrop dest=:1.9",
			"deny by receive rules: no rule matched; nearest: book:3 "
			"<allow receive_sender='*'/>, differs in eavesdrop"},
		{"<allow receive_sender='*' eavesdrop='true'/>", "call eavesdrop dest=:1.9",
			ALLOWED},
		{"<allow eavesdrop='true'/>", "call eavesdrop dest=:1.9", ALLOWED},
		{"<allow eavesdrop='false'/>", "call eavesdrop dest=:1.9",
			"deny by receive rules: no rule matched; nearest: book:4 "
			"<allow eavesdrop='false'/>, differs in eavesdrop"},
		/* 7.2 deny with it: copies only; without it: all */
		{"<deny eavesdrop='true'/>", "call", ALLOWED},
		{"<allow eavesdrop='true'/>\n<deny eavesdrop='true'/>", "call eavesdrop dest=:1.9",
			"deny by receive rules: book:5 <deny eavesdrop='true'/>"},
		{"<allow eavesdrop='true'/>\n<deny receive_type='method_call'/>",
			"call eavesdrop dest=:1.9",
			"deny by receive rules: book:5 <deny receive_type='method_call'/>"},
		{"<deny receive_type='method_call' eavesdrop='false'/>", "call",
			"deny by receive rules: book:4 <deny receive_type='method_call' "
			"eavesdrop='false'/>"},
		/* in send rules it matters for replies only */
		{"<deny send_destination='*' eavesdrop='true'/>", "call",
			"deny by send rules: book:4 <deny send_destination='*' eavesdrop='true'/>"},
		/* 7.3 the copy is also sent: the reader's names count */
		{"<allow eavesdrop='true'/>\n<deny send_destination='com.E'/>",
			"call eavesdrop dest=:1.9 to=:1.2,com.E",
			"deny by send rules: book:5 <deny send_destination='com.E'/>"},
		/* 7.4 a copied reply was not asked for by its reader */
		{"<allow eavesdrop='true'/>", "return eavesdrop dest=:1.9 reply=requested",
			"deny by send rules: no rule matched; nearest: book:2 "
			"<allow send_destination='*'/>, differs in send_requested_reply"},
		{"<allow eavesdrop='true'/>\n<allow send_destination='*' eavesdrop='true'/>",
			"return eavesdrop dest=:1.9 reply=requested",
			"allow by send rules: book:5 <allow send_destination='*' "
			"eavesdrop='true'/>"},
	};

	(void)state;
	CHECK(allow_all, rows);
}

static void test_nearest(void **state)
{
	static const struct row rows[] = {
		/* fewest differences */
		{"default\n<allow send_destination='com.A' send_interface='I' send_member='M'/>\n"
		 "<allow send_destination='com.B' send_interface='J' send_member='N'/>",
			"call to=:1.2,com.A if=I member=X",
			"deny by send rules: no rule matched; nearest: book:2 <allow "
			"send_destination='com.A' send_interface='I' send_member='M'/>, differs in "
			"send_member"},
		/* of equals what has more in common, not the last */
		{"default\n<allow send_destination='com.A' send_member='M'/>\n<allow "
		 "send_type='signal'/>",
			"call to=:1.2,com.A member=X",
			"deny by send rules: no rule matched; nearest: book:2 <allow "
			"send_destination='com.A' send_member='M'/>, differs in send_member"},
		/* of still equal ones the last */
		{"default\n<allow send_path='/a'/>\n<allow send_path='/b'/>", "call path=/c",
			"deny by send rules: no rule matched; nearest: book:3 <allow "
			"send_path='/b'/>, "
			"differs in send_path"},
		{"default\n<allow send_destination_prefix='com.A'/>", "call to=:1.2,com.B",
			"deny by send rules: no rule matched; nearest: book:2 <allow "
			"send_destination_prefix='com.A'/>, differs in send_destination_prefix"},
		{"default\n<allow send_destination='*' min_fds='1'/>", "call",
			"deny by send rules: no rule matched; nearest: book:2 <allow "
			"send_destination='*' min_fds='1'/>, differs in min_fds"},
		{"default\n<allow send_destination='*'/>\n<allow receive_sender='com.S'/>", "call",
			"deny by receive rules: no rule matched; nearest: book:3 <allow "
			"receive_sender='com.S'/>, differs in receive_sender"},
		/* a deny that does not fit is not near */
		{"default\n<deny send_path='/a'/>", "call path=/c",
			"deny by send rules: no rule matched"},
	};

	(void)state;
	CHECK("", rows);
}

static void test_rule_fits(void **state)
{
	static const struct {
		const char *rule;
		bool fits;
	} rows[] = {
		{"<allow send_member='M'/>", true},
		{"<allow send_member='N'/>", false},
		{"<allow receive_sender='com.S'/>", true},
		{"<allow receive_sender='com.T'/>", false},
		{"<deny send_interface='com.I'/>", true},
		{"<allow send_interface='com.I'/>", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rulebook book;
		struct asked a;

		rulebook_open(&book, rows[i].rule);
		asked_open(&a, &book.image, "call from=:1.1,com.S member=M");
		assert_int_equal(
			rule_fits(&book.image, &book.image.rules[0], &a.request), rows[i].fits);
		asked_close(&a);
		rulebook_close(&book);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_driver),
		cmocka_unit_test(test_own_connect),
		cmocka_unit_test(test_eavesdrop),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_rule_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
