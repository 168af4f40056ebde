/* SPDX-License-Identifier: MIT */
/* Conditions and ranges of a request for a file: see condition.h. */
#include "request/condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- dates ---------------------------------------------------------------- */

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed",
                                "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void
gruvid__date_write(char date[GRUVID__DATE_SIZE], int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm tm;

    gmtime_r(&time, &tm);
    snprintf(date, GRUVID__DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
             days[tm.tm_wday], (unsigned)tm.tm_mday % 100, months[tm.tm_mon],
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

/* Two digits of a year are of this century or the last. */
static int
year_of(int year)
{
    if (year >= 100)
        return year - 1900;
    return year < 70 ? year + 100 : year;
}

int64_t
gruvid__date_read(const char *date)
{
    struct tm tm = {0};
    char month[4] = "";
    int year = -1;

    if (sscanf(date, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT",
               &tm.tm_mday, month, &year, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec) != 6 &&
        sscanf(date, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT",
               &tm.tm_mday, month, &year, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec) != 6 &&
        sscanf(date, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d", month,
               &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &year) != 6)
        return -1;
    while (tm.tm_mon < 12 && strcmp(months[tm.tm_mon], month) != 0)
        tm.tm_mon++;
    if (tm.tm_mon == 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 ||
        tm.tm_sec < 0 || tm.tm_sec > 60 || year < 0)
        return -1;
    tm.tm_year = year_of(year);
    return (int64_t)timegm(&tm);
}

/* --- tags ----------------------------------------------------------------- */

/* Whether a list of tags has one; "*" is all.  A weak one counts where weak is
 * enough. */
static bool
has_tag(const char *list, const char *etag, bool weak)
{
    size_t length = strlen(etag);

    if (strcmp(list, "*") == 0)
        return true;
    while (*list != '\0') {
        bool is_weak;
        const char *end;

        list += strspn(list, ", \t");
        is_weak = strncmp(list, "W/", 2) == 0;
        list += is_weak ? 2 : 0;
        if (*list != '"' || (end = strchr(list + 1, '"')) == NULL)
            return false;
        end++;
        if ((weak || !is_weak) && (size_t)(end - list) == length &&
            memcmp(list, etag, length) == 0)
            return true;
        list = end;
    }
    return false;
}

/* --- ranges --------------------------------------------------------------- */

static bool
read_number(const char **at, uint64_t *number)
{
    const char *s = *at;

    *number = 0;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (*number > (UINT64_MAX - 9) / 10)
            return false;
        *number = *number * 10 + (uint64_t)(*s - '0');
    }
    if (s == *at)
        return false;
    *at = s;
    return true;
}

static const struct gruvid__verdict beyond = {416, 0, 0};

static struct gruvid__verdict
part(uint64_t first, uint64_t last, uint64_t size)
{
    if (first >= size)
        return beyond;
    if (last >= size)
        last = size - 1;
    return (struct gruvid__verdict){206, first, last - first + 1};
}

/* "bytes=-7": the last bytes. */
static struct gruvid__verdict
read_suffix(const char *at, uint64_t size)
{
    struct gruvid__verdict whole = {200, 0, size};
    uint64_t n;

    if (!read_number(&at, &n) || *at != '\0')
        return whole;
    if (n == 0 || size == 0)
        return beyond;
    return part(n > size ? 0 : size - n, size - 1, size);
}

/* What is malformed, or more than one range, is as if it were not there. */
static struct gruvid__verdict
read_range(const char *range, uint64_t size)
{
    struct gruvid__verdict whole = {200, 0, size};
    uint64_t first, last = UINT64_MAX;

    if (strncmp(range, "bytes=", 6) != 0)
        return whole;
    range += 6;
    if (*range == '-')
        return read_suffix(range + 1, size);
    if (!read_number(&range, &first) || *range++ != '-')
        return whole;
    if (*range != '\0' &&
        (!read_number(&range, &last) || *range != '\0' || last < first))
        return whole;
    return part(first, last, size);
}

/* --- the order of RFC 9110, 13.2.2 ---------------------------------------- */

static bool
is_since(const struct gruvid__content *content, const char *date, bool *known)
{
    int64_t seconds = date == NULL ? -1 : gruvid__date_read(date);

    *known = seconds >= 0 && content->modified >= 0;
    return *known && content->modified > seconds;
}

/* 412 or 304; 0: go on. */
static int
check(const struct gruvid__conditions *c, const struct gruvid__content *content)
{
    bool known;

    if (c->if_match != NULL) {
        if (!has_tag(c->if_match, content->etag, false))
            return 412;
    } else if (is_since(content, c->if_unmodified_since, &known)) {
        return 412;
    }
    if (c->if_none_match != NULL)
        return has_tag(c->if_none_match, content->etag, true) ? 304 : 0;
    return !is_since(content, c->if_modified_since, &known) && known ? 304 : 0;
}

static bool
may_be_part(const struct gruvid__conditions *c,
            const struct gruvid__content *content)
{
    if (c->range == NULL)
        return false;
    if (c->if_range == NULL)
        return true;
    if (c->if_range[0] == '"')
        return strcmp(c->if_range, content->etag) == 0;
    return content->modified >= 0 &&
           gruvid__date_read(c->if_range) == content->modified;
}

struct gruvid__verdict
gruvid__conditions_judge(const struct gruvid__conditions *conditions,
                         const struct gruvid__content *content)
{
    int status = check(conditions, content);

    if (status != 0)
        return (struct gruvid__verdict){status, 0, 0};
    if (may_be_part(conditions, content))
        return read_range(conditions->range, content->size);
    return (struct gruvid__verdict){200, 0, content->size};
}
