/* SPDX-License-Identifier: MIT */
/* Plays scripts of frames. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/h2_script.h"

struct play {
    const struct h2_script *script;
    const struct h2_line *line;
    struct h2 *h2;
    bool over; /* the connection has ended, as it had to */
};

static void __attribute__((noreturn, format(printf, 2, 3)))
differs(const struct play *play, const char *format, ...)
{
    const struct h2 *h2 = play->h2;
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ck_abort_msg("%s:%u: %s: not \"%s\": %s; the connection: %s, GOAWAY: %s",
                 play->script->path, play->line->number, play->script->name,
                 play->line->expects, text, h2->ended ? "has ended" : "goes on",
                 h2->goaways > 0 ? h2_code_name(h2->code) : "none");
}

/* Read a frame; there has to be one. */
static void
step(const struct play *play)
{
    if (!h2_step(play->h2))
        differs(play, "the end");
}

/* All that was sent before has been seen by the server. */
static void
round_trip(const struct play *play)
{
    unsigned before = play->h2->pongs;

    h2_send(play->h2, H2_PING, 0, 0, "roundtri", 8);
    while (play->h2->pongs == before)
        step(play);
}

/* "goaway CODE": and the end of the connection. */
static void
goes_away(struct play *play, const char *code)
{
    while (h2_step(play->h2))
        ;
    if (play->h2->goaways == 0)
        differs(play, "no GOAWAY");
    if (strcmp(h2_code_name(play->h2->code), code) != 0)
        differs(play, "another code");
    play->over = true;
}

/* "perhaps goaway CODE" */
static void
may_go_away(struct play *play, const char *text)
{
    unsigned before = play->h2->pongs;

    h2_send(play->h2, H2_PING, 0, 0, "roundtri", 8);
    while (play->h2->pongs == before)
        if (!h2_step(play->h2)) {
            goes_away(play, strchr(text, ' ') + 1);
            break;
        }
}

/* "end": with or without a GOAWAY. */
static void
ends(struct play *play)
{
    while (h2_step(play->h2))
        ;
    play->over = true;
}

/* "reset STREAM CODE" */
static void
is_reset(struct play *play, uint32_t stream, const char *code)
{
    const struct h2_answer *answer = h2_answer_of(play->h2, stream);

    while (!answer->was_reset) {
        if (answer->over && strcmp(code, "NO_ERROR") != 0)
            differs(play, "answered with %d", answer->status);
        step(play);
    }
    if (strcmp(h2_code_name(answer->code), code) != 0)
        differs(play, "reset with %s", h2_code_name(answer->code));
}

/* "answer STREAM STATUS BODY"; without a body: any */
static void
is_answered(struct play *play, uint32_t stream, const char *text)
{
    struct place place = {play->script->path, play->line->number};
    const struct h2_answer *answer = h2_answer_of(play->h2, stream);
    struct bytes body = {NULL, 0};
    char *at;
    int status = (int)strtol(text, &at, 10);

    while (!answer->over) {
        if (answer->was_reset)
            differs(play, "reset with %s", h2_code_name(answer->code));
        step(play);
    }
    if (answer->status != status)
        differs(play, "answered with %d", answer->status);
    if (*at != '\0') {
        corpus_unescape(&place, &body, at + 1, '\0');
        if (answer->body.size != body.size ||
            memcmp(answer->body.data, body.data, body.size) != 0)
            differs(play, "another body: %s", answer->body.data);
        free(body.data);
    }
}

/* "refused STREAM": answered with 400, or reset with PROTOCOL_ERROR. */
static void
is_refused(struct play *play, uint32_t stream)
{
    const struct h2_answer *answer = h2_answer_of(play->h2, stream);

    while (!answer->over && !answer->was_reset)
        step(play);
    if (answer->was_reset)
        is_reset(play, stream, "PROTOCOL_ERROR");
    else
        is_answered(play, stream, "400");
}

/* "data STREAM SIZE": so many bytes of it, and not more. */
static void
has_data(struct play *play, uint32_t stream, const char *text)
{
    const struct h2_answer *answer = h2_answer_of(play->h2, stream);
    size_t size = strtoul(text, NULL, 10);

    play->h2->holds = true;
    while (answer->body.size < size)
        step(play);
    round_trip(play);
    round_trip(play);
    if (answer->body.size != size)
        differs(play, "%zu bytes", answer->body.size);
}

/* "nothing STREAM": neither an answer nor a reset. */
static void
has_nothing(struct play *play, uint32_t stream)
{
    const struct h2_answer *answer = h2_answer_of(play->h2, stream);

    round_trip(play);
    round_trip(play);
    if (answer->status != 0 || answer->was_reset)
        differs(play, "something");
}

/* "credit STREAM SIZE": what WINDOW_UPDATE have given, at least. */
static void
has_credit(struct play *play, uint32_t stream, const char *text)
{
    const uint64_t *credit = stream == 0
                                 ? &play->h2->credit
                                 : &h2_answer_of(play->h2, stream)->credit;

    while (*credit < strtoul(text, NULL, 10))
        step(play);
}

/* "field STREAM NAME: VALUE", of the answer's header or trailer */
static void
has_field(struct play *play, uint32_t stream, const char *text)
{
    const struct h2_answer *answer = h2_answer_of(play->h2, stream);
    char line[512];

    while (!answer->over)
        step(play);
    snprintf(line, sizeof line, "%s\n", text);
    if (strstr(answer->head.data, line) == NULL)
        differs(play, "%s", answer->head.data);
}

static void
is_ponged(struct play *play, const char *text)
{
    struct place place = {play->script->path, play->line->number};
    struct bytes bytes = {NULL, 0};

    corpus_unescape(&place, &bytes, text, '\0');
    while (play->h2->pongs == 0)
        step(play);
    if (bytes.size != 8 || memcmp(play->h2->pong, bytes.data, 8) != 0)
        differs(play, "other bytes");
    free(bytes.data);
}

static void
is_acknowledged(struct play *play, const char *text)
{
    unsigned n = (unsigned)atoi(text);

    while (play->h2->settings_acks < n)
        step(play);
    round_trip(play);
    if (play->h2->settings_acks != n)
        differs(play, "%u", play->h2->settings_acks);
}

static void
expect(struct play *play)
{
    char name[16] = "", *text;
    const char *rest = strchr(play->line->expects, ' ');
    uint32_t stream;

    sscanf(play->line->expects, "%15s", name);
    rest = rest != NULL ? rest + 1 : "";
    stream = (uint32_t)strtoul(rest, &text, 10);
    text += *text == ' ';
    if (strcmp(name, "goaway") == 0)
        goes_away(play, rest);
    else if (strcmp(name, "perhaps") == 0)
        may_go_away(play, rest);
    else if (strcmp(name, "end") == 0)
        ends(play);
    else if (strcmp(name, "reset") == 0)
        is_reset(play, stream, text);
    else if (strcmp(name, "answer") == 0)
        is_answered(play, stream, text);
    else if (strcmp(name, "refused") == 0)
        is_refused(play, stream);
    else if (strcmp(name, "data") == 0)
        has_data(play, stream, text);
    else if (strcmp(name, "nothing") == 0)
        has_nothing(play, stream);
    else if (strcmp(name, "credit") == 0)
        has_credit(play, stream, text);
    else if (strcmp(name, "field") == 0)
        has_field(play, stream, text);
    else if (strcmp(name, "pong") == 0)
        is_ponged(play, rest);
    else if (strcmp(name, "acks") == 0)
        is_acknowledged(play, rest);
    else
        differs(play, "no such word");
}

/* Another request has to be answered. */
static void
goes_on(struct play *play)
{
    const struct h2_answer *answer;
    uint32_t stream = play->script->fresh;

    play->h2->next_stream = stream;
    play->h2->holds = false;
    play->line =
        &(const struct h2_line){.expects = (char *)"the connection goes on"};
    h2_send_number(play->h2, H2_WINDOW_UPDATE, 0, 65535);
    h2_set(play->h2, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535);
    h2_get(play->h2, "/on");
    answer = h2_answer_of(play->h2, stream);
    while (!answer->over)
        step(play);
    if (answer->status / 100 != 2 && getenv("H2_PORT") == NULL)
        differs(play, "%d", answer->status);
}

void
h2_script_play(const struct h2_script *script, struct h2 *h2)
{
    struct play play = {.script = script, .h2 = h2};

    for (const struct h2_line *line = script->first; line != NULL;
         line = line->next) {
        play.line = line;
        if (line->half)
            shutdown(h2->wire.fd, SHUT_WR);
        else if (line->sends)
            h2_wire_send(&play.h2->wire, line->bytes.data, line->bytes.size);
        else
            expect(&play);
    }
    if (!play.over)
        goes_on(&play);
    h2_close(play.h2);
}
