/*
 * authority.h - polkit, as the broker's questions are put to it. The build chooses authority.c or
 * authority_none.c, which has only one answer.
 */
#pragma once

/*
 * Relays between `channel` (link/broker_agent.h) and the polkit of the bus at `address`, until one of
 * them is gone. Returns the exit status: 0 if it was the channel.
 */
int authority_run(int channel, const char *address);
