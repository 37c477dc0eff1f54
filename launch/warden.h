/*
 * warden.h - the supervisor: one of it, holding everything that the other processes are not trusted
 * with. Its parts are in files of their own and meet here.
 */
#pragma once

#include "launch/child.h"
#include "launch/environment.h"
#include "launch/exes.h"
#include "launch/listen.h"
#include "launch/machine.h"
#include "launch/options.h"
#include "launch/policy.h"
#include "launch/reload.h"
#include "launch/service.h"
#include "launch/user.h"
#include "launch/watch.h"

struct warden {
	const struct options *options;
	char *config; /* absolute; what the compiler is told */
	char compiler_path[PATH_MAX], broker_path[PATH_MAX], recorder_path[PATH_MAX];
	struct policy policy;
	struct user user;
	uint32_t log_flags; /* SETUP_SYSLOG, SETUP_STDERR */

	struct listeners listeners;
	char guid[ID_TEXT];
	char *address;
	bool pidfile_made;

	bool in_background;
	int release; /* of daemon_fork(), -1 */

	struct loop loop;
	int signals_fd;
	struct source signals;

	struct child broker;
	int broker_channel;
	struct source broker_source;
	struct timer broker_deadline;
	struct exes exes; /* of its connections */
	bool ready;

	struct child recorder;
	int recorder_channel; /* it may ask us something */
	struct source recorder_source;
	struct timer recorder_again;
	uint64_t recorder_since; /* loop_now() */
	uint64_t recorder_delay; /* microseconds until the next start */

	struct child agent; /* to polkit; runs where the policy has something to ask */
	struct timer agent_again;
	uint64_t agent_since, agent_delay; /* as of the recorder */

	struct services services;
	struct environment environment; /* UpdateActivationEnvironment */
	struct rlimit files; /* as we found them */

	struct reload reload;
	struct watch watch;
	int status; /* to exit with */
};

/* Starts the bus, runs it to its end and cleans up. Returns the exit status. */
int warden_run(const struct options *options);

/* broker.c: the process that does the work, and what it may ask of us */
int broker_start(struct warden *w, int recorder_channel);
int broker_send(struct warden *w, uint32_t type, const struct writer *fields, int fd);
/* Lets it end: -1 channel, wait, kill. Harmless if it does not run. */
void broker_stop(struct warden *w);

/* recorder.c: the process that keeps the records */
/* Starts it; *ret_channel is for the broker, to be closed here after it was sent. 0 or -errno. */
int recorder_start(struct warden *w, int *ret_channel);
/* After the broker: it ends when the broker's channel does. */
void recorder_stop(struct warden *w);

/* agent.c: the process that asks polkit */
/* Starts it if that image needs it and it does not run; a failure is logged, and tried again. */
void agent_follow(struct warden *w, const struct image *image);
/* After the broker, as the recorder. */
void agent_stop(struct warden *w);

/* the broker listens: tell those who wait */
int warden_ready(struct warden *w);
/* Ends the bus with this exit status; the loop returns. */
void warden_end(struct warden *w, int status);
