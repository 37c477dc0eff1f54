/*
 * fuzz_sasl.c - one conversation fed at once and again in pieces: the answers are the same, and
 * nobody gets in who is not who the kernel says. The first byte chooses the configuration, the
 * second the size of the pieces.
 */
#include "broker/sasl.h"
#include "tests/fuzz/fuzz.h"

#define GUID "0123456789abcdef0123456789abcdef"

struct talk {
	struct sasl sasl;
	struct writer out;
	enum sasl_outcome outcome;
	size_t used;
};

static void hold(struct talk *t, uint8_t choice, const uint8_t *data, size_t size, size_t piece)
{
	*t = (struct talk){.sasl = {
				   .uid = choice & 8 ? UINT32_MAX : 0,
				   .mechanisms = choice & 3,
				   .fds_possible = choice & 4,
				   .guid = GUID,
			   }};
	while (t->used < size && t->outcome == SASL_MORE) {
		size_t used, now = size - t->used < piece ? size - t->used : piece;

		t->outcome = sasl_feed(&t->sasl, data + t->used, now, &used, &t->out);
		MUST(used <= now && (t->outcome != SASL_MORE || used == now));
		t->used += used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct talk whole, pieces;

	if (size < 2)
		return 0;
	hold(&whole, data[0], data + 2, size - 2, size);
	hold(&pieces, data[0], data + 2, size - 2, 1u + data[1]);
	MUST(whole.outcome == pieces.outcome);
	MUST(whole.out.size == pieces.out.size);
	MUST(whole.out.size == 0 || memcmp(whole.out.data, pieces.out.data, whole.out.size) == 0);
	if (whole.outcome == SASL_FAILED)
		MUST(whole.sasl.why);
	if (whole.outcome == SASL_DONE) {
		MUST(whole.used == pieces.used);
		MUST(whole.sasl.anonymous == pieces.sasl.anonymous);
		MUST(whole.sasl.fds == pieces.sasl.fds && (!whole.sasl.fds || data[0] & 4));
		MUST(whole.sasl.anonymous ? data[0] & AUTH_ANONYMOUS : data[0] & AUTH_EXTERNAL);
		MUST(whole.sasl.anonymous || !(data[0] & 8));
	}
	sasl_fini(&whole.sasl);
	sasl_fini(&pieces.sasl);
	writer_fini(&whole.out);
	writer_fini(&pieces.out);
	return 0;
}
