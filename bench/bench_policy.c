/*
 * bench_policy.c - nanoseconds per question put to the gate, by how many rules there are and where
 * they stand: without the flow cache ("asked") and from it ("known"). The questions go round over
 * many services, so that rules and verdicts are not always the ones that the processor has at hand.
 */
#include <time.h>

#include "policy/gate.h"
#include "tests/unit/rulebook.h"

#define ASKS 1000000
#define SERVICES 64
#define USERS 100
#define UID 1042
#define NAMES_MOST 500

#define SERVICE_RULE                                                                               \
	"<allow send_destination='org.example.Service%05u' "                                       \
	"send_interface='org.example.Interface'/>"
#define INTERFACE_RULE "<deny send_interface='org.example.Interface%05u' send_member='Method'/>"

static const struct {
	const char *what;
	const char *rule; /* takes the number of the rule; NULL: there are that many restrictions */
	const char *section; /* takes it, too; NULL: all rules are in the default section */
	uint32_t sections; /* how many different ones; 0: one for each rule */
	bool reply; /* the question is no call but its answer */
	bool by_argument; /* rules about the first argument apply */
	uint32_t names; /* further names of each receiver, which no rule gives */
} rows[] = {
	{"a name each", SERVICE_RULE, NULL, 0, false, false, 0},
	{"a name each, of 100 users", SERVICE_RULE, "user 10%02u\n", USERS, false, false, 0},
	{"a name each, receiver has 500", SERVICE_RULE, NULL, 0, false, false, NAMES_MOST},
	{"a prefix each, receiver has 500",
		"<allow send_destination_prefix='org.example.Service%05u' "
		"send_interface='org.example.Interface'/>",
		NULL, 0, false, false, NAMES_MOST},
	{"a prefix each",
		"<allow send_destination_prefix='org.example.Service%05u' "
		"send_interface='org.example.Interface'/>",
		NULL, 0, false, false, 0},
	{"no name, a member each",
		"<deny send_interface='org.example.Interface' send_member='Method%05u'/>", NULL, 0,
		false, false, 0},
	{"no name, an interface each", INTERFACE_RULE, NULL, 0, false, false, 0},
	{"the same, asked of an answer", INTERFACE_RULE, NULL, 0, true, false, 0},
	{"one name, a path each",
		"<deny send_destination='org.example.Service00001' "
		"send_path='/org/example/Object%05u'/>",
		NULL, 0, false, false, 0},
	/* what these say is about others: nobody here has to pay for it */
	{"a name each, of a unit each", SERVICE_RULE, "unit other%05u.service\n", 0, false, false,
		0},
	{"a name each, of a label each", SERVICE_RULE, "label u:*:other%05u:*\n", 0, false, false,
		0},
	{"an argument and a name each",
		"<deny send_destination='org.example.Other%05u' send_arg0='a'/>", NULL, 0, false,
		false, 0},
	{"an argument and a member each",
		"<deny send_interface='org.example.Interface' send_member='Other%05u' "
		"send_arg0='a'/>",
		NULL, 0, false, false, 0},
	{"an audit rule each", "<audit send_destination='org.example.Other%05u'/>", NULL, 0, false,
		false, 0},
	{"a trial each", "<deny send_destination='org.example.Other%05u' trial='yes'/>", NULL, 0,
		false, false, 0},
	{"a restriction each", NULL, NULL, 0, false, false, 0},
	/* and here it is about these */
	{"an argument each, of these",
		"<allow send_destination='org.example.Service%05u' send_arg0='argument'/>", NULL, 0,
		false, true, 0},
};

/* A question about one of the services. */
struct question {
	char name[64], unique[16], path[64];
	struct slice names[2 + NAMES_MOST];
	struct party recipient;
	struct traffic traffic;
	struct request request;
};

/* How often somebody looked. */
static uint64_t arguments_read;

static struct slice read_argument(const void *message)
{
	(void)message;
	arguments_read++;
	return SLICE("argument");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void question_init(
	struct question *q, const struct party *sender, uint32_t service, uint32_t id, size_t row)
{
	static char more[NAMES_MOST][64];
	bool reply = rows[row].reply;

	*q = (struct question){0};
	for (uint32_t i = 0; i < rows[row].names; i++) {
		snprintf(more[i], sizeof(more[i]), "org.example.more.of.them.Name%u", i);
		q->names[2 + i] = slice_of(more[i]);
	}
	snprintf(q->name, sizeof(q->name), "org.example.Service%05u", service);
	snprintf(q->unique, sizeof(q->unique), ":1.%u", id);
	snprintf(q->path, sizeof(q->path), "/org/example/Object%05u", service);
	q->names[0] = slice_of(q->unique);
	q->names[1] = slice_of(q->name);
	q->recipient = (struct party){sender->subject, q->names, 2 + rows[row].names, id + 2};
	q->traffic = (struct traffic){.type = 1,
		.path = slice_of(q->path),
		.interface = SLICE("org.example.Interface"),
		.member = SLICE("Method"),
		.destination = q->names[1],
		.read_arg0 = read_argument};
	if (reply)
		q->traffic =
			(struct traffic){.type = 2, .is_reply = true, .destination = q->names[0]};
	q->request = (struct request){.verb = VERB_SEND,
		.sender = sender,
		.recipient = &q->recipient,
		.traffic = &q->traffic,
		.requested_reply = reply};
}

static double measure(const struct image *image, uint32_t rules, size_t row, struct flow *flow)
{
	static const struct judge *const judges[] = {&rules_connect, &restrictions, &rules_own,
		&rules_see, &rules_send, &rules_receive, NULL};
	const struct gate gate = {.judges = judges, .flow = flow, .audits = rules_audit};
	struct identity identity = {.uid = UID,
		.unit = (char *)"bench.service",
		.slices = (char *)"system.slice",
		.label = (char *)"u:r:bench:s0",
		.label_size = 12};
	const struct slice names[] = {SLICE(":1.1")};
	struct subject subject;
	const struct party sender = {&subject, names, 1, 1};
	static struct question questions[SERVICES];
	unsigned int allowed = 0;
	double begin;

	RULEBOOK_MUST(subject_init(&subject, image, &identity) == 0);
	/* two of three services have rules */
	for (uint32_t i = 0; i < SERVICES; i++)
		question_init(&questions[i], &sender,
			(uint32_t)((uint64_t)i * (rules + rules / 2) / SERVICES), i + 2, row);
	arguments_read = 0;
	begin = seconds();
	for (unsigned int i = 0; i < ASKS; i++)
		allowed += gate_ask(&gate, &questions[i % SERVICES].request).answer == ANSWER_ALLOW;
	begin = seconds() - begin;
	RULEBOOK_MUST(allowed <= ASKS);
	RULEBOOK_MUST(rows[row].by_argument || arguments_read == 0);
	subject_fini(&subject);
	return begin * 1e9 / ASKS;
}

static void add_restriction(struct builder *b, uint32_t number)
{
	struct restriction r = {.name_kind = NAME_PREFIX, .asks = ASKS_USER, .user = number};
	char name[64];

	snprintf(name, sizeof(name), "org.example.Service%05u", number);
	r.name = builder_text(b, slice_of(name));
	builder_restriction(b, &r);
}

static void add_rule(struct builder *b, size_t row, uint32_t number)
{
	uint32_t sections = rows[row].sections;
	char rule[256];
	int n = 0;

	if (!rows[row].rule) {
		add_restriction(b, number);
		return;
	}
	if (rows[row].section)
		n = snprintf(rule, sizeof(rule), rows[row].section,
			sections ? number % sections : number);
	snprintf(rule + n, sizeof(rule) - (size_t)n, rows[row].rule, number);
	rulebook_add(b, rule);
}

static void measure_rules(size_t row, uint32_t rules)
{
	struct builder *b = builder_new();
	struct rulebook book;
	struct flow flow;
	double begin, asked;

	RULEBOOK_MUST(b && flow_init(&flow, 2048) == 0);
	rulebook_add(b, "default\n<allow receive_sender='*'/>\n<allow send_type='signal'/>\n"
			"<allow send_requested_reply='true' send_type='method_return'/>\n");
	for (uint32_t i = 0; i < rules; i++)
		add_rule(b, row, i);
	begin = seconds();
	rulebook_finish(&book, b);
	begin = seconds() - begin;
	asked = measure(&book.image, rules, row, NULL);
	printf("%-32s %6u rules %9.1f ns asked %7.1f ns known   image %6.2f ms, %5zu kB\n",
		rows[row].what, rules, asked, measure(&book.image, rules, row, &flow), begin * 1e3,
		book.size / 1024);
	flow_fini(&flow);
	rulebook_close(&book);
}

/* bench_policy [WORD]: only the rows that contain it. */
int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {0, 100, 1000, 10000};

	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			if (argc < 2 || strstr(rows[row].what, argv[1]))
				measure_rules(row, sizes[i]);
	return EXIT_SUCCESS;
}
