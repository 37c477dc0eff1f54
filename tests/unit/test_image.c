/*
 * test_image.c - what the builder writes the validator takes, and hardly anything else: every bit
 * of a small image flipped, and every byte changed with the checksum made right again, after
 * which an image that is taken must be usable without a read outside of it (under ASan).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/drop.h"
#include "tests/unit/image_use.h"
#include "tests/unit/rulebook.h"

/* Restrictions and limits of some; not in the order in which they come into the image. */
static void build_identities(struct builder *b)
{
	struct restriction r = {.name = builder_text(b, SLICE("com.B")),
		.name_kind = NAME_EXACT,
		.asks = ASKS_UNIT,
		.unit = builder_text(b, SLICE("a.service"))};
	struct override o = {.pattern = builder_text(b, SLICE("com.A")),
		.limit = LIMIT_MAX_MESSAGE_SIZE,
		.whose = WHOSE_OWNER,
		.value = 7};

	builder_restriction(b, &r);
	r = (struct restriction){.name = builder_text(b, SLICE("com.A")),
		.name_kind = NAME_PREFIX,
		.asks = ASKS_USER,
		.user = 7};
	builder_restriction(b, &r);
	builder_override(b, &o);
	o = (struct override){.limit = LIMIT_MAX_MESSAGE_SIZE, .whose = WHOSE_USER, .uid = 3};
	builder_override(b, &o);
	o.limit = LIMIT_MAX_OUTGOING_BYTES;
	builder_override(b, &o);
}

static void build(struct rulebook *book)
{
	struct builder *b = builder_new();
	const struct slice argv[] = {SLICE("/bin/b"), SLICE("")};
	struct service s = {.name = builder_text(b, SLICE("com.B")), .argc = 2};
	struct image_header *h = builder_header(b);

	rulebook_add(b, "user 7\n<allow own='com.A'/>\ndefault\n<allow send_destination='com.B'/>\n"
			"<deny receive_type='error'/>\n<allow user='*'/>\n<deny own='*'/>\n"
			"group 3\n<allow own_prefix='com.C'/>\nuser 6\n<deny own='com.A'/>\n"
			"unit a.service\n<check polkit='a.b' send_destination='com.D'/>\n"
			"<audit send_arg0='x' on='deny'/>\nlabel a_t\n<deny see='com.A'/>\n");
	build_identities(b);
	builder_service(b, &s, argv);
	s = (struct service){.name = builder_text(b, SLICE("com.A"))};
	builder_service(b, &s, NULL);
	s = (struct service){
		.name = builder_text(b, SLICE("com.B")), .file = builder_text(b, SLICE("later"))};
	builder_service(b, &s, NULL);
	s = (struct service){.name = builder_text(b, SLICE("com"))};
	builder_service(b, &s, NULL);
	builder_association(b, builder_text(b, SLICE("com.A")), builder_text(b, SLICE("a:b:c")));
	builder_listen(b, builder_text(b, SLICE("unix:path=/run/x")));
	builder_watch(b, builder_text(b, SLICE("/etc/x")));
	builder_complaint(b, 4, SLICE("x.conf"), 9, SLICE("odd"));
	h->type = builder_text(b, SLICE("system"));
	h->limits[LIMIT_MAX_MESSAGE_SIZE] = 4711;
	rulebook_finish(book, b);
}

static void test_contents(void **state)
{
	struct rulebook book;
	const struct image *image = &book.image;
	const struct service *s;
	const struct section *section;

	(void)state;
	build(&book);
	assert_string_equal(image_string(image, image->header->type), "system");
	assert_string_equal(image_string(image, image->header->pidfile), "");
	assert_null(image_slice(image, image->header->pidfile).text);
	assert_int_equal(image_limit(image, LIMIT_MAX_MESSAGE_SIZE), 4711);
	assert_int_equal(image_limit(image, LIMIT_REPLY_TIMEOUT), -1);
	assert_int_equal(image->header->services.count, 3);
	s = image_service(image, SLICE("com.B"));
	assert_non_null(s);
	assert_int_equal(s->argc, 2);
	assert_string_equal(image_string(image, s->file), "");
	assert_string_equal(image_string(image, image->texts[s->argv]), "/bin/b");
	assert_int_not_equal(image->texts[s->argv + 1].at, 0);
	assert_non_null(image_service(image, SLICE("com")));
	assert_non_null(image_service(image, SLICE("com.A")));
	assert_null(image_service(image, SLICE("com.")));
	assert_null(image_service(image, SLICE("com.C")));
	assert_int_equal(image->header->sections.count, 6);
	section = image_section(image, SECTION_USER, 7);
	assert_non_null(section);
	assert_int_equal(section->rules[RULE_OWN].count, 1);
	assert_int_equal(image->rules[section->rules[RULE_OWN].first].line, 2);
	assert_null(image_section(image, SECTION_USER, 8));
	assert_null(image_section(image, SECTION_GROUP, 7));
	assert_null(image_section(image, SECTION_MANDATORY, 0));
	assert_string_equal(image_string(image, image->listens[0]), "unix:path=/run/x");
	assert_string_equal(image_string(image, image->associations[0].context), "a:b:c");
	assert_int_equal(image->complaints[0].line, 9);
	rulebook_close(&book);
}

static void test_empty(void **state)
{
	struct rulebook book;

	(void)state;
	rulebook_open(&book, "");
	assert_null(image_section(&book.image, SECTION_DEFAULT, 0));
	assert_null(image_service(&book.image, SLICE("com.A")));
	image_use(&book.image);
	rulebook_close(&book);
}

/* A copy of the exact size, so that ASan sees a read behind it. */
static int open_copy(const void *data, size_t size, bool seal)
{
	struct image_header *copy = malloc(size ? size : 1);
	const size_t checked = offsetof(struct image_header, size);
	struct image image;
	int r;

	assert_non_null(copy);
	memcpy(copy, data, size);
	if (seal)
		copy->checksum = XXH3_64bits((uint8_t *)copy + checked, size - checked);
	r = image_open(&image, copy, size, NULL);
	if (r == 0)
		image_use(&image);
	free(copy);
	return r;
}

static void test_every_bit(void **state)
{
	struct rulebook book;
	uint8_t *bytes;

	(void)state;
	build(&book);
	bytes = book.data;
	assert_int_equal(open_copy(bytes, book.size, false), 0);
	for (size_t i = 0; i < book.size * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(open_copy(bytes, book.size, false), -EBADMSG);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t size = 0; size < book.size; size++)
		assert_int_equal(open_copy(bytes, size, false), -EBADMSG);
	rulebook_close(&book);
}

static void test_every_byte_sealed(void **state)
{
	static const uint8_t changes[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x40, 0x80, 0xff};
	struct rulebook book;
	uint8_t *bytes;
	size_t taken = 0, refused = 0;

	(void)state;
	build(&book);
	bytes = book.data;
	for (size_t i = 0; i < book.size; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(changes); j++) {
			bytes[i] ^= changes[j];
			if (open_copy(bytes, book.size, true) == 0)
				taken++;
			else
				refused++;
			bytes[i] ^= changes[j];
		}
	}
	/* letters in strings may change; offsets, sizes, counts and kinds may not */
	assert_true(taken > 1000);
	assert_true(refused > 1000);
	rulebook_close(&book);
}

#define HEADER(image) ((struct image_header *)(image)->header)
#define RULE0(image) ((struct rule *)(image)->rules)
#define SECTION0(image) ((struct section *)(image)->sections)
#define SERVICE0(image) ((struct service *)(image)->services)
#define ORDER0(image) ((uint32_t *)(image)->order)
#define RESTRICTION0(image) ((struct restriction *)(image)->restrictions)
#define OVERRIDE0(image) ((struct override *)(image)->overrides)
/* the first two in each other's place */
#define SWAP(type, first)                                                                          \
	do {                                                                                       \
		type *swapped = (first), held = swapped[0];                                        \
                                                                                                   \
		swapped[0] = swapped[1];                                                           \
		swapped[1] = held;                                                                 \
	} while (0)

/* The first rule of that effect. */
static struct rule *a_rule(const struct image *image, enum rule_effect effect)
{
	struct rule *r = (struct rule *)image->rules;

	while (r->effect != effect)
		r++;
	return r;
}

/* The first bucket that is in use (or is not). */
static struct bucket *a_bucket(const struct image *image, bool used)
{
	struct bucket *b = (struct bucket *)image->buckets;

	while ((b->count != 0) != used)
		b++;
	return b;
}

static void test_damage(void **state)
{
/* name of the change, what it does to `i` (an open image in writable memory), what is said */
#define ROWS(X)                                                                                    \
	X(HEADER(i)->magic[7]++, "it is no policy image, or one of another version")               \
	X(HEADER(i)->size--, "its size is wrong")                                                  \
	X(HEADER(i)->flags = 16, "a header field is out of range")                                 \
	X(HEADER(i)->auth = 4, "a header field is out of range")                                   \
	X(HEADER(i)->apparmor = 3, "a header field is out of range")                               \
	X(HEADER(i)->user_known = 2, "a header field is out of range")                             \
	X((HEADER(i)->user_known = 1, HEADER(i)->uid = ID_NONE), "the bus user is not a user")     \
	X((HEADER(i)->user_known = 1, HEADER(i)->gid = ID_NONE), "the bus user is not a user")     \
	X(HEADER(i)->type.at = 8, "a header text is damaged")                                      \
	X(HEADER(i)->type.at = HEADER(i)->size, "a header text is damaged")                        \
	X(HEADER(i)->type.at = UINT32_MAX, "a header text is damaged")                             \
	X(HEADER(i)->type.size = UINT32_MAX, "a header text is damaged")                           \
	X(HEADER(i)->type.size--, "a header text is damaged")                                      \
	X(HEADER(i)->type.size++, "a header text is damaged")                                      \
	X(HEADER(i)->pidfile.size = 1, "a header text is damaged")                                 \
	X(HEADER(i)->limits[0] = -1, "a limit is out of range")                                    \
	X(HEADER(i)->limits[LIMIT_AUTH_TIMEOUT] = 1l << 31, "a limit is out of range")             \
	X(HEADER(i)->rules.at += 4, "a table is not where it must be")                             \
	X(HEADER(i)->rules.at = 0, "a table is not where it must be")                              \
	X(HEADER(i)->rules.at = UINT32_MAX - 7, "a table is not where it must be")                 \
	X(HEADER(i)->rules.count = UINT32_MAX, "a table is not where it must be")                  \
	X(HEADER(i)->complaints.count = 1u << 30, "a table is not where it must be")               \
	X(HEADER(i)->sections.count--, "a rule stands in no section")                              \
	X(HEADER(i)->patterns.count--, "a section is damaged or out of order")                     \
	X(HEADER(i)->patterns.at = 0, "a table is not where it must be")                           \
	X(HEADER(i)->restrictions.count = UINT32_MAX, "a table is not where it must be")           \
	X(HEADER(i)->overrides.count = UINT32_MAX, "a table is not where it must be")              \
	X(SECTION0(i)[4].id = 2, "a section is damaged or out of order")                           \
	X((SECTION0(i)[5].context = SECTION_UNIT, SECTION0(i)[5].id = 0),                          \
		"a section is damaged or out of order")                                            \
	X((*(struct image_text *)i->patterns = (struct image_text){0}), "a text is damaged")       \
	X(((struct image_text *)i->patterns)->size++, "a text is damaged")                         \
	X(a_rule(i, EFFECT_CHECK)->action = ((struct image_text){0}), "a rule is damaged")         \
	X(a_rule(i, EFFECT_CHECK)->action.size++, "a rule is damaged")                             \
	X(a_rule(i, EFFECT_CHECK)->effect = EFFECT_DENY, "a rule is damaged")                      \
	X(a_rule(i, EFFECT_CHECK)->effect = EFFECT_AUDIT, "a rule is damaged")                     \
	X(a_rule(i, EFFECT_CHECK)->on = ON_DENY, "a rule is damaged")                              \
	X(a_rule(i, EFFECT_AUDIT)->on = 0, "a rule is damaged")                                    \
	X(a_rule(i, EFFECT_AUDIT)->on = 4, "a rule is damaged")                                    \
	X(a_rule(i, EFFECT_AUDIT)->keep = 1, "a rule is damaged")                                  \
	X(a_rule(i, EFFECT_AUDIT)->effect = EFFECT_DENY, "a rule is damaged")                      \
	X(a_rule(i, EFFECT_AUDIT)->arg0_kind = ARG0_ANY, "a rule is damaged")                      \
	X(a_rule(i, EFFECT_AUDIT)->arg0_kind = ARG0_PREFIX + 1, "a rule is damaged")               \
	X(a_rule(i, EFFECT_AUDIT)->arg0.at++, "a rule is damaged")                                 \
	X(a_rule(i, EFFECT_AUDIT)->permissive = 2, "a rule is damaged")                            \
	X(RESTRICTION0(i)->name = ((struct image_text){0}), "a restriction is damaged")            \
	X(RESTRICTION0(i)->name.size++, "a restriction is damaged")                                \
	X(RESTRICTION0(i)->name_kind = NAME_ANY, "a restriction is damaged")                       \
	X(RESTRICTION0(i)->name_kind = 3, "a restriction is damaged")                              \
	X(RESTRICTION0(i)->asks = 0, "a restriction is damaged")                                   \
	X(RESTRICTION0(i)->asks = ASKS_NOBODY * 2, "a restriction is damaged")                     \
	X(RESTRICTION0(i)->asks |= ASKS_UNIT, "a restriction is damaged")                          \
	X(RESTRICTION0(i)->asks |= ASKS_LABEL, "a restriction is damaged")                         \
	X(RESTRICTION0(i)[1].asks = ASKS_USER, "a restriction is damaged")                         \
	X(RESTRICTION0(i)->label = RESTRICTION0(i)->name, "a restriction is damaged")              \
	X(RESTRICTION0(i)->unit.at = 1, "a restriction is damaged")                                \
	X(RESTRICTION0(i)->file.at = UINT32_MAX, "a restriction is damaged")                       \
	X(RESTRICTION0(i)->text.size = 1, "a restriction is damaged")                              \
	X(RESTRICTION0(i)->revoke = 2, "a restriction is damaged")                                 \
	X(RESTRICTION0(i)->permissive = 2, "a restriction is damaged")                             \
	X(SWAP(struct restriction, RESTRICTION0(i)), "restrictions are out of order")              \
	X(OVERRIDE0(i)->limit = LIMITS, "a limit of some connections is damaged")                  \
	X(OVERRIDE0(i)->whose = WHOSE, "a limit of some connections is damaged")                   \
	X(OVERRIDE0(i)->whose = WHOSE_UNIT, "a limit of some connections is damaged")              \
	X(OVERRIDE0(i)->pattern = OVERRIDE0(i)[2].pattern,                                         \
		"a limit of some connections is damaged")                                          \
	X(OVERRIDE0(i)[2].pattern.size++, "a limit of some connections is damaged")                \
	X(OVERRIDE0(i)[2].pattern = ((struct image_text){0}),                                      \
		"a limit of some connections is damaged")                                          \
	X(OVERRIDE0(i)->file.at = 8, "a limit of some connections is damaged")                     \
	X(OVERRIDE0(i)->value = -1, "a limit of some connections is damaged")                      \
	X((OVERRIDE0(i)->limit = LIMIT_AUTH_TIMEOUT, OVERRIDE0(i)->value = 1l << 31),              \
		"a limit of some connections is damaged")                                          \
	X(OVERRIDE0(i)->pad[4] = 1, "a limit of some connections is damaged")                      \
	X(SWAP(struct override, OVERRIDE0(i)), "limits of some connections are out of order")      \
	X(SWAP(struct override, OVERRIDE0(i) + 1), "limits of some connections are out of order")  \
	X(RULE0(i)->verb = RULE_VERBS, "a rule is damaged")                                        \
	X(RULE0(i)->verb = RULE_OWN, "a rule stands in the wrong place")                           \
	X(RULE0(i)->effect = EFFECT_CHECK, "a rule is damaged")                                    \
	X(RULE0(i)->effect = EFFECT_AUDIT + 1, "a rule is damaged")                                \
	X(RULE0(i)->keep = 1, "a rule is damaged")                                                 \
	X(RULE0(i)->on = ON_ALLOW, "a rule is damaged")                                            \
	X(RULE0(i)->arg0_kind = ARG0_EXACT, "a rule is damaged")                                   \
	X(RULE0(i)->permissive = 2, "a rule is damaged")                                           \
	X(RULE0(i)->name_kind = NAME_EXACT, "a rule is damaged")                                   \
	X(RULE0(i)->name_kind = 3, "a rule is damaged")                                            \
	X(RULE0(i)->who = 3, "a rule is damaged")                                                  \
	X(RULE0(i)[1].who = WHO_USER, "a rule is damaged")                                         \
	X(RULE0(i)[2].name_kind = NAME_ANY, "a rule is damaged")                                   \
	X(RULE0(i)->type = 5, "a rule is damaged")                                                 \
	X(RULE0(i)->eavesdrop = 3, "a rule is damaged")                                            \
	X(RULE0(i)->requested_reply = 3, "a rule is damaged")                                      \
	X(RULE0(i)->broadcast = 3, "a rule is damaged")                                            \
	X(RULE0(i)->log = 2, "a rule is damaged")                                                  \
	X(RULE0(i)->text.at++, "a rule is damaged")                                                \
	X(SECTION0(i)->context = SECTION_MANDATORY + 1, "a section is damaged or out of order")    \
	X(SECTION0(i)->id = 1, "a section is damaged or out of order")                             \
	X(SECTION0(i)->context = SECTION_MANDATORY, "a section is damaged or out of order")        \
	X(SECTION0(i)[3].id = 6, "a section is damaged or out of order")                           \
	X(SECTION0(i)[1].rules[0].first++, "the rules of a section are not where they must be")    \
	X(SECTION0(i)[1].rules[0].count = UINT32_MAX,                                              \
		"the rules of a section are not where they must be")                               \
	X(SERVICE0(i)->name.at = 0, "a service is damaged")                                        \
	X((SERVICE0(i)->name.at = 0, SERVICE0(i)->name.size = 0), "a service is damaged")          \
	X(SERVICE0(i)->argv = 3, "the arguments of a service are not where they must be")          \
	X(SERVICE0(i)[2].argc = 3, "the arguments of a service are not where they must be")        \
	X(SERVICE0(i)[2].argv = UINT32_MAX,                                                        \
		"the arguments of a service are not where they must be")                           \
	X(SERVICE0(i)[1].name = SERVICE0(i)[2].name, "services are out of order")                  \
	X(SERVICE0(i)[0].name = SERVICE0(i)[2].name, "services are out of order")                  \
	X(((struct image_text *)i->listens)->at = 0, "a text is damaged")                          \
	X((*(struct image_text *)i->watches = (struct image_text){0}), "a text is damaged")        \
	X((*(struct image_text *)i->texts = (struct image_text){0}), "a text is damaged")          \
	X(((struct association *)i->associations)->own.size++, "an association is damaged")        \
	X(((struct complaint *)i->complaints)->level = 8, "a complaint is damaged")                \
	X(HEADER(i)->buckets.count--, "the index is damaged")                                      \
	X(HEADER(i)->buckets.count = 0, "the index is damaged")                                    \
	X(HEADER(i)->order.count--, "the index is damaged")                                        \
	X(ORDER0(i)[0] = HEADER(i)->rules.count, "the index is damaged")                           \
	X(a_bucket(i, false)->key = 1, "the index is damaged")                                     \
	X(a_bucket(i, false)->shapes = 1, "the index is damaged")                                  \
	X(a_bucket(i, true)->pad = 1, "the index is damaged")                                      \
	X(a_bucket(i, true)->first = UINT32_MAX, "the index is damaged")                           \
	X(a_bucket(i, true)->first++, "a rule is not in the index")                                \
	X(a_bucket(i, true)->count = UINT32_MAX, "the index is damaged")                           \
	X(a_bucket(i, true)->shapes = 1u << 16, "the index is damaged")                            \
	X(a_bucket(i, true)->shapes = 2, "a rule is not in the index")                             \
	X(a_bucket(i, true)->key ^= 1, "a rule is not in the index")                               \
	X(ORDER0(i)[0] ^= 1, "a rule is not in the index")                                         \
	X(SECTION0(i)->rules[0].kinds = 7, "a rule is not in the index")                           \
	X(SECTION0(i)->rules[1].sizes = 1, "a rule is not in the index")                           \
	X(SECTION0(i)->rules[RULE_SEND].sizes <<= 1, "a rule is not in the index")                 \
	X(SECTION0(i)->rules[RULE_VERBS - 1].pad = 1, "a rule is not in the index")
#define ROW(change, said)                                                                          \
	{                                                                                          \
		struct rulebook book;                                                              \
		struct image image, *i = &book.image;                                              \
		const char *why = NULL;                                                            \
		const size_t checked = offsetof(struct image_header, size);                        \
                                                                                                   \
		build(&book);                                                                      \
		change;                                                                            \
		HEADER(i)->checksum =                                                              \
			XXH3_64bits((uint8_t *)book.data + checked, book.size - checked);          \
		if (image_open(&image, book.data, book.size, &why) != -EBADMSG ||                  \
			strcmp(why, said))                                                         \
			fail_msg("%s: %s", #change, why ? why : "taken");                          \
		rulebook_close(&book);                                                             \
	}
	(void)state;
	ROWS(ROW)
}

/* A bucket that is split: none of its parts can be missing, nor be told of wrongly. */
static void test_split(void **state)
{
	const size_t checked = offsetof(struct image_header, size);
	struct builder *b = builder_new();
	struct rulebook book;
	struct bucket *at;
	size_t split = 0, used = 0;

	(void)state;
	rulebook_add(b, "default\n");
	for (unsigned int i = 0; i < 27; i++) {
		char text[128];

		snprintf(text, sizeof(text), "<%s send_interface='com.I%u'%s/>",
			i % 2 ? "deny" : "allow", i % 9,
			i < 9	 ? ""
			: i < 18 ? " send_member='M'"
				 : " send_path='/a' send_error='com.E'");
		rulebook_add(b, text);
	}
	rulebook_finish(&book, b);
	at = (struct bucket *)book.image.buckets;
	for (uint32_t i = 0; i < book.image.header->buckets.count; i++) {
		uint32_t shapes = at[i].shapes;

		used += at[i].count > 0;
		split += shapes != 0;
		at[i].key ^= 1u << 20;
		((struct image_header *)book.data)->checksum =
			XXH3_64bits((uint8_t *)book.data + checked, book.size - checked);
		assert_int_equal(image_open(&book.image, book.data, book.size, NULL), -EBADMSG);
		at[i].key ^= 1u << 20;
		for (uint32_t left = shapes; left; left &= left - 1) {
			at[i].shapes = shapes & ~(left & -left);
			((struct image_header *)book.data)->checksum =
				XXH3_64bits((uint8_t *)book.data + checked, book.size - checked);
			/* without any shape it is a plain list, which is right as well */
			assert_int_equal(image_open(&book.image, book.data, book.size, NULL),
				at[i].shapes ? -EBADMSG : 0);
		}
		at[i].shapes = shapes;
	}
	assert_int_equal(split, 1);
	assert_true(used > 27);
	rulebook_close(&book);
}

static void test_builder_failures(void **state)
{
	struct builder *b = builder_new();
	void *data = NULL;
	size_t size;
	const struct slice huge = {"", IMAGE_SIZE_MAX};

	(void)state;
	assert_int_equal(builder_text(b, (struct slice){NULL, 0}).at, 0);
	assert_int_not_equal(builder_text(b, SLICE("")).at, 0);
	assert_int_equal(builder_text(b, SLICE("a")).at, builder_text(b, SLICE("a")).at);
	assert_int_not_equal(builder_text(b, SLICE("a")).at, builder_text(b, SLICE("b")).at);
	builder_text(b, SLICE("a\0b"));
	assert_int_equal(builder_finish(b, &data, &size), -EINVAL);
	assert_null(data);
	builder_free(b);
	b = builder_new();
	builder_text(b, huge);
	assert_int_equal(builder_finish(b, &data, &size), -E2BIG);
	builder_free(b);
	builder_free(NULL);
}

static void test_not_aligned(void **state)
{
	struct rulebook book;
	struct image image;
	const char *why;
	uint8_t *moved;

	(void)state;
	build(&book);
	moved = malloc(book.size + 4);
	assert_non_null(moved);
	memcpy(moved + 4, book.data, book.size);
	assert_int_equal(image_open(&image, moved + 4, book.size, &why), -EBADMSG);
	free(moved);
	rulebook_close(&book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_every_byte_sealed),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_builder_failures),
		cmocka_unit_test(test_not_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
