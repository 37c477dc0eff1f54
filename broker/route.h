/*
 * route.h - where a peer's message goes: to the driver, to one receiver, to all who match. The
 * flow is bytes -> message -> route -> gate -> deliver; refusals end here as error replies.
 */
#pragma once

#include "broker/message.h"

struct bus;
struct peer;
struct place;
struct transit;

/* Authentication bytes of a new connection; returns how many were used. */
size_t route_sasl(struct peer *peer, const uint8_t *bytes, size_t size);
/* A complete, valid message; `fds` are its m->fds descriptors, borrowed. */
void route_message(struct peer *peer, const struct message *m, const int *fds);
/* A message that waited for its service: judged now; monitors have seen it. */
void route_held(struct transit *t);
/* A message that waited for polkit, or behind one that did: the same. */
void route_parked(struct transit *t, const struct place *place);
/* Tells the sender that its message is refused (no reply to a reply, nothing to who is gone). */
void route_refuse(struct peer *peer, const struct message *m, int fault, const char *detail);
/* The peer broke the protocol: recorded, disconnected. `why` may be NULL. */
void route_violation(struct peer *peer, int fault, const char *why);
