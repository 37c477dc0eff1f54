/* sight.c - asks the gate whether a name may be seen; nothing is asked where no rule hides any */
#include "broker/driver.h"
#include "broker/peer.h"
#include "broker/sight.h"

static bool is_its_own(const struct peer *peer, struct slice name)
{
	for (uint32_t i = 0; i < peer->party.names_n; i++) {
		if (slice_equal(peer->party.names[i], name))
			return true;
	}
	return false;
}

bool sight_of(const struct peer *peer, struct slice name)
{
	struct request q = {.verb = VERB_SEE, .sender = &peer->party, .name = name};

	if (!peer->bus->hides || !name.size || *name.text == ':' || slice_is(name, DRIVER_NAME))
		return true;
	return is_its_own(peer, name) || gate_ask(&peer->bus->gate, &q).answer == ANSWER_ALLOW;
}

struct name *sight_find(const struct peer *peer, struct slice name)
{
	struct name *found = name_find(&peer->bus->names, name);

	return found && sight_of(peer, name) ? found : NULL;
}

bool sight_is_limited(const struct image *image)
{
	for (uint32_t i = 0; i < image->header->sections.count; i++) {
		if (image->sections[i].rules[RULE_SEE].count)
			return true;
	}
	return false;
}
