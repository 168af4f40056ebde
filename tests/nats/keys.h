/* SPDX-License-Identifier: MIT */
/* Keys and tokens of NATS, made by OpenSSL, and by nothing of plugins/nats. */
#ifndef TESTS_NATS_KEYS_H
#define TESTS_NATS_KEYS_H

#include <stdbool.h>

#include <openssl/evp.h>

enum key_kind { KEY_ACCOUNT = 0, KEY_OPERATOR = 14, KEY_USER = 20 };

struct key {
    EVP_PKEY *pair;
    unsigned char bytes[32]; /* of the seed */
    char seed[59], public[57];
};

void key_make(struct key *key, enum key_kind kind);
void key_free(struct key *key);

/* The text of a seed of these bytes, with a checksum that may be wrong. */
void key_seed(char text[59], unsigned first, unsigned kind,
              const unsigned char bytes[32], unsigned wrong);

/* Whether text is the signature of a message, in base64. */
bool key_has_signed(const struct key *key, const char *text,
                    const char *message);

/* A token in which issuer says of key what claims are, the members of "nats";
 * owned. */
char *key_token(const struct key *issuer, const struct key *key,
                const char *claims);

/* The text of a file of credentials, owned. */
char *key_credentials(const char *token, const char *seed);

#endif
