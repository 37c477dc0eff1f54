/* entry.c - the reader of lines: it believes nothing of them but their form */
#include <errno.h>
#include <inttypes.h>

#include "base/drop.h"
#include "ctl/entry.h"

#define CUT SLICE("_cut")

void entry_init(struct entry *e)
{
	e->time = 0;
	e->host[0] = '\0';
	e->used = 0;
	memset(e->record.values, 0, sizeof(e->record.values));
	memset(e->cuts, 0, sizeof(e->cuts));
}

void entry_move(struct entry *to, const struct entry *from)
{
	*to = *from;
	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		struct slice *text = &to->record.values[i].text;

		if (text->text)
			text->text = to->text + (text->text - from->text);
	}
}

/* The field whose key is that, or RECORD_FIELDS. */
static enum record_field field_find(struct slice key)
{
	unsigned int i = 0;

	while (i < RECORD_FIELDS && !slice_is(key, record_key(i)))
		i++;
	return i;
}

static int number_read(struct slice s, int64_t *ret)
{
	bool minus = s.size > 0 && s.text[0] == '-';
	uint64_t n = 0, most = minus ? (uint64_t)INT64_MAX + 1 : INT64_MAX;

	if (s.size == minus || s.size - minus > 19)
		return -EBADMSG;
	for (size_t i = minus; i < s.size; i++) {
		if (s.text[i] < '0' || s.text[i] > '9')
			return -EBADMSG;
		n = n * 10 + (uint64_t)(s.text[i] - '0');
	}
	if (n > most)
		return -EBADMSG;
	*ret = minus ? (int64_t)(0 - n) : (int64_t)n;
	return 0;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_printable(struct slice s, char least)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.text[i] < least || s.text[i] >= 0x7f)
			return false;
	return true;
}

/* Bytes that were encoded as libaudit does it, put into the entry. */
static int text_decode(struct entry *e, struct slice s, struct slice *ret)
{
	bool quoted = s.size >= 2 && s.text[0] == '"' && s.text[s.size - 1] == '"';
	size_t size = quoted ? s.size - 2 : s.size / 2;
	char *to = e->text + e->used;

	if (size > sizeof(e->text) - e->used || (!quoted && (s.size == 0 || s.size % 2)))
		return -EBADMSG;
	if (quoted) {
		struct slice inside = {s.text + 1, size};

		if (!is_printable(inside, '!') || memchr(inside.text, '"', size))
			return -EBADMSG;
		memcpy(to, inside.text, size);
	}
	for (size_t i = 0; !quoted && i < size; i++) {
		int high = digit(s.text[2 * i]), low = digit(s.text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		to[i] = (char)(high << 4 | low);
	}
	e->used += size;
	*ret = (struct slice){to, size};
	return 0;
}

static int text_keep(struct entry *e, struct slice s, struct slice *ret)
{
	if (s.size > sizeof(e->text) - e->used)
		return -EBADMSG;
	*ret = (struct slice){e->text + e->used, s.size};
	memcpy(e->text + e->used, s.text, s.size);
	e->used += s.size;
	return 0;
}

/* The kernel has a number for those who never logged in. */
static bool is_of_login(enum record_field field)
{
	return field == RECORD_AUID || field == RECORD_SES || field == RECORD_PEER_AUID ||
	       field == RECORD_PEER_SES;
}

/* `encoded`: as record_value_text writes it */
static int value_read(struct entry *e, enum record_field field, struct slice s, bool encoded)
{
	struct record_value *v = &e->record.values[field];
	int r = -EBADMSG;

	if (v->known)
		return -EBADMSG;
	switch (record_kind_of(field)) {
	case RECORD_KIND_NUMBER:
		r = number_read(s, &v->number);
		break;
	case RECORD_KIND_WORD:
		r = record_word_is_good(s) ? text_keep(e, s, &v->text) : -EBADMSG;
		break;
	case RECORD_KIND_TEXT:
		r = encoded ? text_decode(e, s, &v->text) : text_keep(e, s, &v->text);
		break;
	case RECORD_KIND_PROSE:
		r = is_printable(s, ' ') ? text_keep(e, s, &v->text) : -EBADMSG;
		break;
	}
	v->full = (uint32_t)v->text.size;
	v->known = r == 0 && !(is_of_login(field) && v->number == UINT32_MAX);
	return r;
}

/* The journal gives them in any order, also before the text. */
static int cut_read(struct entry *e, struct slice key, struct slice s)
{
	enum record_field field = field_find(key);
	int64_t full;

	if (field == RECORD_FIELDS)
		return 0;
	if (number_read(s, &full) < 0 || full <= 0 || full > UINT32_MAX || e->cuts[field])
		return -EBADMSG;
	e->cuts[field] = (uint32_t)full;
	return 0;
}

int entry_set(struct entry *e, struct slice key, struct slice value)
{
	enum record_field field = field_find(key);

	if (slice_is(value, "?"))
		return 0;
	if (field != RECORD_FIELDS)
		return value_read(e, field, value, true);
	if (key.size > CUT.size && memcmp(key.text + key.size - CUT.size, CUT.text, CUT.size) == 0)
		return cut_read(e, (struct slice){key.text, key.size - CUT.size}, value);
	return 0;
}

int entry_set_once(struct entry *e, struct slice key, struct slice value)
{
	enum record_field field = field_find(key);

	if (field != RECORD_FIELDS && e->record.values[field].known)
		return 0;
	return entry_set(e, key, value);
}

int entry_set_raw(struct entry *e, enum record_field field, struct slice value)
{
	return value_read(e, field, value, false);
}

int entry_finish(struct entry *e)
{
	for (unsigned int i = 0; i < RECORD_FIELDS; i++) {
		struct record_value *v = &e->record.values[i];

		if (!e->cuts[i])
			continue;
		if (!v->known || e->cuts[i] <= v->text.size ||
			record_kind_of(i) == RECORD_KIND_NUMBER)
			return -EBADMSG;
		v->full = e->cuts[i];
	}
	if (!e->record.values[RECORD_VERB].known || !e->record.values[RECORD_RES].known)
		return -EBADMSG;
	return 0;
}

/* Up to `end`, and over it. */
static struct slice slice_take(struct slice *s, char end)
{
	const char *found = s->size ? memchr(s->text, end, s->size) : NULL;
	struct slice before = {s->text, found ? (size_t)(found - s->text) : s->size};
	size_t over = before.size + (found != NULL);

	*s = (struct slice){s->text + over, s->size - over};
	return before;
}

static bool is_prose(struct slice key)
{
	enum record_field field = field_find(key);

	return field != RECORD_FIELDS && record_kind_of(field) == RECORD_KIND_PROSE;
}

int entry_read_line(struct entry *e, struct slice line)
{
	while (line.size > 0) {
		struct slice value = slice_take(&line, ' ');
		struct slice key = slice_take(&value, '=');

		if (key.size == 0 || !record_word_is_good(key) || value.text == key.text + key.size)
			return -EBADMSG;
		/* what is said elsewhere cannot be said by the line */
		if (is_prose(key) || entry_set(e, key, value) < 0)
			return -EBADMSG;
	}
	return entry_finish(e);
}

/* The first place where `part` stands; NULL. */
static const char *slice_find(struct slice s, struct slice part)
{
	return s.size ? memmem(s.text, s.size, part.text, part.size) : NULL;
}

/* BEFORE, digits, BEHIND at the end of `s`: away with them */
static void count_strip(struct slice *s, struct slice before, struct slice behind)
{
	size_t at = s->size;

	if (at < behind.size || memcmp(s->text + at - behind.size, behind.text, behind.size) != 0)
		return;
	at -= behind.size;
	while (at > 0 && s->text[at - 1] >= '0' && s->text[at - 1] <= '9')
		at--;
	if (at >= before.size && memcmp(s->text + at - before.size, before.text, before.size) == 0)
		s->size = at - before.size;
}

int entry_read_sentence(struct entry *e, struct slice sentence)
{
	/* what the sentence counts behind the reason, the last first; the fields say it, too */
	static const struct {
		struct slice before, behind;
	} counts[] = {
		{SLICE(" (decisions not on record before this one: "), SLICE(")")},
		{SLICE(" (and others of this user, together "), SLICE(")")},
		{SLICE(" ("), SLICE(" times)")},
	};
	struct slice rest = sentence;
	const char *why;

	/* "denied send: WHO -> WHOM: WHY": there is no blank behind a colon of WHO and WHOM */
	slice_take(&rest, ':');
	why = slice_find(rest, SLICE(": "));
	if (!why || e->record.values[RECORD_WHY].known)
		return 0;
	rest = (struct slice){why + 2, rest.size - (size_t)(why + 2 - rest.text)};
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		count_strip(&rest, counts[i].before, counts[i].behind);
	return value_read(e, RECORD_WHY, rest, true);
}

int entry_read_text(struct entry *e, struct slice text)
{
	static const struct slice between = SLICE(" | ");
	struct slice sentence = {text.text, 0}, line = text;
	size_t before = 0;
	const char *at;

	/* the sentence quotes rules, which may say anything; in a line no blank is without "=" */
	while ((at = slice_find(line, between))) {
		before = sentence.size;
		sentence.size = (size_t)(at - text.text);
		line = (struct slice){at + between.size, text.size - sentence.size - between.size};
	}
	if (entry_read_line(e, line) < 0)
		return -EBADMSG;
	/* what a MAC policy refused is said in its words, too, in between */
	if (record_is_mac(&e->record))
		sentence.size = before;
	return entry_read_sentence(e, sentence);
}

const struct record_value *entry_value(const struct entry *e, enum record_field field)
{
	return e->record.values[field].known ? &e->record.values[field] : NULL;
}

struct slice entry_text(const struct entry *e, enum record_field field)
{
	return e->record.values[field].known ? e->record.values[field].text
					     : (struct slice){NULL, 0};
}

int64_t entry_number(const struct entry *e, enum record_field field, int64_t otherwise)
{
	return e->record.values[field].known ? e->record.values[field].number : otherwise;
}

bool entry_is_denied(const struct entry *e)
{
	return !slice_is(entry_text(e, RECORD_RES), "success");
}

bool entry_is_permissive(const struct entry *e)
{
	return entry_number(e, RECORD_PERMISSIVE, 0) != 0;
}
