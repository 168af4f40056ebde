/* SPDX-License-Identifier: MIT */
/* The requests that a shard answers: see list.h. */
#include "request/list.h"

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

bool
gruvid__requests_over(const gruvid_plugin_t *plugin)
{
    return gruvid__requests_open(plugin) == 0 &&
           __atomic_load_n(&plugin->coming, __ATOMIC_ACQUIRE) == 0;
}
