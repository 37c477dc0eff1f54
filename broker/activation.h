/*
 * activation.h - messages to services that are not running yet: held, in order, until the name
 * has an owner, the start has failed, or service_start_timeout has passed. The policy is asked
 * before anything is started, and again when the message is delivered.
 */
#pragma once

#include "base/hash.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/slice.h"

struct broker_failure;
struct bus;
struct call;
struct peer;
struct transit;

/* A start that is under way. */
struct activation {
	struct bus *bus;
	char *name;
	uint64_t serial; /* what launch knows the start by */
	char *unit; /* started by systemd; NULL: by launch */
	struct list held; /* held.link, in the order of arrival */
	struct timer timer;
	UT_hash_handle hh; /* bus.activations */
};

/* Holds a message for its destination, a service of the policy image, and starts that if nobody
 * has. 0, FAULT_DENIED, FAULT_LIMITS (with the transit's limit), TRANSIT_WAITS (polkit is asked
 * before), -errno. */
int activation_hold(struct transit *t);
/* StartServiceByName for a service of the image without owner: answered when it is there. */
int activation_start(struct call *call, struct slice name);
/* The name has an owner: what was held for it is judged and delivered. */
void activation_done(struct bus *bus, struct slice name);
/* A start failed: everybody who waits for this one is told the error. */
void activation_failed(struct bus *bus, const struct broker_failure *failure);
/* Drops what a peer that is going has waiting. */
void activation_forget(struct peer *peer);
void activations_fini(struct bus *bus);
