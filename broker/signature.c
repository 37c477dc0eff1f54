/* signature.c - checks a signature and finds the ends of its types, in one pass */
#include "broker/signature.h"

/* one row per type code of the specification's type system */
const struct type_traits type_traits[256] = {
	['y'] = {1, 1, true},
	['b'] = {4, 0, true},
	['n'] = {2, 2, true},
	['q'] = {2, 2, true},
	['i'] = {4, 4, true},
	['u'] = {4, 4, true},
	['x'] = {8, 8, true},
	['t'] = {8, 8, true},
	['d'] = {8, 8, true},
	['h'] = {4, 4, true},
	['s'] = {4, 0, true},
	['o'] = {4, 0, true},
	['g'] = {1, 0, true},
	['v'] = {1, 0, false},
	['a'] = {4, 0, false},
	['('] = {8, 0, false},
	['{'] = {8, 0, false},
};

/* What is open while reading: arrays that wait for their element, structs and dict entries. */
struct opened {
	uint8_t at; /* index of its first character */
	uint8_t members; /* complete types seen inside */
};

struct reading {
	struct signature *out;
	struct opened open[2 * SIGNATURE_ARRAYS_MAX + SIGNATURE_STRUCTS_MAX + 1];
	unsigned int depth, arrays, structs;
};

static char top_of(const struct reading *r)
{
	return r->depth ? r->out->text[r->open[r->depth - 1].at] : '\0';
}

static void open_container(struct reading *r, unsigned int at)
{
	r->open[r->depth++] = (struct opened){(uint8_t)at, 0};
}

/* A type that began at `from` is complete: so are the arrays that it is the element of. */
static bool complete_type(struct reading *r, unsigned int from, unsigned int next)
{
	struct opened *top;

	r->out->next[from] = (uint8_t)next;
	while (top_of(r) == 'a') {
		r->depth--;
		r->arrays--;
		r->out->next[r->open[r->depth].at] = (uint8_t)next;
	}
	if (r->depth == 0)
		return true;
	top = &r->open[r->depth - 1];
	top->members++;
	return top_of(r) != '{' || top->members <= 2;
}

static bool close_container(struct reading *r, char opener, unsigned int at)
{
	const struct opened *top;

	if (top_of(r) != opener)
		return false;
	top = &r->open[--r->depth];
	if (opener == '(')
		r->structs--;
	/* how many a dict entry has at most is complete_type's to see */
	if (top->members < (opener == '{' ? 2 : 1))
		return false;
	return complete_type(r, top->at, at + 1);
}

static bool read_type(struct reading *r, unsigned int at)
{
	char type = r->out->text[at], top = top_of(r);

	if (top == '{' && r->open[r->depth - 1].members == 0 && !type_of(type)->basic)
		return false; /* the key of a dict entry */
	switch (type) {
	case 'a':
		if (++r->arrays > SIGNATURE_ARRAYS_MAX)
			return false;
		open_container(r, at);
		return true;
	case '(':
		if (++r->structs > SIGNATURE_STRUCTS_MAX)
			return false;
		open_container(r, at);
		return true;
	case '{':
		if (top != 'a')
			return false;
		open_container(r, at);
		return true;
	case ')':
		return close_container(r, '(', at);
	case '}':
		return close_container(r, '{', at);
	default:
		return type_of(type)->alignment && complete_type(r, at, at + 1);
	}
}

bool signature_read(struct signature *ret, struct slice s)
{
	struct reading r; /* not cleared: only what is below `depth` is ever read */

	if (s.size > SIGNATURE_SIZE_MAX)
		return false;
	ret->text = s.text;
	ret->size = (uint8_t)s.size;
	r.out = ret;
	r.depth = r.arrays = r.structs = 0;
	for (unsigned int i = 0; i < s.size; i++) {
		if (!read_type(&r, i))
			return false;
	}
	return r.depth == 0;
}

bool signature_is_single(const struct signature *signature)
{
	return signature->size && signature->next[0] == signature->size;
}
