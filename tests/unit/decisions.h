/* decisions.h - an image with two rules and the ends of a delivery, for tests of what is recorded */
#pragma once

#include <stdlib.h>

#include "base/drop.h"
#include "policy/builder.h"
#include "policy/rules.h"

#define RULE_FILE "/etc/x.conf"
#define RULE_TEXT "<deny send_member=\"Reboot\"/>"

struct decisions {
	void *bytes;
	struct image image;
	struct identity client_id, service_id;
	struct subject client_subject, service_subject;
	struct slice client_names[3], service_names[2];
	struct party client, service;
	struct traffic call;
};

/* `log` is the attribute of both rules, the first denies and the second allows. */
static inline void decisions_init(struct decisions *d, bool log)
{
	struct builder *b = builder_new();
	struct rule deny = {.file = builder_text(b, SLICE(RULE_FILE)),
		.text = builder_text(b, SLICE(RULE_TEXT)),
		.line = 12,
		.verb = RULE_SEND,
		.max_fds = UINT32_MAX,
		.effect = EFFECT_DENY,
		.log = log};
	struct rule allow = deny;
	size_t size;

	allow.effect = EFFECT_ALLOW;
	builder_rule(b, SECTION_DEFAULT, 0, &deny);
	builder_rule(b, SECTION_DEFAULT, 0, &allow);
	if (builder_finish(b, &d->bytes, &size) < 0 ||
		image_open(&d->image, d->bytes, size, NULL) < 0)
		abort();
	builder_free(b);
	d->client_id = (struct identity){.uid = 1000,
		.pid = 4242,
		.loginuid = 1000,
		.sessionid = 3,
		.comm = (char *)"gdbus",
		.unit = (char *)"ssh.service",
		.label = (char *)"user_t",
		.label_size = 6};
	d->service_id = (struct identity){.uid = 0,
		.pid = 1,
		.loginuid = ID_NONE,
		.sessionid = ID_NONE,
		.comm = (char *)"systemd",
		.unit = (char *)"init.scope"};
	d->client_subject = (struct subject){.identity = &d->client_id, .image = &d->image};
	d->service_subject = (struct subject){.identity = &d->service_id, .image = &d->image};
	d->client_names[0] = SLICE(":1.7");
	d->client_names[1] = SLICE("org.example.One");
	d->client_names[2] = SLICE("org.example.Two");
	d->service_names[0] = SLICE(":1.2");
	d->service_names[1] = SLICE("org.freedesktop.systemd1");
	d->client = (struct party){&d->client_subject, d->client_names, 3, 0};
	d->service = (struct party){&d->service_subject, d->service_names, 2, 0};
	d->call = (struct traffic){.type = 1,
		.path = SLICE("/org/freedesktop/systemd1"),
		.interface = SLICE("org.freedesktop.systemd1.Manager"),
		.member = SLICE("Reboot"),
		.destination = SLICE("org.freedesktop.systemd1")};
}

static inline void decisions_fini(struct decisions *d)
{
	free(d->bytes);
}

static inline struct request decisions_request(const struct decisions *d)
{
	return (struct request){.verb = VERB_SEND,
		.sender = &d->client,
		.recipient = &d->service,
		.traffic = &d->call};
}

/* By rule 0, which denies, or 1, which allows. */
static inline struct verdict decisions_verdict(const struct decisions *d, unsigned int rule)
{
	return (struct verdict){.answer = rule == 0 ? ANSWER_DENY : ANSWER_ALLOW,
		.reason = REASON_RULE,
		.judge = &rules_send,
		.image = &d->image,
		.rule = &d->image.rules[rule]};
}
