/*
 * warden.c - from a command line to a running bus and back to nothing. All that can go wrong with a
 * configuration goes wrong before the first client can connect: the order of `steps` is the order of
 * trust, and a step that fails undoes the bus.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cage.h"
#include "base/drop.h"
#include "base/log.h"
#include "base/systemd.h"
#include "launch/announce.h"
#include "launch/daemon.h"
#include "launch/pidfile.h"
#include "launch/transient.h"
#include "launch/warden.h"
#include "link/launch_broker.h"

#define LISTEN_FIRST 3 /* SD_LISTEN_FDS_START */

/* Every failure before the bus runs is worded here, once. */
static int cannot_start(int error, const char *what, const char *detail)
{
	log_error("The bus cannot start: %s%s%s", what, *detail ? ": " : "", detail);
	return error;
}

static int open_log(struct warden *w)
{
	static const uint32_t flags[] = {
		[LOG_CONFIGURED] = SETUP_STDERR,
		[LOG_BOTH] = SETUP_STDERR | SETUP_SYSLOG,
		[LOG_SYSLOG_ONLY] = SETUP_SYSLOG,
		[LOG_STDERR_ONLY] = SETUP_STDERR,
	};
	unsigned int targets;

	w->log_flags = flags[w->options->log];
	if (w->options->log == LOG_CONFIGURED && w->policy.data &&
		(w->policy.image.header->flags & IMAGE_SYSLOG))
		w->log_flags |= SETUP_SYSLOG;
	targets = (w->log_flags & SETUP_STDERR ? LOG_TO_STDERR : 0u) |
		  (w->log_flags & SETUP_SYSLOG ? LOG_TO_SYSLOG : 0u);
	log_open("dbus-warden", targets);
	return 0;
}

static int find_programs(struct warden *w)
{
	struct {
		const char *name;
		char *path;
	} programs[] = {
		{"dbus-warden-compile", w->compiler_path},
		{"dbus-warden-broker", w->broker_path},
		{"dbus-warden-recorder", w->recorder_path},
	};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		int r = child_find(programs[i].name, LIBEXEC_DIR, programs[i].path);

		if (r < 0)
			return cannot_start(r, programs[i].path, strerror(-r));
	}
	return 0;
}

/* The file as it can be named again at a reload: our folder may change, and a descriptor may stand
 * where the compiler finds its channel. */
static int name_config(struct warden *w)
{
	const char *path = w->options->config;
	DROP_HEAP char *folder = NULL;
	int fd, n = 0;

	if ((sscanf(path, "/proc/self/fd/%d%n", &fd, &n) == 1 ||
		    sscanf(path, "/dev/fd/%d%n", &fd, &n) == 1) &&
		!path[n] && fd == LINK_FD) {
		fd = fcntl(fd, F_DUPFD, LINK_FD + 1);
		if (fd < 0 || asprintf(&w->config, "/proc/self/fd/%d", fd) < 0)
			w->config = NULL;
	} else if (path[0] == '/') {
		w->config = strdup(path);
	} else if (!(folder = getcwd(NULL, 0)) || asprintf(&w->config, "%s/%s", folder, path) < 0) {
		w->config = NULL;
	}
	return w->config ? 0 : cannot_start(-ENOENT, path, "the file cannot be named");
}

static int load_policy(struct warden *w)
{
	DROP_HEAP char *why = NULL;
	int r;

	r = compile_wait(w->compiler_path, w->config, &w->policy, &why);
	if (r < 0) {
		const char *at = why ? why : "no memory";

		while (*at) {
			size_t n = strcspn(at, "\n");

			log_error("%.*s", (int)n, at);
			at += n + (at[n] == '\n');
		}
		return cannot_start(r, "its configuration was not accepted", w->options->config);
	}
	open_log(w);
	policy_log_complaints(&w->policy);
	return 0;
}

/* What the kernel lacks is not asked for, but told. */
static int tell_cages(struct warden *w)
{
	static const struct {
		unsigned int kind;
		const char *what;
	} kinds[] = {
		{CAGE_HAS_CALLS, "may make any system call (seccomp)"},
		{CAGE_HAS_FILES, "may open any file that their user may (Landlock)"},
	};
	unsigned int has = cage_has();

	(void)w;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!(has & kinds[i].kind))
			log_notice("The processes of the bus %s: this kernel or this build cannot "
				   "restrict that",
				kinds[i].what);
	}
	return 0;
}

static int find_user(struct warden *w)
{
	char why[USER_WHY];
	int r = user_of_image(&w->policy.image, &w->user, why);

	return r < 0 ? cannot_start(r, why, "") : 0;
}

static const char *pidfile_path(const struct warden *w)
{
	const struct image *image = &w->policy.image;

	return w->options->no_pidfile ? "" : image_string(image, image->header->pidfile);
}

static int check_pidfile(struct warden *w)
{
	const char *path = pidfile_path(w);

	if (*path && pidfile_exists(path))
		return cannot_start(
			-EEXIST, path, "the pid file exists; if no bus runs there, remove it");
	return 0;
}

static int open_listeners(struct warden *w)
{
	const struct image *image = &w->policy.image;
	int fds_n = systemd_listen_fds();
	struct listen_source source = {LISTEN_FIRST, fds_n, getenv("XDG_RUNTIME_DIR")};
	char why[LISTEN_WHY];
	int r = 0;

	if (w->options->address) {
		r = listeners_add(&w->listeners, &source, w->options->address, why);
		return r < 0 ? cannot_start(r, why, "") : 0;
	}
	if (image->header->listens.count == 0)
		return cannot_start(-EINVAL, "its configuration says nowhere to <listen>", "");
	for (uint32_t i = 0; i < image->header->listens.count && r == 0; i++)
		r = listeners_add(
			&w->listeners, &source, image_string(image, image->listens[i]), why);
	return r < 0 ? cannot_start(r, why, "") : 0;
}

static int name_bus(struct warden *w)
{
	int r = guid_make(w->guid);

	if (r == 0 && !(w->address = listeners_address(&w->listeners, w->guid)))
		r = -ENOMEM;
	return r < 0 ? cannot_start(r, "no address", strerror(-r)) : 0;
}

static int go_to_background(struct warden *w)
{
	uint32_t flags = w->policy.image.header->flags;
	int r;

	if (w->options->fork == FORK_NEVER ||
		(w->options->fork == FORK_CONFIGURED && !(flags & IMAGE_FORK)))
		return 0;
	r = daemon_fork(flags & IMAGE_KEEP_UMASK, &w->release);
	if (r < 0)
		return cannot_start(r, "it cannot go to the background", strerror(-r));
	w->in_background = true;
	return 0;
}

static int make_pidfile(struct warden *w)
{
	const char *path = pidfile_path(w);
	int r;

	if (!*path)
		return 0;
	r = pidfile_write(path, getpid());
	if (r < 0)
		return cannot_start(r, path, strerror(-r));
	w->pidfile_made = true;
	return 0;
}

static int signal_came(struct source *source, uint32_t events)
{
	struct warden *w = container_of(source, struct warden, signals);
	struct signalfd_siginfo info;

	(void)events;
	if (read(w->signals_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	if (info.ssi_signo == SIGHUP)
		return w->ready ? reload_ask(w, NULL) : 0;
	warden_end(w, 0);
	return 0;
}

static int open_loop(struct warden *w)
{
	sigset_t set;
	int r;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	r = loop_init(&w->loop);
	if (r == 0) {
		w->signals_fd = signals_open(&set);
		r = w->signals_fd < 0 ? w->signals_fd
				      : source_init(&w->signals, &w->loop, w->signals_fd, EPOLLIN,
						signal_came);
	}
	return r < 0 ? cannot_start(r, "no event loop", strerror(-r)) : 0;
}

static int start_children(struct warden *w)
{
	int channel, r;

	services_init(&w->services);
	daemon_raise_limits(&w->files);
	r = recorder_start(w, &channel);
	if (r < 0)
		return cannot_start(r, w->recorder_path, strerror(-r));
	r = broker_start(w, channel);
	close(channel);
	return r < 0 ? cannot_start(r, w->broker_path, strerror(-r)) : 0;
}

static int config_changed(struct watch *watch)
{
	struct warden *w = container_of(watch, struct warden, watch);

	/* test programs delete it once they know the address; asked to reload, we complain of that */
	if (access(w->config, F_OK) < 0 && errno == ENOENT)
		return 0;
	return reload_ask(w, NULL);
}

int warden_ready(struct warden *w)
{
	const struct options *o = w->options;
	int r;

	w->ready = true;
	r = watch_init(&w->watch, &w->loop, config_changed);
	if (r < 0)
		log_warning("changes of the configuration are not noticed: %s", strerror(-r));
	transient_folder_make(&w->policy.image, getenv("XDG_RUNTIME_DIR"));
	watch_set(&w->watch, &w->policy.image);
	/* who has the address may change the configuration: that is seen */
	r = announce(o->print_address, w->address, o->print_pid, getpid());
	if (r < 0)
		return cannot_start(r, "its address cannot be printed", strerror(-r));
	systemd_notify("READY=1");
	if (w->in_background) {
		r = daemon_release(w->release);
		w->release = -1;
	}
	return r;
}

void warden_end(struct warden *w, int status)
{
	w->status = status;
	loop_stop(&w->loop);
}

static void warden_fini(struct warden *w)
{
	watch_fini(&w->watch);
	reload_fini(w);
	broker_stop(w);
	agent_stop(w);
	recorder_stop(w);
	services_fini(&w->services);
	environment_fini(&w->environment);
	listeners_unlink(&w->listeners);
	if (w->pidfile_made)
		unlink(pidfile_path(w));
	source_fini(&w->signals);
	if (w->signals_fd >= 0)
		close(w->signals_fd);
	loop_fini(&w->loop);
	listeners_fini(&w->listeners);
	user_fini(&w->user);
	policy_fini(&w->policy);
	free(w->address);
	free(w->config);
	if (w->release >= 0)
		close(w->release);
}

int warden_run(const struct options *options)
{
	static int (*const steps[])(struct warden *) = {open_log, find_programs, name_config,
		load_policy, tell_cages, find_user, check_pidfile, open_listeners, name_bus,
		go_to_background, open_loop, make_pidfile, start_children};
	struct warden w = {.options = options,
		.release = -1,
		.signals_fd = -1,
		.broker_channel = -1,
		.exes.channel = -1,
		.recorder_channel = -1,
		.loop.epoll_fd = -1,
		.environment.bytes_max = VARIABLES_BYTES_MAX,
		.status = 1};
	int r = 0;

	/* who started us may ignore it: then children end without a status */
	signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
		r = steps[i](&w);
	if (r == 0) {
		r = loop_run(&w.loop);
		if (r < 0)
			log_error("The bus ends: %s", strerror(-r));
		systemd_notify("STOPPING=1");
	}
	warden_fini(&w);
	return r < 0 ? 1 : w.status;
}
