/*
 * describe.h - compiles a configuration for a made-up machine and tells in words what came of it:
 * complaints as "LEVEL FILE:LINE: sentence", then the parts of the image that are asked for.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sinks.h"
#include "base/drop.h"
#include "conf/compile.h"
#include "policy/image.h"

enum { SHOW_RULES = 1, SHOW_SETTINGS = 2, SHOW_WATCHES = 4, SHOW_SERVICES = 8 };

static int made_up_user(const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	if (strcmp(name, "broken") == 0)
		return -EIO;
	if (strcmp(name, "alice") != 0 && strcmp(name, "root") != 0)
		return -ENOENT;
	*ret_uid = *ret_gid = name[0] == 'a' ? 1001 : 0;
	return 0;
}

static int made_up_uid(uint32_t uid, uint32_t *ret_gid)
{
	*ret_gid = 100;
	return uid == 1001 ? 0 : -ENOENT;
}

static int made_up_group(const char *name, uint32_t *ret_gid)
{
	*ret_gid = 10;
	return strcmp(name, "wheel") == 0 ? 0 : -ENOENT;
}

static const struct site made_up_site = {.home = "/home/alice",
	.runtime_dir = "/run/user/1001",
	.data_dirs = "/one:relative::/two",
	.find_user = made_up_user,
	.find_uid = made_up_uid,
	.find_group = made_up_group};

static void describe_rules(FILE *to, const struct image *image)
{
	static const char *const contexts[] = {
		"default", "group", "user", "no-console", "unit", "label", "mandatory"};
	static const char *const verbs[RULE_VERBS] = {
		"connect", "own", "see", "audit-own", "send", "receive", "audit"};

	for (uint32_t i = 0; i < image->header->sections.count; i++) {
		const struct section *s = &image->sections[i];

		for (int verb = 0; verb < RULE_VERBS; verb++) {
			for (uint32_t n = 0; n < s->rules[verb].count; n++) {
				const struct rule *r = &image->rules[s->rules[verb].first + n];

				fprintf(to, "%s %u %s: %s\n", contexts[s->context], s->id,
					verbs[verb], image_string(image, r->text));
			}
		}
	}
}

static void describe_settings(FILE *to, const struct image *image)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} flags[] = {{IMAGE_FORK, "fork"}, {IMAGE_SYSLOG, "syslog"},
		{IMAGE_KEEP_UMASK, "keep_umask"}, {IMAGE_ALLOW_ANONYMOUS, "allow_anonymous"}};
	static const char *const auth[] = {"none", "external", "anonymous", "external+anonymous"};
	static const char *const modes[] = {"enabled", "disabled", "required"};
	const struct image_header *h = image->header;

	fprintf(to, "auth %s, apparmor %s", auth[h->auth], modes[h->apparmor]);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (h->flags & flags[i].bit)
			fprintf(to, ", %s", flags[i].name);
	}
	for (unsigned int i = 0; sinks_at(h->records, i) != SINK_NONE; i++)
		fprintf(to, "%s%s", i ? "," : ", records ", sink_word(sinks_at(h->records, i)));
	if (h->records & SINKS_REQUIRED)
		fputs(" required", to);
	if (h->type.at)
		fprintf(to, ", type %s", image_string(image, h->type));
	if (h->pidfile.at)
		fprintf(to, ", pidfile %s", image_string(image, h->pidfile));
	if (h->user_known)
		fprintf(to, ", user %s %u:%u", image_string(image, h->user), h->uid, h->gid);
	fputc('\n', to);
	for (uint32_t i = 0; i < h->listens.count; i++)
		fprintf(to, "listen %s\n", image_string(image, image->listens[i]));
	for (uint32_t i = 0; i < h->associations.count; i++)
		fprintf(to, "label %s %s\n", image_string(image, image->associations[i].own),
			image_string(image, image->associations[i].context));
}

static void describe_services(FILE *to, const struct image *image, size_t skip)
{
	for (uint32_t i = 0; i < image->header->services.count; i++) {
		const struct service *s = &image->services[i];

		fprintf(to, "service %s %s:", image_string(image, s->name),
			image_string(image, s->file) + skip);
		for (uint32_t n = 0; n < s->argc; n++)
			fprintf(to, " %s", image_string(image, image->texts[s->argv + n]));
		fputc('\n', to);
	}
}

/* The first `skip` bytes of file names (the folder of the test) are left out. */
static void describe_image(FILE *to, const void *data, size_t size, unsigned int shown, size_t skip)
{
	const char *why = NULL;
	struct image image;

	if (image_open(&image, data, size, &why) < 0) {
		fprintf(to, "bad image: %s\n", why);
		return;
	}
	if (shown & SHOW_RULES)
		describe_rules(to, &image);
	if (shown & SHOW_SETTINGS)
		describe_settings(to, &image);
	if (shown & SHOW_SERVICES)
		describe_services(to, &image, skip);
	for (uint32_t i = 0; (shown & SHOW_WATCHES) && i < image.header->watches.count; i++)
		fprintf(to, "watch %s\n", image_string(&image, image.watches[i]) + skip);
}

/* The text is to be freed. */
static char *describe_file(
	const char *path, const struct site *site, unsigned int shown, size_t skip)
{
	static const char *const levels[] = {"", "", "fatal", "error", "warning", "notice"};
	DROP_HEAP void *data = NULL;
	struct compilation c;
	size_t size = 0, text_size;
	char *text = NULL;
	FILE *to = open_memstream(&text, &text_size);
	int e;

	compilation_init(&c, site);
	e = compile(&c, path, -1, 0, &data, &size);
	list_for_each (at, &c.complaints.all) {
		const struct remark *r = list_entry(at, struct remark, link);
		struct slice words = remark_words(r, &c.arena);

		fprintf(to, "%s %s\n", levels[r->level], words.text + skip);
	}
	if (e == 0)
		describe_image(to, data, size, shown, skip);
	else
		fprintf(to, e == FAULT_CONFIG ? "no image\n" : "error %d\n", e);
	compilation_fini(&c);
	fclose(to);
	return text;
}

/* Writes a file of the folder of the test. */
static void put_file(const char *folder, const char *name, const char *text)
{
	DROP_HEAP char *path = NULL;
	FILE *f;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		abort();
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}
