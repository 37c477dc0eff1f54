/* syntax.c - what is a valid name, path or string */
#include "broker/signature.h"
#include "broker/syntax.h"

#define NAME_MAX_SIZE 255

enum { LETTER = 1, DIGIT = 2, HYPHEN = 4, HEX = 8 };

#define LETTERS(c) [c] = LETTER, [(c) + 'a' - 'A'] = LETTER
#define HEX_LETTERS(c) [c] = LETTER | HEX, [(c) + 'a' - 'A'] = LETTER | HEX
#define DIGITS(c) [c] = DIGIT | HEX

/* What a character may be part of. All names are ASCII; '_' counts as a letter. */
static const uint8_t kinds[256] = {
	['-'] = HYPHEN,
	['_'] = LETTER,
	DIGITS('0'),
	DIGITS('1'),
	DIGITS('2'),
	DIGITS('3'),
	DIGITS('4'),
	DIGITS('5'),
	DIGITS('6'),
	DIGITS('7'),
	DIGITS('8'),
	DIGITS('9'),
	HEX_LETTERS('A'),
	HEX_LETTERS('B'),
	HEX_LETTERS('C'),
	HEX_LETTERS('D'),
	HEX_LETTERS('E'),
	HEX_LETTERS('F'),
	LETTERS('G'),
	LETTERS('H'),
	LETTERS('I'),
	LETTERS('J'),
	LETTERS('K'),
	LETTERS('L'),
	LETTERS('M'),
	LETTERS('N'),
	LETTERS('O'),
	LETTERS('P'),
	LETTERS('Q'),
	LETTERS('R'),
	LETTERS('S'),
	LETTERS('T'),
	LETTERS('U'),
	LETTERS('V'),
	LETTERS('W'),
	LETTERS('X'),
	LETTERS('Y'),
	LETTERS('Z'),
};

static unsigned int kind_of(char c)
{
	return kinds[(unsigned char)c];
}

/* How many elements between dots; 0 if one is empty or has a character that it must not have. */
static size_t count_elements(struct slice s, unsigned int first, unsigned int rest)
{
	const char *at = s.text, *end = at + s.size;
	size_t count = 0;

	if (s.size > NAME_MAX_SIZE)
		return 0;
	while (at < end && (kind_of(*at) & first)) {
		do
			at++;
		while (at < end && (kind_of(*at) & rest));
		count++;
		if (at == end)
			return count;
		if (*at++ != '.')
			return 0;
	}
	return 0;
}

bool syntax_is_unique_name(struct slice s)
{
	const unsigned int any = LETTER | DIGIT | HYPHEN;

	if (s.size == 0 || s.size > NAME_MAX_SIZE || s.text[0] != ':')
		return false;
	return count_elements((struct slice){s.text + 1, s.size - 1}, any, any) >= 2;
}

bool syntax_is_well_known_name(struct slice s)
{
	return count_elements(s, LETTER | HYPHEN, LETTER | DIGIT | HYPHEN) >= 2;
}

bool syntax_is_bus_name(struct slice s)
{
	if (s.size && s.text[0] == ':')
		return syntax_is_unique_name(s);
	return syntax_is_well_known_name(s);
}

bool syntax_is_name_prefix(struct slice s)
{
	if (s.size && s.text[0] == ':')
		return syntax_is_unique_name(s);
	return count_elements(s, LETTER | HYPHEN, LETTER | DIGIT | HYPHEN) >= 1;
}

bool syntax_is_interface(struct slice s)
{
	return count_elements(s, LETTER, LETTER | DIGIT) >= 2;
}

bool syntax_is_error_name(struct slice s)
{
	return syntax_is_interface(s);
}

bool syntax_is_member(struct slice s)
{
	return count_elements(s, LETTER, LETTER | DIGIT) == 1;
}

bool syntax_is_path(struct slice s)
{
	char last = '/';

	if (s.size == 0 || s.text[0] != '/')
		return false;
	for (size_t i = 1; i < s.size; i++) {
		if (s.text[i] == '/' ? last == '/' : !(kind_of(s.text[i]) & (LETTER | DIGIT)))
			return false;
		last = s.text[i];
	}
	return s.size == 1 || last != '/';
}

/* The size of the character that begins with the non-ASCII byte at[0]; 0 if it is not well-formed. */
static size_t utf8_size(const uint8_t *at, size_t left)
{
	/* by lead byte: size, and what the second byte lies between (Unicode 15, table 3-7) */
	static const struct {
		uint8_t from, to, size, low, high;
	} rows[] = {
		{0xc2, 0xdf, 2, 0x80, 0xbf},
		{0xe0, 0xe0, 3, 0xa0, 0xbf},
		{0xe1, 0xec, 3, 0x80, 0xbf},
		{0xed, 0xed, 3, 0x80, 0x9f},
		{0xee, 0xef, 3, 0x80, 0xbf},
		{0xf0, 0xf0, 4, 0x90, 0xbf},
		{0xf1, 0xf3, 4, 0x80, 0xbf},
		{0xf4, 0xf4, 4, 0x80, 0x8f},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (at[0] > rows[i].to)
			continue;
		if (at[0] < rows[i].from || left < rows[i].size || at[1] < rows[i].low ||
			at[1] > rows[i].high)
			return 0;
		for (size_t k = 2; k < rows[i].size; k++) {
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		}
		return rows[i].size;
	}
	return 0;
}

bool syntax_is_utf8(struct slice s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	const uint8_t *at = (const uint8_t *)s.text, *end = at + s.size;

	while (at < end) {
		uint64_t word;
		size_t size = 1;

		/* eight at a time, as long as none is NUL or not ASCII */
		while ((size_t)(end - at) >= sizeof(word)) {
			memcpy(&word, at, sizeof(word));
			if (((word - ones) | word) & tops)
				break;
			at += sizeof(word);
		}
		if (at == end)
			break;
		if (at[0] >= 0x80)
			size = utf8_size(at, (size_t)(end - at));
		if (size == 0 || at[0] == '\0')
			return false;
		at += size;
	}
	return true;
}

bool syntax_is_signature(struct slice s)
{
	struct signature signature;

	return signature_read(&signature, s);
}

bool syntax_is_guid(struct slice s)
{
	if (s.size != 32)
		return false;
	for (size_t i = 0; i < s.size; i++) {
		if (!(kind_of(s.text[i]) & HEX))
			return false;
	}
	return true;
}
