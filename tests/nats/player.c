/* SPDX-License-Identifier: MIT */
#include "nats/player.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct player player;

/* What gruvid subscribes, the latest last. */
static struct {
    char subject[200];
    unsigned long long sid;
} subscribed[64];
static unsigned n_subscribed;

void
player_prepare(void)
{
    bus_prepare(&player.place);
    player.script = script_begin(player.place.port);
    n_subscribed = 0;
}

void
player_finish(void)
{
    script_end(player.script);
    bus_remove(&player.place);
    gruvid_end_all();
}

/* --- what gruvid says ----------------------------------------------------- */

static void
subscribes(const char *line)
{
    ck_assert_uint_lt(n_subscribed, 64);
    ck_assert_int_eq(sscanf(line, "SUB %199s %llu",
                            subscribed[n_subscribed].subject,
                            &subscribed[n_subscribed].sid),
                     2);
    n_subscribed++;
}

unsigned long long
player_sid(const char *reply)
{
    for (unsigned i = n_subscribed; i > 0; i--)
        if (strncmp(subscribed[i - 1].subject, reply,
                    strlen(subscribed[i - 1].subject) - 1) == 0)
            return subscribed[i - 1].sid;
    ck_abort_msg("nobody subscribes %s", reply);
    return 0;
}

static void
read_question(struct question *q, const char *line)
{
    char words[4][300];
    int n = sscanf(line, "%*s %299s %299s %299s %299s", words[0], words[1],
                   words[2], words[3]);
    int numbers = *line == 'H' ? 2 : 1;
    size_t size = (size_t)atoi(words[n - 1]) + 2;

    ck_assert(n == 1 + numbers || n == 2 + numbers);
    ck_assert_uint_lt(size, sizeof q->data);
    snprintf(q->subject, sizeof q->subject, "%s", words[0]);
    snprintf(q->reply, sizeof q->reply, "%.199s",
             n == 2 + numbers ? words[1] : "");
    ck_assert_int_eq(recv(player.script->fd, q->data, size, MSG_WAITALL),
                     (ssize_t)size);
    q->data[size - 2] = '\0';
}

void
player_next(struct question *q, const char *subject)
{
    for (;;) {
        const char *line = script_line(player.script);

        if (strcmp(line, "PING\r\n") == 0) {
            script_send(player.script, "PONG\r\n");
        } else if (strncmp(line, "SUB ", 4) == 0) {
            subscribes(line);
        } else if (strncmp(line, "UNSUB ", 6) != 0) {
            read_question(q, line);
            break;
        }
    }
    ck_assert_msg(strncmp(q->subject, subject, strlen(subject)) == 0,
                  "%s in place of %s", q->subject, subject);
}

void
player_says(const char *subject, const char *data)
{
    struct question q;

    player_next(&q, subject);
    ck_assert_str_eq(q.data, data);
}

/* --- what the server says ------------------------------------------------- */

void
player_answer(const struct question *q, const char *json)
{
    char text[4096];

    snprintf(text, sizeof text, "MSG %s %llu %zu\r\n%s\r\n", q->reply,
             player_sid(q->reply), strlen(json), json);
    script_send(player.script, text);
}

void
player_status(const struct question *q, const char *line)
{
    char text[600];
    size_t size = strlen(line) + 13;

    snprintf(text, sizeof text,
             "HMSG %s %llu %zu %zu\r\nNATS/1.0 %s\r\n\r\n\r\n", q->reply,
             player_sid(q->reply), size, size, line);
    script_send(player.script, text);
}

void
player_deliver(const struct question *pull, const char *ack, const char *path)
{
    char text[900], head[300];
    int n = snprintf(head, sizeof head, "NATS/1.0\r\nGruvid-Path: %s\r\n\r\n",
                     path);

    snprintf(text, sizeof text, "HMSG orders.1 %llu $JS.ACK.%s %d %d\r\n%s\r\n",
             player_sid(pull->reply), ack, n, n, head);
    script_send(player.script, text);
}

void
player_finds(struct question *pull, const char *consumer)
{
    player_next(pull, "$JS.API.CONSUMER.INFO.ORDERS.billing");
    player_answer(pull, consumer);
    player_next(pull, "$JS.API.STREAM.INFO.ORDERS");
    player_answer(pull, STREAM);
    player_next(pull, "$JS.API.CONSUMER.MSG.NEXT.ORDERS.billing");
}

void
player_begin(struct question *pull, const char *lines, const char *consumer)
{
    player.g = bus_gruvid_begin(&player.place, lines, "");
    script_log_in(player.script);
    player_finds(pull, consumer);
}
