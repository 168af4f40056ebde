/* SPDX-License-Identifier: MIT */
/*
 *   combined  192.0.2.1 - - [29/Nov/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5
 *             "referer" "user agent"
 *   json      {"peer":"192.0.2.1","method":"GET", ... ,"seconds":0.000123}
 *
 * Text of the client is escaped, so that it cannot look like another line or
 * field.
 */
#include "access.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "exchange.h"

/* Text of the client is cut to so many bytes, for a line of the log has room
 * for 1023 in all, and JSON is none without its end. */
enum { MOST_METHOD = 24, MOST_TARGET = 300, MOST_FIELD = 200, MOST_PEER = 100 };

struct line {
    char text[1024];
    size_t length;
};

static void
add(struct line *line, const char *text)
{
    size_t room = sizeof line->text - 1 - line->length, size = strlen(text);

    if (size > room)
        size = room;
    memcpy(line->text + line->length, text, size);
    line->length += size;
    line->text[line->length] = '\0';
}

/* As JSON takes it, and combined too: every byte that is not visible ASCII
 * stands for the character of the same number. */
static void
add_escaped(struct line *line, const char *text, size_t most)
{
    size_t end = line->length + most;

    for (; *text != '\0' && line->length + 6 <= end; text++) {
        unsigned char c = (unsigned char)*text;
        char buf[8];
        if (c == '"' || c == '\\')
            snprintf(buf, sizeof buf, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            snprintf(buf, sizeof buf, "\\u%04x", c);
        else
            snprintf(buf, sizeof buf, "%c", c);
        add(line, buf);
    }
}

static void
add_number(struct line *line, const char *format, unsigned long long n)
{
    char buf[64];

    snprintf(buf, sizeof buf, format, n);
    add(line, buf);
}

/* --- what there is to say ------------------------------------------------- */

/* "tcp://192.0.2.1:4711" without the scheme and the port. */
static const char *
peer(const struct http_access *access, char *buf, size_t size)
{
    char *text = buf, *end;

    if (access->peer != NULL)
        snprintf(buf, size, "%s", access->peer);
    else if (gruvi_stream_peer(access->stream, buf, size) < 0)
        return "-";
    if (*buf == '\0')
        return "-";
    if (strncmp(buf, "tcp://", 6) != 0 && strncmp(buf, "tls://", 6) != 0)
        return buf;
    text += 6;
    end = strrchr(text, ':');
    if (end != NULL)
        *end = '\0';
    return text;
}

static void
add_time(struct line *line)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm tm;
    char buf[64];

    gmtime_r(&now, &tm);
    snprintf(buf, sizeof buf, "[%02d/%s/%04d:%02d:%02d:%02d +0000]", tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
             tm.tm_sec);
    add(line, buf);
}

static void
add_quoted(struct line *line, const char *text)
{
    add(line, " \"");
    add_escaped(line, text != NULL ? text : "-", MOST_FIELD);
    add(line, "\"");
}

static void
combined(struct line *line, const struct http_access *access)
{
    char buf[128];

    add(line, peer(access, buf, sizeof buf));
    add(line, " - - ");
    add_time(line);
    add(line, " \"");
    add_escaped(line, access->method, MOST_METHOD);
    add(line, " ");
    add_escaped(line, access->target, MOST_TARGET);
    add(line, " ");
    add(line, access->protocol);
    add_number(line, "\" %llu", (unsigned long long)access->status);
    add_number(line, " %llu", access->sent);
    add_quoted(line, access->referer);
    add_quoted(line, access->agent);
}

static void
member(struct line *line, const char *name, const char *value, size_t most)
{
    add(line, name);
    add_escaped(line, value != NULL ? value : "", most);
    add(line, "\"");
}

static void
json(struct line *line, const struct http_access *access)
{
    char buf[128];

    member(line, "{\"peer\":\"", peer(access, buf, sizeof buf), MOST_PEER);
    member(line, ",\"method\":\"", access->method, MOST_METHOD);
    member(line, ",\"target\":\"", access->target, MOST_TARGET);
    member(line, ",\"referer\":\"", access->referer, MOST_FIELD);
    member(line, ",\"agent\":\"", access->agent, MOST_FIELD);
    add_number(line, ",\"status\":%llu", (unsigned long long)access->status);
    add_number(line, ",\"bytes\":%llu", access->sent);
    add_number(line, ",\"microseconds\":%llu}",
               (uv_hrtime() - access->begun) / 1000);
}

void
http_access_write(enum http_access_log how, const struct http_access *access)
{
    struct line line = {.length = 0};

    if (how == HTTP_ACCESS_COMBINED)
        combined(&line, access);
    else if (how == HTTP_ACCESS_JSON)
        json(&line, access);
    if (line.length > 0)
        gruvid_log_each(GRUVI_LOG_INFO, "%s", line.text);
}

/* --- of HTTP/1.1 ---------------------------------------------------------- */

static const char *
header(const struct http_work *work, const char *name)
{
    const struct http_head *head = &work->head;

    for (unsigned i = 0; i < head->n_fields; i++) {
        const char *in = work->in + work->start;
        if (strcasecmp(in + head->field[i].name.at, name) == 0)
            return in + head->field[i].value.at;
    }
    return NULL;
}

static const char *
method(const struct http_work *work)
{
    if (work->head.fields == 0)
        return "-";
    return work->in + work->start + work->head.method.at;
}

static const char *
target(const struct http_work *work)
{
    if (work->head.fields == 0)
        return "-";
    return work->in + work->start + work->head.target.at;
}

void
http_access_log(struct http_work *work)
{
    const struct http_exchange *x = &work->exchange;
    const struct http_access access = {
        .stream = work->connection->stream,
        .peer = http_peer(work),
        .method = method(work),
        .target = target(work),
        .protocol = x->minor > 0 ? "HTTP/1.1" : "HTTP/1.0",
        .referer = header(work, "referer"),
        .agent = header(work, "user-agent"),
        .status = x->status,
        .sent = x->sent,
        .begun = x->begun,
    };

    http_access_write(work->connection->hub->settings.access_log, &access);
}
