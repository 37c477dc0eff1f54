/*
 * tenure.h - names and who may hold them after the policy has changed: <restrict> is asked again of
 * every owner and of all who wait, so that nobody becomes the owner later who could not now.
 */
#pragma once

struct bus;

/*
 * Who waits for a name and does not meet its restrictions waits no longer. Of an owner who does not
 * the trail is told; the name is taken from it where the restriction says revoke="yes". To be
 * called when a policy came into force, before anything goes on that waited.
 */
void tenure_review(struct bus *bus);
