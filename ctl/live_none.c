/* live_none.c - a build without libsystemd cannot ask a running bus, and says so */
#include "ctl/live.h"
#include "ctl/say.h"

struct live *live_open(const char *address, bool session)
{
	(void)address;
	(void)session;
	say("--live is not built in (it needs libsystemd)");
	return NULL;
}

void live_close(struct live *live)
{
	(void)live;
}

int live_image(struct live *live, uint64_t *ret_generation)
{
	(void)live;
	(void)ret_generation;
	return -1;
}

int live_peer(struct live *live, const char *name, struct live_peer *ret)
{
	(void)live;
	(void)name;
	(void)ret;
	return -1;
}

int live_each(struct live *live, int (*each)(void *arg, const char *unique), void *arg)
{
	(void)live;
	(void)each;
	(void)arg;
	return -1;
}

int live_watch(struct live *live, uint32_t seconds, const struct live_watcher *watcher)
{
	(void)live;
	(void)seconds;
	(void)watcher;
	return -1;
}

void live_peer_fini(struct live_peer *peer)
{
	(void)peer;
}
