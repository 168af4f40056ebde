/* SPDX-License-Identifier: MIT */
/* TLS: its files, and its beginning. */
#ifndef NATS_SECURE_H
#define NATS_SECURE_H

#include "node.h"

/*
 * The path of a file in an option: /PATH or credential:NAME.
 *
 * Returns NULL, or what is wrong, static text without the value: "has to be
 * ...".
 */
const char *nats_secure_path(const char *text, char *path, size_t size);

/* Read the files of settings into settings->tls; as nats_settings_read(). */
int nats_secure_read(struct nats_settings *settings, gruvid_plugin_t *plugin);

/*
 * Begin TLS on a connection, after INFO.
 *
 *   name  that the certificate of the server has to have
 *
 * Returns 0, or an error, which is in the log.
 */
GRUVI_SWITCHPOINT int nats_secure_start(struct nats_node *node,
                                        const char *name);

/* Log what TLS says of the error of a read, if it has TLS. */
void nats_secure_tell(const struct nats_node *node, int err);

#endif
