/* SPDX-License-Identifier: MIT */
/* The options of the section.  Text is gruvid's, and lives as long as the
 * instance. */
#ifndef NATS_SETTINGS_H
#define NATS_SETTINGS_H

#include <gruvid/plugin.h>

#include "members.h"
#include "servers.h"

/* The group that all nodes subscribe in: each message goes to one of them. */
#define NATS_GROUP "gruvid"

extern const gruvid_option_t nats_options[];

struct nats_settings {
    const char *user, *password, *token; /* NULL: none */
    const char *nkey, *credentials;      /* NULL: none */
    const char *ca, *certificate, *key;  /* as they are written; NULL: none */
    gruvi_tls_t *tls;                    /* owned; NULL: the defaults */
    uint64_t seen;                       /* the files of tls; 0: none */
    bool wants_tls;                      /* no login without it */
    bool required;                       /* the start waits for a connection */
    double ping_interval;
    const char *dead_letter; /* NULL: none */
    double work_timeout;
    uint64_t max_deliveries;
    char node[NATS_NODE_NAME];   /* "": it is none */
    char prefix[NATS_NODE_NAME]; /* of subjects of nodes */
    size_t max_queued, max_queued_bytes;
};

/* Read them, and the URLs.  Returns 0, or UV_EINVAL or UV_ENOMEM after
 * gruvid_plugin_fail(); then nothing has changed. */
int nats_settings_read(struct nats_settings *settings,
                       struct nats_servers *servers, gruvid_plugin_t *plugin);

void nats_settings_free(struct nats_settings *settings);

/* Whether another connection has to be made for them. */
bool nats_settings_differ(const struct nats_settings *a,
                          const struct nats_settings *b);

/* Whether their dead letters go to different subjects. */
bool nats_settings_bury_elsewhere(const struct nats_settings *a,
                                  const struct nats_settings *b);

#endif
