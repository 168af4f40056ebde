/* SPDX-License-Identifier: MIT */
/* What a login proves: that it has a seed, and what an account says of it. */
#ifndef NATS_PROOF_H
#define NATS_PROOF_H

#include "nkey.h"
#include "node.h"

struct nats_proof {
    struct nats_signature signature; /* "": none is wanted */
    char *file;                      /* of credentials, owned; NULL: none */
    size_t size;
    struct nats_span jwt; /* in file; size 0: none */
};

/*
 * Sign what the server has sent, with nkey or credentials, whose file is read
 * for it.
 *
 * Returns 0, also where the section has none of them, or an error, which is in
 * the log.
 */
GRUVI_SWITCHPOINT int nats_proof_make(struct nats_proof *proof,
                                      const struct nats_node *node);

/* Wipe it. */
void nats_proof_forget(struct nats_proof *proof);

#endif
