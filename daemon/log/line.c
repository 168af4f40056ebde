/* SPDX-License-Identifier: MIT */
/*
 * A record of the log as a line of text, of JSON or of logfmt.
 *
 * Messages hold text of peers and files, which must neither end a line nor
 * steer a terminal.  So control characters are escaped, and bytes that are not
 * UTF-8.
 */
#include "log/line.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A line being written; what does not fit is dropped. */
struct line {
    char *at, *end;
};

static void __attribute__((format(printf, 2, 3)))
put(struct line *line, const char *format, ...)
{
    size_t room = (size_t)(line->end - line->at);
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line->at, room, format, args);
    va_end(args);
    /* Half an escape is worse than none. */
    if (n > 0 && (size_t)n < room)
        line->at += n;
}

static void
put_bytes(struct line *line, const void *bytes, size_t n)
{
    if (n <= (size_t)(line->end - line->at)) {
        memcpy(line->at, bytes, n);
        line->at += n;
    }
}

/* The length of the UTF-8 sequence at s, and its code; 0: it is none. */
static unsigned
decode(const unsigned char *s, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned n = s[0] < 0x80   ? 1
                 : s[0] < 0xc0 ? 0
                 : s[0] < 0xe0 ? 2
                 : s[0] < 0xf0 ? 3
                 : s[0] < 0xf8 ? 4
                               : 0;

    if (n <= 1) {
        *code = s[0];
        return n;
    }
    *code = s[0] & (0x7fu >> n);
    for (unsigned i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    if (*code < least[n] || *code > 0x10ffff ||
        (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return n;
}

static bool
is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static void
put_text(struct line *line, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        uint32_t code;
        unsigned n = decode(s, &code);

        if (n > 0 && !is_control(code)) {
            put_bytes(line, s, n);
            s += n;
        } else {
            put(line, "\\x%02x", *s);
            s++;
        }
    }
}

static void
put_quoted(struct line *line, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    put(line, "\"");
    while (*s != '\0') {
        uint32_t code;
        unsigned n = decode(s, &code);

        if (n == 0)
            put(line, "\\ufffd");
        else if (is_control(code))
            put(line, "\\u%04x", (unsigned)code);
        else if (code == '"' || code == '\\')
            put(line, "\\%c", (char)code);
        else
            put_bytes(line, s, n);
        s += n == 0 ? 1 : n;
    }
    put(line, "\"");
}

static void
put_json(struct line *line, const char *name, const char *text)
{
    put(line, "\"%s\":", name);
    put_quoted(line, text);
}

struct date {
    int year, month, day;
};

/* The date of a day after 1970-01-01, by a calendar whose years begin in March,
 * so that the day of a leap year comes last. */
static struct date
date_of(long days)
{
    long since = days + 719468; /* 0000-03-01 */
    long era = since / 146097, of_era = since % 146097;
    long year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    long of_year = of_era - (365 * year + year / 4 - year / 100);
    long month = (5 * of_year + 2) / 153; /* from March */

    return (struct date){
        .year = (int)(year + era * 400 + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(of_year - (153 * month + 2) / 5 + 1),
    };
}

/* In UTC, so that no line depends on a file of time zones.  Not by gmtime_r(),
 * which takes a lock: a crash may have come while it was held. */
static void
put_time(struct line *line, const struct timespec *time)
{
    long day = 86400, second = (long)(time->tv_sec % day);
    struct date date = date_of((long)(time->tv_sec / day));

    put(line, "%04d-%02d-%02dT%02ld:%02ld:%02ld.%03ldZ", date.year, date.month,
        date.day, second / 3600, second / 60 % 60, second % 60,
        time->tv_nsec / 1000000);
}

static void
put_origin(struct line *line, const gruvi_log_record_t *record, bool with_hub)
{
    bool plain = record->fiber[0] == '\0' ||
                 strcmp(record->fiber, "Root") == 0 ||
                 strcmp(record->fiber, "Hub") == 0;

    /* With one hub its name is the library's, and tells a reader nothing. */
    if (with_hub && record->hub[0] != '\0' && strcmp(record->hub, "Hub") != 0) {
        put_text(line, record->hub);
        put(line, " ");
    }
    put_text(line, record->group[0] != '\0' ? record->group : "gruvid");
    if (!plain) {
        put(line, "[");
        put_text(line, record->fiber);
        put(line, "]");
    }
    put(line, ": ");
}

static void
put_json_line(struct line *line, const gruvi_log_record_t *record,
              struct gruvid__log_origin origin)
{
    put(line, "{\"time\":\"");
    put_time(line, &record->time);
    put(line, "\",\"level\":\"%s\",", gruvi_log_level_name(record->level));
    put_json(line, "hub", record->hub);
    put(line, ",");
    put_json(line, "plugin", record->group);
    if (origin.generation > 0)
        put(line, ",\"generation\":%llu",
            (unsigned long long)origin.generation);
    put(line, ",");
    put_json(line, "fiber", record->fiber);
    put(line, ",");
    if (origin.request != NULL) {
        put_json(line, "request", origin.request);
        put(line, ",");
    }
    put_json(line, "message", record->message);
    put(line, "}");
}

/* Whether a value of logfmt stands without quotes. */
static bool
is_bare(const char *text)
{
    for (const char *s = text; *s != '\0'; s++)
        if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f ||
            strchr("\"=\\", *s) != NULL)
            return false;
    return text[0] != '\0';
}

/* The quotes and escapes are those of JSON. */
static void
put_logfmt(struct line *line, const char *name, const char *text)
{
    put(line, "%s=", name);
    if (is_bare(text))
        put_bytes(line, text, strlen(text));
    else
        put_quoted(line, text);
}

/* What is empty is left out. */
static void
put_logfmt_line(struct line *line, const gruvi_log_record_t *record,
                struct gruvid__log_origin origin)
{
    static const char *const names[] = {" hub", " plugin", " fiber"};
    const char *const values[] = {record->hub, record->group, record->fiber};

    put(line, "time=");
    put_time(line, &record->time);
    put(line, " level=%s", gruvi_log_level_name(record->level));
    for (int i = 0; i < 3; i++) {
        if (values[i][0] != '\0')
            put_logfmt(line, names[i], values[i]);
        if (i == 1 && origin.generation > 0)
            put(line, " generation=%llu",
                (unsigned long long)origin.generation);
    }
    if (origin.request != NULL)
        put_logfmt(line, " request", origin.request);
    put_logfmt(line, " msg", record->message);
}

static void
put_text_line(struct line *line, const gruvi_log_record_t *record,
              enum gruvid__log_reader reader)
{
    if (reader == GRUVID__LOG_READER_ANY) {
        put_time(line, &record->time);
        put(line, " %s ", gruvi_log_level_name(record->level));
    }
    put_origin(line, record, reader != GRUVID__LOG_READER_SOCKET);
    put_text(line, record->message);
}

/* A field of the journal; nothing, where it is empty. */
static void
put_field(struct line *line, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    put(line, "%s=", name);
    put_text(line, text);
    put(line, "\n");
}

/* What comes in front of the message, for the journal. */
static void
put_head(struct line *line, const gruvi_log_record_t *record,
         struct gruvid__log_origin origin, enum gruvid__log_reader reader)
{
    static const char priority[] = {'3', '4', '6', '7'};
    char level = priority[record->level & 3];

    if (reader == GRUVID__LOG_READER_STREAM)
        put(line, "<%c>", level);
    if (reader != GRUVID__LOG_READER_SOCKET)
        return;
    put(line, "PRIORITY=%c\nSYSLOG_IDENTIFIER=gruvid\n", level);
    put_field(line, "HUB", record->hub);
    put_field(line, "PLUGIN", record->group);
    if (origin.generation > 0)
        put(line, "GENERATION=%llu\n", (unsigned long long)origin.generation);
    put_field(line, "FIBER", record->fiber);
    put_field(line, "REQUEST", origin.request == NULL ? "" : origin.request);
    put(line, "MESSAGE=");
}

size_t
gruvid__log_line(char *buf, size_t size, const gruvi_log_record_t *record,
                 struct gruvid__log_origin origin, enum gruvid__log_style style,
                 enum gruvid__log_reader reader)
{
    struct line line = {buf, buf + size - 1}; /* there is always a '\n' */

    put_head(&line, record, origin, reader);
    if (style == GRUVID__LOG_JSON)
        put_json_line(&line, record, origin);
    else if (style == GRUVID__LOG_LOGFMT)
        put_logfmt_line(&line, record, origin);
    else
        put_text_line(&line, record, reader);
    *line.at++ = '\n';
    return (size_t)(line.at - buf);
}
