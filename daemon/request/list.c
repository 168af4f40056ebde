/* SPDX-License-Identifier: MIT */
/* The requests that a shard answers: see list.h. */
#include "request/list.h"

#include <gruvid/transport.h>

#include "request/request.h"

void
gruvid__requests_add(struct gruvid_request *request)
{
    struct gruvid__shard *shard = request->shard;

    request->next = shard->requests;
    request->link = &shard->requests;
    if (request->next != NULL)
        request->next->link = &request->next;
    shard->requests = request;
    gruvid__add(&shard->requests_open, 1);
}

void
gruvid__requests_remove(struct gruvid_request *request)
{
    struct gruvid__shard *shard = request->shard;

    if (request->link == NULL)
        return;
    *request->link = request->next;
    if (request->next != NULL)
        request->next->link = request->link;
    request->link = NULL;
    gruvid__add(&shard->requests_open, -1);
    if (__atomic_load_n(&shard->plugin->draining, __ATOMIC_RELAXED))
        gruvid__wake(shard->plugin->leader);
}

size_t
gruvid__requests_open(const gruvid_plugin_t *plugin)
{
    size_t open = 0;

    for (size_t i = 0; i < plugin->n_shards; i++)
        open +=
            __atomic_load_n(&plugin->shards[i].requests_open, __ATOMIC_RELAXED);
    return open;
}

/* A bit of the count says that somebody waits: so what sees that it was the
 * last need not look at the instance, which may be freed as soon as it counts
 * none.
 */
#define WATCHED (~(SIZE_MAX >> 1))

void
gruvid__requests_come(gruvid_plugin_t *plugin)
{
    __atomic_add_fetch(&plugin->coming, 1, __ATOMIC_SEQ_CST);
}

bool
gruvid__requests_came(gruvid_plugin_t *plugin)
{
    return __atomic_sub_fetch(&plugin->coming, 1, __ATOMIC_SEQ_CST) == WATCHED;
}

void
gruvid__requests_watch(gruvid_plugin_t *plugin)
{
    __atomic_or_fetch(&plugin->coming, WATCHED, __ATOMIC_SEQ_CST);
}

void
gruvid_plugin_hold(gruvid_plugin_t *plugin)
{
    gruvid__requests_come(plugin);
}

/* The instance may be gone once it is released. */
void
gruvid_plugin_release(gruvid_plugin_t *plugin)
{
    struct gruvid__leader *leader = plugin->leader;

    if (gruvid__requests_came(plugin))
        gruvid__wake(leader);
}

bool
gruvid__requests_over(const gruvid_plugin_t *plugin)
{
    return gruvid__requests_open(plugin) == 0 &&
           (__atomic_load_n(&plugin->coming, __ATOMIC_ACQUIRE) & ~WATCHED) == 0;
}
