/* SPDX-License-Identifier: MIT */
/* gruvid with tls:// addresses; its clients are openssl s_client. */
#include "daemon/run_gruvid.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/certificates.h"

/* A section with files of certificate(); authorities "": none. */
static const char *
section_of(const char *plugin, const char *name, const char *key,
           const char *authorities)
{
    static char text[1024];

    snprintf(text, sizeof text,
             "[plugin %s]\n"
             "listen = tls://127.0.0.1:0\n"
             "tls_certificate = %s\ntls_key = %s\ntls_client_ca = %s\n",
             plugin, certificate(name), certificate(key),
             *authorities == '\0' ? "" : certificate(authorities));
    return text;
}

static const char *
section(const char *name, const char *key, const char *authorities)
{
    return section_of("trial", name, key, authorities);
}

static int
tls_port(struct gruvid *g)
{
    return atoi(gruvid_says(g, "listening on tls://127.0.0.1:"));
}

/* --- s_client ---------------------------------------------------------------
 */

struct client {
    pid_t pid;
    int in, out;
};

static bool
have_openssl(void)
{
    if (system("openssl version > /dev/null 2>&1") == 0)
        return true;
    printf("skipped: openssl is not installed\n");
    return false;
}

/* more: further arguments, in pairs, ended by NULL. */
static void
begin_client_with(struct client *c, int port, const char *const *more)
{
    char address[32];
    const char *args[24] = {"openssl",
                            "s_client",
                            "-quiet",
                            "-connect",
                            address,
                            "-CAfile",
                            certificate("ca.pem"),
                            "-verify_ip",
                            "127.0.0.1",
                            "-verify_return_error"};
    int to[2], from[2];

    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    for (size_t i = 0; more[i] != NULL; i++)
        args[10 + i] = more[i];
    ck_assert_int_eq(pipe(to), 0);
    ck_assert_int_eq(pipe(from), 0);
    c->pid = fork();
    ck_assert_int_ge(c->pid, 0);
    if (c->pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        execvp("openssl", (char **)args);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    c->in = to[1];
    c->out = from[0];
}

/* pem, key: the client's own; NULL: it has none. */
static void
begin_client(struct client *c, int port, const char *pem, const char *key)
{
    const char *own[] = {"-cert", NULL, "-key", NULL, NULL};
    const char *const none[] = {NULL};

    if (pem == NULL) {
        begin_client_with(c, port, none);
        return;
    }
    own[1] = certificate(pem);
    own[3] = certificate(key);
    begin_client_with(c, port, own);
}

static void
client_types(struct client *c, const char *text)
{
    ck_assert_int_eq(write(c->in, text, strlen(text)), (ssize_t)strlen(text));
}

/* What it prints next is this. */
static void
client_prints(struct client *c, const char *text)
{
    struct pollfd ready = {.fd = c->out, .events = POLLIN};
    char buf[100];
    size_t got = 0, len = strlen(text);

    while (got < len) {
        ssize_t n;

        ck_assert_int_eq(poll(&ready, 1, PATIENCE * 1000), 1);
        n = read(c->out, buf + got, len - got);
        ck_assert_int_gt(n, 0);
        got += (size_t)n;
    }
    ck_assert_mem_eq(buf, text, len);
}

static void
end_client(struct client *c)
{
    close(c->in);
    close(c->out);
    kill(c->pid, SIGKILL);
    ck_assert_int_eq(waitpid(c->pid, NULL, 0), c->pid);
}

/* --- tests ------------------------------------------------------------------
 */

START_TEST(test_a_plugin_sees_no_difference)
{
    struct gruvid *g = gruvid_ready(section("good.pem", "good.key", ""), NULL);
    int port = tls_port(g);
    struct client c;

    if (!have_openssl())
        return;
    begin_client(&c, port, NULL, NULL);
    client_types(&c, "hello\n");
    client_prints(&c, "hello\n");
    client_types(&c, "once more\n");
    client_prints(&c, "once more\n");
    end_client(&c);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, "handshake failed"), 0);
}
END_TEST

START_TEST(test_a_plugin_offers_its_protocols)
{
    const char *const second[] = {"-alpn", "three,two", NULL};
    const char *const other[] = {"-alpn", "three", NULL};
    struct gruvid *g =
        gruvid_ready(section_of("protocols", "good.pem", "good.key", ""), NULL);
    int port = tls_port(g);
    struct client c;

    if (!have_openssl())
        return;
    begin_client_with(&c, port, second);
    client_prints(&c, "two.\n");
    end_client(&c);
    begin_client(&c, port, NULL, NULL);
    client_prints(&c, ".\n");
    end_client(&c);
    begin_client_with(&c, port, other);
    gruvid_says(g, "TLS handshake failed");
    end_client(&c);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_clients_may_have_to_show_a_certificate)
{
    struct gruvid *g =
        gruvid_ready(section("good.pem", "good.key", "ca.pem"), NULL);
    int port = tls_port(g);
    struct client good, none, foreign;

    if (!have_openssl())
        return;
    begin_client(&none, port, NULL, NULL);
    gruvid_says(g, "TLS handshake failed: peer did not return a certificate");
    begin_client(&foreign, port, "foreign.pem", "foreign.key");
    gruvid_says(g, "TLS handshake failed: unable to get local issuer");
    begin_client(&good, port, "alice.pem", "alice.key");
    client_types(&good, "hello\n");
    client_prints(&good, "hello\n");
    end_client(&good);
    end_client(&none);
    end_client(&foreign);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* What TLS needs of a stack is added to what the plugin is to have. */
START_TEST(test_the_smallest_stack_is_enough)
{
    static const char *const args[] = {"-o", "fibers.stack_size=16K", NULL};
    struct gruvid_options options = {.args = args};
    struct client c;
    struct gruvid *g;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return; /* it needs more */
#endif
    if (!have_openssl())
        return;
    g = gruvid_ready(section("good.pem", "good.key", "ca.pem"), &options);
    begin_client(&c, tls_port(g), "alice.pem", "alice.key");
    client_types(&c, "hello\n");
    client_prints(&c, "hello\n");
    end_client(&c);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

START_TEST(test_who_does_not_speak_tls_reaches_no_plugin)
{
    struct gruvid *g = gruvid_ready(section("good.pem", "good.key", ""), NULL);
    int fd = connect_port(tls_port(g));

    send_text(fd, "GET / HTTP/1.0\r\n\r\n");
    gruvid_says(g, "TLS handshake failed: http request (EPROTO)");
    close(fd);
    /* One that says nothing does not keep gruvid from stopping. */
    fd = connect_port(tls_port(g));
    gruvid_signal(g, SIGTERM);
    gruvid_says(g, "1 connection left");
    gruvid_signal(g, SIGINT);
    ck_assert_int_eq(gruvid_wait(g), 0);
    close(fd);
}
END_TEST

struct bad {
    const char *pem, *key, *ca, *message;
};

START_TEST(test_files_that_are_of_no_use_are_mistakes)
{
    static const struct bad cases[] = {
        {"good.pem", "second.key", "",
         "second.key: it is not the key of tls_certificate; give the key"},
        {"good.pem", "junk.pem", "", "plugin trial.tls_key: "},
        {"junk.pem", "good.key", "", "plugin trial.tls_certificate: "},
        {"good.pem", "good.key", "junk.pem", "plugin trial.tls_client_ca: "},
        {"gone", "good.key", "",
         "plugin trial.tls_certificate: /nonexistent: no such entry"},
    };
    static const char *const only_check[] = {"-t", NULL};
    struct gruvid_options options = {.args = _i % 2 == 0 ? only_check : NULL};
    const struct bad *bad = &cases[_i / 2];
    struct gruvid *g;

    if (strcmp(bad->pem, "gone") == 0)
        g = gruvid_run("[plugin trial]\nlisten = tls://127.0.0.1:0\n"
                       "tls_certificate = /nonexistent\n"
                       "tls_key = /nonexistent\n",
                       &options);
    else
        g = gruvid_run(section(bad->pem, bad->key, bad->ca), &options);
    ck_assert_int_eq(g->status, 78);
    ck_assert_uint_eq(gruvid_said(g, bad->message), 1);
}
END_TEST

/* The same names: what has changed is in the files. */
START_TEST(test_a_reload_renews_a_certificate_and_disturbs_nobody)
{
    char config[512], command[512];
    struct gruvid *g;
    struct client old, new;
    int port;

    if (!have_openssl())
        return;
    snprintf(config, sizeof config,
             "[plugin trial]\nlisten = tls://127.0.0.1:0\n"
             "tls_certificate = %s.renewed\ntls_key = %s.renewed\n",
             certificate("good.pem"), certificate("good.key"));
    snprintf(command, sizeof command, "cp %s %s.renewed && cp %s %s.renewed",
             certificate("good.pem"), certificate("good.pem"),
             certificate("good.key"), certificate("good.key"));
    ck_assert_int_eq(system(command), 0);
    g = gruvid_ready(config, NULL);
    port = tls_port(g);
    begin_client(&old, port, NULL, NULL);
    client_types(&old, "hello\n");
    client_prints(&old, "hello\n");
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "reload 1 is done");
    ck_assert_uint_eq(gruvid_said(g, "has new values"), 0);
    snprintf(command, sizeof command, "cp %s %s.renewed && cp %s %s.renewed",
             certificate("second.pem"), certificate("good.pem"),
             certificate("second.key"), certificate("good.key"));
    ck_assert_int_eq(system(command), 0);
    gruvid_signal(g, SIGHUP);
    gruvid_says(g, "plugin trial has new values: the files of TLS");
    gruvid_says(g, "reload 2 is done");
    client_types(&old, "again\n");
    client_prints(&old, "again\n");
    begin_client(&new, port, NULL, NULL);
    client_types(&new, "hello\n");
    client_prints(&new, "hello\n");
    snprintf(command, sizeof command,
             "echo | openssl s_client -connect 127.0.0.1:%d 2>/dev/null |"
             " openssl x509 -noout -serial > %s/served &&"
             " openssl x509 -noout -serial -in %s | cmp - %s/served",
             port, g->dir, certificate("second.pem"), g->dir);
    ck_assert_int_eq(system(command), 0);
    unlink(gruvid_path(g, "served"));
    end_client(&old);
    end_client(&new);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gruvid_tls");
    TCase *tc = gruvid_case(suite, "tls");

    certificate("ca.pem");
    tcase_add_test(tc, test_a_plugin_sees_no_difference);
    tcase_add_test(tc, test_clients_may_have_to_show_a_certificate);
    tcase_add_test(tc, test_a_plugin_offers_its_protocols);
    tcase_add_test(tc, test_the_smallest_stack_is_enough);
    tcase_add_test(tc, test_a_reload_renews_a_certificate_and_disturbs_nobody);
    tcase_add_test(tc, test_who_does_not_speak_tls_reaches_no_plugin);
    tcase_add_loop_test(tc, test_files_that_are_of_no_use_are_mistakes, 0, 10);
    return run_suite(suite);
}
