/* SPDX-License-Identifier: MIT */
#include "nats/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
stream_config(const struct bus_server *server)
{
    static char config[200];

    snprintf(config, sizeof config, "jetstream { store_dir: \"%s/store\" }\n",
             server->server.dir);
    return config;
}

const char *
stream_api(struct bus *bus, const char *what, const char *json)
{
    static char answer[16384];
    struct letter letter;
    char subject[200];

    snprintf(subject, sizeof subject, "$JS.API.%s", what);
    bus_request(bus, subject, NULL, json, strlen(json));
    bus_read(bus, &letter);
    ck_assert(!letter.no_responders);
    snprintf(answer, sizeof answer, "%s", letter.body);
    letter_free(&letter);
    return answer;
}

void
stream_make(struct bus *bus, const char *stream, const char *subject)
{
    char what[100], json[400];
    const char *answer;

    snprintf(what, sizeof what, "STREAM.CREATE.%s", stream);
    snprintf(json, sizeof json, "{\"name\":\"%s\",\"subjects\":[\"%s\"]}",
             stream, subject);
    answer = stream_api(bus, what, json);
    ck_assert_msg(strstr(answer, "\"error\"") == NULL, "%s", answer);
}

void
consumer_make(struct bus *bus, const char *stream, const char *consumer,
              const char *more)
{
    char what[200], json[600];
    const char *answer;

    snprintf(what, sizeof what, "CONSUMER.DURABLE.CREATE.%s.%s", stream,
             consumer);
    snprintf(
        json, sizeof json,
        "{\"stream_name\":\"%s\",\"config\":{%s%s\"durable_name\":\"%s\"}}",
        stream, more,
        strstr(more, "ack_policy") ? "" : "\"ack_policy\":\"explicit\",",
        consumer);
    answer = stream_api(bus, what, json);
    ck_assert_msg(strstr(answer, "\"error\"") == NULL, "%s", answer);
}

void
stream_store(struct bus *bus, const char *subject, const char *head,
             const char *data)
{
    struct letter letter;

    bus_request(bus, subject, head, data, strlen(data));
    bus_read(bus, &letter);
    ck_assert_msg(strstr(letter.body, "\"seq\"") != NULL, "%s%s", letter.head,
                  letter.body);
    letter_free(&letter);
}

long long
stream_number(struct bus *bus, const char *what, const char *name)
{
    const char *answer = stream_api(bus, what, ""), *at;
    char text[100];

    snprintf(text, sizeof text, "\"%s\":", name);
    at = strstr(answer, text);
    ck_assert_msg(at != NULL, "%s: %s", what, answer);
    return atoll(at + strlen(text));
}

void
consumer_ends(struct bus *bus, const char *stream, const char *consumer)
{
    char what[200];

    snprintf(what, sizeof what, "CONSUMER.INFO.%s.%s", stream, consumer);
    while (stream_number(bus, what, "num_pending") > 0 ||
           stream_number(bus, what, "num_ack_pending") > 0)
        usleep(1000);
}

void
stream_has(struct bus *bus, const char *stream, long long n)
{
    char what[200];

    snprintf(what, sizeof what, "STREAM.INFO.%s", stream);
    while (stream_number(bus, what, "messages") < n)
        usleep(1000);
}

/* --- messages ------------------------------------------------------------- */

static int
digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(digits, c);

    return c == '\0' || at == NULL ? -1 : (int)(at - digits);
}

/* A member of the message, in base64. */
static const char *
member(struct bus *bus, const char *stream, unsigned n, const char *name)
{
    static char text[8192];
    char what[200], json[64], mark[32];
    const char *at;
    unsigned bits = 0, have = 0;
    size_t size = 0;

    snprintf(what, sizeof what, "STREAM.MSG.GET.%s", stream);
    snprintf(json, sizeof json, "{\"seq\":%u}", n);
    snprintf(mark, sizeof mark, "\"%s\":\"", name);
    at = strstr(stream_api(bus, what, json), mark);
    at = at == NULL ? "" : at + strlen(mark);
    for (; digit(*at) >= 0 && size < sizeof text - 1; at++) {
        bits = bits << 6 | (unsigned)digit(*at);
        have += 6;
        if (have >= 8) {
            have -= 8;
            text[size++] = (char)(bits >> have);
        }
    }
    text[size] = '\0';
    return text;
}

const char *
stream_head(struct bus *bus, const char *stream, unsigned n)
{
    return member(bus, stream, n, "hdrs");
}

const char *
stream_data(struct bus *bus, const char *stream, unsigned n)
{
    return member(bus, stream, n, "data");
}
