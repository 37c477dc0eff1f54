/*
 * image_use.h - does with an image what its users do: looks everything up, reads every text,
 * asks the gate about each kind of request and words the verdicts. For tests and fuzzing.
 */
#pragma once

#include <stdlib.h>

#include "policy/rules.h"

/* Reads a text through both of its views; the sum keeps the compiler from leaving it out. */
static inline size_t image_use_text(const struct image *image, struct image_text t)
{
	struct slice s = image_slice(image, t);
	size_t sum = strlen(image_string(image, t));

	if (sum != s.size)
		abort();
	for (size_t i = 0; i < s.size; i++)
		sum += (unsigned char)s.text[i];
	return sum;
}

static inline size_t image_use_tables(const struct image *image)
{
	const struct image_header *h = image->header;
	size_t sum = image_use_text(image, h->user) + image_use_text(image, h->type);

	for (uint32_t i = 0; i < h->services.count; i++) {
		const struct service *s = &image->services[i];

		if (image_service(image, image_slice(image, s->name)) != s)
			abort();
		for (uint32_t j = 0; j < s->argc; j++)
			sum += image_use_text(image, image->texts[s->argv + j]);
	}
	for (uint32_t i = 0; i < h->sections.count; i++) {
		const struct section *s = &image->sections[i];

		if (image_section(image, s->context, s->id) != s)
			abort();
	}
	for (uint32_t i = 0; i < h->restrictions.count; i++) {
		const struct restriction *r = &image->restrictions[i];
		uint32_t n;

		if (image_restrictions(image, image_slice(image, r->name), &n) > r || !n)
			abort();
		sum += image_use_text(image, r->unit) + image_use_text(image, r->label);
	}
	for (uint32_t i = 0; i < h->overrides.count; i++)
		sum += image_use_text(image, image->overrides[i].pattern);
	for (uint32_t i = 0; i < h->listens.count; i++)
		sum += image_use_text(image, image->listens[i]);
	for (uint32_t i = 0; i < h->watches.count; i++)
		sum += image_use_text(image, image->watches[i]);
	for (uint32_t i = 0; i < h->associations.count; i++)
		sum += image_use_text(image, image->associations[i].context);
	for (uint32_t i = 0; i < h->complaints.count; i++)
		sum += image_use_text(image, image->complaints[i].text);
	return sum;
}

static inline void image_use_gate(const struct gate *gate, const struct party *from,
	const struct party *to, const struct traffic *traffic)
{
	for (unsigned int bits = 0; bits < 32; bits++) {
		struct request request = {
			.verb = bits & 1    ? VERB_SEND
				: bits & 2  ? VERB_OWN
				: bits & 16 ? VERB_SEE
					    : VERB_CONNECT,
			.sender = bits & 1 && bits & 2 ? NULL : from,
			.recipient = bits & 4 ? NULL : to,
			.traffic = traffic,
			.name = SLICE("com.A"),
			.requested_reply = bits & 8,
			.eavesdrop = bits & 4,
		};
		char text[64];
		struct verdict v = gate_ask(gate, &request);

		if (v.answer == ANSWER_NONE)
			abort();
		if (v.answer == ANSWER_ALLOW && v.reason == REASON_RULE &&
			v.rule->effect != EFFECT_ALLOW)
			abort();
		verdict_explain(&v, &request, text, sizeof(text));
	}
}

/* Returns a number that depends on all that was read. */
static inline size_t image_use(const struct image *image)
{
	static const struct judge *const judges[] = {&rules_connect, &restrictions, &rules_own,
		&rules_see, &rules_send, &rules_receive, NULL};
	const struct gate gate = {.judges = judges, .audits = rules_audit};
	const struct slice names[] = {SLICE(":1.1"), SLICE("com.A"), SLICE("com.C.d")};
	uint32_t groups[] = {3, 7};
	struct identity identity = {.uid = 7,
		.groups = groups,
		.groups_n = 2,
		.unit = (char *)"a.service",
		.slices = (char *)"system.slice",
		.label = (char *)"a_t",
		.label_size = 3};
	int64_t limits[LIMITS];
	struct subject subject;
	const struct party party = {&subject, names, 3, 0};
	const struct traffic traffics[] = {
		{.type = 1,
			.path = SLICE("/"),
			.interface = SLICE("com.I"),
			.member = SLICE("M"),
			.arg0 = SLICE("x"),
			.destination = SLICE("com.A")},
		{.type = 3,
			.is_reply = true,
			.error = SLICE("com.E"),
			.fds = 2,
			.destination = SLICE(":1.1")},
		{.type = 4, .broadcast = true, .path = SLICE("/")},
	};
	size_t sum = image_use_tables(image);

	if (subject_init(&subject, image, &identity) < 0)
		abort();
	limits_of(image, &identity, names, 3, limits);
	for (size_t i = 0; i < 3; i++)
		image_use_gate(&gate, &party, &party, &traffics[i]);
	subject_fini(&subject);
	return sum;
}
