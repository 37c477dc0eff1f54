/*
 * test_outgoing.c - what receivers get is what was sent to them, byte for byte and descriptor for
 * descriptor, however little their sockets take at once; and how a queue is shared
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "broker/fault.h"
#include "tests/unit/peers.h"
#include "tests/unit/draw.h"

#define RECEIVERS 12
#define CROWD (BATCH_BOXES + 40)
#define FILES 8
#define BODY_MAX 9000
#define HEADER_MAX 200

/* What a receiver is to get, and how much of it has come. */
struct wanted {
	uint8_t *bytes;
	size_t size, room, got;
	struct {
		size_t at; /* of the first byte of its message */
		ino_t file;
	} fds[4096];
	uint32_t fds_n, fds_got;
};

struct receiver {
	struct peer *peer;
	int fd;
	struct wanted wanted;
};

struct post {
	struct bus bus;
	struct receiver *to;
	int n;
	int files[FILES];
	ino_t inodes[FILES];
	struct user *sender[3];
	uint8_t *kept[4096]; /* memory of parcels until the next flush */
	uint32_t kept_n;
};

static void small_buffer(int fd, int size)
{
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
}

static void post_begin(struct post *p, int receivers, const struct test_limit *limits, size_t n)
{
	*p = (struct post){.n = receivers};
	peers_begin(&p->bus, limits, n);
	p->to = calloc((size_t)receivers, sizeof(*p->to));
	assert_non_null(p->to);
	for (int i = 0; i < receivers; i++) {
		p->to[i].peer = peers_add(&p->bus, ALICE, &p->to[i].fd);
		small_buffer(p->to[i].peer->source.fd, i % 3 == 0 ? 1 : 1 << (10 + i % 6));
	}
	for (int i = 0; i < FILES; i++) {
		struct stat st;

		p->files[i] = memfd_seal("file", &i, sizeof(i));
		assert_int_equal(fstat(p->files[i], &st), 0);
		p->inodes[i] = st.st_ino;
	}
	for (uint32_t i = 0; i < 3; i++)
		p->sender[i] = user_get(&p->bus.users, i == 0 ? ROOT : ALICE + i);
}

static void kept_free(struct post *p)
{
	while (p->kept_n > 0)
		free(p->kept[--p->kept_n]);
}

static void post_end(struct post *p)
{
	kept_free(p);
	for (int i = 0; i < 3; i++)
		user_unref(p->sender[i]);
	bus_fini(&p->bus);
	assert_null(p->bus.users.table);
	for (int i = 0; i < p->n; i++) {
		close(p->to[i].fd);
		free(p->to[i].wanted.bytes);
	}
	for (int i = 0; i < FILES; i++)
		close(p->files[i]);
	free(p->to);
}

static void want(struct wanted *w, const uint8_t *bytes, size_t size)
{
	if (w->size + size > w->room) {
		w->room = 2 * (w->size + size);
		w->bytes = realloc(w->bytes, w->room);
		assert_non_null(w->bytes);
	}
	memcpy(w->bytes + w->size, bytes, size);
	w->size += size;
}

/* A flush, after which the memory of what was sent is somebody else's. */
static void flush(struct post *p)
{
	batch_flush(&p->bus);
	for (uint32_t i = 0; i < p->kept_n; i++)
		memset(p->kept[i], 0xee, HEADER_MAX);
	kept_free(p);
}

struct letter_to {
	uint8_t *bytes;
	struct parcel parcel;
	int fds[3];
};

/* Random header and body, sometimes with descriptors, sometimes of the kind that is sent at once. */
static void compose(struct post *p, struct letter_to *l)
{
	size_t header = 16 + draw(HEADER_MAX - 16), body = draw(3) ? draw(300) : draw(BODY_MAX);

	*l = (struct letter_to){.bytes = malloc(HEADER_MAX + BODY_MAX)};
	assert_non_null(l->bytes);
	for (size_t i = 0; i < header + body; i++)
		l->bytes[i] = (uint8_t)draw(256);
	l->parcel = (struct parcel){.header = l->bytes,
		.header_size = header,
		.body = body ? l->bytes + header : NULL,
		.body_size = body,
		.fds_n = draw(8) ? 0 : 1 + draw(3),
		.payer = draw(8) ? p->sender[draw(3)] : NULL,
		.transient = draw(10) == 0};
	for (uint32_t i = 0; i < l->parcel.fds_n; i++)
		l->fds[i] = (int)draw(FILES);
}

static void note_wanted(struct post *p, struct receiver *r, const struct letter_to *l)
{
	struct wanted *w = &r->wanted;

	for (uint32_t i = 0; i < l->parcel.fds_n; i++) {
		assert_true(w->fds_n < ARRAY_SIZE(w->fds));
		w->fds[w->fds_n].at = w->size;
		w->fds[w->fds_n++].file = p->inodes[l->fds[i]];
	}
	want(w, l->bytes, l->parcel.header_size + l->parcel.body_size);
}

/* As a broadcast: one parcel to a few receivers. */
static void send_random(struct post *p, int receivers)
{
	int fds[3], first = (int)draw((uint32_t)p->n);
	struct letter_to l;

	compose(p, &l);
	for (uint32_t i = 0; i < l.parcel.fds_n; i++)
		fds[i] = p->files[l.fds[i]];
	l.parcel.fds = fds;
	for (int i = 0; i < receivers; i++) {
		struct receiver *r = &p->to[(first + i) % p->n];

		assert_int_equal(outgoing_send(r->peer, &l.parcel), 0);
		note_wanted(p, r, &l);
	}
	if (l.parcel.transient || l.parcel.fds_n) {
		/* these are not in the batch: nobody reads the memory again */
		memset(l.bytes, 0xdd, HEADER_MAX + BODY_MAX);
		free(l.bytes);
		return;
	}
	p->kept[p->kept_n++] = l.bytes;
	if (p->kept_n == ARRAY_SIZE(p->kept))
		flush(p);
}

static void take_fds(struct wanted *w, struct msghdr *msg, size_t before, size_t after)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		assert_int_equal(c->cmsg_type, SCM_RIGHTS);
		for (size_t i = 0; i < n; i++) {
			struct stat st;
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			assert_int_equal(fstat(fd, &st), 0);
			close(fd);
			assert_true(w->fds_got < w->fds_n);
			assert_true(st.st_ino == w->fds[w->fds_got].file);
			/* they come with the first byte of their message */
			assert_true(
				before <= w->fds[w->fds_got].at && w->fds[w->fds_got].at < after);
			w->fds_got++;
		}
	}
}

/* Reads once, at most `size`; false if there is nothing. */
static bool receive(struct receiver *r, size_t size)
{
	static uint8_t bytes[1 << 16];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct iovec iov = {bytes, size};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct wanted *w = &r->wanted;
	ssize_t n = recvmsg(r->fd, &msg, MSG_CMSG_CLOEXEC);

	if (n < 0) {
		assert_int_equal(errno, EAGAIN);
		return false;
	}
	assert_true(n > 0 && w->got + (size_t)n <= w->size);
	assert_int_equal(msg.msg_flags & MSG_CTRUNC, 0);
	assert_memory_equal(bytes, w->bytes + w->got, (size_t)n);
	take_fds(w, &msg, w->got, w->got + (size_t)n);
	w->got += (size_t)n;
	return true;
}

static void check_sums(const struct post *p)
{
	for (int i = 0; i < p->n; i++) {
		const struct outgoing *out = &p->to[i].peer->out;
		uint64_t bytes = 0, shared = 0;
		uint32_t fds = 0;

		list_for_each (at, &out->packets) {
			const struct packet *packet = list_entry(at, struct packet, link);

			bytes += packet->size;
			fds += packet->fds_n;
			assert_int_equal(packet->charge.fds, packet->fds_n);
		}
		for (const struct share *s = out->shares; s; s = s->hh.next)
			shared += s->bytes;
		assert_true(out->bytes == bytes && shared == bytes && out->fds == fds);
		assert_true(out->bytes_peak >= bytes);
		assert_false(out->cut);
		/* who waits is told when there is room, and nobody else */
		assert_int_equal(!!(p->to[i].peer->source.events & EPOLLOUT), bytes > 0);
	}
}

/* Until everybody has everything. */
static void drain(struct post *p)
{
	bool more = true;

	flush(p);
	while (more) {
		more = false;
		for (int i = 0; i < p->n; i++) {
			while (receive(&p->to[i], 1 + draw(1 << 15)))
				more = true;
			if (!list_is_empty(&p->to[i].peer->out.packets)) {
				outgoing_flush(p->to[i].peer);
				more = true;
			}
		}
	}
	check_sums(p);
	for (int i = 0; i < p->n; i++) {
		assert_true(p->to[i].wanted.got == p->to[i].wanted.size);
		assert_int_equal(p->to[i].wanted.fds_got, p->to[i].wanted.fds_n);
		assert_null(p->to[i].peer->out.shares);
	}
	for (struct user *u = p->bus.users.table; u; u = u->hh.next)
		assert_true(u->bytes == 0 && u->fds == 0);
}

/* Random parcels, readers of random patience. */
static void test_stream(void **state)
{
	struct post p;

	(void)state;
	post_begin(&p, RECEIVERS, NULL, 0);
	for (int round = 0; round < 400; round++) {
		for (uint32_t i = draw(40); i > 0; i--)
			send_random(&p, draw(4) ? 1 : 1 + (int)draw(RECEIVERS));
		if (draw(3))
			flush(&p);
		check_sums(&p);
		for (uint32_t i = draw(30); i > 0; i--) {
			struct receiver *r = &p.to[draw(RECEIVERS)];

			(void)receive(r, 1 + draw(20000));
			if (draw(2))
				outgoing_flush(r->peer);
		}
		if (round % 100 == 99)
			drain(&p);
	}
	drain(&p);
	post_end(&p);
}

/* More messages for one receiver than one sendmsg takes. */
static void test_full_box(void **state)
{
	struct post p;

	(void)state;
	post_begin(&p, 1, NULL, 0);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 3 * BOX_ENTRIES + round; i++)
			send_random(&p, 1);
		drain(&p);
		assert_null(p.to[0].peer->out.box);
	}
	post_end(&p);
}

/* More receivers than there are boxes, in one round. */
static void test_many_boxes(void **state)
{
	struct rlimit files;
	struct post p;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_cur < 4 * CROWD)
		skip();
	post_begin(&p, CROWD, NULL, 0);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 5; i++)
			send_random(&p, CROWD);
		assert_true(p.bus.batch.used <= BATCH_BOXES);
		for (int i = 0; i < 200; i++)
			send_random(&p, 1);
		drain(&p);
		assert_int_equal(p.bus.batch.used, 0);
	}
	post_end(&p);
}

/* Receivers that go away in every stage: nobody else notices, nothing stays behind. */
static void test_gone(void **state)
{
	struct post p;

	(void)state;
	post_begin(&p, RECEIVERS, NULL, 0);
	for (int i = 0; i < 300; i++)
		send_random(&p, 1 + (int)draw(RECEIVERS));
	/* hung up, with a queue and something in the batch */
	shutdown(p.to[0].fd, SHUT_RDWR);
	shutdown(p.to[1].fd, SHUT_RD);
	for (int i = 0; i < 100; i++)
		send_random(&p, RECEIVERS);
	flush(&p);
	for (int i = 0; i < 2; i++) {
		outgoing_flush(p.to[i].peer);
		assert_true(p.to[i].peer->out.cut);
		assert_true(list_is_empty(&p.to[i].peer->out.packets));
		assert_true(p.to[i].peer->out.bytes == 0);
		assert_int_equal(p.to[i].peer->source.events & EPOLLOUT, 0);
	}
	/* reaped in the middle of a round */
	for (int i = 0; i < 10; i++)
		send_random(&p, RECEIVERS);
	for (int i = 0; i < 3; i++)
		peer_kill(p.to[i].peer, NULL);
	peers_reap(&p.bus);
	for (int i = 0; i < 3; i++) {
		close(p.to[i].fd);
		free(p.to[i].wanted.bytes);
	}
	memmove(p.to, p.to + 3, (size_t)(p.n - 3) * sizeof(*p.to));
	p.n -= 3;
	drain(&p);
	post_end(&p);
}

/* A message without the descriptors is none: what cannot be passed is refused, whole. */
static void test_bad_descriptor(void **state)
{
	struct post p;
	struct letter_to l;
	int bad = -1;

	(void)state;
	post_begin(&p, 1, NULL, 0);
	compose(&p, &l);
	l.parcel.fds = &bad;
	l.parcel.fds_n = 1;
	/* EBADF is what a socket that is gone says, too; the queue knows better */
	while (list_is_empty(&p.to[0].peer->out.packets)) {
		send_random(&p, 1);
		flush(&p);
	}
	assert_int_equal(outgoing_send(p.to[0].peer, &l.parcel), FAULT_LIMITS);
	free(l.bytes);
	drain(&p);
	post_end(&p);
}

#define QUEUE 20000
#define FILES_MOST 12

struct shares {
	struct bus bus;
	struct peer *to;
	int fd, file;
	uint8_t bytes[512];
};

/* A receiver of Alice's that reads nothing, its socket full, its queue begun by root. */
static void shares_begin(struct shares *s)
{
	static const struct test_limit limits[] = {{LIMIT_MAX_OUTGOING_BYTES, QUEUE},
		{LIMIT_MAX_OUTGOING_UNIX_FDS, FILES_MOST}, {LIMIT_STALLED_RECEIVER_TIMEOUT, 20}};
	struct parcel fill = {.header = s->bytes, .header_size = 1, .transient = true};

	*s = (struct shares){0};
	peers_begin(&s->bus, limits, ARRAY_SIZE(limits));
	s->to = peers_add(&s->bus, ALICE, &s->fd);
	s->file = memfd_seal("file", "", 0);
	assert_true(s->file >= 0);
	small_buffer(s->to->source.fd, 1);
	while (list_is_empty(&s->to->out.packets))
		assert_int_equal(outgoing_send(s->to, &fill), 0);
}

static void shares_end(struct shares *s)
{
	bus_fini(&s->bus);
	close(s->fd);
	close(s->file);
}

/* As a delivery does: asks, then sends. */
static int give(struct shares *s, uint32_t uid, size_t size, uint32_t fds, enum limit *ret_limit)
{
	int files[4] = {s->file, s->file, s->file, s->file}, r;
	struct user *user = user_get(&s->bus.users, uid);
	struct parcel parcel = {.header = s->bytes,
		.header_size = size,
		.fds = files,
		.fds_n = fds,
		.payer = user,
		.transient = true};

	r = outgoing_check(s->to, &parcel, ret_limit);
	if (r == 0)
		assert_int_equal(outgoing_send(s->to, &parcel), 0);
	user_unref(user);
	return r;
}

static uint64_t fill(struct shares *s, uint32_t uid, size_t size, uint32_t fds, enum limit wanted)
{
	enum limit limit = LIMITS;
	uint64_t n = 0;
	int r;

	while ((r = give(s, uid, size, fds, &limit)) == 0)
		n++;
	assert_int_equal(r, FAULT_LIMITS);
	assert_int_equal(limit, wanted);
	return n;
}

/* Each takes half of what the others leave, and one message more at the most. */
static void test_shares(void **state)
{
	static const uint32_t uids[] = {BOB, CAROL, DAVE};
	struct shares s;
	uint64_t left = QUEUE - 1;
	enum limit limit;

	(void)state;
	shares_begin(&s);
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++) {
		uint64_t got = 100 * fill(&s, uids[i], 100, 0, LIMIT_MAX_OUTGOING_BYTES);

		assert_in_range(got, left / 2 + 1, left / 2 + 100);
		left -= got;
	}
	/* who is over its share stays refused */
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++)
		assert_int_equal(give(&s, uids[i], 16, 0, &limit), FAULT_LIMITS);
	assert_int_equal(give(&s, DAVE + 1, 16, 0, &limit), 0);
	/* its own user and privileged ones may have all that is left */
	left -= 16;
	assert_in_range(
		100 * fill(&s, ALICE, 100, 0, LIMIT_MAX_OUTGOING_BYTES), left + 1, left + 100);
	assert_int_equal(give(&s, ROOT, 16, 0, &limit), FAULT_LIMITS);
	shares_end(&s);
}

static void test_whole(void **state)
{
	static const uint32_t uids[] = {ALICE, ROOT, BUS_USER};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++) {
		struct shares s;
		uint64_t got;

		shares_begin(&s);
		got = 100 * fill(&s, uids[i], 100, 0, LIMIT_MAX_OUTGOING_BYTES);
		assert_in_range(got, QUEUE - 100, QUEUE + 100);
		shares_end(&s);
	}
}

static void test_shares_of_fds(void **state)
{
	enum limit limit;
	struct shares s;

	(void)state;
	shares_begin(&s);
	assert_in_range(fill(&s, BOB, 16, 1, LIMIT_MAX_OUTGOING_UNIX_FDS), 6, 7);
	/* descriptors are short, bytes are not */
	assert_int_equal(give(&s, BOB, 16, 0, &limit), 0);
	assert_in_range(fill(&s, CAROL, 16, 1, LIMIT_MAX_OUTGOING_UNIX_FDS), 3, 4);
	assert_int_equal(give(&s, BOB, 16, 1, &limit), FAULT_LIMITS);
	shares_end(&s);
}

/* Whatever Bob does, with messages up to a quarter of the queue: Carol, who has nothing in it, is
 * never refused. */
static void test_room_for_a_second(void **state)
{
	enum limit limit;
	int refused = 0;
	struct shares s;

	(void)state;
	for (int i = 0; i < 300; i++) {
		size_t size = 1 + draw(sizeof(s.bytes) - 1);

		shares_begin(&s);
		for (uint32_t n = draw(300); n > 0; n--)
			refused += give(&s, BOB, draw(2) ? size : 1 + draw(500), draw(4) == 0,
					   &limit) != 0;
		assert_int_equal(give(&s, CAROL, 1 + draw(500), 1, &limit), 0);
		shares_end(&s);
	}
	assert_true(refused > 300);
}

static int stop(struct timer *timer)
{
	loop_stop(timer->loop);
	return 0;
}

/* Only a receiver that somebody was refused for, and that took nothing since, is disconnected. */
static void test_stalled(void **state)
{
	enum limit limit;
	struct shares s;

	(void)state;
	for (int reads = 0; reads < 3; reads++) {
		struct timer timer = {0};

		shares_begin(&s);
		if (reads < 2)
			(void)fill(&s, BOB, 500, 0, LIMIT_MAX_OUTGOING_BYTES);
		else
			assert_int_equal(give(&s, BOB, 500, 0, &limit), 0);
		if (reads == 1) {
			uint8_t bytes[8192];

			while (read(s.fd, bytes, sizeof(bytes)) > 0)
				;
			outgoing_flush(s.to);
		}
		timer_arm(&timer, &s.bus.loop, 60000, stop);
		assert_int_equal(loop_run(&s.bus.loop), 0);
		assert_int_equal(s.to->state == PEER_DYING, reads == 0);
		shares_end(&s);
	}
}

/* Over the user's own ceiling a message is not kept; the receiver does not suffer for it. */
static void test_ceiling(void **state)
{
	struct user *bob;
	enum limit limit;
	struct shares s;
	struct parcel parcel;

	(void)state;
	shares_begin(&s);
	/* for one packet, not for two */
	s.bus.users.max_bytes = 2 * (sizeof(struct packet) + 200) - 1;
	bob = user_get(&s.bus.users, BOB);
	parcel = (struct parcel){.header = s.bytes, .header_size = 200, .payer = bob};
	assert_int_equal(outgoing_send(s.to, &parcel), 0);
	assert_int_equal(outgoing_send(s.to, &parcel), FAULT_LIMITS);
	assert_true(bob->bytes == sizeof(struct packet) + 200);
	assert_false(s.to->out.cut);
	assert_int_equal(give(&s, CAROL, 200, 0, &limit), 0);
	/* of one that has gone out in part the rest is kept at any price */
	assert_int_equal(outgoing_queue(s.to, &parcel, 1), 0);
	assert_true(bob->bytes == sizeof(struct packet) + 200);
	assert_false(s.to->out.cut);
	user_unref(bob);
	shares_end(&s);
}

/* Who could not be charged for one more that has to wait is not made to wait for the end of the round:
 * what cannot be kept then can still be refused. */
static void test_promises(void **state)
{
	uint8_t bytes[200] = {0}, got[sizeof(bytes) + 1];
	struct peer *peers[2];
	struct user *bob;
	struct bus bus;
	int fds[2];
	struct parcel parcel;

	(void)state;
	peers_begin(&bus, NULL, 0);
	for (int i = 0; i < 2; i++)
		peers[i] = peers_add(&bus, ALICE, &fds[i]);
	bob = user_get(&bus.users, BOB);
	bus.users.max_bytes = 2 * packet_room(sizeof(bytes)) - 1;
	parcel = (struct parcel){.header = bytes, .header_size = sizeof(bytes), .payer = bob};
	for (int i = 0; i < 2; i++)
		assert_int_equal(outgoing_send(peers[i], &parcel), 0);
	assert_true(bob->promised == packet_room(sizeof(bytes)));
	assert_int_equal(recv(fds[0], got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(recv(fds[1], got, sizeof(got), MSG_DONTWAIT), sizeof(bytes));
	/* nor can what was promised be had for something else */
	assert_int_equal(
		charge_take(&(struct charge){0}, bob, packet_room(sizeof(bytes)), 0), FAULT_LIMITS);
	batch_flush(&bus);
	assert_int_equal(recv(fds[0], got, sizeof(got), MSG_DONTWAIT), sizeof(bytes));
	assert_true(bob->promised == 0 && bob->bytes == 0);
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	user_unref(bob);
	bus_fini(&bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_full_box),
		cmocka_unit_test(test_many_boxes),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_bad_descriptor),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_shares_of_fds),
		cmocka_unit_test(test_room_for_a_second),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
