/* SPDX-License-Identifier: MIT */
#include "gruvid-test/drive.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "gruvid-test/calls.h"
#include "gruvid-test/host.h"
#include "gruvid-test/life.h"
#include "gruvid-test/lines.h"
#include "gruvid-test/opened.h"
#include "gruvid-test/words.h"
#include "instance/shard.h"
#include "serve/connection.h"

/* --- connections ---------------------------------------------------------- */

/* A hub accepts a connection when it polls, and it polls when no fiber is
 * ready; or the connection waits for a place.  A look is so many seconds, which
 * no client can see. */
#define LOOKS 50
#define LOOK  1e-9

static GRUVI_SWITCHPOINT void
await_accept(struct client *client, const struct gruvid__shard *shard,
             uint64_t accepted)
{
    for (int i = 0; i < LOOKS && shard->accepted == accepted; i++)
        if (gruvi_sleep(LOOK) < 0)
            return;
    if (shard->accepted == accepted || shard->streams == NULL)
        return;
    client->connection = shard->streams;
    client->other = client->connection->stream;
    client->fd = gruvi_stream_fd(client->other);
}

GRUVI_SWITCHPOINT int
client_connect(struct client *client)
{
    const gruvid_plugin_t *plugin = current_plugin();
    uint64_t accepted = plugin == NULL ? 0 : plugin->shards[0].accepted;
    int err;

    *client = (struct client){.fd = -1};
    err = gruvi_connect(&client->stream, plugin_address(), NULL, patience());
    if (err == 0 && plugin != NULL)
        await_accept(client, &plugin->shards[0], accepted);
    return err;
}

GRUVI_SWITCHPOINT int
client_open(struct client *client, const gruvid_call_t *call)
{
    *client = (struct client){.fd = -1};
    return opened_begin(call, &client->opened, &client->stream);
}

void
client_forget(struct client *client)
{
    opened_drop(client->opened);
    *client = (struct client){.fd = -1};
}

/* Whether gruvid has the connection still. */
static bool
is_served(const struct client *client)
{
    const gruvid_plugin_t *plugin = current_plugin();
    const struct gruvid__connection *c =
        plugin == NULL ? NULL : plugin->shards[0].streams;

    while (c != NULL && (c != client->connection || c->stream != client->other))
        c = c->next;
    return c != NULL;
}

void
client_reset(const struct client *client)
{
    if (client->opened != NULL)
        opened_reset(client->opened);
    else if (is_served(client))
        calls_reset(client->fd);
}

bool
client_cancel(const struct client *client)
{
    if (client->opened != NULL)
        return opened_cancel(client->opened);
    if (!is_served(client) || client->connection->state != GRUVID__SERVED)
        return false;
    gruvi_fiber_cancel(client->connection->by.fiber, "cancelled by the test");
    return true;
}

/* --- requests ------------------------------------------------------------- */

struct asking {
    const gruvid_call_t *call;
    gruvid_answer_t *answer;
};

static GRUVI_SWITCHPOINT int
ask(void *arg)
{
    struct asking *asking = arg;

    return gruvid_call(plan->name, asking->call, &asking->answer,
                       GRUVI_FOREVER);
}

/* Calls are those of fibers of plugins. */
GRUVI_SWITCHPOINT int
drive_request(const gruvid_call_t *call, gruvid_answer_t **answer)
{
    gruvid_plugin_t *plugin = current_plugin();
    struct gruvid__shard *shard = plugin == NULL ? NULL : &plugin->shards[0];
    struct asking asking = {.call = call};
    gruvi_fiber_t *fiber;
    int err, status;

    *answer = NULL;
    if (shard == NULL)
        return UV_ENOENT;
    fiber = gruvid__shard_go(shard, &shard->group, ask, &asking, "request");
    if (fiber == NULL)
        return gruvi_last_error();
    err = gruvi_fiber_join(fiber, patience());
    GRUVI_SHIELD {
        if (err < 0)
            gruvi_fiber_cancel(fiber, "it takes too long");
        (void)gruvi_fiber_join(fiber, GRUVI_FOREVER);
    }
    status = gruvi_fiber_status(fiber);
    gruvi_fiber_unref(fiber);
    *answer = asking.answer;
    return err == UV_ETIMEDOUT && asking.answer == NULL ? err : status;
}

/* --- the configuration ---------------------------------------------------- */

struct reloading {
    gruvi_event_t over;
    bool ok;
    char *why;
    size_t size;
};

static void
on_reload(void *arg, const struct gruvid__reload_report *report)
{
    struct reloading *reloading = arg;

    reloading->ok = report->ok;
    snprintf(reloading->why, reloading->size, "%s",
             report->n_reasons > 0 ? report->reasons[0] : "");
    gruvi_event_set(&reloading->over);
}

/* gruvid reads its configuration in a thread of its own, and time has to stand
 * meanwhile.  Microseconds between two looks: */
#define LOOK_REAL 500

static GRUVI_SWITCHPOINT void
await_reading(struct reloading *reloading)
{
    const struct gruvid__reloads *reloads = &daemon_here->reloads;
    uint64_t before = reloads->count;
    bool stopped = gruvi__clock_stop();

    while (!gruvi_event_is_set(&reloading->over) &&
           (reloads->count == before ||
            (reloads->stage != NULL &&
             strncmp(reloads->stage, "reads", 5) == 0)) &&
           gruvi_sleep(0) == 0)
        usleep(LOOK_REAL); /* NOLINT(gruvi-blocking): virtual time stands still */
    if (stopped)
        gruvi__clock_go_on();
}

/* gruvid answers each that asks, also when it stops. */
GRUVI_SWITCHPOINT int
drive_reload(const char *option, char *why, size_t size)
{
    struct reloading reloading = {.why = why, .size = size};
    bool sets = option != NULL && option[0] != '\0';
    int err = UV_ENOMEM;

    snprintf(why, size, "%s", "");
    gruvi_event_init(&reloading.over);
    if (!sets || add_option(option))
        err = gruvid__reload_ask(daemon_here, "test", NULL, on_reload,
                                 &reloading);
    if (err == 0) {
        gruvid__wake(&daemon_here->leader);
        await_reading(&reloading);
        GRUVI_SHIELD {
            (void)gruvi_event_wait(&reloading.over, GRUVI_FOREVER);
        }
        err = reloading.ok ? 0 : UV_EINVAL;
        if (!reloading.ok && sets)
            drop_option();
    }
    gruvi_event_destroy(&reloading.over);
    return err;
}

/* --- the log -------------------------------------------------------------- */

GRUVI_SWITCHPOINT bool
drive_expect_log(const char *text)
{
    double until = elapsed() + patience();

    while (!lines_find(text)) {
        double left = until - elapsed();

        if (left <= 0 || lines_wait(left) < 0)
            return lines_find(text);
    }
    return true;
}
