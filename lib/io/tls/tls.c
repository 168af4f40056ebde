/* SPDX-License-Identifier: MIT */
/*
 * Credentials: an SSL_CTX with what the options say.  It serves clients and
 * servers; tls_end.c sets what differs between them, for each connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "base/threads.h"
#include "core/error.h"
#include "io/socket/options.h"
#include "io/tls/tls_openssl.h"

#define HANDSHAKE_TIMEOUT 30.0 /* seconds */

/* Of TLS 1.2: ciphers with forward secrecy, and without a separate MAC. */
#define CIPHERS                                                                \
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AESCCM:DHE+AESGCM:DHE+CHACHA20:"        \
    "!aNULL:!PSK"

/* --- protocols -------------------------------------------------------------
 */

static int
set_alpn(gruvi_tls_t *tls, const char *const *names)
{
    size_t total = 0, len;

    for (int i = 0; names[i] != NULL; i++) {
        len = strlen(names[i]);
        if (len == 0 || len > 255)
            return gruvi__tls_refuse(UV_EINVAL, "alpn: 1 to 255 bytes a name");
        total += len + 1;
    }
    if (total == 0)
        return 0;
    tls->alpn = malloc(total);
    if (tls->alpn == NULL)
        return UV_ENOMEM;
    for (int i = 0; names[i] != NULL; i++) {
        len = strlen(names[i]);
        tls->alpn[tls->alpn_length++] = (unsigned char)len;
        memcpy(tls->alpn + tls->alpn_length, names[i], len);
        tls->alpn_length += len;
    }
    /* Unlike other functions of OpenSSL, it returns 0 on success. */
    if (SSL_CTX_set_alpn_protos(tls->context, tls->alpn,
                                (unsigned)tls->alpn_length) != 0)
        return UV_ENOMEM;
    return 0;
}

/* The server's order decides.  A client that offers nothing has no protocol; a
 * client that offers only unknown ones is refused (RFC 7301, 3.2). */
static int
choose_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *length,
            const unsigned char *offered, unsigned offered_length, void *arg)
{
    gruvi_tls_t *tls = arg;
    unsigned char *found;

    (void)ssl;
    if (tls->alpn == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    if (SSL_select_next_proto(&found, length, tls->alpn,
                              (unsigned)tls->alpn_length, offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* --- files ----------------------------------------------------------------
 */

/* Why OpenSSL failed, with the option that it was about. */
static int
openssl_error(const char *option)
{
    char reason[GRUVI__TLS_REASON_SIZE],
        message[sizeof "authorities: " + sizeof reason];
    int err = gruvi__tls_explain(NULL, reason);

    snprintf(message, sizeof message, "%s: %s", option, reason);
    return gruvi__tls_refuse(err == UV_EPROTO ? UV_EINVAL : err, message);
}

/* Without it OpenSSL asks the terminal. */
static int
no_password(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int
load_certificate(gruvi_tls_t *tls, const char *certificate, const char *key)
{
    ERR_clear_error();
    if (!SSL_CTX_use_certificate_chain_file(tls->context, certificate))
        return openssl_error("certificate");
    if (key == NULL)
        key = certificate;
    if (!SSL_CTX_use_PrivateKey_file(tls->context, key, SSL_FILETYPE_PEM) ||
        !SSL_CTX_check_private_key(tls->context))
        return openssl_error("key");
    tls->certified = true;
    return 0;
}

static int
load_authorities(gruvi_tls_t *tls, const char *path)
{
    STACK_OF(X509_NAME) * names;

    ERR_clear_error();
    if (path == NULL) {
        if (!SSL_CTX_set_default_verify_paths(tls->context))
            return openssl_error("authorities");
        return 0;
    }
    if (!SSL_CTX_load_verify_file(tls->context, path))
        return openssl_error("authorities");
    if (tls->clients != GRUVI_TLS_ANY_CLIENT) {
        names = SSL_load_client_CA_file(path);
        if (names == NULL)
            return openssl_error("authorities");
        SSL_CTX_set_client_CA_list(tls->context, names);
    }
    return gruvi__tls_use_lists(tls->context);
}

/* --- credentials -----------------------------------------------------------
 */

/* Buffers are freed between records, so that an idle connection has none.  With
 * read_ahead a record costs one recv(). */
static int
set_up(gruvi_tls_t *tls)
{
    static const unsigned char id[] = "gruvi";
    SSL_CTX *context = SSL_CTX_new(TLS_method());

    tls->context = context;
    if (context == NULL ||
        !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        !SSL_CTX_set_cipher_list(context, CIPHERS) ||
        !SSL_CTX_set_session_id_context(context, id, sizeof id - 1))
        return openssl_error("OpenSSL");
    SSL_CTX_set_options(context,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_passwd_cb(context, no_password);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, tls);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT |
                                                SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, gruvi__tls_session_keep);
    return 0;
}

static int
check_options(const gruvi_tls_options_t *options)
{
    if (gruvi__reserved(options->reserved) ||
        options->handshake_timeout != options->handshake_timeout)
        return gruvi__tls_refuse(UV_EINVAL, "an option has no such value");
    if (options->key != NULL && options->certificate == NULL)
        return gruvi__tls_refuse(UV_EINVAL, "a key without a certificate");
    switch (options->clients) {
    case GRUVI_TLS_ANY_CLIENT:
        return 0;
    case GRUVI_TLS_ASK_CLIENT:
    case GRUVI_TLS_CERTIFIED_CLIENT:
        if (options->authorities != NULL)
            return 0;
        return gruvi__tls_refuse(UV_EINVAL,
                                 "clients' certificates need authorities");
    default:
        return gruvi__tls_refuse(UV_EINVAL, "clients: no such value");
    }
}

static int
make(gruvi_tls_t *tls, const gruvi_tls_options_t *options)
{
    int err = set_up(tls);

    tls->clients = options->clients;
    tls->unverified = options->unverified;
    tls->handshake_timeout = options->handshake_timeout == 0
                                 ? HANDSHAKE_TIMEOUT
                                 : options->handshake_timeout;
    if (err == 0 && options->alpn != NULL)
        err = set_alpn(tls, options->alpn);
    if (err == 0 && options->certificate != NULL)
        err = load_certificate(tls, options->certificate, options->key);
    if (err == 0)
        err = load_authorities(tls, options->authorities);
    return err;
}

gruvi_tls_t *
gruvi_tls_new(const gruvi_tls_options_t *options)
{
    static const gruvi_tls_options_t defaults;
    gruvi_tls_t *tls;
    int err;

    if (options == NULL)
        options = &defaults;
    err = check_options(options);
    if (err < 0)
        return gruvi__fail(err);
    /* Threads may still be at work when the process exits, ours too, so OpenSSL
     * has to stay up. */
    if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL))
        return gruvi__fail(openssl_error("OpenSSL"));
    tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return gruvi__fail(UV_ENOMEM);
    tls->refs = 1;
    pthread_mutex_init(&tls->lock, NULL);
    err = make(tls, options);
    if (err < 0) {
        gruvi_tls_unref(tls);
        return gruvi__fail(err);
    }
    return tls;
}

gruvi_tls_t *
gruvi_tls_ref(gruvi_tls_t *tls)
{
    gruvi__atomic_fetch_add(&tls->refs, 1, __ATOMIC_RELAXED);
    return tls;
}

void
gruvi_tls_unref(gruvi_tls_t *tls)
{
    if (tls == NULL ||
        gruvi__atomic_sub_fetch(&tls->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gruvi__tls_sessions_free(tls);
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    free(tls->alpn);
    free(tls);
}

/* --- what they are good for -------------------------------------------------
 */

static int
check_server(const gruvi_tls_t *tls)
{
    if (tls != NULL && tls->certified)
        return 0;
    return gruvi__tls_refuse(UV_EINVAL,
                             "a server of tls:// needs a certificate");
}

int
gruvi__tls_check(const struct gruvi__address *address, const gruvi_tls_t *tls,
                 bool listen)
{
    if (!address->tls)
        return tls == NULL ? 0
                           : gruvi__tls_refuse(UV_EINVAL,
                                               "credentials without a tls://");
    return listen ? check_server(tls) : 0;
}

int
gruvi__tls_check_change(const gruvi_tls_t *tls)
{
    return check_server(tls);
}
