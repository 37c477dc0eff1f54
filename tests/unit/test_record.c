/*
 * test_record.c - how decisions are worded; that no value can forge a field or a line; that what was
 * written is read, and nothing else is.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "audit/record.h"
#include "tests/unit/decisions.h"

#define CLIENT                                                                                     \
	"sender=\":1.7\" uid=1000 auid=1000 ses=3 pid=4242 comm=\"gdbus\" unit=\"ssh.service\" "   \
	"subj=\"user_t\" names=\"org.example.One,org.example.Two\" "
#define SERVICE                                                                                    \
	"peer=\":1.2\" peer_uid=0 peer_pid=1 peer_comm=\"systemd\" peer_unit=\"init.scope\" "      \
	"peer_names=\"org.freedesktop.systemd1\" "
#define CALL                                                                                       \
	"msgtype=method_call path=\"/org/freedesktop/systemd1\" "                                  \
	"interface=\"org.freedesktop.systemd1.Manager\" member=\"Reboot\" "
#define RULE                                                                                       \
	"judge=send_rules rule=\"/etc/x.conf:12\" "                                                \
	"rule_text=3C64656E792073656E645F6D656D6265723D225265626F6F74222F3E "
#define CLIENT_SAID                                                                                \
	"(uid=1000 auid=1000 ses=3 pid=4242 comm=\"gdbus\" unit=ssh.service label=user_t)"
#define SERVICE_SAID ":1.2 (uid=0 pid=1 comm=\"systemd\" unit=init.scope)"
#define CALL_SAID                                                                                  \
	"method_call org.freedesktop.systemd1.Manager.Reboot path=/org/freedesktop/systemd1"

static char *text_of(
	const struct record *record, void (*word)(struct writer *, const struct record *))
{
	struct writer w = {.limit = 0};

	word(&w, record);
	writer_bytes(&w, "", 1);
	assert_false(w.bad);
	assert_int_equal(strlen((char *)w.data) + 1, w.size);
	return (char *)w.data;
}

static void check_text(const struct record *record,
	void (*word)(struct writer *, const struct record *), const char *want)
{
	DROP_HEAP char *text = text_of(record, word);

	assert_string_equal(text, want);
}

static void test_wording(void **state)
{
	struct decisions d;
	struct request call, own, connect, driver, answer;
	struct traffic reply;
	struct verdict deny, advisory, allow;
	struct verdict limit = {.answer = ANSWER_DENY,
		.reason = REASON_LIMIT,
		.limit = LIMIT_MAX_NAMES_PER_CONNECTION,
		.figure = 512};
	struct verdict fault = {
		.answer = ANSWER_DENY, .reason = REASON_FAULT, .text = "no such thing"};
	struct verdict silence = {.answer = ANSWER_DENY, .reason = REASON_SILENCE};
	struct party nameless;
	struct record record;

	(void)state;
	decisions_init(&d, false);
	call = own = connect = driver = answer = decisions_request(&d);
	deny = advisory = decisions_verdict(&d, 0);
	advisory.advisory = true;
	allow = decisions_verdict(&d, 1);
	nameless = (struct party){.subject = d.client.subject};
	own = (struct request){.verb = VERB_OWN, .sender = &d.client, .name = SLICE("org.a.B")};
	connect = (struct request){.verb = VERB_CONNECT, .sender = &nameless};
	driver.verb = VERB_DRIVER;
	driver.recipient = NULL;
	reply = (struct traffic){.type = 3,
		.is_reply = true,
		.fds = 2,
		.error = SLICE("org.a.Error"),
		.destination = SLICE(":1.2")};
	answer.traffic = &reply;

	const struct {
		const struct request *request;
		const struct verdict *verdict;
		uint64_t lost;
		const char *sentence, *line;
	} cases[] = {
		{&call, &deny, 0,
			"denied send: :1.7 " CLIENT_SAID
			" -> org.freedesktop.systemd1, " SERVICE_SAID " " CALL_SAID
			": deny by send rules: /etc/x.conf:12 " RULE_TEXT,
			"bus=\"system\" verb=send " CLIENT
			"destination=\"org.freedesktop.systemd1\" " SERVICE CALL RULE "res=failed"},
		{&call, &advisory, 0,
			"would be denied (permissive) send: :1.7 " CLIENT_SAID
			" -> org.freedesktop.systemd1, " SERVICE_SAID " " CALL_SAID
			": would deny by send rules: /etc/x.conf:12 " RULE_TEXT,
			"bus=\"system\" verb=send " CLIENT
			"destination=\"org.freedesktop.systemd1\" " SERVICE CALL RULE
			"permissive=1 res=success"},
		{&call, &allow, 0,
			"allowed send: :1.7 " CLIENT_SAID
			" -> org.freedesktop.systemd1, " SERVICE_SAID " " CALL_SAID
			": allow by send rules: /etc/x.conf:12 " RULE_TEXT,
			"bus=\"system\" verb=send " CLIENT
			"destination=\"org.freedesktop.systemd1\" " SERVICE CALL RULE
			"res=success"},
		{&answer, &silence, 0,
			"denied send: :1.7 " CLIENT_SAID " -> :1.2 (uid=0 pid=1 comm=\"systemd\" "
			"unit=init.scope) error error=org.a.Error fds=2: deny: no judge allowed it",
			"bus=\"system\" verb=send " CLIENT "destination=\":1.2\" " SERVICE
			"msgtype=error error_name=\"org.a.Error\" reply=unrequested fds=2 "
			"res=failed"},
		{&own, &limit, 0,
			"denied own: :1.7 " CLIENT_SAID
			" name org.a.B: deny by limit: max_names_per_connection=512",
			"bus=\"system\" verb=own " CLIENT
			"name=\"org.a.B\" limit=max_names_per_connection figure=512 res=failed"},
		{&connect, &silence, 3,
			"denied connect: " CLIENT_SAID
			": deny: no judge allowed it (decisions not on record before this one: 3)",
			"bus=\"system\" verb=connect uid=1000 auid=1000 ses=3 pid=4242 "
			"comm=\"gdbus\" "
			"unit=\"ssh.service\" subj=\"user_t\" lost=3 res=failed"},
		{&driver, &fault, 0,
			"denied call of the bus driver: :1.7 " CLIENT_SAID
			" -> org.freedesktop.systemd1 " CALL_SAID ": deny by bus: no such thing",
			"bus=\"system\" verb=driver " CLIENT
			"destination=\"org.freedesktop.systemd1\" " CALL
			"text=6E6F2073756368207468696E67 res=failed"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		record_of(&record, "system", cases[i].request, cases[i].verdict, cases[i].lost);
		check_text(&record, record_sentence, cases[i].sentence);
		check_text(&record, record_line, cases[i].line);
	}
	decisions_fini(&d);
}

/* A reader of lines that knows nothing of how they are made: KEY=VALUE with single blanks between,
 * each key once. Decodes the value of `key`; its size, or -1 where there is none. */
static int line_find(const char *line, const char *key, char *buf)
{
	char seen[64][32];
	size_t seen_n = 0;
	int found = -1;

	for (const char *at = line, *end; *at; at = *end ? end + 1 : end) {
		size_t size = strcspn(at, "=");
		const char *value = at + size + 1;
		int n = 0;

		end = at + strcspn(at, " ");
		assert_true(value <= end && size > 0 && size < sizeof(seen[0]));
		assert_int_equal(strspn(at, "abcdefghijklmnopqrstuvwxyz_"), size);
		assert_true(seen_n < ARRAY_SIZE(seen));
		snprintf(seen[seen_n], sizeof(seen[0]), "%.*s", (int)size, at);
		for (size_t i = 0; i < seen_n; i++)
			assert_string_not_equal(seen[i], seen[seen_n]);
		seen_n++;
		if (*value == '"') {
			assert_true(end[-1] == '"' && end - value >= 2);
			n = (int)(end - value) - 2;
			assert_null(memchr(value + 1, '"', (size_t)n));
			memcpy(buf + 4096, value + 1, (size_t)n);
		} else if (value[strspn(value, "0123456789ABCDEF")] == ' ') {
			for (const char *p = value; p + 1 < end; p += 2)
				sscanf(p, "%2hhx", (unsigned char *)&buf[4096 + n++]);
		}
		if (strcmp(seen[seen_n - 1], key) == 0) {
			memcpy(buf, buf + 4096, (size_t)n);
			found = n;
		}
	}
	return found;
}

static const char hostile_4k[4096] = {[0 ... 4095] = 'A'};

static const struct {
	const char *text;
	size_t size;
} hostile[] = {
	{"x\nres=success", 13},
	{"x\" res=success uid=0 y=\"", 24},
	{"x res=success", 13},
	{"=", 1},
	{"\"", 1},
	{"\\\"", 2},
	{"res=success", 11},
	{"41424344", 8},
	{"", 0},
	{"a\0b", 3},
	{"\xff\xfe\x80", 3},
	{"\xc3\xa9", 2},
	{"\xe2\x80\xae"
	 "evil",
		7},
	{"\x1b[2Jx", 5},
	{"\x7f", 1},
	{"%s%n%d", 6},
	{" | bus=\"system\" verb=own", 24},
	{"a'b`c$(d)", 9},
	{hostile_4k, sizeof(hostile_4k)},
};

static void check_hostile(const struct record *record, enum record_field field, size_t row)
{
	DROP_HEAP char *line = text_of(record, record_line);
	DROP_HEAP char *sentence = text_of(record, record_sentence);
	const char *clean = "denied ";
	char buf[3 * 4096], key[64];
	size_t size = hostile[row].size;
	int n;

	for (const char *p = line; *p; p++)
		assert_true(*p >= ' ' && *p < 0x7f);
	for (const char *p = sentence; *p; p++)
		assert_true(*p >= ' ' && *p < 0x7f);
	assert_memory_equal(sentence, clean, strlen(clean));
	assert_true(strlen(line) <= RECORD_LINE_MAX && strlen(sentence) <= RECORD_LINE_MAX);
	assert_string_equal(line + strlen(line) - strlen(" res=failed"), " res=failed");
	assert_non_null(strstr(line, " uid=1000 "));
	n = line_find(line, record_key(field), buf);
	snprintf(key, sizeof(key), "%s_cut", record_key(field));
	if (n != (int)size) {
		/* cut, and it says so */
		assert_true(n > 0 && (size_t)n < size);
		assert_true(line_find(line, key, buf + 4096) >= 0);
	} else {
		assert_int_equal(line_find(line, key, buf + 4096), -1);
	}
	assert_int_equal(line_find(line, record_key(field), buf), n);
	assert_memory_equal(buf, hostile[row].text, (size_t)n);
}

/* Each hostile value in each field that takes texts from outside. */
static void test_hostile(void **state)
{
	static const enum record_field where[] = {RECORD_SENDER, RECORD_LABEL, RECORD_COMM,
		RECORD_UNIT, RECORD_NAME, RECORD_DESTINATION, RECORD_PEER_LABEL, RECORD_PEER_COMM,
		RECORD_PATH, RECORD_INTERFACE, RECORD_MEMBER, RECORD_ERROR};
	struct verdict deny;
	struct record record;
	struct decisions d;

	(void)state;
	for (size_t row = 0; row < ARRAY_SIZE(hostile); row++) {
		for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
			struct slice s = {hostile[row].text, hostile[row].size};
			struct request request;
			DROP_HEAP char *string = strndup(s.text, s.size);

			decisions_init(&d, false);
			request = decisions_request(&d);
			deny = decisions_verdict(&d, 0);
			switch ((unsigned int)where[i]) {
			case RECORD_SENDER:
				d.client_names[0] = s;
				break;
			case RECORD_LABEL:
				d.client_id.label = (char *)s.text;
				d.client_id.label_size = (uint32_t)s.size;
				break;
			case RECORD_PEER_LABEL:
				d.service_id.label = (char *)s.text;
				d.service_id.label_size = (uint32_t)s.size;
				break;
			case RECORD_COMM:
				d.client_id.comm = string;
				break;
			case RECORD_UNIT:
				d.client_id.unit = string;
				break;
			case RECORD_PEER_COMM:
				d.service_id.comm = string;
				break;
			case RECORD_NAME:
				request.name = s;
				break;
			case RECORD_DESTINATION:
				d.call.destination = s;
				break;
			case RECORD_PATH:
				d.call.path = s;
				break;
			case RECORD_INTERFACE:
				d.call.interface = s;
				break;
			case RECORD_MEMBER:
				d.call.member = s;
				break;
			case RECORD_ERROR:
				d.call.error = s;
				break;
			}
			record_of(&record, "system", &request, &deny, 0);
			/* texts from /proc end at a NUL */
			if (where[i] == RECORD_COMM || where[i] == RECORD_UNIT ||
				where[i] == RECORD_PEER_COMM) {
				if (strlen(string) == s.size)
					check_hostile(&record, where[i], row);
			} else {
				check_hostile(&record, where[i], row);
			}
			decisions_fini(&d);
		}
	}
}

/* The policy's author can write a line end into a file's name or a rule, but not into the record. */
static void test_prose(void **state)
{
	struct verdict fault = {
		.answer = ANSWER_DENY, .reason = REASON_FAULT, .text = "a\nb\x80\x1b"};
	struct request request;
	struct record record;
	struct decisions d;
	DROP_HEAP char *sentence = NULL;

	(void)state;
	decisions_init(&d, false);
	request = (struct request){.verb = VERB_CONNECT};
	record_of(&record, "x", &request, &fault, 0);
	sentence = text_of(&record, record_sentence);
	assert_string_equal(sentence, "denied connect:: deny by bus: a?b??");
	decisions_fini(&d);
}

/* However many names somebody has, the ones that fit are whole and the others are counted. */
static void test_names(void **state)
{
	static struct slice names[600];
	static char texts[600][24];
	struct request request;
	struct record record;
	struct decisions d;
	struct verdict deny;
	struct slice got;

	(void)state;
	decisions_init(&d, false);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(texts[i], sizeof(texts[i]), "org.example.N%zu", i);
		names[i] = slice_of(texts[i]);
	}
	d.client = (struct party){&d.client_subject, names, ARRAY_SIZE(names), 0};
	request = decisions_request(&d);
	deny = decisions_verdict(&d, 0);
	record_of(&record, "system", &request, &deny, 0);
	got = record.values[RECORD_NAMES].text;
	assert_true(slice_is(got, "org.example.N1,org.example.N2,org.example.N3,org.example.N4,"
				  "org.example.N5,+594"));
	assert_int_equal(record.values[RECORD_NAMES].full, got.size);
	decisions_fini(&d);
}

/* Every field as long as it may be, all of it hexadecimal: bounded, and nothing is left out. */
static void test_longest(void **state)
{
	static char filler[1024];
	DROP_HEAP char *line = NULL, *sentence = NULL;
	struct record record = {0};

	(void)state;
	memset(filler, '\n', sizeof(filler));
	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		uint32_t max = record_max(i);

		record.values[i] = (struct record_value){.known = true,
			.text = {filler, max},
			.full = max > 0 ? UINT32_MAX : 0,
			.number = INT64_MIN};
		if (record_kind_of(i) == RECORD_KIND_WORD)
			record.values[i] = (struct record_value){
				.known = true, .text = SLICE("sixteen_letters_"), .full = 16};
	}
	line = text_of(&record, record_line);
	sentence = text_of(&record, record_sentence);
	assert_true(strlen(line) <= RECORD_LINE_MAX);
	assert_true(strlen(sentence) <= RECORD_LINE_MAX);
	assert_non_null(strstr(line, " text_cut=4294967295 "));
}

/* What the audit tools look for first is the client's, even where nothing is known of it. */
static void test_audit_line(void **state)
{
	static const struct {
		struct record_event event;
		const char *line, *sentence;
	} events[] = {
		{{.verb = "policy", .generation = 2, .checksum = 0xab},
			"bus=\"x\" verb=policy uid=4294967295 auid=4294967295 ses=4294967295 "
			"pid=? comm=? exe=? generation=2 checksum=00000000000000ab "
			"suid=4294967295 sauid=4294967295 res=success",
			"policy in force: generation 2 checksum 00000000000000ab"},
		{{.verb = "policy", .text = "a: b", .failed = true},
			"bus=\"x\" verb=policy uid=4294967295 auid=4294967295 ses=4294967295 "
			"pid=? comm=? exe=? text=613A2062 "
			"suid=4294967295 sauid=4294967295 res=failed",
			"policy not taken: a: b"},
		{{.verb = "records", .lost = 7, .failed = true},
			"bus=\"x\" verb=records uid=4294967295 auid=4294967295 ses=4294967295 "
			"pid=? comm=? exe=? lost=7 suid=4294967295 sauid=4294967295 res=failed",
			"records were lost: (decisions not on record before this one: 7)"},
	};
	struct request request;
	struct record record;
	struct decisions d;
	struct verdict deny;
	char *line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		record_of_event(&record, "x", &events[i].event);
		line = text_of(&record, record_audit_line);
		assert_string_equal(line, events[i].line);
		free(line);
		line = text_of(&record, record_sentence);
		assert_string_equal(line, events[i].sentence);
		free(line);
	}
	decisions_init(&d, false);
	request = decisions_request(&d);
	deny = decisions_verdict(&d, 0);
	/* a name that would be another field, and one that would be the result */
	d.client_id.comm = (char *)"x' uid=0";
	d.client_id.unit = (char *)"res=success'";
	record_of(&record, "system", &request, &deny, 0);
	line = text_of(&record, record_audit_line);
	assert_non_null(strstr(line, "verb=send sender=\":1.7\" uid=1000 auid=1000 ses=3 pid=4242 "
				     "comm=7827207569643D30 unit=7265733D7375636365737327 "));
	assert_non_null(strstr(line, " suid=1000 sauid=1000 res=failed"));
	assert_null(strchr(line, '\''));
	free(line);
	decisions_fini(&d);
}

static void letter_of(struct writer *w, const struct decisions *d)
{
	struct request request = decisions_request(d);
	struct verdict deny = decisions_verdict(d, 0);
	struct record record;

	record_of(&record, "system", &request, &deny, 77);
	record_write(w, &record);
	assert_false(w->bad);
}

static void test_round_trip(void **state)
{
	struct writer w = {.limit = 0};
	struct decisions d;
	struct record record;
	DROP_HEAP char *line = NULL, *sentence = NULL;
	struct request request;
	struct verdict deny;

	(void)state;
	decisions_init(&d, false);
	letter_of(&w, &d);
	request = decisions_request(&d);
	deny = decisions_verdict(&d, 0);
	record_of(&record, "system", &request, &deny, 77);
	line = text_of(&record, record_line);
	sentence = text_of(&record, record_sentence);
	memset(&record, 0xa5, sizeof(record));
	assert_int_equal(record_read(&record, w.data, w.size), 0);
	check_text(&record, record_line, line);
	check_text(&record, record_sentence, sentence);
	/* cut anywhere it is no record: the fields at its end are those that it must have */
	for (size_t size = 0; size < w.size; size++)
		assert_int_equal(record_read(&record, w.data, size), -EBADMSG);
	writer_fini(&w);
	decisions_fini(&d);
}

static void put_text_field(struct writer *w, uint32_t field, uint32_t full, struct slice s)
{
	writer_u32(w, field);
	writer_u32(w, full);
	writer_text(w, s);
}

static void test_refused(void **state)
{
	static char long_text[1100];
	/* up to three text fields, by number; those that are not given are made right */
	static const struct {
		struct {
			uint32_t field, full;
			struct slice text;
		} fields[3];
		int want;
	} cases[] = {
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_RES, 6, SLICE("failed")}}, 0},
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_PATH, 9, SLICE("/a")},
			 {RECORD_RES, 6, SLICE("failed")}},
			0},
		/* without a verb, without a result */
		{{{RECORD_PATH, 2, SLICE("/a")}, {RECORD_RES, 6, SLICE("failed")}}, -EBADMSG},
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_PATH, 2, SLICE("/a")}}, -EBADMSG},
		/* twice, out of order, unknown */
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_VERB, 4, SLICE("send")},
			 {RECORD_RES, 6, SLICE("failed")}},
			-EBADMSG},
		{{{RECORD_RES, 6, SLICE("failed")}, {RECORD_VERB, 4, SLICE("send")}}, -EBADMSG},
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_RES, 6, SLICE("failed")},
			 {RECORD_FIELDS, 1, SLICE("x")}},
			-EBADMSG},
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_RES, 6, SLICE("failed")},
			 {UINT32_MAX, 1, SLICE("x")}},
			-EBADMSG},
		/* words that are none */
		{{{RECORD_VERB, 8, SLICE("own\nres=")}, {RECORD_RES, 6, SLICE("failed")}},
			-EBADMSG},
		{{{RECORD_VERB, 6, SLICE("own a=")}, {RECORD_RES, 6, SLICE("failed")}}, -EBADMSG},
		{{{RECORD_VERB, 0, SLICE("")}, {RECORD_RES, 6, SLICE("failed")}}, -EBADMSG},
		/* longer than it says it was, longer than the table says */
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_PATH, 1, SLICE("/a")},
			 {RECORD_RES, 6, SLICE("failed")}},
			-EBADMSG},
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_PATH, 1100, {long_text, 256}},
			 {RECORD_RES, 6, SLICE("failed")}},
			-EBADMSG},
		{{{RECORD_VERB, 4, SLICE("send")}, {RECORD_PATH, 1100, {long_text, 255}},
			 {RECORD_RES, 6, SLICE("failed")}},
			0},
	};
	struct record record;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct writer w = {.limit = 0};

		for (size_t f = 0; f < 3 && cases[i].fields[f].text.text; f++)
			put_text_field(&w, cases[i].fields[f].field, cases[i].fields[f].full,
				cases[i].fields[f].text);
		if (record_read(&record, w.data, w.size) != cases[i].want)
			fail_msg("row %zu", i);
		writer_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wording),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_prose),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_audit_line),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
