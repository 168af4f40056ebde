/* SPDX-License-Identifier: MIT */
/* TLS: credentials, and what handshakes find, of both sides. */
#include "unit/tls.h"

#include <stdio.h>
#include <stdlib.h>

/* --- credentials -------------------------------------------------------------
 */

struct bad {
    const char *certificate, *key, *authorities;
    int err;
    const char *message;
};

START_TEST(test_credentials_that_are_of_no_use_are_refused_with_the_reason)
{
    static const struct bad cases[] = {
        {"none.pem", NULL, NULL, UV_ENOENT, "certificate: "},
        {"junk.pem", NULL, NULL, UV_EINVAL, "certificate: no start line"},
        {"good.pem", "none.pem", NULL, UV_ENOENT, "key: "},
        {"good.pem", "junk.pem", NULL, UV_EINVAL, "key: "},
        {"good.pem", NULL, NULL, UV_EINVAL, "key: "},
        {"good.pem", "alice.key", NULL, UV_EINVAL, "key: key values mismatch"},
        {"good.pem", "secret.key", NULL, UV_EINVAL, "key: "},
        {NULL, "good.key", NULL, UV_EINVAL, "a key without a certificate"},
        {NULL, NULL, "none.pem", UV_ENOENT, "authorities: "},
        {NULL, NULL, "junk.pem", UV_EINVAL, "authorities: "},
    };
    const struct bad *bad = &cases[_i];
    const char *files[] = {bad->certificate, bad->key, bad->authorities};
    gruvi_tls_options_t options = {0};

    for (int n = 0; n < 3; n++) {
        if (files[n] != NULL)
            files[n] = strcmp(files[n], "none.pem") == 0
                           ? "/nonexistent"
                           : certificate(files[n]);
    }
    options.certificate = files[0];
    options.key = files[1];
    options.authorities = files[2];
    ck_assert_ptr_null(gruvi_tls_new(&options));
    ck_assert_int_eq(gruvi_last_error(), bad->err);
    ck_assert_msg(
        strncmp(gruvi_error_message(), bad->message, strlen(bad->message)) == 0,
        "%s", gruvi_error_message());
}
END_TEST

START_TEST(test_options_without_meaning_are_refused)
{
    static const char *const empty[] = {"", NULL};
    gruvi_tls_options_t options[5] = {0};

    options[0].clients = GRUVI_TLS_ASK_CLIENT;
    options[1].clients = (gruvi_tls_clients_t)3;
    options[2].handshake_timeout = __builtin_nan("");
    options[3].alpn = empty;
    options[4].reserved[3] = options;
    ck_assert_ptr_null(gruvi_tls_new(&options[_i]));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
}
END_TEST

HUB_TEST(test_an_address_and_its_credentials_belong_together)
{
    gruvi_tls_t *server = server_of("good"), *client = client_of("ca.pem");
    gruvi_listen_options_t with = {.tls = server}, weak = {.tls = client};
    gruvi_connect_options_t to = {.tls = client};
    gruvi_listener_t *listener;
    gruvi_stream_t *stream;

    ck_assert_int_eq(gruvi_listen(&listener, "tls://127.0.0.1:0", NULL),
                     UV_EINVAL);
    ck_assert_str_eq(gruvi_error_message(),
                     "a server of tls:// needs a certificate");
    ck_assert_int_eq(gruvi_listen(&listener, "tls://127.0.0.1:0", &weak),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_listen(&listener, "tcp://127.0.0.1:0", &with),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_connect(&stream, "tcp://127.0.0.1:1", &to, 1),
                     UV_EINVAL);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
    gruvi_tls_unref(NULL);
}

/* --- a good connection -------------------------------------------------------
 */

HUB_TEST(test_a_client_and_a_server_talk)
{
    gruvi_tls_t *server = server_of("good"), *client = client_of("ca.pem");
    gruvi_connect_options_t options = {.tls = client};
    char text[GRUVI_ADDRESS_SIZE];
    struct tls_pair pair;
    gruvi_tls_info_t info;

    open_pair(&pair, server, &options);
    ck_assert_int_eq(pair.client_result, 0);
    ck_assert_int_eq(pair.server_result, 0);
    ck_assert_int_eq(gruvi_stream_write(pair.client, "hello\n", 6), 0);
    hears_line(pair.server, 100, "hello\n");
    ck_assert_int_eq(gruvi_stream_write(pair.server, "world", 5), 0);
    hears(pair.client, "world");

    ck_assert_int_eq(gruvi_tls_info(pair.client, &info), 0);
    ck_assert_str_eq(info.version, "TLSv1.3");
    ck_assert_str_eq(info.alpn, "");
    ck_assert_str_eq(info.server_name, "");
    ck_assert(!info.resumed && info.certified);
    ck_assert_int_eq(gruvi_tls_peer_subject(pair.client, text, sizeof text), 0);
    ck_assert_str_eq(text, "CN=good");
    ck_assert_int_eq(gruvi_tls_peer_subject(pair.client, text, 7), UV_ENOBUFS);
    ck_assert_int_eq(gruvi_tls_info(pair.server, &info), 0);
    ck_assert(!info.certified);
    ck_assert_int_eq(gruvi_tls_peer_subject(pair.server, text, sizeof text),
                     UV_ENOENT);
    ck_assert_int_eq(gruvi_stream_peer(pair.client, text, sizeof text), 0);
    ck_assert_int_eq(strncmp(text, "tls://127.0.0.1:", 16), 0);
    close_pair(&pair);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
}

/* Whoever holds on to a stream holds on to its credentials. */
HUB_TEST(test_credentials_live_as_long_as_their_streams)
{
    gruvi_tls_t *server = server_of("good"), *client = client_of("ca.pem");
    gruvi_connect_options_t options = {.tls = client};
    struct tls_pair pair;

    open_pair(&pair, server, &options);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
    gruvi_listener_close(pair.listener);
    pair.listener = NULL;
    ck_assert_int_eq(gruvi_stream_write(pair.client, "x", 1), 0);
    hears(pair.server, "x");
    close_pair(&pair);
}

HUB_TEST(test_a_plain_stream_has_nothing_of_tls)
{
    gruvi_tls_info_t info;
    struct ends ends;
    char buf[8] = "x";

    open_ends(&ends, NET_TCP);
    ck_assert_int_eq(gruvi_tls_handshake(ends.stream, 1), UV_EINVAL);
    ck_assert_int_eq(gruvi_tls_info(ends.stream, &info), UV_EINVAL);
    ck_assert_int_eq(gruvi_tls_peer_subject(ends.stream, buf, sizeof buf),
                     UV_EINVAL);
    ck_assert_str_eq(buf, "");
    close_ends(&ends);
}

/* --- who is trusted ---------------------------------------------------------
 */

struct trust {
    const char *server, *authorities, *name;
    const char *message; /* NULL: it is */
};

HUB_TEST(test_a_client_finds_out_who_is_there)
{
    static const struct trust cases[] = {
        {"good", "ca.pem", NULL, NULL},
        {"good", "ca.pem", "localhost", NULL},
        {"good", "ca.pem", "localhost.", NULL},
        {"good", "ca.pem", "::1", NULL},
        {"good", "ca.pem", "127.0.0.2", "IP address mismatch"},
        {"good", "ca.pem", "example.org", "hostname mismatch"},
        {"elsewhere", "ca.pem", "elsewhere.test", NULL},
        {"elsewhere", "ca.pem", NULL, "IP address mismatch"},
        {"expired", "ca.pem", NULL, "certificate has expired"},
        {"self", "ca.pem", NULL, "self-signed certificate"},
        {"self", "self.pem", NULL, NULL},
        {"foreign", "ca.pem", NULL, "unable to get local issuer certificate"},
        {"good", "other_ca.pem", NULL,
         "unable to get local issuer certificate"},
        {"foreign", "other_ca.pem", NULL, NULL},
    };
    const struct trust *trust = &cases[i];
    gruvi_tls_t *server = server_of(trust->server);
    gruvi_tls_t *client = client_of(trust->authorities);
    gruvi_connect_options_t options = {.tls = client,
                                       .server_name = trust->name};
    struct tls_pair pair;

    open_pair(&pair, server, &options);
    if (trust->message == NULL) {
        ck_assert_int_eq(pair.client_result, 0);
        ck_assert_int_eq(pair.server_result, 0);
    } else {
        ck_assert_int_eq(pair.client_result, UV_EACCES);
        ck_assert_str_eq(pair.client_message, trust->message);
        ck_assert_int_eq(pair.server_result, UV_EPROTO);
        ck_assert_ptr_nonnull(strstr(pair.server_message, "alert"));
    }
    close_pair(&pair);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
}

HUB_TEST(test_a_client_may_do_without)
{
    gruvi_tls_options_t careless = {.unverified = true};
    gruvi_tls_t *server = server_of("self"), *client = gruvi_tls_new(&careless);
    gruvi_connect_options_t options = {.tls = client};
    struct tls_pair pair;

    open_pair(&pair, server, &options);
    ck_assert_int_eq(pair.client_result, 0);
    close_pair(&pair);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
}

/* What the system trusts is told by OpenSSL's own variables, among others; a
 * process finds that out once. */
static void
connect_by_default(void *arg)
{
    gruvi_tls_t *server = server_of("good");
    const char *authorities = arg;
    struct tls_pair pair;

    setenv("SSL_CERT_FILE", certificate(authorities), 1);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    open_pair(&pair, server, NULL);
    if (strcmp(authorities, "ca.pem") == 0) {
        ck_assert_int_eq(pair.client_result, 0);
    } else {
        ck_assert_int_eq(pair.client_result, UV_EACCES);
        ck_assert_str_eq(pair.client_message,
                         "unable to get local issuer certificate");
    }
    close_pair(&pair);
    gruvi_tls_unref(server);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_by_default_the_system_says_who_is_trusted)
{
    static const char *const authorities[] = {"ca.pem", "other_ca.pem"};

    certificate("ca.pem");
    ck_assert_int_eq(
        in_child(connect_by_default, (void *)authorities[_i], NULL, 0), 0);
}
END_TEST

/* --- certificates of clients -------------------------------------------------
 */

struct clients {
    gruvi_tls_clients_t wanted;
    const char *shown; /* NULL: none */
    int result;        /* of the server */
};

HUB_TEST(test_a_server_says_what_clients_have_to_show)
{
    static const struct clients cases[] = {
        {GRUVI_TLS_ANY_CLIENT, NULL, 0},
        {GRUVI_TLS_ANY_CLIENT, "alice", 0},
        {GRUVI_TLS_ASK_CLIENT, NULL, 0},
        {GRUVI_TLS_ASK_CLIENT, "alice", 0},
        {GRUVI_TLS_ASK_CLIENT, "foreign", UV_EACCES},
        {GRUVI_TLS_CERTIFIED_CLIENT, NULL, UV_EACCES},
        {GRUVI_TLS_CERTIFIED_CLIENT, "alice", 0},
        {GRUVI_TLS_CERTIFIED_CLIENT, "foreign", UV_EACCES},
        {GRUVI_TLS_CERTIFIED_CLIENT, "self", UV_EACCES},
    };
    const struct clients *c = &cases[i];
    gruvi_tls_options_t strict = {.certificate = certificate("good.pem"),
                                  .key = certificate("good.key"),
                                  .authorities = certificate("ca.pem"),
                                  .clients = c->wanted};
    gruvi_tls_options_t own = {.authorities = certificate("ca.pem")};
    char pem[32], key[32], text[100], byte;
    gruvi_connect_options_t options = {0};
    gruvi_tls_t *server, *client;
    struct tls_pair pair;

    if (c->shown != NULL) {
        snprintf(pem, sizeof pem, "%s.pem", c->shown);
        snprintf(key, sizeof key, "%s.key", c->shown);
        own.certificate = certificate(pem);
        own.key = certificate(key);
    }
    server = gruvi_tls_new(&strict);
    client = gruvi_tls_new(&own);
    options.tls = client;
    open_pair(&pair, server, &options);
    ck_assert_int_eq(pair.server_result, c->result);
    /* A client of TLS 1.3 is done before the server has looked. */
    ck_assert_int_eq(pair.client_result, 0);
    if (c->result < 0) {
        ck_assert_int_eq(gruvi_stream_read(pair.client, &byte, 1), UV_EPROTO);
        ck_assert_ptr_nonnull(strstr(gruvi_error_message(), "alert"));
        ck_assert_int_eq(gruvi_stream_read(pair.client, &byte, 1), UV_EPROTO);
    } else if (c->wanted != GRUVI_TLS_ANY_CLIENT && c->shown != NULL) {
        ck_assert_int_eq(gruvi_tls_peer_subject(pair.server, text, sizeof text),
                         0);
        ck_assert_str_eq(text, "CN=alice");
    } else {
        ck_assert_int_eq(gruvi_tls_peer_subject(pair.server, text, sizeof text),
                         UV_ENOENT);
    }
    close_pair(&pair);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
}

static gruvi_tls_t *
client_with(const char *pem, const char *key)
{
    gruvi_tls_options_t own = {.authorities = certificate("ca.pem"),
                               .certificate = certificate(pem),
                               .key = certificate(key)};

    return gruvi_tls_new(&own);
}

/* By a list that is in the file of the authorities. */
HUB_TEST(test_a_client_whose_certificate_is_revoked_is_refused)
{
    gruvi_tls_options_t strict = {.certificate = certificate("good.pem"),
                                  .key = certificate("good.key"),
                                  .authorities = certificate("ca_list.pem"),
                                  .clients = GRUVI_TLS_CERTIFIED_CLIENT};
    gruvi_tls_t *server = gruvi_tls_new(&strict);
    gruvi_connect_options_t options = {0};
    struct tls_pair pair;

    ck_assert_ptr_nonnull(server);
    options.tls = client_with("alice.pem", "alice.key");
    open_pair(&pair, server, &options);
    ck_assert_int_eq(pair.server_result, 0);
    close_pair(&pair);
    gruvi_tls_unref(options.tls);
    options.tls = client_with("mallory.pem", "mallory.key");
    open_pair(&pair, server, &options);
    ck_assert_int_eq(pair.server_result, UV_EACCES);
    ck_assert_str_eq(pair.server_message, "certificate revoked");
    close_pair(&pair);
    gruvi_tls_unref(options.tls);
    gruvi_tls_unref(server);
}

/* OpenSSL would refuse all clients of that authority. */
HUB_TEST(test_an_authority_without_a_list_beside_one_with_a_list_is_refused)
{
    gruvi_tls_options_t half = {.authorities = certificate("half_list.pem")};

    ck_assert_ptr_null(gruvi_tls_new(&half));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
    ck_assert_str_eq(gruvi_error_message(), "authorities: no CRL of other_ca");
}

/* --- protocols --------------------------------------------------------------
 */

struct protocols {
    const char *const server[4], *const client[4];
    const char *chosen; /* NULL: refused */
};

HUB_TEST(test_both_sides_agree_on_a_protocol)
{
    static const struct protocols cases[] = {
        {{"h2", "http/1.1"}, {"http/1.1", "h2"}, "h2"},
        {{"http/1.1"}, {"h2", "http/1.1"}, "http/1.1"},
        {{NULL}, {"h2"}, ""},
        {{"h2"}, {NULL}, ""},
        {{"h2"}, {"spdy", "h3"}, NULL},
    };
    const struct protocols *p = &cases[i];
    gruvi_tls_options_t of_server = {.certificate = certificate("good.pem"),
                                     .key = certificate("good.key"),
                                     .alpn = p->server};
    gruvi_tls_options_t of_client = {.authorities = certificate("ca.pem"),
                                     .alpn = p->client};
    gruvi_tls_t *server = gruvi_tls_new(&of_server);
    gruvi_tls_t *client = gruvi_tls_new(&of_client);
    gruvi_connect_options_t options = {.tls = client};
    struct tls_pair pair;
    gruvi_tls_info_t info;

    open_pair(&pair, server, &options);
    if (p->chosen == NULL) {
        ck_assert_int_eq(pair.client_result, UV_EPROTO);
        ck_assert_ptr_nonnull(
            strstr(pair.client_message, "no application protocol"));
        ck_assert_int_eq(pair.server_result, UV_EPROTO);
    } else {
        ck_assert_int_eq(pair.client_result, 0);
        ck_assert_int_eq(gruvi_tls_info(pair.client, &info), 0);
        ck_assert_str_eq(info.alpn, p->chosen);
        ck_assert_int_eq(gruvi_tls_info(pair.server, &info), 0);
        ck_assert_str_eq(info.alpn, p->chosen);
    }
    close_pair(&pair);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
}

HUB_TEST(test_a_server_is_told_which_name_was_asked_for)
{
    gruvi_tls_t *server = server_of("good"), *client = client_of("ca.pem");
    gruvi_connect_options_t options = {.tls = client,
                                       .server_name = "localhost"};
    struct tls_pair pair;
    gruvi_tls_info_t info;

    open_pair(&pair, server, &options);
    ck_assert_int_eq(gruvi_tls_info(pair.server, &info), 0);
    ck_assert_str_eq(info.server_name, "localhost");
    close_pair(&pair);
    gruvi_tls_unref(server);
    gruvi_tls_unref(client);
}

static TCase *
credentials(void)
{
    TCase *tc = tcase_create("credentials");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(
        tc, test_credentials_that_are_of_no_use_are_refused_with_the_reason, 0,
        10);
    tcase_add_loop_test(tc, test_options_without_meaning_are_refused, 0, 5);
    tcase_add_test(tc, test_an_address_and_its_credentials_belong_together);
    tcase_add_test(tc, test_credentials_live_as_long_as_their_streams);
    tcase_add_test(tc, test_a_plain_stream_has_nothing_of_tls);
    return tc;
}

static TCase *
handshakes(void)
{
    TCase *tc = tcase_create("handshake");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_client_and_a_server_talk);
    tcase_add_loop_test(tc, test_a_client_finds_out_who_is_there, 0, 14);
    tcase_add_test(tc, test_a_client_may_do_without);
    tcase_add_loop_test(tc, test_by_default_the_system_says_who_is_trusted, 0,
                        2);
    tcase_add_loop_test(tc, test_a_server_says_what_clients_have_to_show, 0, 9);
    tcase_add_test(tc, test_a_client_whose_certificate_is_revoked_is_refused);
    tcase_add_test(
        tc, test_an_authority_without_a_list_beside_one_with_a_list_is_refused);
    tcase_add_loop_test(tc, test_both_sides_agree_on_a_protocol, 0, 5);
    tcase_add_test(tc, test_a_server_is_told_which_name_was_asked_for);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("tls");

    certificate("ca.pem");
    suite_add_tcase(suite, credentials());
    suite_add_tcase(suite, handshakes());
    return run_suite(suite);
}
