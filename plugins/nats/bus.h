/* SPDX-License-Identifier: MIT */
/* What gruvid/bus.h reaches: the bus of plugins. */
#ifndef NATS_BUS_H
#define NATS_BUS_H

#include <gruvid/transport.h>

extern const gruvid_bus_functions_t nats_bus;

/* kv.c */
GRUVI_SWITCHPOINT int nats_kv_get(gruvid_plugin_t *plugin, const char *bucket,
                                  const char *key, gruvid_bus_result_t *result);
GRUVI_SWITCHPOINT int nats_kv_change(gruvid_plugin_t *plugin,
                                     const gruvid_kv_change_t *change,
                                     uint64_t *revision);

#endif
