/*
 * xml.c - expat stays in this file. The encoding is fixed to UTF-8 whatever the document says, so
 * that the raw bytes of a tag can be searched for references.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#include <expat.h>

#include "conf/xml.h"

struct xml {
	XML_Parser parser;
	struct slice data;
	struct xml_sink *sink;
	int result;
	const char *why;
};

static void xml_stop(struct xml *x, int result, const char *why)
{
	x->result = result;
	x->why = why;
	XML_StopParser(x->parser, XML_FALSE);
}

/* Expat may deliver one more event after it was stopped. */
static bool xml_next(struct xml *x)
{
	if (x->result)
		return false;
	x->sink->line = (uint32_t)XML_GetCurrentLineNumber(x->parser);
	return true;
}

static bool reference_is_known(struct slice s)
{
	static const char *const known[] = {"amp;", "lt;", "gt;", "quot;", "apos;"};

	if (s.size > 0 && s.text[0] == '#')
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct slice k = slice_of(known[i]);

		if (s.size >= k.size && memcmp(s.text, k.text, k.size) == 0)
			return true;
	}
	return false;
}

/* Whether every reference in the tag that is being read is one of XML's own. */
static bool tag_is_plain(struct xml *x)
{
	XML_Index at = XML_GetCurrentByteIndex(x->parser);
	int size = XML_GetCurrentByteCount(x->parser);

	if (at < 0 || size < 0 || (size_t)at + (size_t)size > x->data.size)
		return false;
	for (int i = 0; i < size; i++) {
		const char *p = x->data.text + at + i;

		if (*p == '&' && !reference_is_known((struct slice){p + 1, (size_t)(size - i - 1)}))
			return false;
	}
	return true;
}

static void on_open(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *x = arg;
	int r;

	if (!xml_next(x))
		return;
	if (!tag_is_plain(x)) {
		xml_stop(x, XML_MALFORMED, "undefined entity in an attribute");
		return;
	}
	r = x->sink->open(x->sink, name, (const char *const *)attributes);
	if (r)
		xml_stop(x, r, NULL);
}

static void on_close(void *arg, const XML_Char *name)
{
	struct xml *x = arg;
	int r;

	(void)name;
	if (!xml_next(x))
		return;
	r = x->sink->close(x->sink);
	if (r)
		xml_stop(x, r, NULL);
}

static void on_text(void *arg, const XML_Char *text, int size)
{
	struct xml *x = arg;
	int r;

	if (!xml_next(x))
		return;
	r = x->sink->text(x->sink, (struct slice){text, (size_t)size});
	if (r)
		xml_stop(x, r, NULL);
}

static void on_skipped(void *arg, const XML_Char *name, int is_parameter)
{
	struct xml *x = arg;

	(void)name;
	(void)is_parameter;
	if (xml_next(x))
		xml_stop(x, XML_MALFORMED, "undefined entity");
}

static void on_entity(void *arg, const XML_Char *name, int is_parameter, const XML_Char *value,
	int size, const XML_Char *base, const XML_Char *system, const XML_Char *public,
	const XML_Char *notation)
{
	struct xml *x = arg;

	(void)name;
	(void)is_parameter;
	(void)value;
	(void)size;
	(void)base;
	(void)system;
	(void)public;
	(void)notation;
	if (xml_next(x))
		xml_stop(x, XML_MALFORMED, "entities must not be declared here");
}

/* A default value would put attributes into rules that nobody sees there. */
static void on_attlist(void *arg, const XML_Char *element, const XML_Char *name,
	const XML_Char *type, const XML_Char *value, int is_required)
{
	struct xml *x = arg;

	(void)element;
	(void)name;
	(void)type;
	(void)value;
	(void)is_required;
	if (xml_next(x))
		xml_stop(x, XML_MALFORMED, "attributes must not be declared here");
}

int xml_parse(struct slice data, struct xml_sink *sink, const char **ret_why)
{
	struct xml x = {.data = data, .sink = sink};
	enum XML_Error error;

	if (data.size > INT_MAX)
		return -EFBIG;
	x.parser = XML_ParserCreate("UTF-8");
	if (!x.parser)
		return -ENOMEM;
	XML_SetUserData(x.parser, &x);
	XML_SetElementHandler(x.parser, on_open, on_close);
	XML_SetCharacterDataHandler(x.parser, on_text);
	XML_SetSkippedEntityHandler(x.parser, on_skipped);
	XML_SetEntityDeclHandler(x.parser, on_entity);
	XML_SetAttlistDeclHandler(x.parser, on_attlist);
	XML_SetParamEntityParsing(x.parser, XML_PARAM_ENTITY_PARSING_NEVER);
	if (XML_Parse(x.parser, data.text, (int)data.size, XML_TRUE) == XML_STATUS_ERROR &&
		!x.result) {
		error = XML_GetErrorCode(x.parser);
		sink->line = (uint32_t)XML_GetCurrentLineNumber(x.parser);
		x.result = error == XML_ERROR_NO_MEMORY ? -ENOMEM : XML_MALFORMED;
		x.why = XML_ErrorString(error);
	}
	XML_ParserFree(x.parser);
	if (x.result == XML_MALFORMED)
		*ret_why = x.why;
	return x.result;
}
