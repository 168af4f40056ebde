/* SPDX-License-Identifier: MIT */
/*
 * An end of a connection: it is opened, asked about, and freed.  A server's end
 * has no SSL before its handshake begins, so that silent connections cost
 * little.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <gruvi/error.h>

#include "io/tls/tls_openssl.h"

/* --- opening ----------------------------------------------------------------
 */

/* The SSL, with the socket below it. */
static int
make_ssl(struct gruvi__tls *tls)
{
    BIO *bio;

    ERR_clear_error();
    tls->ssl = SSL_new(tls->credentials->context);
    if (tls->ssl == NULL)
        return UV_ENOMEM;
    bio = gruvi__tls_bio_new(tls);
    if (bio == NULL || !SSL_set_app_data(tls->ssl, tls)) {
        BIO_free(bio);
        SSL_free(tls->ssl);
        tls->ssl = NULL;
        return UV_ENOMEM;
    }
    SSL_set_bio(tls->ssl, bio, bio);
    return 0;
}

int
gruvi__tls_end_open_server(struct gruvi__tls *tls)
{
    int mode = SSL_VERIFY_NONE;

    if (make_ssl(tls) < 0)
        return UV_ENOMEM;
    SSL_set_accept_state(tls->ssl);
    if (tls->credentials->clients != GRUVI_TLS_ANY_CLIENT)
        mode = SSL_VERIFY_PEER;
    if (tls->credentials->clients == GRUVI_TLS_CERTIFIED_CLIENT)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_set_verify(tls->ssl, mode, NULL);
    return 0;
}

/* The name that the peer has to prove.  A number is not sent as a name
 * (RFC 6066, 3). */
static int
expect_name(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    size_t len = strlen(name);
    char host[GRUVI__HOST_SIZE];

    if (X509_VERIFY_PARAM_set1_ip_asc(param, name))
        return 0;
    ERR_clear_error();
    /* A dot at the end makes a name absolute, and is no part of it. */
    if (len > 0 && name[len - 1] == '.')
        len--;
    if (len == 0 || len >= sizeof host)
        return gruvi__tls_refuse(UV_EINVAL, "server_name: not a name");
    memcpy(host, name, len);
    host[len] = '\0';
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (!SSL_set1_host(ssl, host) || !SSL_set_tlsext_host_name(ssl, host))
        return UV_ENOMEM;
    return 0;
}

/* The key of a session is the name that was checked, and the port. */
int
gruvi__tls_end_open_client(struct gruvi__tls *tls, const char *name,
                           uint16_t port)
{
    char key[GRUVI__HOST_SIZE + sizeof ":65535"];
    SSL_SESSION *session;
    int err = make_ssl(tls);

    if (err < 0)
        return err;
    SSL_set_connect_state(tls->ssl);
    SSL_set_verify(
        tls->ssl,
        tls->credentials->unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    err = expect_name(tls->ssl, name);
    if (err < 0)
        return err;
    snprintf(key, sizeof key, "%s:%u", name, port);
    tls->key = gruvi__tls_copy(key);
    if (tls->key == NULL)
        return UV_ENOMEM;
    session = gruvi__tls_session_take(tls->credentials, key);
    if (session != NULL) {
        SSL_set_session(tls->ssl, session);
        SSL_SESSION_free(session);
    }
    return 0;
}

void
gruvi__tls_end_free(gruvi_stream_t *s)
{
    struct gruvi__tls *tls = s->tls;

    SSL_free(tls->ssl);
    gruvi_tls_unref(tls->credentials);
    free(tls->out.data);
    free(tls->alpn);
    free(tls->key);
    free(tls);
}

/* --- questions --------------------------------------------------------------
 */

static int
check(const gruvi_stream_t *s)
{
    if (s->tls == NULL)
        return UV_EINVAL;
    return s->tls->up ? 0 : UV_ENOTCONN;
}

int
gruvi_tls_info(const gruvi_stream_t *s, gruvi_tls_info_t *info)
{
    int err = check(s);
    const char *name;
    SSL *ssl;

    memset(info, 0, sizeof *info);
    info->version = info->cipher = info->alpn = info->server_name = "";
    if (err < 0)
        return err;
    ssl = s->tls->ssl;
    info->version = SSL_get_version(ssl);
    info->cipher = SSL_get_cipher_name(ssl);
    if (s->tls->alpn != NULL)
        info->alpn = s->tls->alpn;
    name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name != NULL)
        info->server_name = name;
    info->resumed = SSL_session_reused(ssl);
    info->certified = SSL_get0_peer_certificate(ssl) != NULL;
    return 0;
}

static int
print_subject(X509 *certificate, char *buf, size_t len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n;
    int err = UV_ENOMEM;

    if (bio != NULL &&
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
                           XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        n = BIO_get_mem_data(bio, &text);
        err = (size_t)n < len ? 0 : UV_ENOBUFS;
    }
    if (err == 0) {
        memcpy(buf, text, (size_t)n);
        buf[n] = '\0';
    }
    BIO_free(bio);
    return err;
}

int
gruvi_tls_peer_subject(const gruvi_stream_t *s, char *buf, size_t len)
{
    int err = check(s);
    X509 *certificate;

    if (len > 0)
        buf[0] = '\0';
    if (err < 0)
        return err;
    certificate = SSL_get0_peer_certificate(s->tls->ssl);
    return certificate == NULL ? UV_ENOENT
                               : print_subject(certificate, buf, len);
}
