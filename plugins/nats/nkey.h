/* SPDX-License-Identifier: MIT */
/*
 * Keys of NATS: Ed25519, written in base32 with what they are for and a
 * checksum.
 *
 *   seed    S, U | 32 bytes | CRC16    58 characters, a secret
 *   public  U    | 32 bytes | CRC16    56 characters
 */
#ifndef NATS_NKEY_H
#define NATS_NKEY_H

#include <stdbool.h>
#include <stddef.h>

#define NATS_SEED 32 /* bytes */

/* What proves that the seed is there; as text, with its zero. */
struct nats_signature {
    char key[57];  /* the public key */
    char text[87]; /* base64 */
};

/*
 * Read the seed of a user.
 *
 * Returns NULL, or what is wrong, static text without the seed: "is not ...";
 * then seed is wiped.
 */
const char *nats_seed_read(unsigned char seed[NATS_SEED], const char *text,
                           size_t size);

/* Sign the nonce of a server; false: without memory. */
bool nats_sign(struct nats_signature *signature,
               const unsigned char seed[NATS_SEED], const char *nonce);

/* Whether there is an OpenSSL to sign with. */
bool nats_can_sign(void);

#endif
