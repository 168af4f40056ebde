/* SPDX-License-Identifier: MIT */
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "dead_letter.h"
#include "session.h"

/* Seconds: of the first negative answer, and the most; the most of a
 * Retry-After; of attempts to publish a dead letter. */
#define SHORTEST   1.0
#define LONGEST    30.0
#define MOST_RETRY 86400.0
#define PATIENCE   5.0

#define SECOND 1e9 /* nanoseconds */

/* --- numbers -------------------------------------------------------------- */

double
nats_retry_after(const gruvid_header_t *headers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = headers[i].value;
        size_t digits = strspn(value, "0123456789");

        if (strcasecmp(headers[i].name, "Retry-After") != 0 || digits == 0 ||
            digits > 9 || value[digits] != '\0')
            continue;
        return atof(value) < MOST_RETRY ? atof(value) : MOST_RETRY;
    }
    return -1;
}

uint64_t
nats_most_deliveries(const struct nats_work *work)
{
    uint64_t most = work->node->settings.max_deliveries;
    uint64_t own = work->info.max_deliver;

    return own > 0 && own < most ? own : most;
}

static double
delay_of(const struct nats_delivery *delivery)
{
    const struct nats_consumer *info = &delivery->work->info;
    uint64_t n = delivery->delivered - 1;
    double delay = SHORTEST;

    if (delivery->retry_after >= 0)
        return delivery->retry_after;
    if (info->n_steps > 0)
        return info->steps[n < info->n_steps ? n : info->n_steps - 1];
    while (n-- > 0 && delay < LONGEST)
        delay *= 2;
    return nats_jitter(delay < LONGEST ? delay : LONGEST);
}

/* --- signals -------------------------------------------------------------- */

static void
put(struct nats_node *node, const char *reply, const char *text)
{
    nats_session_put(node, nats_put_publish(&node->out, reply, NULL, NULL, text,
                                            strlen(text)));
}

void
nats_signal(const struct nats_delivery *delivery, const char *text)
{
    put(delivery->work->node, delivery->message->reply, text);
}

static void
write_nak(char *text, size_t room, double delay)
{
    if (delay > 0)
        snprintf(text, room, "-NAK {\"delay\":%.0f}", delay * SECOND);
    else
        snprintf(text, room, "-NAK");
}

void
nats_put_off(struct nats_node *node, const struct nats_span *reply,
             double seconds)
{
    char to[NATS_LINE], text[64];

    if (!nats_session_is_open(node))
        return;
    memcpy(to, reply->at, reply->size);
    to[reply->size] = '\0';
    write_nak(text, sizeof text, seconds);
    gruvid_count(node->counts.negative, 1);
    put(node, to, text);
}

/*
 * Wait for a connection, and for room in it; false: there is none, and will be
 * none in time.  A fiber that was cancelled does not wait, but still tells.
 */
static GRUVI_SWITCHPOINT bool
wait_for_connection(struct nats_node *node, double seconds)
{
    double until = nats_now() + seconds;

    while (!nats_session_is_open(node)) {
        double left = until - nats_now();

        if (left <= 0 || gruvid_plugin_draining(node->plugin))
            return false;
        gruvi_event_clear(&node->works.open);
        if (gruvi_event_wait(&node->works.open, left) == UV_ECANCELED)
            return false;
    }
    (void)nats_session_wait_room(node);
    return nats_session_is_open(node);
}

/* Say what counts only while the delivery is ours. */
static GRUVI_SWITCHPOINT void
say(struct nats_delivery *delivery, const char *text, gruvid_counter_t *counter)
{
    struct nats_node *node = delivery->work->node;
    bool open = wait_for_connection(node, delivery->work->info.wait);

    if (!nats_delivery_is_ours(delivery)) {
        gruvid_count(node->counts.late, 1);
    } else if (!open) {
        gruvid_count(node->counts.unsaid, 1);
    } else {
        gruvid_count(counter, 1);
        nats_signal(delivery, text);
    }
}

static GRUVI_SWITCHPOINT void
acknowledge(struct nats_delivery *delivery)
{
    struct nats_node *node = delivery->work->node;

    if (!wait_for_connection(node, delivery->work->info.wait)) {
        gruvid_count(node->counts.unsaid, 1);
        return;
    }
    gruvid_count(node->counts.acknowledged, 1);
    nats_signal(delivery, "+ACK");
}

static GRUVI_SWITCHPOINT void
refuse(struct nats_delivery *delivery, double delay)
{
    char text[64];

    write_nak(text, sizeof text, delay);
    say(delivery, text, delivery->work->node->counts.negative);
}

GRUVI_SWITCHPOINT void
nats_give_back(struct nats_delivery *delivery)
{
    refuse(delivery, 0);
}

/* --- the end of a message ------------------------------------------------- */

static const char *
why_of(const struct nats_delivery *delivery, enum nats_death death, char *text,
       size_t room)
{
    unsigned long long n = delivery->delivered;

    switch (death) {
    case NATS_REFUSED:
        snprintf(text, room, "the answer was %d", delivery->status);
        break;
    case NATS_LAST:
        snprintf(text, room, "the answer to delivery %llu, the last, was %d", n,
                 delivery->status);
        break;
    case NATS_DIED:
        snprintf(text, room, "this is delivery %llu, and %llu are allowed", n,
                 (unsigned long long)nats_most_deliveries(delivery->work));
        break;
    }
    return text;
}

static GRUVI_SWITCHPOINT void
give_up(struct nats_delivery *delivery, const char *why)
{
    gruvi_error("work %s: message %llu is given up: %s; there is no "
                "dead_letter for it",
                delivery->work->name, (unsigned long long)delivery->sequence,
                why);
    say(delivery, "+TERM", delivery->work->node->counts.terminated);
}

/* What cannot be published comes again, if the consumer allows that; else it is
 * tried for as long as work may take.  A reload may change the subject. */
static GRUVI_SWITCHPOINT int
publish(struct nats_delivery *delivery, const char *why)
{
    const struct nats_work *work = delivery->work;
    struct nats_node *node = work->node;
    double until = nats_now() + node->settings.work_timeout, delay = SHORTEST;
    bool comes_again = work->info.max_deliver == 0 ||
                       delivery->delivered < work->info.max_deliver;

    for (;;) {
        const char *subject = node->settings.dead_letter;
        int err = subject == NULL
                      ? UV_ENOENT
                      : nats_dead_letter(delivery, subject, why, PATIENCE);

        if (err == 0 || subject == NULL)
            return err;
        if (err == UV_ECANCELED || comes_again || nats_now() >= until ||
            gruvid_plugin_draining(node->plugin) ||
            !nats_delivery_is_ours(delivery) || gruvi_sleep(delay) < 0)
            return UV_EAGAIN;
        delay = 2 * delay < LONGEST ? 2 * delay : LONGEST;
    }
}

GRUVI_SWITCHPOINT void
nats_bury(struct nats_delivery *delivery, enum nats_death death)
{
    struct nats_node *node = delivery->work->node;
    char text[100];
    const char *why = why_of(delivery, death, text, sizeof text);

    switch (publish(delivery, why)) {
    case 0:
        gruvid_count(node->counts.dead_letters, 1);
        say(delivery, "+TERM", node->counts.terminated);
        break;
    case UV_ENOENT:
        give_up(delivery, why);
        break;
    default:
        refuse(delivery, delay_of(delivery));
        break;
    }
}

/* Whether another attempt may end in another way. */
static bool
is_passing(int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

GRUVI_SWITCHPOINT void
nats_settle(struct nats_delivery *delivery)
{
    bool is_last = delivery->delivered >= nats_most_deliveries(delivery->work);

    if (delivery->cancelled &&
        gruvid_plugin_draining(delivery->work->node->plugin))
        nats_give_back(delivery);
    else if (delivery->status < 400)
        acknowledge(delivery);
    else if (!is_passing(delivery->status))
        nats_bury(delivery, NATS_REFUSED);
    else if (is_last)
        nats_bury(delivery, NATS_LAST);
    else
        refuse(delivery, delay_of(delivery));
}
