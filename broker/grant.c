/* grant.c - shared by a message and its deliveries, whichever wait for longest */
#include <stdlib.h>
#include <string.h>

#include "broker/fault.h"
#include "broker/grant.h"

struct grant *grant_new(struct slice action)
{
	struct grant *grant = calloc(1, sizeof(*grant) + action.size + 1);

	if (!grant)
		return NULL;
	memcpy(grant->action, action.text, action.size);
	grant->consent =
		(struct consent){.action = {grant->action, action.size}, .text = grant->text};
	grant->refs = 1;
	grant->fault = FAULT_NOT_AUTHORISED;
	grant->why = "not authorised";
	return grant;
}

struct grant *grant_ref(struct grant *grant)
{
	grant->refs++;
	return grant;
}

void grant_unref(struct grant *grant)
{
	if (grant && --grant->refs == 0)
		free(grant);
}
