/*
 * test_matches.c - the registry finds exactly the rules that fit: random rules and messages from
 * small sets of words, against a walk over all rules; counting, removal, want of memory
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "broker/matches.h"
#include "tests/unit/arguments.h"
#include "tests/unit/draw.h"

#define HOLDERS 8
#define RULES 600
#define ROUNDS 12
#define MESSAGES 100

/* The linker sends every malloc of the tested code here; the one that counts down to 0 fails. */
static unsigned int mallocs_left;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	if (mallocs_left && --mallocs_left == 0)
		return NULL;
	return __real_malloc(size);
}

/* xorshift: the same numbers on every machine */
#define PICK(words) words[draw(ARRAY_SIZE(words))]

static const char *const interfaces[] = {"i.a", "i.b", "i.a.c"};
static const char *const members[] = {"A", "B", "AB"};
static const char *const paths[] = {"/", "/a", "/a/b", "/a/b/c", "/ab", "/1/2/3/4/5/6/7/8",
	"/1/2/3/4/5/6/7/8/9", "/1/2/3/4/5/6/7/8/9/10"};
static const char *const names[] = {"a.b", "a.b.c", "a.bc", ":1.7", "n.x",
	"n._1._2._3._4._5._6._7._8", "n._1._2._3._4._5._6._7._8._9"};
static const char *const values[] = {"", "a", "a.b", "a.b.c", "a.bc", "/a", "/a/", "/a/b", "/",
	"n._1._2._3._4._5._6._7._8._9", "n._1._2._3._4._5._6._7._9"};
static const char *const rule_types[] = {"signal", "method_call"};
static const uint8_t indexes[] = {0, 0, 1, 1, 2, 3, 63};

static void put(char *text, const char *format, ...)
{
	size_t size = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + size, MATCHRULE_TEXT_MAX - size, format, args);
	va_end(args);
}

static void random_text(char *text)
{
	static const char *const kinds[] = {"", "", "path"};
	unsigned int args = draw(4);
	uint64_t seen = 0;

	text[0] = '\0';
	if (draw(3) == 0)
		put(text, "type='%s',", PICK(rule_types));
	if (draw(2))
		put(text, "interface='%s',", PICK(interfaces));
	if (draw(2))
		put(text, "member='%s',", PICK(members));
	if (draw(2))
		put(text, "path%s='%s',", draw(2) ? "" : "_namespace", PICK(paths));
	if (draw(8) == 0)
		put(text, "destination='%s',", draw(2) ? "a.b" : ":1.7");
	for (unsigned int i = 0; i < args; i++) {
		uint8_t index = PICK(indexes);

		if (seen & UINT64_C(1) << index)
			continue;
		seen |= UINT64_C(1) << index;
		if (index == 0 && draw(3) == 0)
			put(text, "arg0namespace='%s',", draw(2) ? "a.b" : names[5 + draw(2)]);
		else
			put(text, "arg%u%s='%s',", index, PICK(kinds), PICK(values));
	}
}

static struct matchrule *parse(const char *text)
{
	struct matchrule *rule = NULL;
	const char *why = NULL;

	if (matchrule_parse(slice_of(text), &rule, &why))
		fail_msg("%s: %s", text, why ? why : "failed");
	return rule;
}

struct sample {
	struct message message;
	struct arguments arguments;
	struct slice recipient[2];
	struct matchable m;
};

static void random_message(struct sample *s)
{
	static const char *const shapes[] = {"", "s", "o", "u", "ss", "su", "us", "sos", "ssss"};
	const char *texts[MESSAGE_ARGS_MAX], *shape = PICK(shapes);
	char long_shape[MESSAGE_ARGS_MAX + 1] = {0};

	s->message = (struct message){.type = draw(4) ? MESSAGE_SIGNAL : MESSAGE_CALL};
	if (draw(8))
		s->message.interface = slice_of(PICK(interfaces));
	if (draw(8))
		s->message.member = slice_of(PICK(members));
	if (draw(8))
		s->message.path = slice_of(PICK(paths));
	if (draw(4) == 0)
		s->message.destination = slice_of(PICK(names));
	if (draw(8) == 0)
		shape = memset(long_shape, 's', MESSAGE_ARGS_MAX);
	for (size_t i = 0; i < MESSAGE_ARGS_MAX; i++)
		texts[i] = PICK(values);
	arguments_put(&s->arguments, &s->message, shape, texts);

	s->m = (struct matchable){.message = &s->message};
	s->recipient[0] = SLICE(":1.7");
	s->recipient[1] = slice_of(names[draw(3)]);
	if (draw(4) == 0) {
		s->m.recipient_names = s->recipient;
		s->m.recipient_names_n = 1 + draw(2);
	}
}

struct found {
	struct match *matches[RULES];
	size_t n;
};

static void note_found(void *arg, struct match *match)
{
	struct found *found = arg;

	assert_true(found->n < RULES);
	found->matches[found->n++] = match;
}

static bool found_has(const struct found *found, const struct match *match)
{
	for (size_t i = 0; i < found->n; i++)
		if (found->matches[i] == match)
			return true;
	return false;
}

/* Each rule that fits is found, and as many are found as fit: so none twice, none else. */
static size_t check_message(struct matches *registry, struct match_holder holders[HOLDERS])
{
	struct found found = {.n = 0};
	struct sample s;
	size_t fitting = 0, n = 0;

	random_message(&s);
	matches_find(registry, &s.m, note_found, &found);
	for (size_t i = 0; i < HOLDERS; i++) {
		list_for_each (at, &holders[i].matches) {
			struct match *match = list_entry(at, struct match, holder_link);
			struct matchable fresh = s.m;

			fresh.args_read = 0;
			n++;
			if (!matchrule_fits(match->rule, &fresh))
				continue;
			fitting++;
			assert_true(found_has(&found, match));
		}
	}
	assert_int_equal(found.n, fitting);
	assert_int_equal(registry->count, n);
	return n;
}

static void random_add(struct matches *registry, struct match_holder *holder)
{
	char text[MATCHRULE_TEXT_MAX];
	struct matchrule *rule;
	struct match *match;
	uint32_t count, rules = holder->rules, distinct = registry->count;

	random_text(text);
	rule = parse(text);
	match = match_find(registry, holder, rule);
	count = match ? match->count : 0;
	assert_int_equal(match_add(registry, holder, parse(text)), 0);
	match = match_find(registry, holder, rule);
	assert_true(matchrule_equal(match->rule, rule));
	assert_ptr_equal(match->holder, holder);
	assert_int_equal(match->count, count + 1);
	assert_int_equal(holder->rules, rules + 1);
	assert_int_equal(registry->count, distinct + !count);
	matchrule_free(rule);
}

static void random_remove(struct match_holder *holder)
{
	size_t skip = draw(holder->rules);

	list_for_each_safe (at, &holder->matches) {
		if (skip-- == 0) {
			match_remove(list_entry(at, struct match, holder_link));
			return;
		}
	}
}

static void test_random(void **state)
{
	struct matches registry = {0};
	struct match_holder holders[HOLDERS];
	size_t pairs = 0;

	(void)state;
	for (size_t i = 0; i < HOLDERS; i++)
		match_holder_init(&holders[i]);
	for (size_t round = 0; round < ROUNDS; round++) {
		while (registry.count < RULES)
			random_add(&registry, &holders[draw(HOLDERS)]);
		for (size_t i = 0; i < MESSAGES; i++)
			pairs += check_message(&registry, holders);
		match_holder_fini(&holders[round % HOLDERS]);
		for (size_t i = 0; i < RULES; i++)
			if (holders[i % HOLDERS].rules)
				random_remove(&holders[i % HOLDERS]);
		for (size_t i = 0; i < MESSAGES; i++)
			pairs += check_message(&registry, holders);
	}
	assert_true(pairs >= 100000);
	for (size_t i = 0; i < HOLDERS; i++)
		match_holder_fini(&holders[i]);
	assert_true(matches_is_empty(&registry));
	assert_null(registry.buckets);
	assert_null(registry.by_rule);
}

static void test_counting(void **state)
{
	static const char text[] = "type='signal',member='A'";
	struct matches registry = {0};
	struct match_holder a, b;
	struct matchrule *rule = parse(" member=A,type=signal");
	struct match *match;

	(void)state;
	match_holder_init(&a);
	match_holder_init(&b);
	assert_null(match_find(&registry, &a, rule));
	assert_int_equal(match_add(&registry, &a, parse(text)), 0);
	match = match_find(&registry, &a, rule);
	assert_non_null(match);
	/* the rule of another is not mine to find */
	assert_null(match_find(&registry, &b, rule));
	assert_int_equal(match_add(&registry, &b, parse(text)), 0);
	assert_ptr_not_equal(match_find(&registry, &b, rule), match);

	assert_int_equal(match_add(&registry, &a, parse(text)), 0);
	assert_int_equal(match->count, 2);
	assert_int_equal(registry.count, 2);
	match_remove(match);
	assert_ptr_equal(match_find(&registry, &a, rule), match);
	assert_int_equal(a.rules, 1);
	match_remove(match);
	assert_null(match_find(&registry, &a, rule));
	assert_non_null(match_find(&registry, &b, rule));
	assert_int_equal(a.rules, 0);
	assert_int_equal(a.peak, 2);
	assert_int_equal(registry.count, 1);
	match_holder_fini(&b);
	assert_true(matches_is_empty(&registry));
	matchrule_free(rule);
}

/* Each combination of keys by itself: nothing else in the registry makes the message's parts read. */
static void test_each_key_alone(void **state)
{
	static const char *const parts[] = {
		"interface='i.i',", "member='M',", "path='/a/b',", "arg0='a.b',"};
	static const char *const extras[] = {"", "arg1='x'", "arg63='x'", "destination='c.d'",
		"arg0namespace='a'", "path_namespace='/a'"};
	const char *texts[MESSAGE_ARGS_MAX] = {"a.b"};
	struct sample s = {.message = {.type = MESSAGE_SIGNAL,
				   .interface = SLICE("i.i"),
				   .member = SLICE("M"),
				   .path = SLICE("/a/b"),
				   .destination = SLICE("c.d")}};
	char types[MESSAGE_ARGS_MAX + 1] = {0};
	unsigned int rules = 0;

	(void)state;
	for (size_t i = 1; i < MESSAGE_ARGS_MAX; i++)
		texts[i] = "x";
	arguments_put(&s.arguments, &s.message, memset(types, 's', MESSAGE_ARGS_MAX), texts);
	for (unsigned int i = 0; i < 16 * ARRAY_SIZE(extras); i++) {
		struct matches registry = {0};
		struct match_holder holder;
		struct found found = {.n = 0};
		struct matchrule *rule;
		const char *why;
		char text[256] = "";

		for (unsigned int part = 0; part < ARRAY_SIZE(parts); part++)
			if (i & 1u << part)
				put(text, "%s", parts[part]);
		put(text, "%s", extras[i / 16]);
		if (matchrule_parse(slice_of(text), &rule, &why))
			continue; /* path with path_namespace, arg0 with arg0namespace */
		rules++;
		match_holder_init(&holder);
		assert_int_equal(match_add(&registry, &holder, rule), 0);
		s.m = (struct matchable){.message = &s.message};
		matches_find(&registry, &s.m, note_found, &found);
		if (found.n != 1)
			fail_msg("%s: found %zu times", text, found.n);
		match_holder_fini(&holder);
	}
	assert_int_equal(rules, 16 * 4 + 8 + 8);
}

/* What the bucket of the victim's messages holds does not grow with somebody else's rules. */
static void test_walk_is_bounded(void **state)
{
	static const char *const floods[] = {"arg1='%u'", "arg0='%u'", "destination='a.b%u'",
		"arg0namespace='a.b%u'", "path_namespace='/a/b%u'", "path='/a/b%u'",
		"interface='i.i%u'", "member='M%u'", "arg7='%u'"};
	struct sample s = {.message = {.type = MESSAGE_SIGNAL,
				   .interface = SLICE("i.i"),
				   .member = SLICE("M"),
				   .path = SLICE("/a/b")}};
	static const char *const texts[] = {"a.b", "x"};

	(void)state;
	arguments_put(&s.arguments, &s.message, "ss", texts);
	for (size_t i = 0; i < ARRAY_SIZE(floods); i++) {
		struct matches registry = {0};
		struct match_holder holder;
		struct found found = {.n = 0};
		char text[64];

		match_holder_init(&holder);
		for (unsigned int n = 0; n < 512; n++) {
			snprintf(text, sizeof(text), floods[i], n);
			assert_int_equal(match_add(&registry, &holder, parse(text)), 0);
		}
		/* each has a bucket to itself, so the message, which no bucket is for, walks none */
		list_for_each (at, &holder.matches) {
			struct list *link = &list_entry(at, struct match, holder_link)->bucket_link;

			assert_ptr_equal(link->next, link->prev);
		}
		s.m = (struct matchable){.message = &s.message};
		matches_find(&registry, &s.m, note_found, &found);
		assert_int_equal(found.n, 0);
		match_holder_fini(&holder);
	}
}

/* Whichever allocation fails: -ENOMEM, the rule is freed, and the registry is as before. */
static void test_no_memory(void **state)
{
	static const char *const held[] = {"", "member='A'", "arg0='x',arg1='y'"};
	static const char *const added[] = {"member='A'", "arg0='x',arg1='z'"};

	(void)state;
	for (size_t with = 0; with <= ARRAY_SIZE(held); with++) {
		for (size_t i = 0; i < ARRAY_SIZE(added); i++) {
			struct matches registry = {0};
			struct match_holder other, holder;
			unsigned int failed = 0;
			int r;

			match_holder_init(&other);
			match_holder_init(&holder);
			for (size_t n = 0; n < with; n++)
				assert_int_equal(match_add(&registry, &other, parse(held[n])), 0);
			do {
				struct matchrule *rule = parse(added[i]);

				assert_null(match_find(&registry, &holder, rule));
				mallocs_left = ++failed;
				r = match_add(&registry, &holder, rule);
				mallocs_left = 0;
				if (r) {
					assert_int_equal(r, -ENOMEM);
					assert_int_equal(registry.count, with);
					assert_int_equal(holder.rules, 0);
				}
			} while (r);
			/* the match and its bucket at least, if that is not there already */
			assert_true(failed > 1);
			assert_int_equal(registry.count, with + 1);
			match_holder_fini(&holder);
			match_holder_fini(&other);
			assert_null(registry.buckets);
			assert_null(registry.by_rule);
		}
	}
}

static void test_parse_no_memory(void **state)
{
	struct matchrule *rule = NULL;
	const char *why = NULL;

	(void)state;
	mallocs_left = 1;
	assert_int_equal(matchrule_parse(SLICE("member='A'"), &rule, &why), -ENOMEM);
	assert_null(rule);
	assert_int_equal(mallocs_left, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_each_key_alone),
		cmocka_unit_test(test_walk_is_bounded),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_parse_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
