/* explain.c - the one place that words a verdict, for audit, log and tools alike */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/drop.h"
#include "policy/pattern.h"
#include "policy/rules.h"

static const char *verdict_word(const struct verdict *v)
{
	switch (v->answer) {
	case ANSWER_NONE:
		return "no answer";
	case ANSWER_ALLOW:
		return v->advisory ? "would allow" : "allow";
	case ANSWER_ASK:
		return v->advisory ? "would ask" : "ask";
	case ANSWER_DENY:
		return v->advisory ? "would deny" : "deny";
	}
	return "no answer";
}

static int explain_no_rule(const struct verdict *v, const char *who, const struct request *request,
	char *buf, size_t size)
{
	static const struct judge *const judges[RULE_VERBS] = {
		[RULE_CONNECT] = &rules_connect,
		[RULE_OWN] = &rules_own,
		[RULE_SEE] = &rules_see,
		[RULE_SEND] = &rules_send,
		[RULE_RECEIVE] = &rules_receive,
	};
	const struct rule *nearest = NULL;
	const struct image *image = NULL;
	const char *differs = NULL;

	if (v->answer == ANSWER_ALLOW)
		return snprintf(buf, size, "%s by %s: no rule matched%s", verdict_word(v), who,
			v->judge == &rules_see ? "" : "; the bus's own user");
	for (unsigned int verb = 0; verb < RULE_VERBS; verb++)
		if (judges[verb] == v->judge)
			nearest = rules_nearest(verb, request, &image, &differs);
	if (!nearest)
		return snprintf(buf, size, "%s by %s: no rule matched", verdict_word(v), who);
	return snprintf(buf, size,
		"%s by %s: no rule matched; nearest: %s:%" PRIu32 " %s, differs in %s",
		verdict_word(v), who, image_string(image, nearest->file), nearest->line,
		image_string(image, nearest->text), differs);
}

static int explain_restriction(const struct verdict *v, const char *who,
	const struct request *request, char *buf, size_t size)
{
	const struct restriction *r = v->restriction;
	const char *differs = restriction_differs(v->image, r, request->sender->subject->identity);

	return snprintf(buf, size, "%s by %s: %s:%" PRIu32 " %s, differs in %s", verdict_word(v),
		who, image_string(v->image, r->file), r->line, image_string(v->image, r->text),
		differs ? differs : "nothing any more");
}

static int explain_labels(const struct verdict *v, const char *who, char *buf, size_t size)
{
	const struct label_reason *l = &v->labels;

	return snprintf(buf, size, "%s by %s: %s%s%s %s:%s%s%s", verdict_word(v), who,
		l->subject ? l->subject : "no label", l->object ? " -> " : "",
		l->object ? l->object : "", l->class, l->permission,
		l->error ? ", the kernel could not be asked: " : "",
		l->error ? strerror(l->error) : "");
}

int verdict_explain(const struct verdict *v, const struct request *request, char *buf, size_t size)
{
	const char *word = verdict_word(v), *who = v->judge ? v->judge->name : "bus";

	switch (v->reason) {
	case REASON_SILENCE:
		return snprintf(buf, size, "%s: no judge allowed it", word);
	case REASON_RULE:
		return snprintf(buf, size, "%s by %s: %s:%" PRIu32 " %s", word, who,
			image_string(v->image, v->rule->file), v->rule->line,
			image_string(v->image, v->rule->text));
	case REASON_NO_RULE:
		return explain_no_rule(v, who, request, buf, size);
	case REASON_RESTRICTION:
		return explain_restriction(v, who, request, buf, size);
	case REASON_CONSENT:
		return snprintf(buf, size, "%s by %s: %s:%" PRIu32 " %s, %s", word, who,
			image_string(v->image, v->rule->file), v->rule->line,
			image_string(v->image, v->rule->text), v->text ? v->text : "");
	case REASON_LABELS:
		return explain_labels(v, who, buf, size);
	case REASON_LIMIT:
		return snprintf(buf, size, "%s by limit: %s=%" PRId64, word, limit_name(v->limit),
			v->figure);
	case REASON_FAULT:
		return snprintf(buf, size, "%s by %s: %s", word, who, v->text);
	}
	return snprintf(buf, size, "%s", word);
}
