/* SPDX-License-Identifier: MIT */
/*
 * Accepting: a fiber an endpoint.
 *
 *   gruvid__accept_prepare   the fiber waits
 *   gruvid__accept_begin     it accepts, has the connection served, accepts ...
 *   gruvid__accept_end       it takes what the kernel has queued, if nobody
 * else has the address, closes the listener, serves what it took, and ends
 */
#include "serve/accept.h"

#include <stdlib.h>

#include "instance/instance.h"
#include "serve/connection.h"
#include "serve/limit.h"
#include "serve/listen.h"

/* Seconds to wait where the system is short of something. */
#define PAUSE 0.1

/* A listener that is being closed accepts at most so many: clients that go on
 * connecting must not keep it open. */
#define QUEUE 4096

/* Hand the stream that is held to a fiber.  Without memory or a fiber it waits:
 * the client waits, too, and the kernel holds back the next clients. */
static GRUVI_SWITCHPOINT int
hand_over(struct gruvid__endpoint *endpoint)
{
    bool told = false;
    int err;

    while ((err = gruvid__connection_begin(endpoint->shard, endpoint->held)) ==
               UV_EAGAIN ||
           err == UV_ENOMEM) {
        if (!told)
            gruvid__rate_log(endpoint->shard, GRUVID__RATE_ACCEPT, err,
                             GRUVI_LOG_WARNING, "a connection waits: %s",
                             gruvi_strerror(err));
        told = true;
        err = gruvi_sleep(PAUSE);
        if (err < 0)
            break;
    }
    if (err == 0)
        endpoint->held = NULL;
    return err;
}

/* Serve the stream that is held, or accept one.  timeout is for the accept
 * alone.
 */
static GRUVI_SWITCHPOINT int
accept_one(struct gruvid__endpoint *endpoint, double timeout)
{
    gruvid_plugin_t *plugin = endpoint->shard->plugin;
    int err = 0;

    if (endpoint->held == NULL) {
        err = gruvid__limit_wait(plugin);
        if (err == 0)
            err = gruvi_accept(endpoint->listener, &endpoint->held, timeout);
    }
    if (err == 0)
        err = gruvid__limit_claim(plugin);
    if (err < 0)
        return err;
    err = hand_over(endpoint);
    if (err < 0)
        gruvid__limit_release(plugin);
    return err;
}

/* Once for each address, however many hubs and sockets it has; an inherited
 * name may stand for several addresses. */
static void
tell_address(const struct gruvid__endpoint *endpoint)
{
    const gruvid_plugin_t *plugin = endpoint->shard->plugin;
    char address[GRUVI_ADDRESS_SIZE];

    if (endpoint->address == NULL || endpoint->shard != &plugin->shards[0] ||
        (endpoint->number > 0 && !endpoint->address->inherited) ||
        gruvi_listener_address(endpoint->listener, address, sizeof address) < 0)
        return;
    if (plugin->n_shards == 1)
        gruvi_info("listening on %s", address);
    else
        gruvi_info("listening on %s in %zu hubs", address, plugin->n_shards);
}

/* Take what is held, and all that the kernel has queued.  Places are not asked
 * for: meanwhile others would connect, and the listener would never be closed.
 */
static GRUVI_SWITCHPOINT size_t
take_queue(struct gruvid__endpoint *endpoint, gruvi_stream_t **queue)
{
    size_t n = 0;

    if (endpoint->held != NULL)
        queue[n++] = endpoint->held;
    endpoint->held = NULL;
    while (endpoint->empty && n < QUEUE &&
           gruvi_accept(endpoint->listener, &queue[n], 0) == 0)
        n++;
    return n;
}

/* Close the listener, and serve what it has as there are places: what waits for
 * a place, and what is queued, if nobody else will accept that. */
static GRUVI_SWITCHPOINT void
serve_rest(struct gruvid__endpoint *endpoint)
{
    gruvi_stream_t **queue = calloc(QUEUE, sizeof *queue);
    size_t n = 0, i;
    int err = 0;

    if (queue != NULL)
        n = take_queue(endpoint, queue);
    gruvi_listener_close(endpoint->listener);
    endpoint->listener = NULL;
    gruvi_debug("not listening any more; %zu were waiting", n);
    for (i = 0; i < n && err == 0; i++) {
        endpoint->held = queue[i];
        err = accept_one(endpoint, 0);
    }
    if (err < 0)
        gruvi_warning("%zu connection%s that waited for a place %s closed",
                      n - i + 1, i == n ? "" : "s", i == n ? "was" : "were");
    for (; i < n; i++)
        gruvi_stream_close(queue[i]);
    free(queue);
}

static GRUVI_SWITCHPOINT void
accept_all(struct gruvid__endpoint *endpoint)
{
    int err;

    tell_address(endpoint);
    do {
        err = accept_one(endpoint, GRUVI_FOREVER);
        if (err < 0 && err != UV_ECANCELED && err != UV_ESHUTDOWN) {
            gruvid__rate_log(endpoint->shard, GRUVID__RATE_ACCEPT, err,
                             GRUVI_LOG_ERROR, "cannot accept a connection: %s",
                             gruvi_strerror(err));
            err = gruvi_sleep(PAUSE);
        }
    } while (err == 0);
}

static GRUVI_SWITCHPOINT int
acceptor_main(void *arg)
{
    struct gruvid__endpoint *endpoint = arg;
    struct gruvid__shard *shard = endpoint->shard;

    if (gruvi_event_wait(&endpoint->begin, GRUVI_FOREVER) == 0) {
        accept_all(endpoint);
        serve_rest(endpoint);
    }
    gruvid__endpoint_close(endpoint);
    gruvid__add(&shard->accepting, -1);
    gruvid__wake(shard->plugin->leader);
    return 0;
}

/* --- for the leader ------------------------------------------------------- */

int
gruvid__accept_prepare(struct gruvid__shard *shard)
{
    struct gruvid__endpoint *endpoint = shard->endpoints;

    for (; endpoint != NULL; endpoint = endpoint->next) {
        if (endpoint->acceptor != NULL)
            continue;
        endpoint->acceptor = gruvid__shard_go(
            shard, &shard->connections, acceptor_main, endpoint, "accept");
        if (endpoint->acceptor == NULL)
            return gruvi_last_error();
        gruvid__add(&shard->accepting, 1);
    }
    return 0;
}

void
gruvid__accept_begin(struct gruvid__shard *shard)
{
    struct gruvid__endpoint *endpoint = shard->endpoints;

    for (; endpoint != NULL; endpoint = endpoint->next) {
        if (endpoint->address == NULL)
            continue;
        endpoint->fresh = false;
        gruvi_event_set(&endpoint->begin);
    }
}

/* What is queued at an address that nobody has any more is lost otherwise. */
static void
end_acceptor(struct gruvid__endpoint *endpoint)
{
    endpoint->empty =
        __atomic_load_n(&endpoint->address->unused, __ATOMIC_RELAXED);
    endpoint->address = NULL;
    gruvi_fiber_cancel(endpoint->acceptor, "listens no more");
}

void
gruvid__accept_end(struct gruvid__shard *shard,
                   bool (*ends)(const struct gruvid__endpoint *endpoint))
{
    struct gruvid__endpoint *endpoint = shard->endpoints, *next;

    for (; endpoint != NULL; endpoint = next) {
        next = endpoint->next;
        if (endpoint->address == NULL || (ends != NULL && !ends(endpoint)))
            continue;
        if (endpoint->acceptor != NULL)
            end_acceptor(endpoint);
        else
            gruvid__endpoint_close(endpoint);
    }
}
