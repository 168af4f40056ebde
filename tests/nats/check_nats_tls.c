/* SPDX-License-Identifier: MIT */
/* TLS with servers of NATS, and with servers that pretend. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nats/bus.h"
#include "nats/script.h"
#include "unit/certificates.h"

#define ROUTE "route = a -> mirror\n"
#define LOGIN "user = u\npassword = s3cret\n"

static struct bus_server server, other;

static void
prepare(void)
{
    unsetenv("SSL_CERT_FILE");
    unsetenv("CREDENTIALS_DIRECTORY");
    bus_prepare(&server);
    bus_prepare(&other);
    bus_scheme("tls://localhost");
}

static void
finish(void)
{
    bus_remove(&server);
    bus_remove(&other);
    gruvid_end_all();
}

/* --- servers -------------------------------------------------------------- */

/* The server may be another user's, who cannot read what a test has made. */
static void
bring(const struct bus_server *at, const char *name)
{
    const char *from = read_text(certificate(name));
    FILE *f = fopen(server_path(&at->server, name), "w");

    ck_assert_ptr_nonnull(f);
    fputs(from, f);
    fclose(f);
    chmod(server_path(&at->server, name), 0644);
}

/* Begin a server that has this certificate; more: inside tls, and outside. */
static void
begin_server(struct bus_server *at, const char *name, const char *inside,
             const char *outside)
{
    char config[1000], pem[32], key[32];

    snprintf(pem, sizeof pem, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    bring(at, pem);
    bring(at, key);
    bring(at, "ca.pem");
    snprintf(config, sizeof config,
             "tls { cert_file: %s, key_file: %s, ca_file: ca.pem, timeout: 60, "
             "%s }\n%s\n",
             pem, key, inside, outside);
    bus_begin(at, config);
}

static const char *
lines_of(const char *more)
{
    static char lines[1000];

    snprintf(lines, sizeof lines, ROUTE "ca = %s\n%s", certificate("ca.pem"),
             more);
    return lines;
}

static void
answers_at(const struct bus_server *at)
{
    struct bus *bus = bus_open(at->port);

    bus_ask_at_last(bus, "a");
    bus_ask(bus, "a", "Host: h\r\n", "", 200, "GET /a h\n");
    bus_close(bus);
}

static void
stop(struct gruvid *g)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "s3cret"), 0);
}

/* --- it works ------------------------------------------------------------- */

/* The client of the test has no TLS: the server lets it, but offers it. */
START_TEST(test_requests_are_answered_through_tls)
{
    struct gruvid *g;

    begin_server(&server, "good", "", "allow_non_tls: true");
    g = bus_gruvid(&server, lines_of(""), "");
    gruvid_says(g, "connected to tls://localhost:");
    answers_at(&server);
    stop(g);
}
END_TEST

START_TEST(test_large_replies_come_through_tls)
{
    struct letter letter;
    struct gruvid *g;
    struct bus *bus;

    begin_server(&server, "good", "", "allow_non_tls: true");
    g = bus_gruvid(&server, lines_of(""), "");
    bus = bus_open(server.port);
    for (int i = 0; i < 20; i++)
        bus_request(bus, "a", "Gruvid-Path: /large?size=900000\r\n", "", 0);
    for (int i = 0; i < 20; i++) {
        bus_read(bus, &letter);
        ck_assert_int_eq(letter.status, 200);
        ck_assert_uint_eq(letter.size, 900000);
        letter_free(&letter);
    }
    bus_close(bus);
    stop(g);
}
END_TEST

START_TEST(test_a_server_may_demand_tls_without_being_asked)
{
    struct gruvid *g;

    bus_scheme("nats://127.0.0.1");
    setenv("SSL_CERT_FILE", certificate("ca.pem"), 1);
    begin_server(&server, "good", "",
                 "authorization { user: u, password: s3cret }");
    g = bus_gruvid(&server, ROUTE LOGIN, "");
    gruvid_says(g, "connected to tcp://127.0.0.1:");
    stop(g);
}
END_TEST

START_TEST(test_a_certificate_is_a_login)
{
    char more[400];
    struct gruvid *g;

    begin_server(&server, "good", "verify: true", "");
    snprintf(more, sizeof more, "certificate = %s\nkey = %s\n",
             certificate("alice.pem"), certificate("alice.key"));
    g = bus_gruvid(&server, lines_of(more), "");
    stop(g);
}
END_TEST

START_TEST(test_a_server_that_wants_a_certificate_says_so)
{
    struct gruvid *g;

    begin_server(&server, "good", "verify: true", "");
    g = bus_gruvid_begin(&server, lines_of(""), "");
    gruvid_says(g, " ends TLS: ");
    gruvid_says(g, "no connection to tls://localhost:");
    stop(g);
}
END_TEST

START_TEST(test_files_may_be_credentials_of_the_service_manager)
{
    struct gruvid *g;

    begin_server(&server, "good", "", "");
    setenv("CREDENTIALS_DIRECTORY", server.server.dir, 1);
    g = bus_gruvid(&server, ROUTE "ca = credential:ca.pem\n", "");
    stop(g);
}
END_TEST

/* --- servers that are not the right ones ---------------------------------- */

static const struct {
    const char *certificate, *says;
} wrong[] = {
    {"elsewhere", "hostname mismatch"},
    {"expired", "certificate has expired"},
    {"foreign", "unable to get local issuer certificate"},
    {"self", "self-signed certificate"},
};

START_TEST(test_a_server_with_a_wrong_certificate_is_left)
{
    struct gruvid *g;

    begin_server(&server, wrong[_i].certificate, "", "");
    g = bus_gruvid_begin(&server, lines_of(LOGIN), "");
    gruvid_says(g, "TLS with localhost fails: ");
    gruvid_says(g, wrong[_i].says);
    gruvid_says(g, "no connection to tls://localhost:");
    ck_assert_uint_eq(gruvid_said(g, "connected to"), 0);
    stop(g);
}
END_TEST

START_TEST(test_the_authorities_of_the_system_count_where_none_are_given)
{
    struct gruvid *g;

    begin_server(&server, "good", "", "");
    g = bus_gruvid_begin(&server, ROUTE LOGIN, "");
    gruvid_says(g, "TLS with localhost fails: ");
    stop(g);
}
END_TEST

/* --- servers that pretend ------------------------------------------------- */

#define INFO(more)                                                             \
    "INFO {\"server_name\":\"s\",\"headers\":true,\"max_payload\":1000" more   \
    "}\r\n"

/* Nothing at all comes from gruvid. */
static void
hears_nothing(struct script *script)
{
    char c;

    shutdown(script->fd, SHUT_WR);
    ck_assert_int_eq(recv(script->fd, &c, 1, 0), 0);
}

START_TEST(test_a_server_without_tls_gets_no_login)
{
    struct script *script = script_begin(server.port);
    struct gruvid *g = bus_gruvid_begin(&server, lines_of(LOGIN), "");

    script_next(script);
    script_send(script, _i == 0 ? INFO("") : INFO(",\"tls_required\":false"));
    gruvid_says(g, "the server s has no TLS, and the section wants it");
    hears_nothing(script);
    script_end(script);
    stop(g);
}
END_TEST

/* A certificate in the section says that TLS is wanted, whatever the URL. */
START_TEST(test_an_authority_is_a_wish_for_tls)
{
    struct script *script = script_begin(server.port);
    struct gruvid *g;

    bus_scheme("nats://localhost");
    g = bus_gruvid_begin(&server, lines_of(LOGIN), "");
    script_next(script);
    script_send(script, INFO(""));
    gruvid_says(g, "the server s has no TLS, and the section wants it");
    hears_nothing(script);
    script_end(script);
    stop(g);
}
END_TEST

/* Whoever can change what is on its way adds something behind INFO. */
START_TEST(test_what_comes_in_clear_behind_info_ends_it)
{
    struct script *script = script_begin(server.port);
    struct gruvid *g;

    if (_i == 1)
        bus_scheme("nats://localhost");
    g = bus_gruvid_begin(&server, _i == 0 ? lines_of(LOGIN) : ROUTE LOGIN, "");
    script_next(script);
    script_send(script, INFO(",\"tls_required\":true") "PONG\r\n");
    gruvid_says(g, "the server s has sent bytes in clear before TLS");
    hears_nothing(script);
    script_end(script);
    stop(g);
}
END_TEST

START_TEST(test_a_server_that_only_says_that_it_has_tls_is_left)
{
    struct script *script = script_begin(server.port);
    struct gruvid *g = bus_gruvid_begin(&server, lines_of(LOGIN), "");
    char buf[4096];
    ssize_t n;

    script_next(script);
    script_send(script, INFO(",\"tls_required\":true"));
    ck_assert_int_eq(recv(script->fd, buf, 1, 0), 1);
    ck_assert_int_eq(buf[0], 0x16); /* a handshake */
    script_send(script, "-ERR 'no TLS here'\r\n");
    gruvid_says(g, "TLS with localhost fails: ");
    while ((n = recv(script->fd, buf, sizeof buf, 0)) > 0)
        ck_assert_ptr_null(memmem(buf, (size_t)n, "CONNECT", 7));
    script_end(script);
    stop(g);
}
END_TEST

/* --- servers of a cluster ------------------------------------------------- */

/* They name each other by numbers, and their certificates have a name. */
START_TEST(test_servers_that_are_named_by_numbers_prove_the_name_of_the_url)
{
    struct bus_server link;
    char config[300];
    struct gruvid *g;

    bus_prepare(&link);
    snprintf(config, sizeof config,
             "cluster { name: c, listen: \"127.0.0.1:%d\" }", link.port);
    begin_server(&server, "named", "", config);
    snprintf(config, sizeof config,
             "allow_non_tls: true\n"
             "cluster { name: c, listen: \"127.0.0.1:-1\", "
             "routes: [\"nats://127.0.0.1:%d\"] }",
             link.port);
    begin_server(&other, _i == 0 ? "named" : "elsewhere", "", config);
    g = bus_gruvid(&server, lines_of(""), "");
    answers_at(&other); /* by way of the first */
    bus_end(&server);
    if (_i == 0) {
        gruvid_says(g, "connected to tls://127.0.0.1:");
        gruvid_says_times(g, "1 route is subscribed", 2);
        answers_at(&other);
    } else {
        gruvid_says(g, "no connection to tls://127.0.0.1:");
        gruvid_says(g, "TLS with localhost fails: hostname mismatch");
    }
    stop(g);
    bus_remove(&link);
}
END_TEST

/* A name that came in clear counts where the section has authorities; else
 * any holder of a certificate, for any name, would be let in. */
START_TEST(test_servers_that_are_named_by_names)
{
    struct bus_server link;
    char config[300];
    struct gruvid *g;

    bus_prepare(&link);
    bus_scheme("tls://127.0.0.1");
    setenv("SSL_CERT_FILE", certificate("ca.pem"), 1);
    snprintf(config, sizeof config,
             "cluster { name: c, listen: \"127.0.0.1:%d\" }", link.port);
    begin_server(&server, "good", "", config);
    snprintf(config, sizeof config,
             "client_advertise: \"localhost:%d\"\nallow_non_tls: true\n"
             "cluster { name: c, listen: \"127.0.0.1:-1\", "
             "routes: [\"nats://127.0.0.1:%d\"] }",
             other.port, link.port);
    begin_server(&other, "named", "", config);
    file_says(server_path(&server.server, "log"), "Route connection created");
    file_says(server_path(&other.server, "log"), "Route connection created");
    g = bus_gruvid(&server, _i == 0 ? lines_of("") : ROUTE, "");
    answers_at(&other);
    bus_end(&server);
    /* Newer servers say INFO again, through TLS: then the name counts. */
    if (_i == 0 ||
        gruvid_said(g, "version 2.9.") + gruvid_said(g, "version 2.10.") == 0) {
        gruvid_says(g, "connected to tls://localhost:");
        gruvid_says_times(g, "1 route is subscribed", 2);
    } else {
        gruvid_says(g, "TLS with 127.0.0.1 fails: IP address mismatch");
    }
    stop(g);
    bus_remove(&link);
}
END_TEST

/* --- options -------------------------------------------------------------- */

START_TEST(test_a_reload_may_ask_for_tls)
{
    struct gruvid *g;

    begin_server(&server, "good", "", "allow_non_tls: true");
    bus_scheme("nats://localhost");
    g = bus_gruvid(&server, ROUTE, "");
    gruvid_says(g, "connected to tcp://localhost:");
    bus_scheme("tls://localhost");
    gruvid_reload(g, bus_config(&server, lines_of(""), ""), true);
    gruvid_says(g, "connected to tls://localhost:");
    gruvid_says_times(g, "1 route is subscribed", 2);
    gruvid_reload(g, bus_config(&server, ROUTE "ca = /nowhere.pem\n", ""),
                  false);
    gruvid_says(g, "ca: ");
    answers_at(&server);
    stop(g);
}
END_TEST

static void
replace(const char *name, const char *by)
{
    char from[128];

    bring(&server, by);
    snprintf(from, sizeof from, "%s", server_path(&server.server, by));
    ck_assert_int_eq(rename(from, server_path(&server.server, name)), 0);
}

/* The same options: the file has another authority in it, after it had none. */
START_TEST(test_files_that_have_changed_are_read_again)
{
    char lines[200];
    struct gruvid *g;

    begin_server(&server, "foreign", "", "");
    snprintf(lines, sizeof lines, ROUTE "ca = %s\n",
             server_path(&server.server, "ca.pem"));
    g = bus_gruvid_begin(&server, lines, "");
    gruvid_says(g, "TLS with localhost fails: ");
    replace("ca.pem", "junk.pem");
    gruvid_says(g, "; what was read before is used");
    replace("ca.pem", "other_ca.pem");
    gruvid_says(g, "1 route is subscribed");
    stop(g);
}
END_TEST

static const struct {
    const char *line, *says;
} mistakes[] = {
    {"ca = /nowhere/ca.pem\n", "ca: no such entry"},
    {"ca = ca.pem\n", "ca has to be an absolute path or credential:NAME"},
    {"ca = credential:../ca.pem\n", "ca has to be an absolute path or "},
    {"ca = credential:ca.pem\n", "ca is a credential, and CREDENTIALS_DIR"},
    {"key = %s/good.key\n", "certificate is missing: there is a key"},
    {"certificate = %s/good.pem\nkey = %s/second.key\n", "key: "},
    {"certificate = %s/junk.pem\nkey = %s/good.key\n", "certificate: "},
    {"ca = %s/junk.pem\n", "ca: "},
    {"url = nats://127.0.0.1:1\n", "url number 2 is not tls:// as number 1 is"},
    {"url = tls://u:s3cret@h\n", "url number 2 has a user in it"},
    {"url = tls://\n", "url number 2 is not nats://HOST:PORT or tls://HOST"},
    {"url = ws://h\n", "url number 2 does not begin with nats:// or tls://"},
};

static void
put_line(char *to, size_t size, const char *line)
{
    char folder[96];

    snprintf(folder, sizeof folder, "%s", certificate("ca.pem"));
    *strrchr(folder, '/') = '\0';
    for (*to = '\0'; *line != '\0'; line++) {
        size_t n = strlen(to);

        if (strncmp(line, "%s", 2) == 0)
            snprintf(to + n, size - n, "%s", folder), line++;
        else
            snprintf(to + n, size - n, "%c", *line);
    }
}

START_TEST(test_a_mistake_in_the_options_is_said)
{
    char lines[600];
    struct gruvid *g;

    put_line(lines, sizeof lines, mistakes[_i].line);
    g = bus_gruvid_begin(&server, lines, "");
    ck_assert_int_ne(gruvid_wait(g), 0);
    ck_assert_msg(gruvid_said(g, mistakes[_i].says) > 0, "%s", g->log);
    ck_assert_uint_eq(gruvid_said(g, "s3cret"), 0);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

static TCase *
tcase(const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, prepare, finish);
    tcase_set_timeout(tc, 120);
    return tc;
}

static TCase *
working(void)
{
    TCase *tc = tcase("working");

    tcase_add_test(tc, test_requests_are_answered_through_tls);
    tcase_add_test(tc, test_large_replies_come_through_tls);
    tcase_add_test(tc, test_a_server_may_demand_tls_without_being_asked);
    tcase_add_test(tc, test_a_certificate_is_a_login);
    tcase_add_test(tc, test_a_server_that_wants_a_certificate_says_so);
    tcase_add_test(tc, test_files_may_be_credentials_of_the_service_manager);
    return tc;
}

static TCase *
refused(void)
{
    TCase *tc = tcase("refused");

    tcase_add_loop_test(tc, test_a_server_with_a_wrong_certificate_is_left, 0,
                        LENGTH(wrong));
    tcase_add_test(
        tc, test_the_authorities_of_the_system_count_where_none_are_given);
    tcase_add_loop_test(tc, test_a_server_without_tls_gets_no_login, 0, 2);
    tcase_add_test(tc, test_an_authority_is_a_wish_for_tls);
    tcase_add_loop_test(tc, test_what_comes_in_clear_behind_info_ends_it, 0, 2);
    tcase_add_test(tc, test_a_server_that_only_says_that_it_has_tls_is_left);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("nats_tls");
    TCase *tc = tcase("cluster");

    bus_need();
    certificate("ca.pem");
    suite_add_tcase(suite, working());
    suite_add_tcase(suite, refused());
    tcase_add_loop_test(
        tc, test_servers_that_are_named_by_numbers_prove_the_name_of_the_url, 0,
        2);
    tcase_add_loop_test(tc, test_servers_that_are_named_by_names, 0, 2);
    suite_add_tcase(suite, tc);
    tc = tcase("options");
    tcase_add_test(tc, test_a_reload_may_ask_for_tls);
    tcase_add_test(tc, test_files_that_have_changed_are_read_again);
    tcase_add_loop_test(tc, test_a_mistake_in_the_options_is_said, 0,
                        LENGTH(mistakes));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
