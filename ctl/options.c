/* options.c - one table for getopt_long(3), for where values go, and for the help that is printed */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/drop.h"
#include "ctl/options.h"
#include "ctl/say.h"

enum kind { KIND_FLAG, KIND_TEXT, KIND_WORDS, KIND_WISH, KIND_CALL };

struct row {
	const char *name, *value; /* value: NULL if it has none */
	unsigned int takes;
	enum kind kind;
	size_t field; /* or the wish */
	const char *help;
};

#define AT(field) offsetof(struct options, field)

static const struct row rows[] = {
	{"json", NULL, TAKES_OUTPUT, KIND_FLAG, AT(json), "write JSON"},
	{"help", NULL, TAKES_OUTPUT, KIND_FLAG, AT(help), "this list"},
	{"config", "FILE", TAKES_POLICY, KIND_WORDS, AT(configs),
		"configuration, folder of them, or policy image; may be repeated"},
	{"live", NULL, TAKES_POLICY, KIND_FLAG, AT(live), "the policy of the running bus"},
	{"address", "ADDRESS", TAKES_POLICY | TAKES_BUS, KIND_TEXT, AT(address),
		"which running bus"},
	{"session", NULL, TAKES_POLICY | TAKES_BUS | TAKES_RECORDS, KIND_FLAG, AT(session),
		"the session bus, not the system bus"},
	{"user", "USER", TAKES_SUBJECT, KIND_TEXT, AT(user), "who asks: a name or a number"},
	{"group", "GROUP", TAKES_SUBJECT, KIND_WORDS, AT(groups),
		"a group of who asks; replaces those of the user database"},
	{"unit", "UNIT", TAKES_SUBJECT, KIND_TEXT, AT(unit),
		"the systemd unit that who asks runs in"},
	{"slice", "SLICE", TAKES_SUBJECT, KIND_WORDS, AT(slices), "a slice that it is in"},
	{"label", "LABEL", TAKES_SUBJECT, KIND_TEXT, AT(label), "its SELinux or AppArmor label"},
	{"name", "NAME", TAKES_SUBJECT, KIND_WORDS, AT(names), "a bus name that who asks owns"},
	{"subject", "NAME", TAKES_SUBJECT, KIND_TEXT, AT(subject),
		"with --live: the connection that asks"},
	{"connect", NULL, TAKES_SUBJECT, KIND_WISH, WISH_CONNECT, "may it connect?"},
	{"own", "NAME", TAKES_SUBJECT, KIND_WISH, WISH_OWN, "may it own this name?"},
	{"see", "NAME", TAKES_SUBJECT, KIND_WISH, WISH_SEE, "is it told of this name?"},
	{"limits", NULL, TAKES_SUBJECT, KIND_WISH, WISH_LIMITS, "which limits hold for it?"},
	{"call", "NAME", TAKES_SUBJECT, KIND_CALL, WISH_SEND, "may it call methods of this name?"},
	{"send", "NAME", TAKES_SUBJECT, KIND_WISH, WISH_SEND,
		"may it send a message (of --type) to this name?"},
	{"broadcast", NULL, TAKES_SUBJECT, KIND_WISH, WISH_BROADCAST,
		"may the peer get a signal without destination from it?"},
	{"receive", "NAME", TAKES_SUBJECT, KIND_WISH, WISH_RECEIVE,
		"may it receive a message (of --type) from this name?"},
	{"type", "TYPE", TAKES_SUBJECT, KIND_TEXT, AT(type),
		"method_call, method_return, error or signal"},
	{"interface", "NAME", TAKES_SUBJECT, KIND_TEXT, AT(interface), "of the message"},
	{"no-interface", NULL, TAKES_SUBJECT, KIND_FLAG, AT(no_interface),
		"the call leaves its interface out"},
	{"member", "NAME", TAKES_SUBJECT, KIND_TEXT, AT(member), "of the message"},
	{"path", "PATH", TAKES_SUBJECT, KIND_TEXT, AT(path), "of the message"},
	{"error", "NAME", TAKES_SUBJECT, KIND_TEXT, AT(error), "of the message"},
	{"arg0", "TEXT", TAKES_SUBJECT, KIND_TEXT, AT(arg0),
		"its first argument is this string (otherwise it is none)"},
	{"fds", "N", TAKES_SUBJECT, KIND_TEXT, AT(fds), "file descriptors in the message"},
	{"reply", "WHICH", TAKES_SUBJECT, KIND_TEXT, AT(reply),
		"it is a reply: requested or unrequested"},
	{"eavesdrop", NULL, TAKES_SUBJECT, KIND_FLAG, AT(copy),
		"the receiver is not who it is addressed to"},
	{"not-running", NULL, TAKES_SUBJECT, KIND_FLAG, AT(idle),
		"nobody owns the destination yet"},
	{"polkit", "WORD", TAKES_SUBJECT, KIND_TEXT, AT(polkit),
		"what polkit says if it is asked: authorised or refused"},
	{"peer", "NAME", TAKES_PEER, KIND_TEXT, AT(peer),
		"with --live: the connection at the other end"},
	{"peer-user", "USER", TAKES_PEER | TAKES_OWNER, KIND_TEXT, AT(peer_user),
		"who is at the other end (root)"},
	{"peer-group", "GROUP", TAKES_PEER, KIND_WORDS, AT(peer_groups), "a group of the peer"},
	{"peer-unit", "UNIT", TAKES_PEER, KIND_TEXT, AT(peer_unit), "the unit of the peer"},
	{"peer-slice", "SLICE", TAKES_PEER, KIND_WORDS, AT(peer_slices), "a slice that it is in"},
	{"peer-label", "LABEL", TAKES_PEER, KIND_TEXT, AT(peer_label), "the label of the peer"},
	{"bus-label", "LABEL", TAKES_PEER, KIND_TEXT, AT(bus_label), "the label of the bus itself"},
	{"peer-name", "NAME", TAKES_PEER, KIND_WORDS, AT(peer_names),
		"a bus name that the peer owns (the one that is asked about)"},
	{"fail-on", "LEVEL", TAKES_LINT, KIND_TEXT, AT(fail_on),
		"error, warning, note or never: exit with 1 from here on (warning)"},
	{"ignore", "ID", TAKES_LINT, KIND_WORDS, AT(ignored), "leave findings of this kind out"},
	{"actions", "DIR", TAKES_LINT, KIND_WORDS, AT(actions),
		"where polkit actions are declared (/usr/share/polkit-1/actions)"},
	{"dot", NULL, TAKES_GRAPH, KIND_FLAG, AT(graph), "a graph for Graphviz"},
	{"from", "WHERE", TAKES_RECORDS, KIND_TEXT, AT(from),
		"audit, journal, a file (- is standard input) or a folder of journal files"},
	{"user", "USER", TAKES_RECORDS, KIND_TEXT, AT(user), "who logged in as, or is, this user"},
	{"unit", "GLOB", TAKES_RECORDS, KIND_TEXT, AT(unit), "who runs in such a systemd unit"},
	{"destination", "NAME", TAKES_RECORDS, KIND_TEXT, AT(destination),
		"about this bus name, or to who has it"},
	{"reason", "WORD", TAKES_RECORDS, KIND_TEXT, AT(reason),
		"whose judge, rule, limit or sentence has this in it"},
	{"since", "TIME", TAKES_RECORDS, KIND_TEXT, AT(since),
		"\"2026-11-21 13:05\", 13:05, today, yesterday, -90s, -2h, -3d, @SECONDS"},
	{"until", "TIME", TAKES_RECORDS, KIND_TEXT, AT(until), "up to then"},
	{"denied", NULL, TAKES_OUTCOME, KIND_FLAG, AT(denied), "what was refused"},
	{"allowed", NULL, TAKES_OUTCOME, KIND_FLAG, AT(allowed), "what was allowed"},
	{"permissive", NULL, TAKES_OUTCOME, KIND_FLAG, AT(permissive),
		"what was let through only because the policy is on trial"},
	{"by", "WHOM", TAKES_SECTION, KIND_TEXT, AT(by),
		"user or unit: to whom rules speak (the unit of a system service, else the user)"},
	{"watch", "SECONDS", TAKES_WATCH, KIND_TEXT, AT(watch),
		"for how long to look at the calls on the running bus (root only)"},
	{"follow", NULL, TAKES_FOLLOW, KIND_FLAG, AT(follow), "wait for more"},
	{"fitting", NULL, TAKES_EXPLAIN, KIND_FLAG, AT(fitting), "only the rules that fit"},
};

#define FIELD(o, row, type) ((type *)((char *)(o) + (row)->field))

static int words_add(struct words *w, const char *text)
{
	const char **grown = realloc(w->list, (w->n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	w->list = grown;
	w->list[w->n++] = text;
	return 0;
}

static int row_take(const struct row *row, struct options *o, const char *value)
{
	switch (row->kind) {
	case KIND_FLAG:
		*FIELD(o, row, bool) = true;
		return 0;
	case KIND_TEXT:
		*FIELD(o, row, const char *) = value;
		return 0;
	case KIND_WORDS:
		return words_add(FIELD(o, row, struct words), value);
	case KIND_CALL:
		o->type = o->type ? o->type : "method_call";
		break;
	case KIND_WISH:
		break;
	}
	o->wish = (enum wish)row->field;
	o->target = value;
	o->wishes++;
	return 0;
}

int options_read(struct options *ret, unsigned int takes, int argc, char **argv)
{
	struct option known[ARRAY_SIZE(rows) + 1] = {{0}};
	int at[ARRAY_SIZE(rows)], option, e;
	size_t n = 0;

	*ret = (struct options){0};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!(rows[i].takes & takes))
			continue;
		at[n] = (int)i;
		known[n] = (struct option){rows[i].name,
			rows[i].value ? required_argument : no_argument, NULL, (int)n};
		n++;
	}
	optind = 0; /* command lines are read several times: of a file with one on each line */
	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (option == '?')
			return -EINVAL;
		e = row_take(&rows[at[option]], ret, optarg);
		if (e < 0)
			return e;
	}
	ret->rest = (const char *const *)argv + optind;
	ret->rest_n = (uint32_t)(argc - optind);
	return 0;
}

void options_fini(struct options *o)
{
	free(o->configs.list);
	free(o->groups.list);
	free(o->names.list);
	free(o->slices.list);
	free(o->peer_groups.list);
	free(o->peer_names.list);
	free(o->peer_slices.list);
	free(o->ignored.list);
	free(o->actions.list);
	*o = (struct options){0};
}

bool option_number(const char *text, uint32_t most, uint32_t *ret)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > most)
		return false;
	*ret = (uint32_t)n;
	return true;
}

void options_help(unsigned int takes, FILE *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[40];

		if (!(rows[i].takes & takes))
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", rows[i].name, rows[i].value ? "=" : "",
			rows[i].value ? rows[i].value : "");
		fprintf(to, "  %-20s %s\n", name, rows[i].help);
	}
}
