/*
 * messages.c - the same bytes to message_parse and to libdbus: both accept or both refuse, and
 * what they read is the same. Inputs are the fuzzer's seeds and mutations of them from a fixed
 * sequence. Where the two differ on purpose there is a row in `differences`.
 */
#include <assert.h>
#include <dbus/dbus.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/message.h"
#include "broker/syntax.h"

#define INPUT_MAX 4096
#define SEEDS_MAX 512

struct input {
	uint8_t bytes[INPUT_MAX];
	size_t size;
};

struct random {
	uint64_t state;
};

static uint32_t random_next(struct random *r, uint32_t below)
{
	r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(((r->state >> 33) * below) >> 31);
}

/* ---- differences ---- */

struct outcome {
	const struct input *input;
	bool ours, theirs;
	const char *our_why, *their_why;
	const struct message *message; /* if ours */
};

/* The stream checks against what came along (FAULT_FDS_MISMATCH); libdbus does while parsing. */
static bool announces_fds(const struct outcome *o)
{
	return o->ours && o->message->fds != 0;
}

/*
 * A unique name with one element, or with an empty first one (":1", ":.a"): the specification
 * wants two elements of at least one character, libdbus takes anything behind the colon.
 */
static bool has_short_unique_name(const struct outcome *o)
{
	return o->theirs && (strcmp(o->our_why, "the sender is not valid") == 0 ||
				    strcmp(o->our_why, "the destination is not valid") == 0);
}

/*
 * An empty array, or one of elements of fixed size, inside 64 containers: libdbus counts an array
 * only when it walks its elements.
 */
static bool ends_in_deep_array(const struct outcome *o)
{
	return o->theirs && strcmp(o->our_why, "values are nested too deeply") == 0;
}

/*
 * More than 32 arrays inside one another with structs or dict entries between them: libdbus counts
 * only arrays that follow one another directly.
 */
static bool has_deep_signature(const struct outcome *o)
{
	unsigned int arrays = 0;

	for (size_t i = 0; i < o->input->size; i++)
		arrays += o->input->bytes[i] == 'a';
	return arrays >= 33 && o->theirs && strcmp(o->our_why, "a signature is not valid") == 0;
}

/*
 * Field 10 is no field of the specification, so it may have any type; libdbus has reserved it for
 * an object path. It is not relayed.
 */
static bool has_field_10(const struct outcome *o)
{
	return o->ours && !o->message->plain && strstr(o->their_why, "Header field");
}

static struct {
	const char *what;
	bool (*applies)(const struct outcome *o);
	unsigned int seen;
} differences[] = {
	{"file descriptors are announced", announces_fds, 0},
	{"a unique name has fewer than two elements", has_short_unique_name, 0},
	{"an array is the 65th container", ends_in_deep_array, 0},
	{"a signature has 33 arrays, but not in a row", has_deep_signature, 0},
	{"field 10 is no object path", has_field_10, 0},
};

static bool is_known(const struct outcome *o)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		if (differences[i].applies(o)) {
			differences[i].seen++;
			return true;
		}
	}
	return false;
}

/* ---- comparing ---- */

static bool same_text(struct slice ours, const char *theirs)
{
	return theirs ? ours.text && slice_is(ours, theirs) : !ours.text;
}

static bool same_args(const struct message *m, DBusMessage *theirs)
{
	struct message_args args;
	DBusMessageIter iter;
	unsigned int i = 0;

	message_args(m, MESSAGE_ARGS_MAX, &args);
	if (!dbus_message_iter_init(theirs, &iter))
		return args.count == 0;
	for (;; dbus_message_iter_next(&iter), i++) {
		int type = dbus_message_iter_get_arg_type(&iter);
		const char *text;

		if (type == DBUS_TYPE_INVALID || i == MESSAGE_ARGS_MAX)
			return i == args.count;
		if (i >= args.count || type != (args.type[i] == '(' ? 'r' : args.type[i]))
			return false;
		if (type != 's' && type != 'o')
			continue;
		dbus_message_iter_get_basic(&iter, &text);
		if (!same_text(args.text[i], text))
			return false;
	}
}

static bool same_content(const struct message *m, DBusMessage *theirs)
{
	const char *signature = dbus_message_get_signature(theirs);

	return m->type == dbus_message_get_type(theirs) &&
	       m->serial == dbus_message_get_serial(theirs) &&
	       m->reply_serial == dbus_message_get_reply_serial(theirs) &&
	       same_text(m->path, dbus_message_get_path(theirs)) &&
	       same_text(m->interface, dbus_message_get_interface(theirs)) &&
	       same_text(m->member, dbus_message_get_member(theirs)) &&
	       same_text(m->error, dbus_message_get_error_name(theirs)) &&
	       same_text(m->destination, dbus_message_get_destination(theirs)) &&
	       same_text(m->sender, dbus_message_get_sender(theirs)) &&
	       slice_is(m->signature.text ? m->signature : SLICE(""), signature) &&
	       !(m->flags & MESSAGE_NO_REPLY_EXPECTED) == !dbus_message_get_no_reply(theirs) &&
	       same_args(m, theirs);
}

/* True if both say the same, or differ as is known. */
static bool compare(const struct input *in, unsigned int *ret_accepted)
{
	DBusError error = DBUS_ERROR_INIT;
	struct outcome o = {.input = in, .our_why = "it cannot be measured", .their_why = ""};
	struct message m;
	DBusMessage *theirs;
	size_t size = in->size, need;
	bool same;

	if (message_measure(in->bytes, in->size, MESSAGE_SIZE_MAX, &need) == 0 && need &&
		need <= in->size) {
		size = need; /* libdbus would go on with a second message */
		o.our_why = "accepted";
		o.ours = message_parse(&m, in->bytes, need, &o.our_why) == 0;
	}
	theirs = dbus_message_demarshal((const char *)in->bytes, (int)size, &error);
	o.theirs = theirs != NULL;
	o.message = &m;
	o.their_why = error.message ? error.message : "";
	if (o.ours != o.theirs)
		same = is_known(&o);
	else
		same = !o.ours || same_content(&m, theirs);
	*ret_accepted += o.ours && o.theirs;
	if (!same)
		fprintf(stderr, "ours %d (%s) theirs %d (%s)\n", o.ours, o.our_why, o.theirs,
			o.their_why);
	if (theirs)
		dbus_message_unref(theirs);
	dbus_error_free(&error);
	return same;
}

/* ---- mutating ---- */

static void put_u32(struct input *in, size_t at, uint32_t v)
{
	if (in->bytes[0] == 'B')
		v = __builtin_bswap32(v);
	memcpy(in->bytes + at, &v, sizeof(v));
}

static uint32_t get_u32(const struct input *in, size_t at)
{
	uint32_t v;

	memcpy(&v, in->bytes + at, sizeof(v));
	return in->bytes[0] == 'B' ? __builtin_bswap32(v) : v;
}

static void flip_bit(struct input *in, struct random *r)
{
	in->bytes[random_next(r, (uint32_t)in->size)] ^= (uint8_t)(1u << random_next(r, 8));
}

static void set_byte(struct input *in, struct random *r)
{
	static const char wanted[] = "\0\1\2\3\10\12sogvaubydxth(){}./:-_A0\x7f\x80\xc0\xff";

	in->bytes[random_next(r, (uint32_t)in->size)] =
		(uint8_t)wanted[random_next(r, sizeof(wanted) - 1)];
}

/* A printable byte, a digit for instance, becomes another: types and names change. */
static void swap_letter(struct input *in, struct random *r)
{
	for (int tries = 0; tries < 32; tries++) {
		uint8_t *at = &in->bytes[random_next(r, (uint32_t)in->size)];

		if (*at < 0x20 || *at > 0x7e)
			continue;
		*at = (uint8_t) "sogvaubydxthinq(){}./:-_A0"[random_next(r, 26)];
		return;
	}
}

static void add_to_u32(struct input *in, struct random *r)
{
	size_t at = random_next(r, (uint32_t)(in->size / 4)) * 4;

	put_u32(in, at, get_u32(in, at) + random_next(r, 17) - 8);
}

static void set_u32(struct input *in, struct random *r)
{
	static const uint32_t wanted[] = {0, 1, 2, 4, 8, 64, 0x03ffffff, 0x04000000, 0x04000001,
		0x08000000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};

	put_u32(in, random_next(r, (uint32_t)(in->size / 4)) * 4,
		wanted[random_next(r, sizeof(wanted) / sizeof(wanted[0]))]);
}

/* The body grows or shrinks by up to 8 bytes and says so. */
static void resize_body(struct input *in, struct random *r)
{
	uint32_t change = random_next(r, 9), body = get_u32(in, 4);

	if (random_next(r, 2) && in->size + change <= INPUT_MAX) {
		memset(in->bytes + in->size, 0, change);
		in->size += change;
		put_u32(in, 4, body + change);
	} else if (body >= change && in->size > MESSAGE_HEADER_MIN + change) {
		in->size -= change;
		put_u32(in, 4, body - change);
	}
}

static void copy_run(struct input *in, struct random *r)
{
	size_t from = random_next(r, (uint32_t)in->size), to = random_next(r, (uint32_t)in->size);
	size_t size = 1 + random_next(r, 16), most = in->size - (from > to ? from : to);

	memmove(in->bytes + to, in->bytes + from, size < most ? size : most);
}

static void truncate_input(struct input *in, struct random *r)
{
	in->size = 16 + random_next(r, (uint32_t)(in->size - 15));
}

static void mutate(struct input *in, struct random *r)
{
	static void (*const ways[])(struct input * in, struct random * r) = {flip_bit, set_byte,
		swap_letter, swap_letter, add_to_u32, add_to_u32, set_u32, resize_body, copy_run,
		truncate_input};
	uint32_t times = 1 + random_next(r, 3);

	while (times--)
		ways[random_next(r, sizeof(ways) / sizeof(ways[0]))](in, r);
}

/* ---- running ---- */

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In the order of their names, so that a run is the same everywhere. */
static unsigned int read_seeds(const char *folder, struct input *seeds)
{
	struct dirent **names;
	int n = scandir(folder, &names, is_file, alphasort);

	assert(n > 0 && n <= SEEDS_MAX);
	for (int i = 0; i < n; i++) {
		char path[4096];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		file = fopen(path, "rb");
		assert(file);
		seeds[i].size = fread(seeds[i].bytes, 1, sizeof(seeds[i].bytes), file);
		assert(seeds[i].size >= MESSAGE_HEADER_MIN);
		fclose(file);
		free(names[i]);
	}
	free(names);
	return (unsigned int)n;
}

static void print_input(const struct input *in, const char *name)
{
	fprintf(stderr, "%s:", name);
	for (size_t i = 0; i < in->size; i++)
		fprintf(stderr, " %02x", in->bytes[i]);
	fprintf(stderr, "\n");
}

int main(int argc, char **argv)
{
	static struct input seeds[SEEDS_MAX];
	struct random r = {.state = 1};
	unsigned int n, count, accepted = 0, wrong = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: messages FOLDER-OF-SEEDS COUNT\n");
		return EXIT_FAILURE;
	}
	n = read_seeds(argv[1], seeds);
	count = (unsigned int)strtoul(argv[2], NULL, 10);
	for (unsigned int i = 0; i < n + count; i++) {
		struct input in = seeds[i % n];

		if (i >= n)
			mutate(&in, &r);
		if (!compare(&in, &accepted) && wrong++ < 20)
			print_input(&in, i < n ? "seed" : "mutation");
	}
	printf("%u inputs, %u accepted by both, %u unexplained differences\n", n + count, accepted,
		wrong);
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		printf("%8u: %s\n", differences[i].seen, differences[i].what);
		wrong += differences[i].seen == 0; /* a row that explains nothing is wrong */
	}
	return wrong || accepted < n / 2 ? EXIT_FAILURE : EXIT_SUCCESS;
}
