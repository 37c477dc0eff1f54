/*
 * test_recorder.c - the program dbus-warden-recorder (its path in $RECORDER) with a real trail at the
 * other end of its channel, and listeners in place of syslog and the journal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "audit/trail.h"
#include "base/channel.h"
#include "tests/unit/decisions.h"

#define NO_SYSLOG "--syslog-socket=/nowhere"

struct recorder {
	struct decisions d;
	struct request request;
	struct verdict deny;
	struct trail trail;
	pid_t pid;
	int channel, said; /* said: its stderr */
	char folder[64], socket[96], option[128];
};

/* Arguments: up to three options. */
static void recorder_start(struct recorder *r, const char *a, const char *b, const char *c)
{
	const char *argv[] = {getenv("RECORDER"), a, b, c, NULL};
	int channel[2], said[2];

	decisions_init(&r->d, false);
	r->request = decisions_request(&r->d);
	r->deny = decisions_verdict(&r->d, 0);
	assert_int_equal(channel_pair(channel), 0);
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	r->pid = fork();
	assert_return_code(r->pid, errno);
	if (r->pid == 0) {
		dup2(said[1], STDERR_FILENO);
		/* dup2 clears close-on-exec, but does nothing where it already is 3 */
		if (channel[1] == 3)
			fcntl(3, F_SETFD, 0);
		else
			dup2(channel[1], 3);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(channel[1]);
	close(said[1]);
	r->channel = channel[0];
	r->said = said[0];
	trail_init(&r->trail, r->channel, "system");
}

static void recorder_note(struct recorder *r, const char *member)
{
	r->d.call.member = slice_of(member);
	trail_note(&r->trail, &r->request, &r->deny);
	assert_int_equal(r->trail.lost, 0);
}

/* What the recorder said until it ended. */
static void recorder_ended(struct recorder *r, char *buf, size_t size)
{
	size_t at = 0;
	ssize_t n;
	int status;

	while ((n = read(r->said, buf + at, size - 1 - at)) > 0)
		at += (size_t)n;
	buf[at] = '\0';
	close(r->said);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_int_equal(status, 0);
	decisions_fini(&r->d);
}

/* Closes the channel. */
static void recorder_end(struct recorder *r, char *buf, size_t size)
{
	close(r->channel);
	recorder_ended(r, buf, size);
}

/* Reads what the recorder says until `word` is in it. */
static void said_until(struct recorder *r, char *buf, size_t size, const char *word)
{
	size_t at = 0;
	ssize_t n;

	do {
		n = read(r->said, buf + at, size - 1 - at);
		assert_true(n > 0);
		at += (size_t)n;
		buf[at] = '\0';
	} while (!strstr(buf, word));
}

/* A datagram socket that listens at `path`; reads give up after ten seconds. */
static int listener_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 10};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof(at)), errno);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void listener_read(int fd, char *buf, size_t size)
{
	ssize_t n = recv(fd, buf, size - 1, 0);

	assert_return_code(n, errno);
	buf[n] = '\0';
}

static void folder_make(struct recorder *r)
{
	strcpy(r->folder, "/tmp/test-recorder-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	snprintf(r->socket, sizeof(r->socket), "%s/log", r->folder);
	snprintf(r->option, sizeof(r->option), "--syslog-socket=%s", r->socket);
}

static void folder_remove(struct recorder *r)
{
	unlink(r->socket);
	assert_return_code(rmdir(r->folder), errno);
}

static int count(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

/* A line each, in order, to the last one sent before the end; signals do not end it. */
static void test_stderr(void **state)
{
	static char said[262144];
	struct recorder r;
	char member[32];
	const char *at;

	(void)state;
	recorder_start(&r, "--to=stderr", NULL, NULL);
	recorder_note(&r, "First");
	/* wait until it is past its start, where it is told to ignore signals */
	assert_int_equal(read(r.said, said, 1), 1);
	kill(r.pid, SIGTERM);
	kill(r.pid, SIGINT);
	kill(r.pid, SIGHUP);
	for (int i = 0; i < 50; i++) {
		snprintf(member, sizeof(member), "Member%d", i);
		recorder_note(&r, member);
	}
	recorder_note(&r, "A\ndbus-warden: denied forged: x res=success");
	recorder_end(&r, said + 1, sizeof(said) - 1);
	/* and where they go to */
	assert_int_equal(count(said, "\n"), 53);
	assert_int_equal(count(said, "dbus-warden: denied send: :1.7 (uid=1000 "), 52);
	assert_int_equal(count(said, "forged"), 0);
	at = said;
	for (int i = 0; i < 50; i++) {
		snprintf(member, sizeof(member), " member=\"Member%d\" ", i);
		at = strstr(at, member);
		assert_non_null(at);
	}
}

/* A bus that is killed has not heard of all that was written; what it said last is written, too. */
static void test_last_words(void **state)
{
	struct pollfd answer = {.events = POLLIN};
	char letter[4096], said[16384];
	struct recorder r;
	struct trail twin;
	int pair[2];
	ssize_t n;

	(void)state;
	recorder_start(&r, "--to=stderr", NULL, NULL);
	recorder_note(&r, "First");
	assert_int_equal(channel_pair(pair), 0);
	trail_init(&twin, pair[0], "system");
	trail_note(&twin, &r.request, &r.deny);
	n = recv(pair[1], letter, sizeof(letter), 0);
	assert_true(n > 0);
	answer.fd = r.channel;
	assert_int_equal(poll(&answer, 1, 10000), 1);
	kill(r.pid, SIGSTOP);
	for (int i = 0; i < 5; i++)
		assert_int_equal(send(r.channel, letter, (size_t)n, 0), n);
	close(r.channel);
	kill(r.pid, SIGCONT);
	recorder_ended(&r, said, sizeof(said));
	assert_int_equal(count(said, "dbus-warden: denied send: "), 6);
	close(pair[0]);
	close(pair[1]);
}

/* Neither journal nor syslog: stderr, and it is said once. */
static void test_fall_back(void **state)
{
	struct recorder r;
	char said[16384];

	(void)state;
	recorder_start(&r, "--to=syslog,stderr", NO_SYSLOG, NULL);
	recorder_note(&r, "One");
	recorder_note(&r, "Two");
	recorder_end(&r, said, sizeof(said));
	assert_int_equal(count(said, "decisions are recorded in stderr"), 1);
	assert_int_equal(count(said, "dbus-warden: denied send"), 2);
	/* and stderr besides: once all the same */
	recorder_start(&r, "--to=syslog,stderr", NO_SYSLOG, "--stderr");
	recorder_note(&r, "One");
	recorder_end(&r, said, sizeof(said));
	assert_int_equal(count(said, "dbus-warden: denied send"), 1);
}

static void test_syslog(void **state)
{
	struct recorder r;
	char said[16384], line[16384];
	int fd;

	(void)state;
	folder_make(&r);
	fd = listener_at(r.socket);
	recorder_start(&r, "--to=syslog,stderr", r.option, NULL);
	recorder_note(&r, "One");
	listener_read(fd, line, sizeof(line));
	assert_memory_equal(line, "<37>", 4);
	assert_non_null(strstr(line, " dbus-warden["));
	assert_non_null(strstr(line, "]: denied send: :1.7 (uid=1000 "));
	assert_non_null(strstr(line, " member=\"One\" "));
	/* a daemon that starts anew at the same place misses nothing */
	close(fd);
	unlink(r.socket);
	fd = listener_at(r.socket);
	recorder_note(&r, "Two");
	listener_read(fd, line, sizeof(line));
	assert_non_null(strstr(line, " member=\"Two\" "));
	/* one that is gone is replaced by stderr until it is back */
	close(fd);
	unlink(r.socket);
	recorder_note(&r, "Three");
	said_until(&r, said, sizeof(said), "member=\"Three\"");
	assert_null(strstr(said, "member=\"Two\""));
	fd = listener_at(r.socket);
	recorder_note(&r, "Four");
	listener_read(fd, line, sizeof(line));
	assert_non_null(strstr(line, " member=\"Four\" "));
	recorder_end(&r, said, sizeof(said));
	assert_null(strstr(said, "Four\" "));
	assert_non_null(strstr(said, "recorded in syslog now, no more in stderr"));
	close(fd);
	folder_remove(&r);
}

/* What is no record is no end either, and counts as lost. */
static void test_garbage(void **state)
{
	struct writer w = {.limit = 0};
	struct recorder r;
	char said[16384];

	(void)state;
	recorder_start(&r, "--to=stderr", NULL, NULL);
	writer_u32(&w, 4711);
	assert_int_equal(channel_send(r.channel, 1, &w, NULL, 0), 0);
	assert_int_equal(channel_send(r.channel, 2, NULL, NULL, 0), 0);
	assert_int_equal(send(r.channel, "x", 1, 0), 1);
	recorder_note(&r, "Member");
	recorder_end(&r, said, sizeof(said));
	assert_non_null(strstr(said, " lost=3 res=failed\n"));
	writer_fini(&w);
}

/* The field of a journal entry as sd_journal_sendv writes it where its value has no line end. */
static void check_field(const char *entry, const char *field)
{
	const char *at = strstr(entry, field);

	if (!at || (at != entry && at[-1] != '\n') || at[strlen(field)] != '\n')
		fail_msg("%s is not in\n%s", field, entry);
}

/* In a mount namespace of its own, with a listener where the journal's socket would be. */
static void test_journal(void **state)
{
	static const char *const fields[] = {"PRIORITY=5", "SYSLOG_IDENTIFIER=dbus-warden",
		"SYSLOG_FACILITY=4", "MESSAGE_ID=efdbbd1959234d15be7d3a8c8cb9b00c",
		"DBUS_WARDEN_VERB=send", "DBUS_WARDEN_UID=1000", "DBUS_WARDEN_COMM=\"gdbus\"",
		"DBUS_WARDEN_PEER_UNIT=\"init.scope\"", "DBUS_WARDEN_RULE=\"" RULE_FILE ":12\"",
		"DBUS_WARDEN_RES=failed", "DBUS_WARDEN_MEMBER=410A423D43"};
	struct recorder r;
	char said[16384], entry[32768];
	int fd;

	(void)state;
	if (!getenv("RECORDER_JOURNAL")) {
		print_message("skipped: this build has no libsystemd\n");
		skip();
	}
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "/run", "tmpfs", 0, NULL) < 0) {
		print_message("skipped: no mount namespace to be had\n");
		skip();
	}
	assert_return_code(mkdir("/run/systemd", 0755), errno);
	assert_return_code(mkdir("/run/systemd/journal", 0755), errno);
	fd = listener_at("/run/systemd/journal/socket");
	recorder_start(&r, "--to=journal,syslog,stderr", NO_SYSLOG, NULL);
	recorder_note(&r, "A\nB=C");
	listener_read(fd, entry, sizeof(entry));
	assert_memory_equal(entry, "MESSAGE=denied send: :1.7 (uid=1000 ", 36);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		check_field(entry, fields[i]);
	/* a journal that is there but does not listen: stderr; and back */
	close(fd);
	recorder_note(&r, "Two");
	said_until(&r, said, sizeof(said), "member=\"Two\"");
	unlink("/run/systemd/journal/socket");
	recorder_note(&r, "Three");
	said_until(&r, said, sizeof(said), "member=\"Three\"");
	fd = listener_at("/run/systemd/journal/socket");
	recorder_note(&r, "Four");
	listener_read(fd, entry, sizeof(entry));
	check_field(entry, "DBUS_WARDEN_MEMBER=\"Four\"");
	recorder_end(&r, said, sizeof(said));
	close(fd);
}

static void test_options(void **state)
{
	static const struct {
		const char *option;
		int want;
	} cases[] = {{"--help", 0}, {"--nonsense", 1}, {"word", 1}, {"--syslog-socket", 1},
		{"--to=", 1}, {"--to=stderr,stderr", 1}, {"--to=paper", 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int status;
		pid_t pid = fork();

		assert_return_code(pid, errno);
		if (pid == 0) {
			int null = open("/dev/null", O_RDWR);

			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
			execl(getenv("RECORDER"), "recorder", cases[i].option, NULL);
			_exit(127);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WEXITSTATUS(status), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stderr), cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_fall_back), cmocka_unit_test(test_syslog),
		cmocka_unit_test(test_garbage), cmocka_unit_test(test_options),
		cmocka_unit_test(test_journal), /* last: /run is another one afterwards */
	};

	if (!getenv("RECORDER")) {
		fputs("RECORDER is not set: the path of dbus-warden-recorder\n", stderr);
		return EXIT_FAILURE;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
