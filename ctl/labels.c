/* labels.c - what is not given cannot be asked about: then that is said, and nothing is guessed */
#include <unistd.h>

#include "ctl/labels.h"
#include "policy/gate.h"

static void note(void *arg, const struct request *request, const struct verdict *v)
{
	struct outcome *out = arg;

	(void)request;
	if (v->advisory && v->answer == ANSWER_DENY && out->would_n < WOULD_MAX)
		out->would[out->would_n++] = *v;
}

static int label_place(struct labels *l, struct person *p, struct mac_label **ret)
{
	int r = mac_label_of(
		&l->mac, (struct slice){p->identity.label, p->identity.label_size}, ret);

	p->identity.mac = *ret;
	return r;
}

static const char *missing(const struct request *request, const struct person *subject,
	const struct person *peer, const char *bus_label)
{
	bool to_bus = request->verb == VERB_OWN || !request->recipient || !request->sender;

	if (request->verb != VERB_OWN && request->verb != VERB_SEND)
		return "nothing is asked about labels";
	if (!subject->identity.label)
		return "--label is not given";
	if (to_bus)
		return bus_label ? NULL : "--bus-label is not given";
	return peer && peer->identity.label ? NULL : "--peer-label is not given";
}

void labels_answer(struct labels *l, const struct request *request, struct person *subject,
	struct person *peer, const char *bus_label, struct outcome *ret, const char **ret_why)
{
	const struct image *image = subject->subject.image;
	const struct judge *judges[3];
	struct gate gate = {.judges = judges, .note = note, .note_arg = ret};
	struct mac_site site = mac_site();
	struct verdict v;

	*l = (struct labels){.mac.spare.fd = -1};
	*ret_why = NULL;
	/* the bus of this machine would not ask, either */
	if (!site.selinux && site.apparmor_support != APPARMOR_MEDIATES)
		return;
	*ret_why = missing(request, subject, peer, bus_label);
	if (*ret_why)
		return;
	/* of a question in which the bus is no end any label serves */
	if (mac_start(&l->mac, &site,
		    &(struct mac_setup){
			    .label = slice_of(bus_label ? bus_label : subject->identity.label),
			    .bus_type = image_string(image, image->header->type),
			    .apparmor = image->header->apparmor,
			    .spare_of = STDERR_FILENO},
		    ret_why) < 0)
		return;
	if (mac_judges(&l->mac, judges) == 0) {
		*ret_why = "nobody judges by label on this machine";
		return;
	}
	if (label_place(l, subject, &l->subject) < 0 ||
		(peer && peer->identity.label && label_place(l, peer, &l->peer) < 0)) {
		*ret_why = "no memory";
		return;
	}
	v = gate_ask_labels(&gate, request);
	if (v.answer == ANSWER_DENY)
		ret->verdict = v;
}

void labels_fini(struct labels *l)
{
	mac_label_put(&l->mac.labels, l->subject);
	mac_label_put(&l->mac.labels, l->peer);
	mac_fini(&l->mac);
	*l = (struct labels){.mac.spare.fd = -1};
}
