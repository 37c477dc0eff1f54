/*
 * sasl.c - the server's side of authentication.
 *
 * A claimed identity must be the kernel's, written as a decimal number without sign, blanks or
 * leading zeros: other spellings mean different users to different readers, so they are rejected.
 * Bytes that no client has a use for here (NUL, anything beyond ASCII) end the connection.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/drop.h"
#include "broker/sasl.h"
#include "broker/syntax.h"
#include "policy/subject.h"

enum state { WAIT_AUTH, WAIT_DATA, WAIT_BEGIN, FINISHED };
#define IN(state) (1u << (state))

static enum sasl_outcome fail(struct sasl *sasl, const char *why)
{
	sasl->state = FINISHED;
	sasl->why = why;
	return SASL_FAILED;
}

static void answer(struct writer *out, const char *text)
{
	writer_bytes(out, text, strlen(text));
}

static enum sasl_outcome reject(struct sasl *sasl, struct writer *out)
{
	sasl->state = WAIT_AUTH;
	sasl->anonymous = sasl->fds = false;
	answer(out, "REJECTED");
	if (sasl->mechanisms & AUTH_EXTERNAL)
		answer(out, " EXTERNAL");
	if (sasl->mechanisms & AUTH_ANONYMOUS)
		answer(out, " ANONYMOUS");
	answer(out, "\r\n");
	if (++sasl->rejections >= SASL_REJECTIONS_MAX)
		return fail(sasl, "authentication was rejected too often");
	return SASL_MORE;
}

/* Not only that the client changed its mind, or asked what there is. */
static enum sasl_outcome refuse(struct sasl *sasl, const char *why, struct writer *out)
{
	sasl->refusals++;
	sasl->refused = why;
	return reject(sasl, out);
}

static enum sasl_outcome complain(struct sasl *sasl, const char *text, struct writer *out)
{
	answer(out, "ERROR \"");
	answer(out, text);
	answer(out, "\"\r\n");
	if (++sasl->errors >= SASL_ERRORS_MAX)
		return fail(sasl, "too many commands that are not understood");
	return SASL_MORE;
}

static enum sasl_outcome accept_peer(struct sasl *sasl, struct writer *out)
{
	sasl->state = WAIT_BEGIN;
	answer(out, "OK ");
	answer(out, sasl->guid);
	answer(out, "\r\n");
	return SASL_MORE;
}

/* The next word of a line; what follows it and the blanks behind it stays in *line. */
static struct slice next_word(struct slice *line)
{
	struct slice word = {line->text, 0};

	while (word.size < line->size && !strchr(" \t", line->text[word.size]))
		word.size++;
	line->text += word.size;
	line->size -= word.size;
	while (line->size && strchr(" \t", line->text[0])) {
		line->text++;
		line->size--;
	}
	return word;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

/* Room for s.size / 2 bytes at `out`. */
static bool hex_decode(struct slice s, char *out)
{
	if (s.size % 2)
		return false;
	for (size_t i = 0; i < s.size; i += 2) {
		int high = hex_digit(s.text[i]), low = hex_digit(s.text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (char)(high << 4 | low);
	}
	return true;
}

static bool is_own_uid(const struct sasl *sasl, struct slice claim)
{
	char own[16];

	snprintf(own, sizeof(own), "%u", (unsigned int)sasl->uid);
	return sasl->uid != ID_NONE && (claim.size == 0 || slice_is(claim, own));
}

/* The client's response for `mechanism`; an empty one for EXTERNAL claims whatever the kernel says. */
static enum sasl_outcome respond(
	struct sasl *sasl, unsigned int mechanism, struct slice hex, struct writer *out)
{
	char decoded[SASL_LINE_MAX / 2];
	struct slice response = {decoded, hex.size / 2};

	if (!hex_decode(hex, decoded))
		return complain(sasl, "The response is not hexadecimal", out);
	if (mechanism == AUTH_EXTERNAL && !is_own_uid(sasl, response))
		return refuse(sasl, "it claimed to be another user", out);
	/* the response is a trace of who that may be, which nobody keeps */
	if (mechanism == AUTH_ANONYMOUS && !syntax_is_utf8(response))
		return refuse(sasl, "its trace is not UTF-8", out);
	sasl->anonymous = mechanism == AUTH_ANONYMOUS;
	return accept_peer(sasl, out);
}

static enum sasl_outcome on_auth(struct sasl *sasl, struct slice rest, struct writer *out)
{
	struct slice mechanism = next_word(&rest);

	if (slice_is(mechanism, "EXTERNAL") && (sasl->mechanisms & AUTH_EXTERNAL)) {
		if (rest.size)
			return respond(sasl, AUTH_EXTERNAL, rest, out);
		sasl->state = WAIT_DATA;
		answer(out, "DATA\r\n");
		return SASL_MORE;
	}
	if (slice_is(mechanism, "ANONYMOUS") && (sasl->mechanisms & AUTH_ANONYMOUS))
		return respond(sasl, AUTH_ANONYMOUS, rest, out);
	/* without one it only asks which there are */
	if (mechanism.size == 0)
		return reject(sasl, out);
	return refuse(sasl, "it wanted a way to authenticate that is not allowed here", out);
}

static enum sasl_outcome on_data(struct sasl *sasl, struct slice rest, struct writer *out)
{
	return respond(sasl, AUTH_EXTERNAL, rest, out); /* only EXTERNAL asks */
}

static enum sasl_outcome on_give_up(struct sasl *sasl, struct slice rest, struct writer *out)
{
	(void)rest;
	return reject(sasl, out);
}

static enum sasl_outcome on_fds(struct sasl *sasl, struct slice rest, struct writer *out)
{
	(void)rest;
	if (!sasl->fds_possible)
		return complain(sasl, "File descriptors cannot be passed here", out);
	sasl->fds = true;
	answer(out, "AGREE_UNIX_FD\r\n");
	return SASL_MORE;
}

static enum sasl_outcome on_begin(struct sasl *sasl, struct slice rest, struct writer *out)
{
	(void)rest;
	(void)out;
	if (sasl->state != WAIT_BEGIN)
		return fail(sasl, "BEGIN before authentication");
	sasl->state = FINISHED;
	return SASL_DONE;
}

static const struct {
	const char *name;
	unsigned int states; /* in others it is answered with ERROR and changes nothing */
	enum sasl_outcome (*run)(struct sasl *sasl, struct slice rest, struct writer *out);
} commands[] = {
	{"AUTH", IN(WAIT_AUTH), on_auth},
	{"DATA", IN(WAIT_DATA), on_data},
	{"CANCEL", IN(WAIT_DATA) | IN(WAIT_BEGIN), on_give_up},
	{"ERROR", IN(WAIT_AUTH) | IN(WAIT_DATA) | IN(WAIT_BEGIN), on_give_up},
	{"NEGOTIATE_UNIX_FD", IN(WAIT_BEGIN), on_fds},
	{"BEGIN", IN(WAIT_AUTH) | IN(WAIT_DATA) | IN(WAIT_BEGIN), on_begin},
};

static enum sasl_outcome run_line(struct sasl *sasl, struct slice line, struct writer *out)
{
	struct slice name;

	for (size_t i = 0; i < line.size; i++) {
		if (line.text[i] == '\0' || (line.text[i] & 0x80))
			return fail(sasl, "a line that is not ASCII text");
	}
	name = next_word(&line);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!slice_is(name, commands[i].name))
			continue;
		if (!(commands[i].states & IN(sasl->state)))
			return complain(sasl, "The command does not belong here", out);
		return commands[i].run(sasl, line, out);
	}
	return complain(sasl, "The command is not known", out);
}

/* Behind the CR LF that ends the current line, which may have begun earlier; NULL if it goes on. */
static const char *line_end(const struct sasl *sasl, const char *at, const char *end)
{
	char before = sasl->line_size ? sasl->line[sasl->line_size - 1] : '\0';

	for (const char *from = at; from < end;) {
		const char *stop = memchr(from, '\n', (size_t)(end - from));

		if (!stop)
			return NULL;
		if ((stop > at ? stop[-1] : before) == '\r')
			return stop + 1;
		from = stop + 1;
	}
	return NULL;
}

static bool keep(struct sasl *sasl, const char *at, size_t size)
{
	char *line = realloc(sasl->line, sasl->line_size + size);

	if (!line)
		return false;
	memcpy(line + sasl->line_size, at, size);
	sasl->line = line;
	sasl->line_size += size;
	return true;
}

static enum sasl_outcome feed(
	struct sasl *sasl, const char **at, const char *end, struct writer *out)
{
	if (!sasl->nul_seen && *at < end) {
		if (*(*at)++ != '\0')
			return fail(sasl, "the first byte is not NUL");
		sasl->nul_seen = true;
	}
	while (*at < end) {
		const char *from = *at, *stop = line_end(sasl, from, end);
		size_t size = (size_t)((stop ? stop : end) - from);
		struct slice line = {from, size};
		enum sasl_outcome outcome;

		if (sasl->line_size + size > SASL_LINE_MAX)
			return fail(sasl, "a line is too long");
		*at += size;
		if (sasl->line_size || !stop) {
			if (!keep(sasl, from, size))
				return fail(sasl, "no memory");
			line = (struct slice){sasl->line, sasl->line_size};
		}
		if (!stop)
			break;
		line.size -= 2;
		outcome = run_line(sasl, line, out);
		sasl_fini(sasl);
		if (outcome != SASL_MORE)
			return outcome;
	}
	return SASL_MORE;
}

enum sasl_outcome sasl_feed(
	struct sasl *sasl, const void *bytes, size_t size, size_t *ret_used, struct writer *out)
{
	const char *at = bytes;
	enum sasl_outcome outcome;

	assert(sasl->state != FINISHED);
	outcome = feed(sasl, &at, at + size, out);
	*ret_used = (size_t)(at - (const char *)bytes);
	return outcome;
}

void sasl_fini(struct sasl *sasl)
{
	free(sasl->line);
	sasl->line = NULL;
	sasl->line_size = 0;
}
