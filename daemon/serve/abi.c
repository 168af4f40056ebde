/* SPDX-License-Identifier: MIT */
/* The calls of gruvid/transport.h that are about connections. */
#include <gruvid/transport.h>

#include "instance/instance.h"
#include "instance/shard.h"

void
gruvid_set_greeting_timeout(gruvid_plugin_t *plugin, double seconds)
{
    __atomic_store(&plugin->greeting, &seconds, __ATOMIC_RELAXED);
}

double
gruvid_connection_age(const gruvid_plugin_t *plugin)
{
    const struct gruvid__shard *shard = gruvid__shard_here(plugin);

    return shard != NULL ? gruvid__now() - shard->called_since : 0;
}

bool
gruvid_trusts_proxy(const gruvid_plugin_t *plugin, const char *address)
{
    return gruvid__proxies_trust(
        __atomic_load_n(&plugin->proxies, __ATOMIC_ACQUIRE), address);
}
