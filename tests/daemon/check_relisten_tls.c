/* SPDX-License-Identifier: MIT */
/* Reloads of tls:// addresses: certificates are renewed, acceptors exchanged,
 * and addresses get TLS or lose it.  A client is OpenSSL itself. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "daemon/hubs_clients.h"
#include "support/port.h"
#include "unit/certificates.h"

/* --- files that are renewed ----------------------------------------------- */

static char dir[] = "/tmp/gruvid-renewed-XXXXXX";

static const char *
path_of(const char *name)
{
    static char path[2][64];
    static int n;

    n = !n;
    snprintf(path[n], sizeof path[n], "%s/%s", dir, name);
    return path[n];
}

/* By rename, as tools for certificates do. */
static void
put_file(const char *from, const char *name)
{
    FILE *file = fopen(path_of("new"), "w");

    ck_assert_ptr_nonnull(file);
    fputs(read_text(certificate(from)), file);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(rename(path_of("new"), path_of(name)), 0);
}

static void
put_certificate(const char *pem, const char *key)
{
    put_file(pem, "cert.pem");
    put_file(key, "cert.key");
}

static void
make_folder(void)
{
    strcpy(dir, "/tmp/gruvid-renewed-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    put_certificate("good.pem", "good.key");
}

static void
remove_folder(void)
{
    unlink(path_of("cert.pem"));
    unlink(path_of("cert.key"));
    rmdir(dir);
}

/* --- clients -------------------------------------------------------------- */

struct client {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

static void
shake(struct client *c, int fd)
{
    ck_assert_int_ge(fd, 0);
    c->fd = fd;
    c->context = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(
        SSL_CTX_load_verify_locations(c->context, certificate("ca.pem"), NULL),
        1);
    SSL_CTX_set_verify(c->context, SSL_VERIFY_PEER, NULL);
    c->ssl = SSL_new(c->context);
    SSL_set_fd(c->ssl, fd);
    ck_assert_int_eq(SSL_connect(c->ssl), 1);
}

/* A greeting comes first, where there is one. */
static void
talk(struct client *c)
{
    char buf[64];
    int n;

    ck_assert_int_eq(SSL_write(c->ssl, "ping!", 5), 5);
    do {
        n = SSL_read(c->ssl, buf, sizeof buf);
        ck_assert_int_gt(n, 0);
    } while (buf[n - 1] != '!');
}

static void
has_name(struct client *c, const char *expected)
{
    X509 *got = SSL_get1_peer_certificate(c->ssl);
    char name[64];

    X509_NAME_get_text_by_NID(X509_get_subject_name(got), NID_commonName, name,
                              sizeof name);
    ck_assert_str_eq(name, expected);
    X509_free(got);
}

static void
end(struct client *c)
{
    SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    SSL_CTX_free(c->context);
    close(c->fd);
}

static void
is_served_as(int fd, const char *name)
{
    struct client c;

    shake(&c, fd);
    has_name(&c, name);
    talk(&c);
    end(&c);
}

static int
tls_port(struct gruvid *g)
{
    return atoi(gruvid_says(g, "listening on tls://127.0.0.1:"));
}

/* On a port that the kernel picks. */
static int
bind_socket(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* --- certificates --------------------------------------------------------- */

/* Numbers of the option make another generation. */
static const char *
section(int hubs, int number, const char *listen)
{
    static char text[500];

    snprintf(text, sizeof text,
             "[gruvid]\nhubs = %d\n[plugin p]\nmodule = %s\n%s = %d\n"
             "listen = %s\ntls_certificate = %s/cert.pem\n"
             "tls_key = %s/cert.key\n",
             hubs, hubs == 1 ? "trial" : "spread",
             hubs == 1 ? "whole" : "refuse", 1000 + number, listen, dir, dir);
    return text;
}

#define ANY_PORT "tls://127.0.0.1:0"

/* i: hubs. */
START_TEST(test_a_certificate_is_renewed_while_a_connection_goes_on)
{
    struct client held, held_again;
    struct gruvid *g;
    int port;

    make_folder();
    g = gruvid_ready(section(_i, 0, ANY_PORT), NULL);
    port = tls_port(g);
    shake(&held, connect_port(port));
    talk(&held);
    put_certificate("second.pem", "second.key");
    is_served_as(connect_port(port), "good");
    gruvid_reload(g, section(_i, 0, ANY_PORT), true);
    shake(&held_again, connect_port(port));
    for (int n = 0; n < 4; n++)
        is_served_as(connect_port(port), "second");
    talk(&held);
    gruvid_reload(g, section(_i, 0, ANY_PORT), true);
    talk(&held);
    talk(&held_again);
    end(&held);
    end(&held_again);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    /* The plugin was not started again. */
    ck_assert_uint_eq(gruvid_said(g, "listening on tls://"), 1);
    remove_folder();
}
END_TEST

START_TEST(test_a_certificate_that_is_of_no_use_changes_nothing)
{
    struct gruvid *g;
    int port;

    make_folder();
    g = gruvid_ready(section(1, 0, ANY_PORT), NULL);
    port = tls_port(g);
    put_certificate("second.pem", "good.key");
    gruvid_reload(g, section(1, 0, ANY_PORT), false);
    gruvid_says(g, "it is not the key of tls_certificate");
    is_served_as(connect_port(port), "good");
    put_certificate("second.pem", "second.key");
    gruvid_reload(g, section(1, 0, ANY_PORT), true);
    is_served_as(connect_port(port), "second");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    remove_folder();
}
END_TEST

/* Whether a client with a certificate of the first authority gets in.  With TLS
 * 1.3 it hears that it does not when it reads. */
static bool
gets_in(int fd)
{
    struct client c = {.fd = fd, .context = SSL_CTX_new(TLS_client_method())};
    char byte;
    bool in;

    SSL_CTX_use_certificate_file(c.context, certificate("alice.pem"),
                                 SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(c.context, certificate("alice.key"),
                                SSL_FILETYPE_PEM);
    c.ssl = SSL_new(c.context);
    SSL_set_fd(c.ssl, fd);
    in = SSL_connect(c.ssl) == 1 && SSL_write(c.ssl, "!", 1) == 1 &&
         SSL_read(c.ssl, &byte, 1) == 1;
    end(&c);
    return in;
}

/* The same name: what has changed is in the file. */
START_TEST(test_authorities_are_renewed)
{
    struct gruvid *g;
    char config[600];
    int port;

    make_folder();
    put_file("ca.pem", "ca.pem");
    snprintf(config, sizeof config, "%stls_client_ca = %s/ca.pem\n",
             section(1, 0, ANY_PORT), dir);
    g = gruvid_ready(config, NULL);
    port = tls_port(g);
    ck_assert(gets_in(connect_port(port)));
    put_file("other_ca.pem", "ca.pem");
    ck_assert(gets_in(connect_port(port)));
    gruvid_reload(g, config, true);
    ck_assert(!gets_in(connect_port(port)));
    put_file("ca.pem", "ca.pem");
    gruvid_reload(g, config, true);
    ck_assert(gets_in(connect_port(port)));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    unlink(path_of("ca.pem"));
    remove_folder();
}
END_TEST

/* --- acceptors ------------------------------------------------------------ */

struct clients {
    pthread_t thread;
    int port;
    bool end;           /* atomic */
    unsigned done;      /* atomic */
    const char *failed; /* atomic; NULL: nothing has failed */
};

static const char *
try_once(SSL *ssl, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char buf[64];
    int n;

    if (connect(SSL_get_fd(ssl), (struct sockaddr *)&at, sizeof at) < 0)
        return "connect";
    if (SSL_connect(ssl) != 1)
        return "handshake";
    if (SSL_write(ssl, "ping!", 5) != 5)
        return "write";
    do {
        n = SSL_read(ssl, buf, sizeof buf);
        if (n <= 0)
            return "read";
    } while (buf[n - 1] != '!');
    return NULL;
}

/* No assertions here: libcheck is for one thread at a time. */
static void *
keep_talking(void *arg)
{
    struct clients *clients = arg;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    const char *failed = NULL;

    while (failed == NULL &&
           !__atomic_load_n(&clients->end, __ATOMIC_RELAXED)) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        SSL *ssl = SSL_new(context);

        SSL_set_fd(ssl, fd);
        failed = try_once(ssl, clients->port);
        SSL_free(ssl);
        close(fd);
        __atomic_add_fetch(&clients->done, 1, __ATOMIC_RELAXED);
    }
    SSL_CTX_free(context);
    if (failed != NULL)
        __atomic_store_n(&clients->failed, failed, __ATOMIC_RELAXED);
    return NULL;
}

/* Each reload makes another generation, every second renews the certificate. i:
 * hubs. */
START_TEST(test_clients_do_not_see_that_generations_change)
{
    struct clients clients = {0};
    struct gruvid *g;

    make_folder();
    g = gruvid_ready(section(_i, 0, ANY_PORT), NULL);
    clients.port = tls_port(g);
    ck_assert_int_eq(
        pthread_create(&clients.thread, NULL, keep_talking, &clients), 0);
    for (int n = 1; n <= 8; n++) {
        if (n % 4 == 0)
            put_certificate("good.pem", "good.key");
        else if (n % 2 == 0)
            put_certificate("second.pem", "second.key");
        gruvid_reload(g, section(_i, n, ANY_PORT), true);
    }
    __atomic_store_n(&clients.end, true, __ATOMIC_RELAXED);
    pthread_join(clients.thread, NULL);
    ck_assert_msg(clients.failed == NULL, "a client: %s failed",
                  clients.failed);
    ck_assert_uint_gt(clients.done, 0);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    remove_folder();
}
END_TEST

/* --- with TLS and without ------------------------------------------------- */

START_TEST(test_an_address_gets_tls_and_loses_it)
{
    char plain[100], secure[100], config[200];
    int port, reserved = reserve_port(&port), held, waits;
    struct client held_securely;
    struct gruvid *g;

    make_folder();
    snprintf(secure, sizeof secure, "tls://127.0.0.1:%d", port);
    snprintf(plain, sizeof plain, "tcp://127.0.0.1:%d", port);
    snprintf(config, sizeof config,
             "[plugin p]\nmodule = trial\nwhole = 1000\nlisten = %s\n", plain);
    g = gruvid_ready(config, NULL);
    held = connect_port(port);
    send_text(held, "x");
    expect_text(held, "x");
    for (int n = 0; n < 3; n++) {
        gruvid_reload(g, section(1, 0, secure), true);
        is_served_as(connect_port(port), "good");
        shake(&held_securely, connect_port(port));
        gruvid_reload(g, config, true);
        waits = connect_port(port);
        send_text(waits, "x");
        expect_text(waits, "x");
        close(waits);
        talk(&held_securely);
        end(&held_securely);
    }
    send_text(held, "y");
    expect_text(held, "y");
    close(held);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(reserved);
    remove_folder();
}
END_TEST

START_TEST(test_an_inherited_socket_has_tls)
{
    struct gruvid_options options = {0};
    struct gruvid *g;
    int port;

    options.inherit = bind_socket(&port);
    ck_assert_int_eq(listen(options.inherit, 16), 0);
    make_folder();
    g = gruvid_ready(section(2, 0, "tls+fd:3"), &options);
    is_served_as(connect_port(port), "good");
    put_certificate("second.pem", "second.key");
    gruvid_reload(g, section(2, 0, "tls+fd:3"), true);
    is_served_as(connect_port(port), "second");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(options.inherit);
    remove_folder();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("relisten_tls");
    TCase *tc = gruvid_case(suite, "tls");

    signal(SIGPIPE, SIG_IGN); /* OpenSSL itself does not care */
    certificate("ca.pem");
    tcase_add_loop_test(
        tc, test_a_certificate_is_renewed_while_a_connection_goes_on, 1, 3);
    tcase_add_test(tc, test_a_certificate_that_is_of_no_use_changes_nothing);
    tcase_add_test(tc, test_authorities_are_renewed);
    tcase_add_loop_test(tc, test_clients_do_not_see_that_generations_change, 1,
                        3);
    tcase_add_test(tc, test_an_address_gets_tls_and_loses_it);
    tcase_add_test(tc, test_an_inherited_socket_has_tls);
    return run_suite(suite);
}
