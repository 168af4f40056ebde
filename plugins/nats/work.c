/* SPDX-License-Identifier: MIT */
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "delivery.h"
#include "pull.h"
#include "session.h"

/* Seconds that the server has to answer, and between two questions for what is
 * not there: the first and the longest. */
#define PATIENCE 5.0
#define SHORTEST 1.0
#define LONGEST  30.0

/* Seconds between two looks at a plugin that does not answer. */
#define LOOK 1.0

/* Bytes of what is wrong. */
#define WHY 400

/* --- stream and consumer -------------------------------------------------- */

/* Ask the API; 0: there is an answer. */
static GRUVI_SWITCHPOINT int
ask(struct nats_work *work, const char *subject, struct nats_answer *answer,
    char *why, size_t room)
{
    int err = nats_ask(work->node, subject, NULL, NULL, 0, answer, PATIENCE);

    if (err == UV_ENOENT)
        snprintf(why, room,
                 "JetStream does not run there, or not for this account");
    else if (err < 0)
        snprintf(why, room, "the server does not say whether it is there: %s",
                 gruvi_strerror(err));
    return err;
}

static int
explain(const struct nats_work *work, int err, const char *says, char *why,
        size_t room)
{
    if (err == UV_ENXIO)
        snprintf(why, room,
                 "there is no stream %s; make it: nats stream add %s "
                 "--subjects=SUBJECTS --defaults",
                 work->stream, work->stream);
    else if (err == UV_ENOENT)
        snprintf(why, room,
                 "there is no such consumer; make it: nats consumer add %s %s "
                 "--pull --ack=explicit --defaults",
                 work->stream, work->consumer);
    else if (err < 0)
        snprintf(why, room, "%s", says);
    return err == UV_ENXIO ? UV_ENOENT : err;
}

static GRUVI_SWITCHPOINT int
look_for_stream(struct nats_work *work, char *why, size_t room)
{
    struct nats_node *node = work->node;
    char subject[320], says[NATS_SAYS];
    struct nats_stream stream;
    struct nats_answer answer;
    int err;

    snprintf(subject, sizeof subject, "$JS.API.STREAM.INFO.%s", work->stream);
    err = ask(work, subject, &answer, why, room);
    if (err < 0)
        return err;
    err = nats_stream_read(&stream, answer.data, answer.size,
                           node->settings.dead_letter, says);
    nats_answer_free(&answer);
    if (err < 0)
        return explain(work, err, says, why, room);
    if (stream.has) {
        snprintf(why, room,
                 "dead_letter %s is a subject of the stream %s itself: dead "
                 "letters would come back as work; give them another stream",
                 node->settings.dead_letter, work->stream);
        return UV_ENOTSUP;
    }
    memcpy(work->created, stream.created, sizeof work->created);
    return 0;
}

GRUVI_SWITCHPOINT int
nats_work_look(struct nats_work *work, char *why, size_t room)
{
    char subject[640], says[NATS_SAYS];
    struct nats_consumer info;
    struct nats_answer answer;
    int err;

    work->look = false;
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.INFO.%s.%s",
             work->stream, work->consumer);
    err = ask(work, subject, &answer, why, room);
    if (err < 0)
        return err;
    err = nats_consumer_read(&info, answer.data, answer.size, says);
    nats_answer_free(&answer);
    if (err < 0)
        return explain(work, err, says, why, room);
    err = look_for_stream(work, why, room);
    if (err < 0)
        return err;
    if (info.wait != work->info.wait)
        gruvi_event_set(&work->keep);
    work->info = info;
    return 0;
}

/* --- its fibers ----------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
wait_for_connection(struct nats_work *work)
{
    struct nats_node *node = work->node;
    int err = 0;

    while (err == 0 && work->wanted &&
           (!nats_session_is_open(node) || node->is_quiet)) {
        gruvi_event_clear(&node->works.open);
        err = gruvi_event_wait(&node->works.open, GRUVI_FOREVER);
    }
    return err;
}

GRUVI_SWITCHPOINT int
nats_work_poll_target(struct nats_work *work)
{
    gruvid_plugin_t *plugin = work->node->plugin;
    char *next = work->next;
    int err = UV_ENOENT;

    if (next != NULL)
        err = gruvid_target_wait(plugin, next, 0);
    if (err == 0 && work->next == next) {
        free(work->target);
        work->target = next;
        work->next = NULL;
    }
    return err == UV_ENOENT || err == UV_ETIMEDOUT
               ? gruvid_target_wait(plugin, work->target, 0)
               : err;
}

/* There may be two to wait for, and a reload may take the work away: so each is
 * looked at again and again. */
static GRUVI_SWITCHPOINT int
wait_for_target(struct nats_work *work)
{
    bool told = !work->was_answered;
    int err = 0;

    while (work->wanted) {
        err = nats_work_poll_target(work);
        if (err != UV_ENOENT && err != UV_ETIMEDOUT)
            break;
        if (!told)
            gruvi_warning("work %s: plugin %s does not answer; nothing is "
                          "pulled until it does",
                          work->name, work->target);
        told = true;
        err = err == UV_ENOENT
                  ? gruvi_sleep(LOOK)
                  : gruvid_target_wait(work->node->plugin, work->target, LOOK);
        if (err < 0 && err != UV_ENOENT && err != UV_ETIMEDOUT)
            break;
    }
    work->was_answered = true;
    return err == UV_ENOENT || err == UV_ETIMEDOUT ? 0 : err;
}

/* Each trouble is said once, until all is well again. */
static void
tell(struct nats_work *work, int err, const char *why)
{
    if (err == 0)
        gruvi_info("work %s is pulled", work->name);
    else if (err != work->trouble && err != UV_ENOTCONN && err != UV_ECANCELED)
        gruvi_error("work %s: %s; it is tried again", work->name, why);
    if (err != UV_ENOTCONN)
        work->trouble = err;
}

static GRUVI_SWITCHPOINT int
pause_for(struct nats_work *work, double seconds)
{
    int err;

    gruvi_event_clear(&work->wake);
    err = gruvi_event_wait(&work->wake, nats_jitter(seconds));
    return err == UV_ETIMEDOUT ? 0 : err;
}

GRUVI_SWITCHPOINT int
nats_work_main(void *arg)
{
    struct nats_work *work = arg;
    char why[WHY] = "";
    double delay = SHORTEST;
    int err = 0;

    while (err == 0 && work->wanted) {
        err = wait_for_target(work);
        if (err == 0)
            err = wait_for_connection(work);
        if (err < 0 || !work->wanted)
            break;
        err = nats_work_look(work, why, sizeof why);
        tell(work, err, why);
        if (err == 0) {
            delay = SHORTEST;
            err = nats_pull(work);
            err = err == UV_EAGAIN ? 0 : err;
            snprintf(why, sizeof why, "it cannot be pulled: %s",
                     gruvi_strerror(err));
            if (err < 0)
                tell(work, err, why);
        }
        /* Memory may come again: only a cancel ends it. */
        if (err < 0 && err != UV_ECANCELED) {
            err = pause_for(work, delay);
            delay = 2 * delay < LONGEST ? 2 * delay : LONGEST;
        }
    }
    nats_work_unref(work);
    return err == UV_ECANCELED ? 0 : err;
}

GRUVI_SWITCHPOINT int
nats_works_check(struct nats_node *node)
{
    struct nats_work *work = node->works.first;
    char why[WHY] = "";
    int err = 0;

    while (work != NULL) {
        err = wait_for_connection(work);
        if (err == 0)
            err = nats_work_look(work, why, sizeof why);
        if (err == UV_ENOENT || err == UV_ENOTSUP) {
            gruvid_plugin_fail(node->plugin, "work %s: %s", work->name, why);
            return err;
        }
        if (err == UV_ECANCELED)
            return err;
        if (err < 0)
            err = gruvi_sleep(nats_jitter(SHORTEST));
        else
            work = work->later;
        if (err < 0)
            return err;
    }
    return 0;
}
