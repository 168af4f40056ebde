/* SPDX-License-Identifier: MIT */
/* Files of credentials (.creds), as bytes. */
#ifndef NATS_CREDENTIALS_H
#define NATS_CREDENTIALS_H

#include "nkey.h"
#include "protocol.h"

/*
 * Find JWT and seed in the text of a file.
 *
 * Returns NULL, or what is wrong, static text without any of it: "has no ...".
 */
const char *nats_credentials_read(const char *text, size_t size,
                                  struct nats_span *jwt,
                                  unsigned char seed[NATS_SEED]);

#endif
