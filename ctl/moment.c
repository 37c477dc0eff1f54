/* moment.c - local time, as whoever reads the log lives by it */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/drop.h"
#include "ctl/moment.h"

#define DAY (24 * 60 * 60 * MOMENT_SECOND)

uint64_t moment_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * MOMENT_SECOND + (uint64_t)now.tv_nsec / 1000;
}

static int moment_of_tm(struct tm *tm, uint64_t *ret)
{
	time_t t;

	tm->tm_isdst = -1;
	t = mktime(tm);
	if (t < 0)
		return -EINVAL;
	*ret = (uint64_t)t * MOMENT_SECOND;
	return 0;
}

static struct tm tm_of(uint64_t moment)
{
	time_t t = (time_t)(moment / MOMENT_SECOND);
	struct tm tm = {0};

	localtime_r(&t, &tm);
	return tm;
}

/* The midnight before. */
static int midnight(uint64_t moment, uint64_t *ret)
{
	struct tm tm = tm_of(moment);

	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return moment_of_tm(&tm, ret);
}

static int parse_ago(const char *text, uint64_t now, uint64_t *ret)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	char *end;
	unsigned long long n;

	if (text[1] < '0' || text[1] > '9')
		return -EINVAL;
	n = strtoull(text + 1, &end, 10);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (*end != units[i].unit || end[1] != '\0')
			continue;
		if (n > now / MOMENT_SECOND / units[i].seconds)
			return -EINVAL;
		*ret = now - n * units[i].seconds * MOMENT_SECOND;
		return 0;
	}
	return -EINVAL;
}

static int parse_epoch(const char *text, uint64_t *ret)
{
	char *end;
	unsigned long long n = strtoull(text + 1, &end, 10);

	if (text[1] < '0' || text[1] > '9' || *end != '\0' || n > UINT64_MAX / MOMENT_SECOND)
		return -EINVAL;
	*ret = n * MOMENT_SECOND;
	return 0;
}

static int parse_date(const char *text, uint64_t now, uint64_t *ret)
{
	static const struct {
		const char *format;
		bool dated;
	} formats[] = {
		{"%Y-%m-%d %H:%M:%S", true},
		{"%Y-%m-%d %H:%M", true},
		{"%Y-%m-%dT%H:%M:%S", true},
		{"%Y-%m-%d", true},
		{"%H:%M:%S", false},
		{"%H:%M", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct tm tm = {0};
		const char *end;

		if (!formats[i].dated)
			tm = tm_of(now);
		tm.tm_sec = 0;
		end = strptime(text, formats[i].format, &tm);
		if (end && *end == '\0')
			return moment_of_tm(&tm, ret);
	}
	return -EINVAL;
}

int moment_parse(const char *text, uint64_t now, uint64_t *ret)
{
	if (text[0] == '-')
		return parse_ago(text, now, ret);
	if (text[0] == '@')
		return parse_epoch(text, ret);
	if (strcmp(text, "now") == 0) {
		*ret = now;
		return 0;
	}
	if (strcmp(text, "today") == 0)
		return midnight(now, ret);
	if (strcmp(text, "yesterday") == 0) {
		/* days have 23 to 25 hours */
		int e = midnight(now, ret);

		return e < 0 ? e : midnight(*ret - DAY / 2, ret);
	}
	return parse_date(text, now, ret);
}

static uint64_t parse_iso(const char *text)
{
	struct tm tm = {0};
	const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	uint64_t micro = 0, scale = MOMENT_SECOND;
	time_t t;
	int hours, minutes;

	if (!at)
		return 0;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++) {
			scale /= 10;
			micro += scale * (uint64_t)(*at - '0');
		}
	if (*at != 'Z' && *at != '+' && *at != '-')
		return 0;
	t = timegm(&tm);
	if (*at != 'Z') {
		if (sscanf(at + 1, "%2d:%2d", &hours, &minutes) != 2)
			return 0;
		t -= (*at == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	}
	return t < 0 ? 0 : (uint64_t)t * MOMENT_SECOND + micro;
}

/* Without a year: what would be later than tomorrow was a year ago. */
static uint64_t parse_syslog(const char *text, uint64_t now)
{
	struct tm tm = tm_of(now);
	uint64_t moment = 0;
	const char *at;

	at = strptime(text, "%b %d %H:%M:%S", &tm);
	if (!at || *at != ' ' || moment_of_tm(&tm, &moment) < 0)
		return 0;
	if (moment > now + DAY) {
		tm.tm_year--;
		if (moment_of_tm(&tm, &moment) < 0)
			return 0;
	}
	return moment;
}

uint64_t moment_of_line(struct slice line, uint64_t now)
{
	char head[MOMENT_SIZE];
	size_t size = line.size < sizeof(head) - 1 ? line.size : sizeof(head) - 1;

	if (size == 0)
		return 0;
	memcpy(head, line.text, size);
	head[size] = '\0';
	if (head[0] >= '0' && head[0] <= '9')
		return parse_iso(head);
	return parse_syslog(head, now);
}

void moment_print(uint64_t moment, char buf[MOMENT_SIZE])
{
	struct tm tm = tm_of(moment);
	size_t n;

	if (moment == 0) {
		strcpy(buf, "-");
		return;
	}
	n = strftime(buf, MOMENT_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(buf + n, MOMENT_SIZE - n, ".%03u", (unsigned int)(moment / 1000 % 1000));
}

void moment_print_utc(uint64_t moment, char buf[MOMENT_SIZE])
{
	time_t t = (time_t)(moment / MOMENT_SECOND);
	struct tm tm = {0};
	size_t n;

	gmtime_r(&t, &tm);
	n = strftime(buf, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, MOMENT_SIZE - n, ".%06uZ", (unsigned int)(moment % MOMENT_SECOND));
}
