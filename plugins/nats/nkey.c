/* SPDX-License-Identifier: MIT */
#include "nkey.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_OPENSSL
#include <openssl/crypto.h>
#include <openssl/evp.h>
#endif

/* The first five bits of a letter: S, a seed, and U, a user. */
#define SEED (18U << 3)
#define USER (20U << 3)

#define SEED_TEXT  58 /* characters, and bytes behind them */
#define SEED_BYTES 36
#define KEY_BYTES  35

/* --- text ----------------------------------------------------------------- */

/* CRC16 of XMODEM. */
static uint16_t
checksum(const unsigned char *bytes, size_t size)
{
    unsigned crc = 0;

    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
        crc &= 0xffff;
    }
    return (uint16_t)crc;
}

static int
base32_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Bits that are left over are zero. */
static bool
read_base32(unsigned char *bytes, const char *text, size_t size)
{
    unsigned bits = 0, n = 0;

    for (size_t i = 0; i < size; i++) {
        int value = base32_value(text[i]);

        if (value < 0)
            return false;
        bits = (bits << 5 | (unsigned)value) & 0xfff;
        n += 5;
        if (n >= 8) {
            n -= 8;
            *bytes++ = (unsigned char)(bits >> n);
        }
    }
    return (bits & ((1U << n) - 1)) == 0;
}

#ifdef HAVE_OPENSSL
/* The bytes are a multiple of five. */
static void
put_base32(char *text, const unsigned char *bytes, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned bits = 0, n = 0;

    for (size_t i = 0; i < size; i++) {
        bits = (bits << 8 | bytes[i]) & 0xfff;
        for (n += 8; n >= 5; n -= 5)
            *text++ = letters[bits >> (n - 5) & 31];
    }
    *text = '\0';
}

/* Of URLs, without padding. */
static void
put_base64(char *text, const unsigned char *bytes, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, n = 0;

    for (size_t i = 0; i < size; i++) {
        bits = (bits << 8 | bytes[i]) & 0x3fff;
        for (n += 8; n >= 6; n -= 6)
            *text++ = letters[bits >> (n - 6) & 63];
    }
    if (n > 0)
        *text++ = letters[bits << (6 - n) & 63];
    *text = '\0';
}
#endif

const char *
nats_seed_read(unsigned char seed[NATS_SEED], const char *text, size_t size)
{
    unsigned char bytes[SEED_BYTES + 1];
    const char *why = NULL;

    memset(seed, 0, NATS_SEED);
    if (size != SEED_TEXT || !read_base32(bytes, text, size))
        why = "is not a seed: that is SU and 56 more letters and digits";
    else if (checksum(bytes, SEED_BYTES - 2) !=
             (bytes[SEED_BYTES - 2] | (unsigned)bytes[SEED_BYTES - 1] << 8))
        why = "is not a seed: its checksum is wrong";
    else if ((bytes[0] & 0xf8U) != SEED ||
             ((bytes[0] & 7U) << 5 | bytes[1] >> 3) != USER)
        why = "is not the seed of a user, which begins with SU";
    else
        memcpy(seed, bytes + 2, NATS_SEED);
    explicit_bzero(bytes, sizeof bytes);
    return why;
}

/* --- signatures ----------------------------------------------------------- */

#ifdef HAVE_OPENSSL

bool
nats_can_sign(void)
{
    return true;
}

static void
put_key(struct nats_signature *signature, const unsigned char *key)
{
    unsigned char bytes[KEY_BYTES] = {USER};
    uint16_t crc;

    memcpy(bytes + 1, key, KEY_BYTES - 3);
    crc = checksum(bytes, KEY_BYTES - 2);
    bytes[KEY_BYTES - 2] = crc & 0xff;
    bytes[KEY_BYTES - 1] = (unsigned char)(crc >> 8);
    put_base32(signature->key, bytes, sizeof bytes);
}

/* Like libgruvi: other threads may be at work when the process exits. */
bool
nats_sign(struct nats_signature *signature, const unsigned char seed[NATS_SEED],
          const char *nonce)
{
    unsigned char key[32], bytes[64];
    size_t key_size = sizeof key, size = sizeof bytes;
    EVP_PKEY *pair = NULL;
    EVP_MD_CTX *context = NULL;
    bool ok;

    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
    pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    context = EVP_MD_CTX_new();
    ok = pair != NULL && context != NULL &&
         EVP_PKEY_get_raw_public_key(pair, key, &key_size) == 1 &&
         EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
         EVP_DigestSign(context, bytes, &size, (const unsigned char *)nonce,
                        strlen(nonce)) == 1;
    if (ok) {
        put_key(signature, key);
        put_base64(signature->text, bytes, size);
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pair);
    return ok;
}

#else

bool
nats_can_sign(void)
{
    return false;
}

bool
nats_sign(struct nats_signature *signature, const unsigned char seed[NATS_SEED],
          const char *nonce)
{
    (void)signature;
    (void)seed;
    (void)nonce;
    return false;
}

#endif
