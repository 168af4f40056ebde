/* SPDX-License-Identifier: MIT */
#include "nats/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "support/suite.h"

/* --- text ----------------------------------------------------------------- */

/* Bit by bit, most significant first; per of them are a letter. */
static void
encode(char *text, const unsigned char *bytes, size_t size, unsigned per,
       const char *letters)
{
    for (size_t bit = 0; bit < 8 * size; bit += per) {
        unsigned value = 0;

        for (size_t i = bit; i < bit + per; i++)
            value = value << 1 |
                    (i < 8 * size ? bytes[i / 8] >> (7 - i % 8) & 1U : 0U);
        *text++ = letters[value];
    }
    *text = '\0';
}

static void
base32(char *text, const unsigned char *bytes, size_t size)
{
    encode(text, bytes, size, 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
}

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *
base64(const void *bytes, size_t size)
{
    char *text = malloc(2 * size + 8);

    ck_assert_ptr_nonnull(text);
    encode(text, bytes, size, 6, letters);
    return text;
}

/* The remainder of the bytes as a polynomial, and 16 zeros. */
static unsigned
remainder_of(const unsigned char *bytes, size_t size)
{
    unsigned rest = 0;

    for (size_t bit = 0; bit < 8 * size + 16; bit++) {
        unsigned next =
            bit < 8 * size ? bytes[bit / 8] >> (7 - bit % 8) & 1U : 0U;

        rest = rest << 1 | next;
        if (rest & 0x10000)
            rest ^= 0x11021;
    }
    return rest;
}

static void
finish(char *text, unsigned char *bytes, size_t size, unsigned wrong)
{
    unsigned rest = remainder_of(bytes, size) ^ wrong;

    bytes[size] = rest & 0xff;
    bytes[size + 1] = (unsigned char)(rest >> 8);
    base32(text, bytes, size + 2);
}

/* --- keys ----------------------------------------------------------------- */

void
key_seed(char text[59], unsigned first, unsigned kind,
         const unsigned char bytes[32], unsigned wrong)
{
    unsigned char all[36];

    all[0] = (unsigned char)(first << 3 | kind >> 2);
    all[1] = (unsigned char)((kind & 3) << 6);
    memcpy(all + 2, bytes, 32);
    finish(text, all, 34, wrong);
}

void
key_make(struct key *key, enum key_kind kind)
{
    unsigned char all[35] = {(unsigned char)(kind << 3)};
    size_t size = 32;

    ck_assert_int_eq(RAND_bytes(key->bytes, 32), 1);
    key->pair =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->bytes, 32);
    ck_assert_ptr_nonnull(key->pair);
    ck_assert_int_eq(EVP_PKEY_get_raw_public_key(key->pair, all + 1, &size), 1);
    key_seed(key->seed, 18, kind, key->bytes, 0);
    finish(key->public, all, 33, 0);
}

void
key_free(struct key *key)
{
    EVP_PKEY_free(key->pair);
}

static char *
sign(const struct key *key, const char *message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char bytes[64];
    size_t size = sizeof bytes;

    ck_assert_int_eq(EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair),
                     1);
    ck_assert_int_eq(EVP_DigestSign(context, bytes, &size,
                                    (const unsigned char *)message,
                                    strlen(message)),
                     1);
    EVP_MD_CTX_free(context);
    return base64(bytes, size);
}

/* Ed25519 signs the same in the same way each time. */
bool
key_has_signed(const struct key *key, const char *text, const char *message)
{
    char *right = sign(key, message);
    bool same = strcmp(text, right) == 0;

    free(right);
    return same;
}

char *
key_token(const struct key *issuer, const struct key *key, const char *claims)
{
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}";
    char *body, *head64, *body64, *both, *signature, *token;

    ck_assert_int_gt(asprintf(&body,
                              "{\"jti\":\"J\",\"iat\":1600000000,\"iss\":\"%s\""
                              ",\"name\":\"n\",\"sub\":\"%s\",\"nats\":{%s}}",
                              issuer->public, key->public, claims),
                     0);
    head64 = base64(head, strlen(head));
    body64 = base64(body, strlen(body));
    ck_assert_int_gt(asprintf(&both, "%s.%s", head64, body64), 0);
    signature = sign(issuer, both);
    ck_assert_int_gt(asprintf(&token, "%s.%s", both, signature), 0);
    free(body);
    free(head64);
    free(body64);
    free(both);
    free(signature);
    return token;
}

char *
key_credentials(const char *token, const char *seed)
{
    char *text;

    ck_assert_int_gt(asprintf(&text,
                              "-----BEGIN NATS USER JWT-----\n%s\n"
                              "------END NATS USER JWT------\n\n"
                              "Keep this file to yourself.\n\n"
                              "-----BEGIN USER NKEY SEED-----\n%s\n"
                              "------END USER NKEY SEED------\n",
                              token, seed),
                     0);
    return text;
}
