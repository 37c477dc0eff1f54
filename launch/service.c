/*
 * service.c - a start has failed if the program cannot be executed, or ends badly. Whether somebody
 * still waits for it then is the broker's business. One that ends well may have gone to the
 * background: the broker's deadline decides about that.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/drop.h"
#include "base/log.h"
#include "launch/warden.h"

extern char **environ;

#define LIMITS "org.freedesktop.DBus.Error.LimitsExceeded"
#define SPAWN "org.freedesktop.DBus.Error.Spawn."
/* Programs of one service that run at a time: who leaves the bus may take its time to end, or never
 * do so; and whoever has taken the broker over is not to fill the machine with them. */
#define RUNS_MAX 32

static int report(
	struct warden *w, const struct broker_start *start, const char *error, const char *text)
{
	struct broker_failure failure = {
		start->serial, start->name, slice_of(error), slice_of(text)};
	struct writer fields = {0};
	int r;

	broker_failure_write(&fields, &failure);
	r = broker_send(w, TO_BROKER_SERVICE_FAILED, &fields, -1);
	writer_fini(&fields);
	return r;
}

static void run_free(struct service_run *run)
{
	if (!run)
		return;
	list_unlink(&run->link);
	child_forget(&run->child);
	outside_forget(&run->outside);
	free(run->name);
	free(run);
}
DROP_WITH(service_run, run_free)

/* `result`: of child_start() */
static int report_start(struct warden *w, const struct broker_start *start, int result)
{
	char text[512];

	if (result > 0) {
		snprintf(text, sizeof(text), "Failed to become the user of %.*s: %s",
			SLICE_FMT(start->name), strerror(result));
		return report(w, start, SPAWN "FailedToSetup", text);
	}
	snprintf(text, sizeof(text), "Failed to execute program %.*s: %s", SLICE_FMT(start->name),
		strerror(-result));
	return report(w, start, SPAWN "ExecFailed", text);
}

static int report_end(struct warden *w, const struct broker_start *start, int status)
{
	char text[512];

	if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "Process %.*s received signal %d",
			SLICE_FMT(start->name), WTERMSIG(status));
		return report(w, start, SPAWN "ChildSignaled", text);
	}
	if (WEXITSTATUS(status) == 0)
		return 0;
	snprintf(text, sizeof(text), "Process %.*s exited with status %d", SLICE_FMT(start->name),
		WEXITSTATUS(status));
	return report(w, start, SPAWN "ChildExited", text);
}

static int run_ended(struct child *child, int status)
{
	struct service_run *run = container_of(child, struct service_run, child);
	struct warden *w = container_of(run->services, struct warden, services);
	struct broker_start start = {run->serial, slice_of(run->name)};
	int r = report_end(w, &start, status);

	run_free(run);
	return r;
}

static int outside_ended(struct outside *outside, int result, int status)
{
	struct service_run *run = container_of(outside, struct service_run, outside);
	struct warden *w = container_of(run->services, struct warden, services);
	struct broker_start start = {run->serial, slice_of(run->name)};
	int r = result ? report_start(w, &start, result) : report_end(w, &start, status);

	run_free(run);
	return r;
}

/* What the service is told of its bus; on the system bus it knows nothing else. */
static int make_environment(const struct warden *w, bool is_system, struct environment *ret)
{
	static const char *const ours_only[] = {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
		"INVOCATION_ID", "JOURNAL_STREAM", "DBUS_STARTER_BUS_TYPE"};
	const struct image *image = &w->policy.image;
	struct slice type = image_slice(image, image->header->type);
	struct slice address = slice_of(w->address);
	int r = 0;

	if (!is_system) {
		r = environment_copy(ret, environ);
		for (size_t i = 0; i < ARRAY_SIZE(ours_only); i++)
			environment_unset(ret, ours_only[i]);
		if (r == 0 && w->environment.n)
			r = environment_copy(ret, w->environment.array);
	}
	if (r == 0)
		r = environment_set(ret, SLICE("DBUS_STARTER_ADDRESS"), address);
	if (r == 0 && slice_is(type, "session"))
		r = environment_set(ret, SLICE("DBUS_SESSION_BUS_ADDRESS"), address);
	if (r == 0 && type.size)
		r = environment_set(ret, SLICE("DBUS_STARTER_BUS_TYPE"), type);
	return r;
}

/* As whom it is to run. False: nobody, and *ret_why says why. */
static bool choose_user(const struct warden *w, const struct service *service, bool is_system,
	struct child_plan *plan, const char **ret_why)
{
	if (!is_system || geteuid() != 0) {
		/* never with more rights than the bus itself */
		plan->user = w->user.change ? &w->user.who : NULL;
		return true;
	}
	plan->account = image_string(&w->policy.image, service->user);
	if (*plan->account)
		return true;
	*ret_why = "The service file says no User= to run as";
	return false;
}

static const char **make_argv(const struct image *image, const struct service *service)
{
	const char **argv = calloc((size_t)service->argc + 1, sizeof(*argv));

	for (uint32_t i = 0; argv && i < service->argc; i++)
		argv[i] = image_string(image, image->texts[service->argv + i]);
	return argv;
}

/* Outside of the walls of our unit where systemd has made a way out, else as a child. */
static int run_begin(struct warden *w, struct service_run *run, const struct child_plan *plan)
{
	struct starter_order order = {
		plan->account, plan->argv, (const char *const *)(uintptr_t)plan->envp};
	int r = -ENOENT;

	if (w->options->systemd_activation && plan->account)
		r = outside_start(&run->outside, &w->loop, &order, outside_ended);
	if (r == 0)
		return 0;
	if (r != -ENOENT)
		log_warning("%s is started within the unit of the bus, as there is no "
			    "dbus-warden-starter: %s",
			run->name, strerror(-r));
	r = child_start(&run->child, plan);
	return r != 0 ? r : child_watch(&run->child, &w->loop, run_ended);
}

static int execute(
	struct warden *w, const struct broker_start *start, const struct service *service)
{
	const struct image *image = &w->policy.image;
	bool is_system = slice_is(image_slice(image, image->header->type), "system");
	struct child_plan plan = {.channel = -1, .foreign = true, .files = &w->files};
	struct environment environment = {0};
	DROP_HEAP const char **argv = make_argv(image, service);
	DROP(service_run) run = calloc(1, sizeof(*run));
	const char *why = NULL;
	int r = -ENOMEM;

	if (run && argv && (run->name = strndup(start->name.text, start->name.size)))
		r = make_environment(w, is_system, &environment);
	if (r == 0 && choose_user(w, service, is_system, &plan, &why)) {
		plan.program = argv[0];
		plan.argv = argv;
		plan.envp = environment.array;
		run->services = &w->services;
		run->serial = start->serial;
		r = run_begin(w, run, &plan);
	}
	environment_fini(&environment);
	if (why)
		return report(w, start, SPAWN "FileInvalid", why);
	if (r != 0)
		return report_start(w, start, r);
	list_append(&w->services.runs, &run->link);
	run = NULL;
	return 0;
}

static size_t count_runs(const struct services *s, struct slice name)
{
	size_t n = 0;

	list_for_each (at, &s->runs)
		n += slice_is(name, list_entry(at, struct service_run, link)->name);
	return n;
}

int service_start(struct warden *w, const struct broker_start *start)
{
	const struct service *service = image_service(&w->policy.image, start->name);

	if (!service)
		return report(w, start, SPAWN "ServiceNotFound", "There is no such service file");
	if (service->argc == 0)
		return report(
			w, start, SPAWN "FileInvalid", "The service file says nothing to Exec");
	if (count_runs(&w->services, start->name) >= RUNS_MAX)
		return report(w, start, LIMITS,
			"Too many programs that were started for this name still run");
	return execute(w, start, service);
}

void service_stop(struct warden *w, uint64_t serial)
{
	list_for_each (at, &w->services.runs) {
		struct service_run *run = list_entry(at, struct service_run, link);

		if (run->serial != serial)
			continue;
		child_kill(&run->child);
		outside_kill(&run->outside);
	}
}

void services_init(struct services *s)
{
	list_init(&s->runs);
}

void services_fini(struct services *s)
{
	if (!s->runs.next)
		return;
	list_for_each_safe (at, &s->runs)
		run_free(list_entry(at, struct service_run, link));
}
