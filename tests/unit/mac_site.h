/*
 * mac_site.h - a kernel for the MAC judges that answers as a test tells it to, and writes down what
 * it was asked; and a bus with peers of any label.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/drop.h"
#include "mac/mac.h"
#include "tests/unit/rulebook.h"

/* What the fakes are to say, and what they heard. The interface has no argument for it. */
static struct fake {
	int open, changed, enforces, denies_unknown, find, decide;
	int find_permission; /* what `find` says of send_msg alone */
	struct selinux_decision decision;
	int change_while_deciding; /* that many times */
	int watch, ask[2], revision; /* AppArmor: errors; what `changed` says */
	struct apparmor_decision decisions[2]; /* of the first question, of the second */
	int asked;
	size_t used;
	char log[8192];
} fake;

static void fake_note(const char *text)
{
	int n = snprintf(fake.log + fake.used, sizeof(fake.log) - fake.used, "%s;", text);

	fake.used += (size_t)n;
	RULEBOOK_MUST(fake.used < sizeof(fake.log));
}

static int fake_open(void)
{
	return fake.open;
}

static void fake_close(void)
{
	fake_note("close");
}

static int fake_changed(void)
{
	int r = fake.changed;

	if (r > 0)
		fake.changed--;
	return r;
}

static int fake_enforces(void)
{
	return fake.enforces;
}

static int fake_denies_unknown(void)
{
	return fake.denies_unknown;
}

static int fake_find(
	const char *class, const char *permission, uint16_t *ret_class, uint32_t *ret_bit)
{
	bool is_send = !strcmp(permission, "send_msg");
	int r = is_send && fake.find_permission ? fake.find_permission : fake.find;

	RULEBOOK_MUST(!strcmp(class, "dbus"));
	if (r < 0)
		return r;
	*ret_class = 7;
	*ret_bit = is_send ? 2 : 1;
	return 0;
}

static int fake_decide(
	const char *subject, const char *object, uint16_t class, struct selinux_decision *ret)
{
	char text[256];

	snprintf(text, sizeof(text), "%s>%s", subject, object);
	fake_note(text);
	RULEBOOK_MUST(class == 7);
	*ret = fake.decision;
	if (fake.change_while_deciding > 0) {
		fake.change_while_deciding--;
		fake.changed = 1;
	}
	return fake.decide;
}

static const struct selinux_kernel fake_selinux = {
	.open = fake_open,
	.close = fake_close,
	.changed = fake_changed,
	.enforces = fake_enforces,
	.denies_unknown = fake_denies_unknown,
	.find = fake_find,
	.decide = fake_decide,
};

static int fake_watch(void)
{
	int pair[2];

	if (fake.watch < 0)
		return fake.watch;
	/* one that becomes readable when the test closes the other end */
	RULEBOOK_MUST(pipe(pair) == 0);
	fake.watch = pair[1];
	return pair[0];
}

static int fake_revision(int fd)
{
	(void)fd;
	return fake.revision;
}

/* "send:LABEL|CLASS BUS|FIELD|..." */
static int fake_ask(enum apparmor_permission permission, char *query, size_t size,
	struct apparmor_decision *ret)
{
	static const char *const words[] = {"send", "receive", "eavesdrop", "bind"};
	char text[APPARMOR_QUERY_MAX + 16];
	int n = snprintf(text, sizeof(text), "%s:", words[permission]);

	for (size_t i = APPARMOR_QUERY_HEAD; i < size; i++)
		text[n++] = query[i] == '\0' ? '|' : query[i] == 32 ? '#' : query[i];
	text[n] = '\0';
	fake_note(text);
	*ret = fake.decisions[fake.asked % 2];
	return fake.ask[fake.asked++ % 2];
}

static const struct apparmor_kernel fake_apparmor = {
	.watch = fake_watch,
	.changed = fake_revision,
	.ask = fake_ask,
};

/* One end, ready to be asked about. */
struct labelled {
	struct identity identity;
	struct subject subject;
	struct party party;
	struct slice names[2];
	struct mac_label *label;
};

static inline void labelled_init(
	struct labelled *l, struct mac *mac, const struct image *image, const char *label)
{
	static uint64_t names_id;
	struct slice text = label ? slice_of(label) : (struct slice){NULL, 0};

	*l = (struct labelled){.identity = {.uid = 1}, .names = {SLICE(":1.7"), SLICE("a.b")}};
	if (label)
		RULEBOOK_MUST(mac_label_of(mac, text, &l->label) == 0);
	l->identity.mac = l->label;
	RULEBOOK_MUST(subject_init(&l->subject, image, &l->identity) == 0);
	l->party = (struct party){
		.subject = &l->subject, .names = l->names, .names_n = 1, .names_id = ++names_id};
}

static inline void labelled_fini(struct labelled *l, struct mac *mac)
{
	subject_fini(&l->subject);
	mac_label_put(&mac->labels, l->label);
}
