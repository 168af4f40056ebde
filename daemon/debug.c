/* SPDX-License-Identifier: MIT */
/* What debuggers are told of gruvid, as lib/core/debug.c does of libgruvi. */
#include <stddef.h>

#include "daemon.h"
#include "hub/hubs.h"
#include "instance/instance.h"
#include "instance/shard.h"
#include "module/load.h"

#define AT(name, type, member)                                                 \
    {                                                                          \
        name "." #member, offsetof(struct type, member)                        \
    }

static const gruvi__debug_field_t fields[] = {
    AT("instances", gruvid__instances, at),
    AT("instances", gruvid__instances, hubs),
    AT("instances", gruvid__instances, n),

    AT("hubs", gruvid__hubs, at),
    AT("hubs", gruvid__hubs, n),
    {"hub.size", sizeof(struct gruvid__hub)},
    AT("hub", gruvid__hub, hub),
    AT("hub", gruvid__hub, number),

    AT("plugin", gruvid_plugin, draining),
    AT("plugin", gruvid_plugin, generation),
    AT("plugin", gruvid_plugin, module),
    AT("plugin", gruvid_plugin, n_shards),
    AT("plugin", gruvid_plugin, name),
    AT("plugin", gruvid_plugin, role),
    AT("plugin", gruvid_plugin, shards),
    AT("plugin", gruvid_plugin, state),

    {"shard.size", sizeof(struct gruvid__shard)},
    AT("shard", gruvid__shard, fibers.now),
    AT("shard", gruvid__shard, hub),
    AT("shard", gruvid__shard, open),
    AT("shard", gruvid__shard, plugin),

    AT("module", gruvid__module, build),
    AT("module", gruvid__module, name),

    {"role.next", GRUVID__NEXT},
    {"state.started", GRUVID__STARTED},
    {"state.stopped", GRUVID__STOPPED},
    {"state.abandoned", GRUVID__ABANDONED},
};

const gruvi__debug_t gruvid__debug = {
    .magic = "gruvid",
    .version = GRUVI__DEBUG_VERSION,
    .n = sizeof fields / sizeof *fields,
    .fields = fields,
    .root = &gruvid__instances_here,
};
