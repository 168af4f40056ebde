/* SPDX-License-Identifier: MIT */
/* plugins/examples/websocket.c without memory for an answer: it ends, and its
 * client does not wait for what never comes. */
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <gruvid/test.h>
#include <openssl/evp.h>

#include "host/run.h"
#include "support/suite.h"

#define LOST "the answer is lost, and the connection goes on"

/* The frames of RFC 6455, 5.7; sooner than the plugin's first ping. */
static void
talk(void *arg)
{
    const gruvid_header_t headers[] = {
        {"Connection", "Upgrade"},
        {"Upgrade", "websocket"},
        {"Sec-WebSocket-Version", "13"},
        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
    };
    gruvid_call_t call = {.headers = headers, .n_headers = 4};
    gruvi_stream_t *client = gruvid_test_open(&call);
    char answer[7];

    (void)arg;
    gruvid_answer_free(gruvid_test_head(client));
    gruvid_test_send(client, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    gruvi_stream_set_timeout(client, 10);
    if (gruvi_stream_read_exact(client, answer, 7) == UV_ETIMEDOUT)
        never(LOST);
    gruvi_stream_close(client);
}

/* OpenSSL crashes where it has no memory to begin with: so it begins before the
 * runs.  And wslay leaks its part of a message: so not all is well. */
START_TEST(test_a_lost_answer_ends_the_connection)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    const char *said;
    size_t size;

    ck_assert_int_eq(EVP_Q_digest(NULL, "SHA1", NULL, "", 0, hash, &size), 1);
    setenv("GRUVID_TEST_SWEEP", "alloc", 1);
    said = run("plugins/examples/.libs/websocket.so",
               (gruvid_test_options_t){0}, talk);
    ck_assert_msg(strstr(said, LOST) == NULL, "%s", said);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("websocket");
    TCase *tcase = tcase_create("websocket");

    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, test_a_lost_answer_ends_the_connection);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
