/* SPDX-License-Identifier: MIT */
/* All that gruvid is while it runs. */
#ifndef GRUVID_STATE_H
#define GRUVID_STATE_H

#include "config/config.h"
#include "hub/hubs.h"
#include "hub/leader.h"
#include "instance/instance.h"
#include "module/load.h"
#include "run/read.h"
#include "run/reload.h"
#include "run/signals.h"
#include "serve/sockets.h"

struct gruvid__control;

struct gruvid__daemon {
    gruvid__config_t *config; /* taken last; a reference */
    gruvid__config_t
        *first_config; /* what the process has begun with; borrowed */
    struct gruvid__modules *modules;
    struct gruvid__leader leader;
    gruvi_hub_t *hub; /* the first, this thread's */
    struct gruvid__hubs hubs;
    struct gruvid__instances instances;
    struct gruvid__sockets sockets;
    struct gruvid__signals signals;
    struct gruvid__source source; /* of the configuration */
    struct gruvid__reloads reloads;
    bool verbose;                    /* -v */
    double drain_timeout;            /* seconds */
    struct gruvid__control *control; /* of daemon/control; NULL: none */
};

#endif
