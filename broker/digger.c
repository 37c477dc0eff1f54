/*
 * digger.c - close() sleeps where a client wants it to: with the last descriptor of a socket that is to
 * linger (it may wait unread in another socket that is closed), until a signal comes; with any
 * descriptor of a file in a FUSE file system, until its server answers, which no signal shortens.
 * A timer sends the thread signals once it has been at it for a moment, so that only the second
 * holds it up. The bytes of a socket that does not linger any more are still sent.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "broker/digger.h"

#define PATIENCE_NS 20000000 /* then */
#define INSIST_NS 1000000 /* as long for each further one */
#define STACK_MIN (64u << 10)

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void wake_up(int sig)
{
	(void)sig;
}

/* The signals of a timer of its own, and no others. */
static int insist_init(timer_t *ret)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
	sigset_t set;

	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, ret) < 0)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	return -pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void insist(timer_t timer, bool on)
{
	const struct itimerspec when = {{0, on ? INSIST_NS : 0}, {0, on ? PATIENCE_NS : 0}};

	timer_settime(timer, 0, &when, NULL);
}

static void dig(struct digger *d, timer_t timer)
{
	static const uint64_t one = 1;
	uint32_t n = d->n;
	ssize_t told;

	insist(timer, true);
	for (uint32_t i = 0; i < n; i++) {
		/* it is gone whatever this says */
		close(d->fds[i]);
		if (i + 1 == n)
			insist(timer, false);
		/* after the last one the next may be there already */
		atomic_store(&d->done, i + 1);
	}
	/* which cannot be full */
	told = write(d->event_fd, &one, sizeof(one));
	(void)told;
}

static void *digger_run(void *arg)
{
	struct digger *d = arg;
	timer_t timer;

	prctl(PR_SET_NAME, "undertaker");
	d->error = insist_init(&timer);
	sem_post(&d->ready);
	while (d->error == 0) {
		if (sem_wait(&d->work) == 0)
			dig(d, timer);
	}
	return NULL;
}

static int thread_make(struct digger *d)
{
	size_t stack =
		(size_t)PTHREAD_STACK_MIN > STACK_MIN ? (size_t)PTHREAD_STACK_MIN : STACK_MIN;
	pthread_attr_t attr;
	pthread_t thread;
	int r = pthread_attr_init(&attr);

	if (r != 0)
		return -r;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_attr_setstacksize(&attr, stack);
	if (r == 0)
		r = pthread_create(&thread, &attr, digger_run, d);
	pthread_attr_destroy(&attr);
	return -r;
}

int digger_start(struct digger *d, int event_fd)
{
	struct sigaction action = {.sa_handler = wake_up};
	sigset_t all, before;
	int r;

	d->event_fd = event_fd;
	sem_init(&d->work, 0, 0);
	sem_init(&d->ready, 0, 0);
	if (sigaction(SIGALRM, &action, NULL) < 0)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = thread_make(d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	while (sem_wait(&d->ready) < 0)
		;
	return d->error;
}

void digger_send(struct digger *d)
{
	atomic_store(&d->done, 0);
	sem_post(&d->work);
}
