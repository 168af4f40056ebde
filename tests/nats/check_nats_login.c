/* SPDX-License-Identifier: MIT */
/* Logins that sign: nkey, and files of credentials. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nats/bus.h"
#include "nats/keys.h"
#include "nats/script.h"

#define ROUTE "route = a -> mirror\n"

static struct bus_server server;
static struct key operator, account, user, stranger;

static void
prepare(void)
{
    unsetenv("CREDENTIALS_DIRECTORY");
    bus_prepare(&server);
    key_make(&operator, KEY_OPERATOR);
    key_make(&account, KEY_ACCOUNT);
    key_make(&user, KEY_USER);
    key_make(&stranger, KEY_USER);
}

static void
finish(void)
{
    bus_remove(&server);
    gruvid_end_all();
    key_free(&operator);
    key_free(&account);
    key_free(&user);
    key_free(&stranger);
}

static void
stop(struct gruvid *g)
{
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, user.seed), 0);
    ck_assert_uint_eq(gruvid_said(g, stranger.seed), 0);
}

static const char *
lines_of(const char *option, const char *value)
{
    static char lines[1000];

    snprintf(lines, sizeof lines, ROUTE "%s = %s\n", option, value);
    return lines;
}

/* --- nkey ----------------------------------------------------------------- */

/* Whoever has no login is t. */
static void
begin_server_of_keys(void)
{
    char config[400];

    snprintf(config, sizeof config,
             "no_auth_user: t\nauthorization { users: [ "
             "{ nkey: %s }, { user: t, password: t } ] }",
             user.public);
    bus_begin(&server, config);
}

START_TEST(test_an_nkey_is_a_login)
{
    struct gruvid *g;
    struct bus *bus;

    begin_server_of_keys();
    g = bus_gruvid(&server, lines_of("nkey", user.seed), "");
    bus = bus_open(server.port);
    bus_ask(bus, "a", "Host: h\r\n", "", 200, "GET /a h\n");
    bus_close(bus);
    stop(g);
}
END_TEST

START_TEST(test_an_nkey_may_be_in_a_file)
{
    char value[200];
    struct gruvid *g;
    FILE *f = fopen(server_path(&server.server, "seed"), "w");

    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s\n", user.seed);
    fclose(f);
    snprintf(value, sizeof value, "file:%s",
             server_path(&server.server, "seed"));
    begin_server_of_keys();
    g = bus_gruvid(&server, lines_of("nkey", value), "");
    stop(g);
}
END_TEST

START_TEST(test_an_nkey_that_the_server_does_not_know_is_refused)
{
    struct gruvid *g;

    begin_server_of_keys();
    g = bus_gruvid_begin(&server, lines_of("nkey", stranger.seed), "");
    gruvid_says(g, "Authorization Violation");
    gruvid_says(g, "no connection to tcp://127.0.0.1:");
    gruvid_reload(g, bus_config(&server, lines_of("nkey", user.seed), ""),
                  true);
    gruvid_says(g, "1 route is subscribed");
    stop(g);
}
END_TEST

/* --- credentials ---------------------------------------------------------- */

static void
begin_server_of_accounts(void)
{
    char *config;
    char *of_operator =
        key_token(&operator, & operator, "\"type\":\"operator\",\"version\":2");
    char *of_account = key_token(
        &operator, & account,
        "\"limits\":{\"subs\":-1,\"data\":-1,\"payload\":-1,\"imports\":-1,"
        "\"exports\":-1,\"wildcards\":true,\"conn\":-1,\"leaf\":-1},"
        "\"type\":\"account\",\"version\":2");

    ck_assert_int_gt(asprintf(&config,
                              "operator: %s\nresolver: MEMORY\n"
                              "resolver_preload: { %s: %s }\n",
                              of_operator, account.public, of_account),
                     0);
    bus_begin(&server, config);
    free(of_operator);
    free(of_account);
    free(config);
}

/* What the account says of a user, with a seed that may be another's. */
static char *
credentials_of(const struct key *of, const struct key *seed)
{
    char *token = key_token(&account, of,
                            "\"subs\":-1,\"data\":-1,\"payload\":-1,"
                            "\"type\":\"user\",\"version\":2");
    char *text = key_credentials(token, seed->seed);

    free(token);
    return text;
}

/* As what issues credentials does it: the file is whole at all times. */
static void
put_file(const char *text)
{
    char to[128];
    FILE *f = fopen(server_path(&server.server, "new"), "w");

    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    snprintf(to, sizeof to, "%s", server_path(&server.server, "a.creds"));
    ck_assert_int_eq(rename(server_path(&server.server, "new"), to), 0);
}

static void
put_credentials(const struct key *of, const struct key *seed)
{
    char *text = credentials_of(of, seed);

    put_file(text);
    free(text);
}

static const char *
file_line(void)
{
    return lines_of("credentials", server_path(&server.server, "a.creds"));
}

START_TEST(test_credentials_are_a_login)
{
    struct gruvid *g;

    begin_server_of_accounts();
    put_credentials(&user, &user);
    if (_i == 0) {
        g = bus_gruvid(&server, file_line(), "");
    } else {
        setenv("CREDENTIALS_DIRECTORY", server.server.dir, 1);
        g = bus_gruvid(&server, lines_of("credentials", "credential:a.creds"),
                       "");
    }
    stop(g);
}
END_TEST

/* It is not there; is another's; is right; the connection ends, and the file
 * has changed. */
START_TEST(test_credentials_are_read_for_each_connection)
{
    struct gruvid *g;

    begin_server_of_accounts();
    g = bus_gruvid_begin(&server, file_line(), "");
    gruvid_says(g, "the file of credentials cannot be read: no such");
    put_credentials(&user, &stranger);
    gruvid_says(g, "Authorization Violation");
    put_credentials(&user, &user);
    gruvid_says(g, "1 route is subscribed");
    put_credentials(&stranger, &stranger);
    bus_end(&server);
    gruvid_says(g, " is lost: ");
    begin_server_of_accounts();
    gruvid_says_times(g, "1 route is subscribed", 2);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

static const struct {
    int cut; /* bytes that are left; -1: all */
    const char *text, *says;
} files[] = {
    {-1, "", "has no part with a NATS USER JWT"},
    {20, NULL, "has no part with a NATS USER JWT"},
    {60, NULL, "has no part with a NATS USER JWT"},
    {-60, NULL, "has no part with a USER NKEY SEED"},
    {-1,
     "---BEGIN NATS USER JWT---\nno token\n---END NATS USER JWT---\n"
     "---BEGIN USER NKEY SEED---\nSUA\n---END USER NKEY SEED---\n",
     "has something in its NATS USER JWT that is none"},
    {-1,
     "---BEGIN NATS USER JWT---\na.b.c\n---END NATS USER JWT---\n"
     "---BEGIN USER NKEY SEED---\nSUA\n---END USER NKEY SEED---\n",
     "has something in its USER NKEY SEED that is not the seed of a user"},
};

#define NONCE                                                                  \
    "INFO {\"server_name\":\"s\",\"headers\":true,\"nonce\":\"abc\"}\r\n"
#define NO_NONCE "INFO {\"server_name\":\"s\",\"headers\":true}\r\n"

/* Not a byte comes from gruvid. */
static void
hears_nothing(struct script *script)
{
    char c;

    shutdown(script->fd, SHUT_WR);
    ck_assert_int_eq(recv(script->fd, &c, 1, 0), 0);
}

START_TEST(test_a_file_that_is_none_says_nothing_to_the_server)
{
    char *text = credentials_of(&user, &user);
    struct script *script;
    struct gruvid *g;

    if (files[_i].text != NULL)
        put_file(files[_i].text);
    else if (files[_i].cut >= 0)
        text[files[_i].cut] = '\0';
    else
        text[(int)strlen(text) + files[_i].cut] = '\0';
    if (files[_i].text == NULL)
        put_file(text);
    script = script_begin(server.port);
    g = bus_gruvid_begin(&server, file_line(), "");
    script_next(script);
    script_send(script, NONCE);
    gruvid_says(g, "the file of credentials ");
    gruvid_says(g, files[_i].says);
    hears_nothing(script);
    script_end(script);
    stop(g);
    free(text);
}
END_TEST

static void
put_large_file(void)
{
    static char zeros[65537];

    memset(zeros, '0', sizeof zeros - 1);
    put_file(zeros);
}

/* i: a folder; a pipe, which nobody writes to; a large file */
START_TEST(test_what_is_no_file_is_not_waited_for)
{
    static const char *const says[] = {
        "is not a regular file", "is not a regular file", "has 64 KiB or more"};
    const char *path = server_path(&server.server, "a.creds");
    struct script *script;
    struct gruvid *g;

    if (_i == 0)
        ck_assert_int_eq(mkdir(path, 0755), 0);
    else if (_i == 1)
        ck_assert_int_eq(mkfifo(path, 0644), 0);
    else
        put_large_file();
    script = script_begin(server.port);
    g = bus_gruvid_begin(&server, file_line(), "");
    script_next(script);
    script_send(script, NONCE);
    gruvid_says(g, says[_i]);
    hears_nothing(script);
    script_end(script);
    stop(g);
    if (_i == 0)
        rmdir(server_path(&server.server, "a.creds"));
}
END_TEST

/* --- servers -------------------------------------------------------------- */

START_TEST(test_a_server_that_sends_no_nonce_gets_no_login)
{
    struct script *script;
    struct gruvid *g;

    put_credentials(&user, &user);
    script = script_begin(server.port);
    g = bus_gruvid_begin(
        &server, _i == 0 ? lines_of("nkey", user.seed) : file_line(), "");
    script_next(script);
    script_send(script, NO_NONCE);
    gruvid_says(g, "the server s sends nothing to sign");
    hears_nothing(script);
    script_end(script);
    stop(g);
}
END_TEST

/* The value of a member of CONNECT, in static memory. */
static const char *
member(const char *line, const char *name)
{
    static char value[8192];
    char start[32];
    const char *at;

    snprintf(start, sizeof start, "\"%s\":\"", name);
    at = strstr(line, start);
    ck_assert_msg(at != NULL, "no %s in %s", name, line);
    at += strlen(start);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\""), at);
    return value;
}

START_TEST(test_what_is_signed_is_the_nonce)
{
    struct script *script = script_begin(server.port);
    struct gruvid *g =
        bus_gruvid_begin(&server, lines_of("nkey", user.seed), "");
    const char *line;

    script_next(script);
    script_send(script, NONCE);
    line = script_line(script);
    ck_assert_int_eq(strncmp(line, "CONNECT {", 9), 0);
    ck_assert_str_eq(member(line, "nkey"), user.public);
    ck_assert(key_has_signed(&user, member(line, "sig"), "abc"));
    ck_assert_ptr_null(strstr(line, user.seed));
    script_end(script);
    stop(g);
}
END_TEST

/* All that JSON has to escape, in a password. */
START_TEST(test_a_password_may_have_any_letters)
{
    struct gruvid *g;

    bus_begin(&server, "authorization { user: \"u\\\"\\\\\", "
                       "password: \"\\\"p\\\\\\tq\xc3\xa9\" }");
    g = bus_gruvid(
        &server,
        ROUTE "user = \"u\\\"\\\\\"\npassword = \"\\\"p\\\\\tq\xc3\xa9\"\n",
        "");
    stop(g);
}
END_TEST

/* --- options -------------------------------------------------------------- */

static const struct {
    const char *lines, *says;
} mistakes[] = {
    {"nkey = secret-nkey\n", "nkey is not a seed: that is SU and 56 more"},
    {"nkey = \n", NULL},
    {"credentials = a.creds\n", "credentials has to be an absolute path"},
    {"credentials = credential:secret-/x\n", "credentials has to be an abs"},
    {"token = secret-t\nnkey = secret-n\n", "of which there is one at most"},
    {"user = u\npassword = secret-p\ncredentials = /x\n", "one at most"},
    {"user = u\n", "user and password go together"},
};

START_TEST(test_a_mistake_in_the_options_is_said_without_the_value)
{
    struct gruvid *g;

    if (mistakes[_i].says == NULL) {
        bus_begin(&server, "");
        g = bus_gruvid(&server, ROUTE "nkey = \n", "");
        stop(g);
        return;
    }
    g = bus_gruvid_begin(&server, mistakes[_i].lines, "");
    ck_assert_int_ne(gruvid_wait(g), 0);
    ck_assert_msg(gruvid_said(g, mistakes[_i].says) > 0, "%s", g->log);
    ck_assert_uint_eq(gruvid_said(g, "secret-"), 0);
}
END_TEST

START_TEST(test_a_seed_with_a_wrong_checksum_is_not_begun_with)
{
    char seed[59];
    struct gruvid *g;

    key_seed(seed, 18, KEY_USER, user.bytes, 1);
    g = bus_gruvid_begin(&server, lines_of("nkey", seed), "");
    ck_assert_int_ne(gruvid_wait(g), 0);
    gruvid_says(g, "nkey is not a seed: its checksum is wrong");
    ck_assert_uint_eq(gruvid_said(g, seed), 0);
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
credentials(void)
{
    TCase *tc = tcase("credentials");

    tcase_add_loop_test(tc, test_credentials_are_a_login, 0, 2);
    tcase_add_test(tc, test_credentials_are_read_for_each_connection);
    tcase_add_loop_test(tc, test_a_file_that_is_none_says_nothing_to_the_server,
                        0, LENGTH(files));
    tcase_add_loop_test(tc, test_what_is_no_file_is_not_waited_for, 0, 3);
    return tc;
}

int
main(void)
{
    Suite *suite = suite_create("nats_login");
    TCase *tc = tcase("nkey");

    bus_need();
    tcase_add_test(tc, test_an_nkey_is_a_login);
    tcase_add_test(tc, test_an_nkey_may_be_in_a_file);
    tcase_add_test(tc, test_an_nkey_that_the_server_does_not_know_is_refused);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, credentials());
    tc = tcase("servers");
    tcase_add_loop_test(tc, test_a_server_that_sends_no_nonce_gets_no_login, 0,
                        2);
    tcase_add_test(tc, test_what_is_signed_is_the_nonce);
    tcase_add_test(tc, test_a_password_may_have_any_letters);
    suite_add_tcase(suite, tc);
    tc = tcase("options");
    tcase_add_loop_test(tc,
                        test_a_mistake_in_the_options_is_said_without_the_value,
                        0, LENGTH(mistakes));
    tcase_add_test(tc, test_a_seed_with_a_wrong_checksum_is_not_begun_with);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
