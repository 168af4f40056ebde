/* SPDX-License-Identifier: MIT */
/* Seeds, signatures, files of credentials: nkey.c, credentials.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/nats/credentials.h"
#include "../../plugins/nats/nkey.h"
#include "nats/keys.h"
#include "support/suite.h"

static struct key user;

static void
prepare(void)
{
    key_make(&user, KEY_USER);
}

static void
finish(void)
{
    key_free(&user);
}

/* In memory that ends with it. */
static const char *
read_seed(const char *text, size_t size, unsigned char seed[NATS_SEED])
{
    char *copy = malloc(size + 1);
    const char *why;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy + 1, text, size);
    why = nats_seed_read(seed, copy + 1, size);
    free(copy);
    return why;
}

static bool
is_wiped(const unsigned char seed[NATS_SEED])
{
    static const unsigned char zeros[NATS_SEED];

    return memcmp(seed, zeros, NATS_SEED) == 0;
}

/* --- seeds ---------------------------------------------------------------- */

START_TEST(test_a_seed_is_read)
{
    unsigned char seed[NATS_SEED];

    ck_assert_ptr_null(read_seed(user.seed, strlen(user.seed), seed));
    ck_assert_mem_eq(seed, user.bytes, NATS_SEED);
}
END_TEST

START_TEST(test_a_letter_that_is_another_is_found)
{
    static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567a1=- \n";
    unsigned char seed[NATS_SEED];
    char text[59];

    for (size_t i = 0; i < strlen(user.seed); i++) {
        for (const char *other = others; *other != '\0'; other++) {
            strcpy(text, user.seed);
            text[i] = *other;
            if (*other == user.seed[i])
                continue;
            ck_assert_ptr_nonnull(read_seed(text, strlen(text), seed));
            ck_assert(is_wiped(seed));
        }
    }
}
END_TEST

START_TEST(test_a_seed_that_is_cut_or_longer_is_found)
{
    unsigned char seed[NATS_SEED];
    char text[80];

    for (size_t n = 0; n < strlen(user.seed); n++) {
        ck_assert_ptr_nonnull(read_seed(user.seed, n, seed));
        ck_assert(is_wiped(seed));
    }
    snprintf(text, sizeof text, "%sA", user.seed);
    ck_assert_ptr_nonnull(read_seed(text, strlen(text), seed));
    ck_assert_ptr_nonnull(read_seed(user.public, strlen(user.public), seed));
}
END_TEST

static const struct {
    unsigned first, kind, wrong;
    const char *says;
} seeds[] = {
    {18, KEY_USER, 1, "is not a seed: its checksum is wrong"},
    {18, KEY_USER, 0x8000, "is not a seed: its checksum is wrong"},
    {18, KEY_ACCOUNT, 0, "is not the seed of a user, which begins with SU"},
    {18, KEY_OPERATOR, 0, "is not the seed of a user, which begins with SU"},
    {15, KEY_USER, 0, "is not the seed of a user, which begins with SU"},
};

START_TEST(test_a_seed_of_something_else_is_refused)
{
    unsigned char seed[NATS_SEED];
    char text[59];

    key_seed(text, seeds[_i].first, seeds[_i].kind, user.bytes,
             seeds[_i].wrong);
    ck_assert_str_eq(read_seed(text, strlen(text), seed), seeds[_i].says);
    ck_assert(is_wiped(seed));
}
END_TEST

START_TEST(test_a_nonce_is_signed)
{
    static const char *const nonces[] = {"", "a", "jBwQ0uVjy4xBLcA"};
    struct nats_signature signature;

    for (int i = 0; i < 3; i++) {
        ck_assert(nats_sign(&signature, user.bytes, nonces[i]));
        ck_assert_str_eq(signature.key, user.public);
        ck_assert(key_has_signed(&user, signature.text, nonces[i]));
    }
}
END_TEST

/* --- files of credentials ------------------------------------------------- */

#define BEGIN_JWT  "-----BEGIN NATS USER JWT-----\n"
#define END_JWT    "------END NATS USER JWT------\n"
#define BEGIN_SEED "-----BEGIN USER NKEY SEED-----\n"
#define END_SEED   "------END USER NKEY SEED------\n"

static const char *
read_file(const char *text, size_t size, struct nats_span *jwt,
          unsigned char seed[NATS_SEED])
{
    static char *last;

    free(last);
    last = malloc(size + 1);
    ck_assert_ptr_nonnull(last);
    memcpy(last + 1, text, size);
    return nats_credentials_read(last + 1, size, jwt, seed);
}

static void
has_both(const char *text)
{
    unsigned char seed[NATS_SEED];
    struct nats_span jwt;
    const char *why = read_file(text, strlen(text), &jwt, seed);

    ck_assert_msg(why == NULL, "%s", why);
    ck_assert_uint_eq(jwt.size, 7);
    ck_assert_mem_eq(jwt.at, "a.b-c.d", 7);
    ck_assert_mem_eq(seed, user.bytes, NATS_SEED);
}

/* @ stands for the seed. */
static const char *const files[] = {
    BEGIN_JWT "a.b-c.d\n" END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_SEED "@\n" END_SEED BEGIN_JWT "a.b-c.d\n" END_JWT,
    "words\n\n" BEGIN_JWT "\n  a.b-c.d \r\n\n" END_JWT "words\n" BEGIN_SEED
    "\t@\r\n" END_SEED "words",
    "---BEGIN NATS USER JWT---\r\na.b-c.d\r\n---END NATS USER JWT---\r\n"
    "---BEGIN USER NKEY SEED---\r\n@\r\n---END USER NKEY SEED---",
};

static char *
with_seed(const char *form, const char *seed)
{
    size_t size = strlen(form) + 2 * strlen(seed) + 1;
    char *text = malloc(size), *to = text;

    ck_assert_ptr_nonnull(text);
    for (; *form != '\0'; form++) {
        if (*form == '@')
            to = stpcpy(to, seed);
        else
            *to++ = *form;
    }
    *to = '\0';
    return text;
}

START_TEST(test_a_file_of_credentials_is_read)
{
    char *text = with_seed(files[_i], user.seed);

    has_both(text);
    free(text);
}
END_TEST

START_TEST(test_a_file_that_is_cut_is_refused)
{
    char *text = with_seed(files[0], user.seed);
    size_t whole = strlen(text) - 4; /* three dashes are a mark */
    unsigned char seed[NATS_SEED];
    struct nats_span jwt;

    for (size_t n = 0; n < whole; n++)
        ck_assert_ptr_nonnull(read_file(text, n, &jwt, seed));
    free(text);
}
END_TEST

static const char *const broken[] = {
    "",
    "\n\n",
    BEGIN_JWT END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT "a.b-c\n" END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT "a..d\n" END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT ".b.d\n" END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT "a.b.\n" END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT "a.b.c.d\n" END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT "a.b.\"d\n" END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT "a.b.d\na.b.d\n" END_JWT BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT "a.b.d\n" END_JWT,
    BEGIN_SEED "@\n" END_SEED,
    BEGIN_JWT "a.b.d\n" END_JWT BEGIN_SEED END_SEED,
    BEGIN_JWT "a.b.d\n" END_JWT BEGIN_SEED "@\n@\n" END_SEED,
    BEGIN_JWT "a.b.d\n" END_JWT BEGIN_SEED "@@\n" END_SEED,
    BEGIN_JWT "a.b.d\n" BEGIN_SEED "@\n" END_SEED END_JWT,
};

START_TEST(test_a_file_that_is_none_is_refused)
{
    unsigned char seed[NATS_SEED];
    struct nats_span jwt;
    const char *why;
    char *text = with_seed(broken[_i], user.seed);

    why = read_file(text, strlen(text), &jwt, seed);
    ck_assert_ptr_nonnull(why);
    ck_assert_ptr_null(strstr(why, user.seed));
    free(text);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

int
main(void)
{
    Suite *suite = suite_create("nats_nkey");
    TCase *tc = tcase_create("seeds");

    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_add_test(tc, test_a_seed_is_read);
    tcase_add_test(tc, test_a_letter_that_is_another_is_found);
    tcase_add_test(tc, test_a_seed_that_is_cut_or_longer_is_found);
    tcase_add_loop_test(tc, test_a_seed_of_something_else_is_refused, 0,
                        LENGTH(seeds));
    tcase_add_test(tc, test_a_nonce_is_signed);
    suite_add_tcase(suite, tc);
    tc = tcase_create("credentials");
    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_add_loop_test(tc, test_a_file_of_credentials_is_read, 0,
                        LENGTH(files));
    tcase_add_test(tc, test_a_file_that_is_cut_is_refused);
    tcase_add_loop_test(tc, test_a_file_that_is_none_is_refused, 0,
                        LENGTH(broken));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
