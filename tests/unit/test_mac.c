/*
 * test_mac.c - the judges by label, before a kernel that says what the test wants: each branch, each
 * error, what is remembered and for how long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/mac_site.h"

static const struct mac_site selinux_site = {
	.selinux = &fake_selinux, .apparmor = &fake_apparmor, .apparmor_support = APPARMOR_ABSENT};
static const struct mac_site apparmor_site = {
	.apparmor = &fake_apparmor, .apparmor_support = APPARMOR_MEDIATES};

static struct mac mac;
static struct rulebook book;
static struct gate gate;
static const struct judge *judges[4];
static char noted[1024];

static struct verdict allow(const struct judge *judge, const struct request *request)
{
	(void)judge;
	(void)request;
	return (struct verdict){.answer = ANSWER_ALLOW, .reason = REASON_NO_RULE};
}
static const struct judge allows = {.name = "rest", .ask = allow};

static void note(void *arg, const struct request *request, const struct verdict *v)
{
	char line[256];

	(void)arg;
	verdict_explain(v, request, line, sizeof(line));
	strcat(strcat(noted, line), v->labels.quiet ? " (quiet); " : "; ");
}

static void book_open(void)
{
	struct builder *b = builder_new();
	const struct service services[] = {
		{.name = builder_text(b, SLICE("idle.Plain"))},
		{.name = builder_text(b, SLICE("idle.Assumed")),
			.apparmor_label = builder_text(b, SLICE("assumed"))},
	};

	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		builder_service(b, &services[i], NULL);
	builder_association(
		b, builder_text(b, SLICE("twice.T")), builder_text(b, SLICE("first_t")));
	builder_association(b, builder_text(b, SLICE("twice.T")), builder_text(b, SLICE("last_t")));
	assert_int_equal(builder_finish(b, &book.data, &book.size), 0);
	builder_free(b);
	assert_int_equal(image_open(&book.image, book.data, book.size, NULL), 0);
}

static int begin(void **state)
{
	(void)state;
	fake = (struct fake){.enforces = 1,
		.decision = {.audit_deny = ~0u},
		.watch = 0,
		.decisions = {{.audited = true}, {.audited = true}}};
	noted[0] = '\0';
	book_open();
	return 0;
}

static int end(void **state)
{
	(void)state;
	mac_fini(&mac);
	assert_null(mac.labels.table);
	if (fake.watch > 0)
		close(fake.watch);
	rulebook_close(&book);
	return 0;
}

static int start(const struct mac_site *site, enum apparmor_mode mode, const char *label)
{
	const struct mac_setup setup = {.label = label ? slice_of(label) : (struct slice){NULL, 0},
		.bus_type = "system",
		.apparmor = mode,
		.spare_of = 2};
	const char *why = "";
	int r = mac_start(&mac, site, &setup, &why);
	uint32_t n;

	if (r < 0) {
		snprintf(noted, sizeof(noted), "%s", why);
		return r;
	}
	n = mac_judges(&mac, judges);
	judges[n] = &allows;
	judges[n + 1] = NULL;
	gate = (struct gate){
		.judges = judges, .note = note, .mac_epoch = mac_epoch, .mac_arg = &mac};
	return 0;
}

/* What the gate says of a call from one label to another; `to` NULL: to the bus. */
static const char *send(const char *from, const char *to)
{
	struct traffic traffic = {.type = 1,
		.path = SLICE("/p"),
		.interface = SLICE("i.f"),
		.member = SLICE("M"),
		.destination = to ? SLICE("a.b") : SLICE("org.freedesktop.DBus")};
	struct request q = {.verb = VERB_SEND, .traffic = &traffic};
	struct labelled a, b = {0};
	struct verdict v;

	labelled_init(&a, &mac, &book.image, from);
	q.sender = &a.party;
	if (to) {
		labelled_init(&b, &mac, &book.image, to);
		q.recipient = &b.party;
	}
	v = gate_ask(&gate, &q);
	labelled_fini(&a, &mac);
	if (to)
		labelled_fini(&b, &mac);
	return v.answer == ANSWER_ALLOW ? "allow" : "deny";
}

static const char *own(const char *from, const char *name)
{
	struct request q = {.verb = VERB_OWN, .name = slice_of(name)};
	struct labelled a;
	struct verdict v;

	labelled_init(&a, &mac, &book.image, from);
	q.sender = &a.party;
	v = gate_ask(&gate, &q);
	labelled_fini(&a, &mac);
	return v.answer == ANSWER_ALLOW ? "allow" : "deny";
}

static void expect(const char *text)
{
	assert_string_equal(noted, text);
	noted[0] = '\0';
}

static void expect_asked(const char *text)
{
	assert_string_equal(fake.log, text);
	fake.log[0] = '\0';
	fake.used = 0;
}

static void test_labels(void **state)
{
	static const struct {
		const char *text, *name;
		enum mac_label_mode mode;
	} rows[] = {
		{"system_u:system_r:init_t:s0", "system_u:system_r:init_t:s0", LABEL_ENFORCED},
		{"unconfined", "unconfined", LABEL_UNCONFINED},
		{"/usr/bin/x (enforce)", "/usr/bin/x", LABEL_ENFORCED},
		{"x (complain)", "x", LABEL_COMPLAIN},
		{"x (unconfined)", "x", LABEL_UNCONFINED},
		{"x (kill)", "x", LABEL_ENFORCED},
		{"x (odd)", "x (odd)", LABEL_ENFORCED},
		{" (enforce)", " (enforce)", LABEL_ENFORCED},
		{"unconfinedd", "unconfinedd", LABEL_ENFORCED},
		{"x//&y (mixed)", "x//&y", LABEL_ENFORCED},
	};
	struct mac_labels labels = {0};
	struct mac_label *first, *again;
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(mac_label_get(&labels, slice_of(rows[i].text), &first), 0);
		assert_string_equal(first->name, rows[i].name);
		assert_int_equal(first->mode, rows[i].mode);
		mac_label_put(&labels, first);
	}
	assert_null(labels.table);
	assert_int_equal(mac_label_get(&labels, SLICE("a"), &first), 0);
	assert_int_equal(mac_label_get(&labels, SLICE("a"), &again), 0);
	assert_ptr_equal(first, again);
	number = first->number;
	mac_label_put(&labels, again);
	mac_label_put(&labels, first);
	/* a number does not come back, though the text does */
	assert_int_equal(mac_label_get(&labels, SLICE("a"), &first), 0);
	assert_true(first->number > number);
	mac_label_put(&labels, first);
	mac_label_put(&labels, NULL);
}

static void test_selinux_answers(void **state)
{
	(void)state;
	assert_int_equal(start(&selinux_site, APPARMOR_ENABLED, "bus_t"), 0);
	assert_true(mac_is_selinux(&mac) && !mac_is_apparmor(&mac));
	assert_string_equal(send("a_t", "b_t"), "deny");
	expect("deny by selinux: a_t -> b_t dbus:send_msg; ");
	assert_string_equal(send("a_t", NULL), "deny");
	expect("deny by selinux: a_t -> bus_t dbus:send_msg; ");
	assert_string_equal(own("a_t", "some.N"), "deny");
	expect("deny by selinux: a_t -> bus_t dbus:acquire_svc; ");
	assert_string_equal(own("a_t", "twice.T"), "deny");
	expect("deny by selinux: a_t -> last_t dbus:acquire_svc; ");
	expect_asked("a_t>b_t;a_t>bus_t;a_t>bus_t;a_t>last_t;");

	/* each permission by its own bit */
	fake.changed = 1;
	fake.decision.allowed = 2;
	assert_string_equal(send("a_t", NULL), "allow");
	assert_string_equal(own("a_t", "some.N"), "deny");
	fake.changed = 1;
	fake.decision.allowed = 1;
	assert_string_equal(send("a_t", NULL), "deny");
	assert_string_equal(own("a_t", "some.N"), "allow");
	noted[0] = '\0';

	/* permissive: the machine, the domain; what the policy wants recorded or not */
	fake.changed = 1;
	fake.enforces = 0;
	assert_string_equal(send("a_t", NULL), "allow");
	expect("would deny by selinux: a_t -> bus_t dbus:send_msg; ");
	fake.changed = 1;
	fake.enforces = 1;
	fake.decision.permissive = true;
	assert_string_equal(send("a_t", NULL), "allow");
	expect("would deny by selinux: a_t -> bus_t dbus:send_msg; ");
	fake.changed = 1;
	fake.decision = (struct selinux_decision){.audit_deny = 1};
	assert_string_equal(send("a_t", NULL), "deny");
	expect("deny by selinux: a_t -> bus_t dbus:send_msg (quiet); ");
	fake.changed = 1;
	fake.decision = (struct selinux_decision){.allowed = 2, .audit_allow = 2};
	assert_string_equal(send("a_t", NULL), "allow");
	expect("would allow by selinux: a_t -> bus_t dbus:send_msg; ");
}

/* What it is not asked about. */
static void test_selinux_silent(void **state)
{
	struct traffic traffic = {.type = 1, .destination = SLICE("idle.Plain")};
	struct request q = {.verb = VERB_SEND, .traffic = &traffic};
	struct labelled a;

	(void)state;
	assert_int_equal(start(&selinux_site, APPARMOR_ENABLED, "bus_t"), 0);
	labelled_init(&a, &mac, &book.image, "a_t");
	q.recipient = &a.party;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW); /* the driver says it */
	q = (struct request){.verb = VERB_SEND, .sender = &a.party, .traffic = &traffic};
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW); /* not running yet */
	q.verb = VERB_CONNECT;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
	assert_int_equal(gate_ask_labels(&gate, &q).answer, ANSWER_NONE);
	expect_asked("");
	/* and what is asked of it alone */
	q.verb = VERB_SEND;
	traffic.destination = SLICE("org.freedesktop.DBus");
	assert_int_equal(gate_ask_labels(&gate, &q).answer, ANSWER_DENY);
	expect("deny by selinux: a_t -> bus_t dbus:send_msg; ");
	labelled_fini(&a, &mac);
}

static void test_selinux_unknown(void **state)
{
	(void)state;
	fake.find = -ENOENT;
	assert_int_equal(start(&selinux_site, APPARMOR_ENABLED, "bus_t"), 0);
	assert_string_equal(send("a_t", "b_t"), "allow");
	fake.changed = 1;
	fake.denies_unknown = 1;
	assert_string_equal(send("a_t", "b_t"), "deny");
	assert_string_equal(own("a_t", "some.N"), "deny");
	fake.changed = 1;
	fake.enforces = 0;
	assert_string_equal(send("a_t", "b_t"), "allow");
	expect_asked("");
	/* one permission of the class alone */
	fake.changed = fake.enforces = 1;
	fake.find = 0;
	fake.find_permission = -ENOENT;
	fake.decision.allowed = ~0u;
	assert_string_equal(send("a_t", "b_t"), "deny");
	assert_string_equal(own("a_t", "some.N"), "allow");
}

/* Whatever cannot be read or asked is denied; only a permissive machine lets it through. */
static void test_selinux_errors(void **state)
{
	int *const readings[] = {
		&fake.enforces, &fake.denies_unknown, &fake.find, &fake.find_permission};

	(void)state;
	fake.decision.allowed = ~0u;
	assert_int_equal(start(&selinux_site, APPARMOR_ENABLED, "bus_t"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		int was = *readings[i];

		assert_string_equal(send("a_t", "b_t"), "allow");
		noted[0] = '\0';
		*readings[i] = -EMFILE;
		fake.changed = 1;
		assert_string_equal(send("a_t", "b_t"), "deny");
		expect("deny by selinux: a_t -> b_t dbus:send_msg, the kernel could not be asked: "
		       "Too "
		       "many open files; ");
		assert_string_equal(own("a_t", "some.N"), "deny");
		/* it is tried again each time, without a word from the status page */
		*readings[i] = was;
	}
	assert_string_equal(send("a_t", "b_t"), "allow");
	noted[0] = '\0';
	fake.changed = -EIO;
	assert_string_equal(send("a_t", "b_t"), "deny");
	expect("deny by selinux: a_t -> b_t dbus:send_msg, the kernel could not be asked: "
	       "Input/output error; ");
	fake.changed = 0;
	assert_string_equal(send("a_t", "b_t"), "allow");
	fake.changed = 1;
	fake.decide = -EINVAL;
	assert_string_equal(send("a_t", "b_t"), "deny");
	fake.enforces = 0;
	fake.changed = 1;
	assert_string_equal(send("a_t", "b_t"), "allow");
}

static void test_selinux_remembers(void **state)
{
	uint64_t epoch;

	(void)state;
	fake.decision.allowed = ~0u;
	assert_int_equal(start(&selinux_site, APPARMOR_ENABLED, "bus_t"), 0);
	for (int i = 0; i < 3; i++)
		assert_string_equal(send("bus_t", NULL), "allow");
	expect_asked("bus_t>bus_t;"); /* the label is held by the bus: its number lasts */
	epoch = mac_epoch(&mac);
	assert_int_equal(mac_epoch(&mac), epoch);
	fake.changed = 1;
	assert_int_equal(mac_epoch(&mac), epoch + 1);
	fake.decision.allowed = 0;
	assert_string_equal(send("bus_t", NULL), "deny");
	expect_asked("bus_t>bus_t;");
	/* errors are not remembered, nor what a policy said that was replaced meanwhile */
	fake.changed = 1;
	fake.decide = -ENOMEM;
	assert_string_equal(send("bus_t", NULL), "deny");
	fake.decide = 0;
	fake.decision.allowed = ~0u;
	fake.change_while_deciding = 2;
	assert_string_equal(send("bus_t", NULL), "allow");
	expect_asked("bus_t>bus_t;bus_t>bus_t;bus_t>bus_t;bus_t>bus_t;");
	fake.changed = 1;
	fake.change_while_deciding = 100;
	noted[0] = '\0';
	assert_string_equal(send("bus_t", NULL), "deny");
	expect("deny by selinux: bus_t -> bus_t dbus:send_msg, the kernel could not be asked: "
	       "Resource "
	       "temporarily unavailable; ");
}

static void test_avc(void **state)
{
	struct selinux_decision d = {.allowed = 5};
	struct avc avc;

	(void)state;
	assert_int_equal(avc_init(&avc), 0);
	for (uint64_t i = 1; i < 3000; i++) {
		d.allowed = (uint32_t)i;
		avc_put(&avc, i, i + 1, &d);
		assert_int_equal(avc_find(&avc, i, i + 1)->allowed, i);
		assert_null(avc_find(&avc, i + 1, i));
	}
	avc_put(&avc, 0, 1, &d);
	avc_put(&avc, 1, 0, &d);
	assert_null(avc_find(&avc, 0, 1));
	assert_null(avc_find(&avc, 1, 0));
	assert_null(avc_find(&avc, 0, 0));
	avc_forget(&avc);
	assert_null(avc_find(&avc, 2999, 3000));
	avc_fini(&avc);
}

/* The bytes of each question, and who is asked. */
static void test_apparmor_questions(void **state)
{
	(void)state;
	fake.decisions[0].allowed = fake.decisions[1].allowed = true;
	fake.decisions[0].audited = fake.decisions[1].audited = false;
	assert_int_equal(start(&apparmor_site, APPARMOR_ENABLED, "unconfined"), 0);
	assert_true(mac_is_apparmor(&mac));
	assert_string_equal(send("a (enforce)", "b (enforce)"), "allow");
	expect_asked("send:a|#system|a.b|b|/p|i.f|M;receive:b|#system|:1.7|a|/p|i.f|M;");
	assert_string_equal(send("a (enforce)", "unconfined"), "allow");
	expect_asked("send:a|#system|a.b|unconfined|/p|i.f|M;");
	assert_string_equal(send("unconfined", "b (complain)"), "allow");
	expect_asked("receive:b|#system|:1.7|unconfined|/p|i.f|M;");
	assert_string_equal(send("unconfined", "c (unconfined)"), "allow");
	expect_asked("");
	assert_string_equal(send("a (enforce)", NULL), "allow");
	expect_asked("send:a|#system|org.freedesktop.DBus|unconfined|/p|i.f|M;");
	assert_string_equal(own("a (enforce)", "some.N"), "allow");
	expect_asked("bind:a|#system|some.N;");
	assert_string_equal(own("unconfined", "some.N"), "allow");
	expect_asked("");
}

/* What a message does not have is an empty field in its place. */
static void test_apparmor_absent(void **state)
{
	static const struct {
		struct traffic traffic;
		const char *want;
	} rows[] = {
		{{.type = 1, .path = SLICE("/p"), .member = SLICE("M")}, "/p||M"},
		{{.type = 2}, "||"},
		{{.type = 3, .error = SLICE("e.E")}, "||"},
		{{.type = 4, .interface = SLICE("i.f")}, "|i.f|"},
	};
	struct labelled a, b;
	struct request q = {.verb = VERB_SEND};

	(void)state;
	fake.decisions[0] = fake.decisions[1] = (struct apparmor_decision){.allowed = true};
	assert_int_equal(start(&apparmor_site, APPARMOR_ENABLED, "unconfined"), 0);
	labelled_init(&a, &mac, &book.image, "a (enforce)");
	labelled_init(&b, &mac, &book.image, "b (enforce)");
	q.sender = &a.party;
	q.recipient = &b.party;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char want[256];

		q.traffic = &rows[i].traffic;
		assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
		snprintf(want, sizeof(want),
			"send:a|#system|org.freedesktop.DBus|b|%s;receive:b|#system|:1.7|a|%s;",
			rows[i].want, rows[i].want);
		expect_asked(want);
	}
	/* a reply that is waited for is not asked about */
	q.requested_reply = true;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
	expect_asked("");
	/* before Hello there is no name */
	q.requested_reply = false;
	a.party.names_n = 0;
	q.recipient = NULL;
	assert_int_equal(gate_ask_labels(&gate, &q).answer, ANSWER_NONE);
	expect_asked("send:a|#system|org.freedesktop.DBus|unconfined||i.f|;");
	q.verb = VERB_MONITOR;
	assert_int_equal(gate_ask_labels(&gate, &q).answer, ANSWER_NONE);
	expect_asked("eavesdrop:a|#system;");
	labelled_fini(&a, &mac);
	labelled_fini(&b, &mac);
}

/* A service that does not run yet: the sender's profile alone, with the label that is assumed. */
static void test_apparmor_idle(void **state)
{
	struct traffic traffic = {.type = 1, .destination = SLICE("idle.Assumed")};
	struct labelled a;
	struct request q = {.verb = VERB_SEND, .traffic = &traffic};

	(void)state;
	assert_int_equal(start(&apparmor_site, APPARMOR_ENABLED, "bus (enforce)"), 0);
	labelled_init(&a, &mac, &book.image, "a (enforce)");
	q.sender = &a.party;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_DENY);
	expect_asked("send:a|#system|idle.Assumed|assumed|||;");
	expect("deny by apparmor: a -> assumed dbus:send; ");
	traffic.destination = SLICE("idle.Plain");
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_DENY);
	expect_asked("send:a|#system|idle.Plain||||;");
	expect("deny by apparmor: a dbus:send; ");
	/* a confined bus is asked about what it receives */
	traffic.destination = SLICE("org.freedesktop.DBus");
	fake.decisions[0].allowed = true;
	fake.decisions[0].audited = false;
	fake.asked = 0;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_DENY);
	expect_asked("send:a|#system|org.freedesktop.DBus|bus|||;receive:bus|#system|:1.7|a|||;");
	expect("deny by apparmor: bus -> a dbus:receive; ");
	labelled_fini(&a, &mac);
}

static void test_apparmor_answers(void **state)
{
	static const struct {
		const char *from, *to;
		struct apparmor_decision decisions[2];
		const char *answer, *noted;
	} rows[] = {
		{"a (enforce)", "b (enforce)", {{false, true}, {true, false}}, "deny",
			"deny by apparmor: a -> b dbus:send; "},
		{"a (enforce)", "b (enforce)", {{true, false}, {false, true}}, "deny",
			"deny by apparmor: b -> a dbus:receive; "},
		{"a (enforce)", "b (enforce)", {{false, false}, {false, true}}, "deny",
			"deny by apparmor: a -> b dbus:send (quiet); "},
		{"a (complain)", "b (enforce)", {{false, true}, {true, false}}, "allow",
			"would deny by apparmor: a -> b dbus:send; "},
		{"a (complain)", "b (enforce)", {{false, true}, {false, true}}, "deny",
			"deny by apparmor: b -> a dbus:receive; "},
		{"a (complain)", "b (complain)", {{false, true}, {false, true}}, "allow",
			"would deny by apparmor: a -> b dbus:send; "},
		{"a (enforce)", "b (complain)", {{true, false}, {false, true}}, "allow",
			"would deny by apparmor: b -> a dbus:receive; "},
		{"a (enforce)", "b (enforce)", {{true, true}, {true, false}}, "allow",
			"would allow by apparmor: a -> b dbus:send; "},
		{"a (enforce)", "b (complain)", {{true, true}, {false, true}}, "allow",
			"would deny by apparmor: b -> a dbus:receive; "},
		{"a (enforce)", "b (enforce)", {{true, true}, {false, true}}, "deny",
			"deny by apparmor: b -> a dbus:receive; "},
	};

	(void)state;
	assert_int_equal(start(&apparmor_site, APPARMOR_ENABLED, "unconfined"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memcpy(fake.decisions, rows[i].decisions, sizeof(fake.decisions));
		fake.asked = 0;
		if (strcmp(send(rows[i].from, rows[i].to), rows[i].answer) != 0)
			fail_msg("row %zu", i);
		expect(rows[i].noted);
	}
}

static void test_apparmor_errors(void **state)
{
	static char path[2 * APPARMOR_QUERY_MAX];
	struct traffic traffic = {.type = 1, .path = {path, sizeof(path)}};
	struct labelled a;
	struct request q = {.verb = VERB_SEND, .traffic = &traffic};

	(void)state;
	assert_int_equal(start(&apparmor_site, APPARMOR_ENABLED, "unconfined"), 0);
	fake.decisions[0] = fake.decisions[1] = (struct apparmor_decision){.allowed = true};
	fake.ask[0] = -ENOENT;
	/* also in complain mode: what the profile would say is not known */
	assert_string_equal(send("a (complain)", "b (enforce)"), "deny");
	expect("deny by apparmor: a -> b dbus:send, the kernel could not be asked: No such file or "
	       "directory; ");
	fake.ask[0] = 0;
	fake.ask[1] = -EACCES;
	fake.asked = 0;
	assert_string_equal(send("a (enforce)", "b (enforce)"), "deny");
	expect("deny by apparmor: b -> a dbus:receive, the kernel could not be asked: Permission "
	       "denied; ");
	fake.ask[1] = 0;
	/* more than fits a question */
	memset(path, 'p', sizeof(path));
	labelled_init(&a, &mac, &book.image, "a (enforce)");
	q.sender = &a.party;
	fake.log[0] = '\0';
	fake.used = 0;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_DENY);
	expect("deny by apparmor: a -> unconfined dbus:send, the kernel could not be asked: File "
	       "too "
	       "large; ");
	expect_asked("");
	/* without a label nobody is let through */
	a.identity.mac = NULL;
	traffic.path = SLICE("/p");
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_DENY);
	expect("deny by apparmor: no label -> unconfined dbus:send, the kernel could not be asked: "
	       "Invalid argument; ");
	labelled_fini(&a, &mac);
}

static void test_apparmor_epoch(void **state)
{
	uint64_t epoch;

	(void)state;
	assert_int_equal(start(&apparmor_site, APPARMOR_ENABLED, "unconfined"), 0);
	epoch = mac_epoch(&mac);
	assert_int_equal(apparmor_judge_look(&mac.apparmor), 0);
	assert_int_equal(mac_epoch(&mac), epoch);
	fake.revision = 1;
	assert_int_equal(apparmor_judge_look(&mac.apparmor), 0);
	assert_int_equal(mac_epoch(&mac), ++epoch);
	fake.revision = -EIO;
	assert_int_equal(apparmor_judge_look(&mac.apparmor), -EIO);
	apparmor_judge_unwatch(&mac.apparmor);
	/* from now on nothing lasts */
	epoch = mac_epoch(&mac);
	assert_true(mac_epoch(&mac) > epoch);
}

static void test_apparmor_blind_to_changes(void **state)
{
	uint64_t epoch;

	(void)state;
	fake.watch = -ENOENT;
	assert_int_equal(start(&apparmor_site, APPARMOR_ENABLED, "unconfined"), 0);
	epoch = mac_epoch(&mac);
	assert_true(mac_epoch(&mac) > epoch);
}

/* Which judge serves, and when the bus does not start. */
static void test_start(void **state)
{
	static const struct {
		struct mac_site site;
		enum apparmor_mode mode;
		const char *label;
		int open, watch, want;
		const char *serves; /* or why it does not start */
	} rows[] = {
		{{&fake_selinux, &fake_apparmor, APPARMOR_ABSENT, false}, APPARMOR_ENABLED, "b", 0,
			0, 0, "selinux"},
		{{&fake_selinux, NULL, APPARMOR_ABSENT, false}, APPARMOR_DISABLED, "b", 0, 0, 0,
			"selinux"},
		{{&fake_selinux, NULL, APPARMOR_ABSENT, false}, APPARMOR_DISABLED, "b", -EACCES, 0,
			-EACCES, "SELinux is on and cannot be asked"},
		{{&fake_selinux, NULL, APPARMOR_ABSENT, false}, APPARMOR_DISABLED, NULL, 0, 0,
			-ENOTSUP, "SELinux is on, but the bus has no context"},
		{{&fake_selinux, &fake_apparmor, APPARMOR_MEDIATES, false}, APPARMOR_REQUIRED, "b",
			0, 0, -ENOTSUP,
			"the configuration requires AppArmor, which does not mediate"},
		{{NULL, &fake_apparmor, APPARMOR_MEDIATES, false}, APPARMOR_REQUIRED, "b", 0, 0, 0,
			"apparmor"},
		{{NULL, &fake_apparmor, APPARMOR_MEDIATES, false}, APPARMOR_DISABLED, "b", 0, 0, 0,
			""},
		{{NULL, &fake_apparmor, APPARMOR_MEDIATES, false}, APPARMOR_ENABLED, "b", 0,
			-EMFILE, -EMFILE, "AppArmor is on and cannot be asked"},
		{{NULL, &fake_apparmor, APPARMOR_MEDIATES, false}, APPARMOR_ENABLED, NULL, 0, 0, 0,
			""},
		{{NULL, &fake_apparmor, APPARMOR_MEDIATES, false}, APPARMOR_REQUIRED, NULL, 0, 0,
			-ENOTSUP, "the configuration requires AppArmor, which does not mediate"},
		{{NULL, &fake_apparmor, APPARMOR_BLIND, false}, APPARMOR_ENABLED, "b", 0, 0, 0, ""},
		{{NULL, &fake_apparmor, APPARMOR_BLIND, false}, APPARMOR_REQUIRED, "b", 0, 0,
			-ENOTSUP, "the configuration requires AppArmor, which does not mediate"},
		{{NULL, NULL, APPARMOR_ABSENT, false}, APPARMOR_ENABLED, NULL, 0, 0, 0, ""},
		{{NULL, NULL, APPARMOR_ABSENT, false}, APPARMOR_REQUIRED, NULL, 0, 0, -ENOTSUP,
			"the configuration requires AppArmor, which does not mediate"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fake.open = rows[i].open;
		fake.watch = rows[i].watch;
		noted[0] = '\0';
		if (start(&rows[i].site, rows[i].mode, rows[i].label) != rows[i].want)
			fail_msg("row %zu: %s", i, noted);
		if (rows[i].want == 0)
			strcpy(noted, mac_is_selinux(&mac)    ? "selinux"
				      : mac_is_apparmor(&mac) ? "apparmor"
							      : "");
		if (strcmp(noted, rows[i].serves) != 0)
			fail_msg("row %zu: %s", i, noted);
		assert_int_equal(!mac_unfit(&mac, APPARMOR_REQUIRED), mac_is_apparmor(&mac));
		assert_null(mac_unfit(&mac, APPARMOR_ENABLED));
		if (fake.watch > 0)
			close(fake.watch);
		mac_fini(&mac);
		assert_null(mac.labels.table);
	}
	fake.watch = 0;
}

/* Who has no label where one is needed is nobody. */
static void test_without_label(void **state)
{
	struct mac_label *label = NULL;

	(void)state;
	assert_int_equal(start(&selinux_site, APPARMOR_ENABLED, "bus_t"), 0);
	assert_int_equal(mac_label_of(&mac, (struct slice){NULL, 0}, &label), -EACCES);
	mac_fini(&mac);
	assert_int_equal(mac_label_of(&mac, (struct slice){NULL, 0}, &label), 0);
	assert_null(label);
	assert_int_equal(mac_label_of(&mac, SLICE("x"), &label), 0);
	assert_null(label);
	assert_int_equal(mac_epoch(&mac), 0);
}

/* The flow cache keeps apart what the judges keep apart. */
static void test_flow(void **state)
{
	struct flow flow;
	struct traffic traffic = {.type = 1, .destination = SLICE("a.b")};
	struct request q = {.verb = VERB_SEND, .traffic = &traffic};
	struct labelled a, b, c;

	(void)state;
	fake.decisions[0] = fake.decisions[1] = (struct apparmor_decision){.allowed = true};
	assert_int_equal(start(&apparmor_site, APPARMOR_ENABLED, "unconfined"), 0);
	assert_int_equal(flow_init(&flow, 64), 0);
	gate.flow = &flow;
	gate.epoch.rules = 1;
	labelled_init(&a, &mac, &book.image, "a (enforce)");
	labelled_init(&b, &mac, &book.image, "unconfined");
	labelled_init(&c, &mac, &book.image, "c (enforce)");
	a.subject.id[0] = b.subject.id[0] = c.subject.id[0] = 1;
	q.sender = &a.party;
	q.recipient = &b.party;
	for (int i = 0; i < 3; i++)
		assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
	expect_asked("send:a|#system|a.b|unconfined|||;");
	/* as it is addressed, who it is from, another label, another policy */
	traffic.destination = SLICE(":1.9");
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
	expect_asked("send:a|#system|:1.9|unconfined|||;");
	a.party.names_id += 100;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
	expect_asked("send:a|#system|:1.9|unconfined|||;");
	q.sender = &c.party;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
	expect_asked("send:c|#system|:1.9|unconfined|||;");
	mac.apparmor.epoch++;
	fake.decisions[0].allowed = fake.decisions[1].allowed = false;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_DENY);
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_DENY);
	expect_asked("send:c|#system|:1.9|unconfined|||;");
	/* who is unconfined is one flow, whatever its names */
	q.sender = &b.party;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
	assert_int_equal(flow.misses, 6);
	b.party.names_id += 100;
	assert_int_equal(gate_ask(&gate, &q).answer, ANSWER_ALLOW);
	assert_int_equal(flow.misses, 6);
	labelled_fini(&a, &mac);
	labelled_fini(&b, &mac);
	labelled_fini(&c, &mac);
	flow_fini(&flow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_avc),
		TEST(test_selinux_answers),
		TEST(test_selinux_silent),
		TEST(test_selinux_unknown),
		TEST(test_selinux_errors),
		TEST(test_selinux_remembers),
		TEST(test_apparmor_questions),
		TEST(test_apparmor_absent),
		TEST(test_apparmor_idle),
		TEST(test_apparmor_answers),
		TEST(test_apparmor_errors),
		TEST(test_apparmor_epoch),
		TEST(test_apparmor_blind_to_changes),
		TEST(test_start),
		TEST(test_without_label),
		TEST(test_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
