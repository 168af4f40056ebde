/* SPDX-License-Identifier: MIT */
#include "pull.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "delivery.h"
#include "head.h"
#include "session.h"

/* Seconds that a pull lasts, and at least, where it has brought nothing. */
#define LASTS 30.0
#define LEAST 0.1
#define PAUSE 1.0

/* Without them so often the pull is not there any more. */
#define MISSED 2

/* Seconds that more room is waited for where there is little. */
#define GATHER 0.01

/* Bytes of a message besides its data: subject and head. */
#define EXTRA 65536

#define SECOND 1e9 /* nanoseconds */

static bool
goes_on(const struct nats_work *work, uint64_t session)
{
    const struct nats_node *node = work->node;

    return work->wanted && !work->look && !node->is_quiet &&
           nats_session_is_open(node) && node->session == session;
}

/* --- room ----------------------------------------------------------------- */

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
left_of(size_t all, size_t used)
{
    return used < all ? all - used : 0;
}

/* Each has its part of max_queued, and of max_queued_bytes: none lives at the
 * expense of others. */
static size_t
part_of(const struct nats_node *node, size_t all)
{
    size_t n = node->works.n > 0 ? node->works.n : 1;
    size_t part = all / n;

    return part > 0 ? part : 1;
}

static size_t
share_of(const struct nats_node *node)
{
    return part_of(node, node->settings.max_queued);
}

/* Bytes that it may take yet. */
static size_t
bytes_left(const struct nats_work *work)
{
    const struct nats_node *node = work->node;
    size_t all = node->settings.max_queued_bytes;

    return least(left_of(all, node->queued_bytes),
                 left_of(part_of(node, all), work->bytes_in_hand));
}

static size_t
room_of(const struct nats_work *work)
{
    const struct nats_node *node = work->node;
    const struct nats_settings *settings = &node->settings;

    if (bytes_left(work) == 0)
        return 0;
    return least(
        least(left_of(share_of(node), work->n_in_hand),
              left_of(settings->max_queued, node->queued + node->works.asked)),
        work->info.max_batch);
}

/* Little room is not worth a pull: the next would ask for as little. */
static GRUVI_SWITCHPOINT int
wait_for_room(struct nats_work *work, uint64_t session, size_t *room)
{
    struct nats_works *works = &work->node->works;
    bool waited = false;
    int err = 0;

    while (err == 0 && goes_on(work, session)) {
        *room = room_of(work);
        if (*room > share_of(work->node) / 4 || (*room > 0 && waited))
            break;
        gruvi_event_clear(&works->room);
        if (*room == 0) {
            err = gruvi_event_wait(&works->room, GRUVI_FOREVER);
        } else {
            err = gruvi_sleep(GATHER);
            waited = true;
        }
    }
    return err;
}

/* --- asking --------------------------------------------------------------- */

static void
set_left(struct nats_work *work, size_t left)
{
    work->node->works.asked += left;
    work->node->works.asked -= work->left;
    work->left = left;
}

/* A reload may lower them while messages are on their way. */
static void
keep_most(struct nats_node *node)
{
    struct nats_works *works = &node->works;

    if (node->settings.max_queued > works->most)
        works->most = node->settings.max_queued;
    if (node->settings.max_queued_bytes > works->most_bytes)
        works->most_bytes = node->settings.max_queued_bytes;
}

static double
heartbeat_of(const struct nats_work *work)
{
    double seconds = work->node->settings.ping_interval / 4;
    double expires = work->info.max_expires;

    return seconds < expires / 4 ? seconds : expires / 4;
}

static double
expires_of(const struct nats_work *work)
{
    double least = 4 * heartbeat_of(work);
    double seconds = LASTS > least ? LASTS : least;

    return seconds < work->info.max_expires ? seconds : work->info.max_expires;
}

/* At least one message always fits. */
static unsigned long long
bytes_of(const struct nats_work *work)
{
    const struct nats_node *node = work->node;
    uint64_t bytes = bytes_left(work);

    if (bytes < node->info.max_payload + EXTRA)
        bytes = node->info.max_payload + EXTRA;
    return bytes < work->info.max_bytes ? bytes : work->info.max_bytes;
}

static void
ask(struct nats_work *work, size_t room)
{
    struct nats_node *node = work->node;
    char subject[640], reply[80], text[200];
    int n = snprintf(text, sizeof text,
                     "{\"batch\":%zu,\"max_bytes\":%llu,\"expires\":%.0f,"
                     "\"idle_heartbeat\":%.0f}",
                     room, bytes_of(work), expires_of(work) * SECOND,
                     heartbeat_of(work) * SECOND);

    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.MSG.NEXT.%s.%s",
             work->stream, work->consumer);
    work->number++;
    snprintf(reply, sizeof reply, "%s%llu", work->prefix,
             (unsigned long long)work->number);
    set_left(work, room);
    keep_most(node);
    work->ended = false;
    work->over = NATS_PULLED;
    work->heard = nats_now();
    nats_session_put(node, nats_put_publish(&node->out, subject, reply, NULL,
                                            text, (size_t)n));
}

/* --- what comes ----------------------------------------------------------- */

/* Whether it came to the inbox of the pull that is there. */
static bool
is_of_pull(const struct nats_work *work, const struct nats_span *subject)
{
    char text[80];
    int n = snprintf(text, sizeof text, "%s%llu", work->prefix,
                     (unsigned long long)work->number);

    return subject->size == (size_t)n &&
           memcmp(subject->at, text, (size_t)n) == 0;
}

static bool
says(const struct nats_input *input, const char *text)
{
    return memmem(input->head.at, input->head.size, text, strlen(text)) != NULL;
}

static void
take_status(struct nats_work *work, const struct nats_input *input)
{
    int status = input->head.size == 0
                     ? 0
                     : nats_head_status(input->head.at, input->head.size);

    if (status <= 0 || !is_of_pull(work, &input->subject))
        return;
    work->heard = nats_now();
    if (status == 100)
        return;
    work->ended = true;
    work->over = status == 404 || status == 408 ||
                         (status == 409 && says(input, "MaxBytes"))
                     ? NATS_EXPIRED
                     : NATS_CHANGED;
    gruvi_event_set(&work->wake);
}

static void
on_message(void *arg, const struct nats_input *input)
{
    struct nats_work *work = arg;

    if (!nats_delivery_take(work, input)) {
        take_status(work, input);
        return;
    }
    work->heard = nats_now();
    if (work->left > 0)
        set_left(work, work->left - 1);
    if (work->left == 0)
        gruvi_event_set(&work->wake);
}

/* Wait for its end. */
static GRUVI_SWITCHPOINT int
wait_for_end(struct nats_work *work, uint64_t session)
{
    double limit = MISSED * heartbeat_of(work);

    while (goes_on(work, session) && work->left > 0 && !work->ended) {
        double silent = nats_now() - work->heard;
        int err;

        if (silent >= limit) {
            work->over = NATS_CHANGED;
            break;
        }
        gruvi_event_clear(&work->wake);
        err = gruvi_event_wait(&work->wake, limit - silent);
        if (err < 0 && err != UV_ETIMEDOUT)
            return err;
    }
    return 0;
}

/* A server that ends each pull at once, with nothing, is not asked all the
 * time. */
static GRUVI_SWITCHPOINT int
pause_after(struct nats_work *work, uint64_t session, double began)
{
    int err = 0;

    if (nats_now() - began >= LEAST || !goes_on(work, session))
        return 0;
    gruvi_event_clear(&work->wake);
    err = gruvi_event_wait(&work->wake, PAUSE);
    return err == UV_ETIMEDOUT ? 0 : err;
}

static GRUVI_SWITCHPOINT int
pull(struct nats_work *work, uint64_t session)
{
    int err = 0;

    while (err == 0 && goes_on(work, session)) {
        double began;
        size_t room = 0;
        bool nothing;

        err = wait_for_room(work, session, &room);
        if (err < 0 || !goes_on(work, session))
            break;
        began = nats_now();
        ask(work, room);
        err = wait_for_end(work, session);
        nothing = work->left == room;
        set_left(work, 0);
        if (err == 0 && nothing)
            err = pause_after(work, session, began);
        if (err == 0 && work->over == NATS_CHANGED)
            err = UV_EAGAIN;
    }
    return err;
}

/*
 * What the server has sent before it knows of the end is still taken, and ended
 * as all else: after a flush nothing is on its way.
 */
static GRUVI_SWITCHPOINT int
close_inbox(struct nats_work *work, uint64_t session)
{
    struct nats_node *node = work->node;
    int err = 0;

    nats_subscription_end(node, work->inbox);
    if (nats_session_is_open(node) && node->session == session)
        err = nats_session_flush(node);
    nats_unsubscribe(node, work->inbox);
    work->inbox = NULL;
    return err == UV_ENOTCONN ? 0 : err;
}

GRUVI_SWITCHPOINT int
nats_pull(struct nats_work *work)
{
    struct nats_node *node = work->node;
    uint64_t session = node->session;
    char subject[sizeof work->prefix + 1];
    int err = nats_inbox_new(work->prefix, sizeof work->prefix), end;

    if (err < 0 || !goes_on(work, session))
        return err;
    snprintf(subject, sizeof subject, "%s*", work->prefix);
    err = nats_subscribe(node, &work->inbox, subject, NULL, on_message, work);
    if (err < 0)
        return err;
    err = pull(work, session);
    if (err == 0 && work->look)
        err = UV_EAGAIN;
    end = close_inbox(work, session);
    return err < 0 ? err : end;
}

void
nats_pull_end(struct nats_work *work)
{
    work->look = true;
    gruvi_event_set(&work->wake);
    gruvi_event_set(&work->node->works.room);
}
