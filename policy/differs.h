/* differs.h - why a rule does not fit a request, for who wants to read all rules that were asked */
#pragma once

#include "policy/rules.h"

/* The attribute that a rule's name stands in: "own_prefix", "send_destination" ... */
const char *rule_name_attribute(const struct rule *rule);
/*
 * The name of the first attribute of `rule` that keeps it from fitting ("send_member"), or NULL if
 * it fits. The rule must stand in `image` and be of the request's kind; one about messages is asked
 * by rule_fits, so that there is no second opinion. What an audit rule is `on` is not compared.
 */
const char *rule_differs(
	const struct image *image, const struct rule *rule, const struct request *request);
