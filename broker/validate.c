/*
 * validate.c - walks the values of a message along their signature.
 *
 * Iterative: a peer decides how deep values nest, so what is open lies in an array here and not on
 * the call stack. Structs and dict entries need nothing remembered but the depth; arrays remember
 * where their bytes end, variants which signature to return to.
 */
#include "broker/message.h"
#include "broker/signature.h"
#include "broker/syntax.h"
#include "broker/validate.h"

/* An array or a variant that is open, and where to go on in the signature after it. */
struct frame {
	bool variant;
	uint8_t element; /* array: index of its element type */
	uint8_t resume, stop; /* in the signature around it: what comes next, where that ends */
	size_t end; /* array: offset of its end */
};

struct walk {
	struct wire *wire;
	const struct signature *signature; /* the one being followed: levels[level] */
	unsigned int at, stop; /* in it: the next type, the end of the current run */
	unsigned int depth, opened, level;
	struct frame frames[VALUES_DEPTH_MAX];
	struct signature levels[VALUES_DEPTH_MAX + 1]; /* one more for each variant that is open */
};

bool text_validate(struct wire *w, char type, struct slice text)
{
	if (type == 's'	      ? syntax_is_utf8(text)
		: type == 'o' ? syntax_is_path(text)
			      : syntax_is_signature(text))
		return true;
	return wire_fail(w, type == 's'	  ? "a string is not UTF-8"
			    : type == 'o' ? "an object path is not valid"
					  : "a signature is not valid");
}

/* `size` bytes of booleans: is each 0 or 1? */
static bool bools_validate(struct wire *w, size_t size)
{
	const uint32_t others = w->swapped ? ~UINT32_C(0x01000000) : ~UINT32_C(1);
	const uint8_t *at = w->bytes + w->at;
	uint32_t seen = 0, v;

	for (size_t i = 0; i < size; i += sizeof(v)) {
		memcpy(&v, at + i, sizeof(v));
		seen |= v;
	}
	if (seen & others)
		return wire_fail(w, "a boolean is neither 0 nor 1");
	w->at += size;
	return true;
}

static bool basic_validate(struct wire *w, char type)
{
	unsigned int size = type_of(type)->fixed_size;
	struct slice text;

	if (size)
		return wire_align(w, size) && wire_skip(w, size);
	if (type == 'b') {
		if (!wire_align(w, 4) || !wire_skip(w, 4))
			return false;
		w->at -= 4;
		return bools_validate(w, 4);
	}
	if (!(type == 'g' ? wire_signature(w, &text) : wire_string(w, &text)))
		return false;
	return text_validate(w, type, text);
}

static bool deeper(struct walk *walk)
{
	if (walk->depth == VALUES_DEPTH_MAX)
		return wire_fail(walk->wire, "values are nested too deeply");
	walk->depth++;
	return true;
}

static struct frame *open_frame(struct walk *walk, bool variant, unsigned int resume)
{
	struct frame *frame = &walk->frames[walk->opened++];

	frame->variant = variant;
	frame->resume = (uint8_t)resume;
	frame->stop = (uint8_t)walk->stop;
	return frame;
}

static bool enter_array(struct walk *walk)
{
	struct wire *w = walk->wire;
	unsigned int element = walk->at + 1, next = walk->signature->next[walk->at];
	char type = walk->signature->text[element];
	unsigned int unit = type_of(type)->fixed_size;
	struct frame *frame;
	uint32_t size;

	if (!deeper(walk) || !wire_u32(w, &size) || !wire_align(w, type_of(type)->alignment))
		return false;
	if (size > MESSAGE_ARRAY_MAX)
		return wire_fail(w, "an array is too long");
	if (w->end - w->at < size)
		return wire_fail(w, "it ends too early");
	if (size && !unit && type != 'b') {
		frame = open_frame(walk, false, next);
		frame->element = (uint8_t)element;
		frame->end = w->at + size;
		walk->at = element;
		walk->stop = next;
		return true;
	}
	/* nothing to walk: empty, or elements that are good as they are */
	if (size % (unit ? unit : 4))
		return wire_fail(w, "an array has a part of an element");
	if (type == 'b' ? !bools_validate(w, size) : !wire_skip(w, size))
		return false;
	walk->depth--;
	walk->at = next;
	return true;
}

static bool enter_variant(struct walk *walk)
{
	struct wire *w = walk->wire;
	struct signature *inner = &walk->levels[walk->level + 1];
	struct slice text;

	if (!deeper(walk) || !wire_signature(w, &text))
		return false;
	if (text.size == 1 && type_of(text.text[0])->basic) {
		walk->depth--;
		walk->at++;
		return basic_validate(w, text.text[0]);
	}
	if (!signature_read(inner, text) || !signature_is_single(inner))
		return wire_fail(w, "a variant's signature is not one complete type");
	open_frame(walk, true, walk->at + 1);
	walk->level++;
	walk->signature = inner;
	walk->at = 0;
	walk->stop = inner->size;
	return true;
}

/* At the end of a run of types: the next element, or back to what is around the array or variant. */
static bool leave(struct walk *walk)
{
	const struct frame *frame = &walk->frames[walk->opened - 1];

	if (!frame->variant && walk->wire->at < frame->end) {
		walk->at = frame->element;
		return true;
	}
	if (!frame->variant && walk->wire->at > frame->end)
		return wire_fail(walk->wire, "an array's length does not fit its elements");
	if (frame->variant)
		walk->signature = &walk->levels[--walk->level];
	walk->at = frame->resume;
	walk->stop = frame->stop;
	walk->opened--;
	walk->depth--;
	return true;
}

static bool step(struct walk *walk)
{
	char type = walk->signature->text[walk->at];

	switch (type) {
	case 'a':
		return enter_array(walk);
	case 'v':
		return enter_variant(walk);
	case '(':
	case '{':
		walk->at++;
		return deeper(walk) && wire_align(walk->wire, 8);
	case ')':
	case '}':
		walk->at++;
		walk->depth--;
		return true;
	default:
		walk->at++;
		return basic_validate(walk->wire, type);
	}
}

bool values_validate(struct wire *w, struct slice signature, bool single, unsigned int depth)
{
	struct walk walk; /* not cleared: what is open is written when it is opened */

	walk.wire = w;
	walk.level = walk.opened = walk.at = 0;
	walk.depth = depth;
	walk.signature = &walk.levels[0];
	if (!signature_read(&walk.levels[0], signature) ||
		(single && !signature_is_single(&walk.levels[0])))
		return wire_fail(w, "a signature is not valid");
	walk.stop = walk.signature->size;
	for (;;) {
		if (walk.at < walk.stop) {
			if (!step(&walk))
				return false;
			continue;
		}
		if (walk.opened == 0)
			return true;
		if (!leave(&walk))
			return false;
	}
}
