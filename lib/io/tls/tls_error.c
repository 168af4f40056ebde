/* SPDX-License-Identifier: MIT */
/*
 * Why something failed.  OpenSSL has a queue of errors for each thread, which
 * all of its fibers share.  So it is emptied before a call whose errors matter,
 * and read right after.
 */
#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <gruvi/error.h>

#include "core/error.h"
#include "io/tls/tls_openssl.h"

/* The peer's certificate is bad, or there is none. */
static bool
is_about_certificate(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

    return ERR_GET_LIB(code) == ERR_LIB_SSL &&
           (reason == SSL_R_CERTIFICATE_VERIFY_FAILED ||
            reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE);
}

static bool
is_end(unsigned long code)
{
    return ERR_GET_LIB(code) == ERR_LIB_SSL &&
           ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

/* The cause is the first error, unless memory was short. */
static unsigned long
take_code(void)
{
    unsigned long code = ERR_get_error(), next;

    while ((next = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(next) == ERR_R_MALLOC_FAILURE)
            code = next;
    }
    return code;
}

int
gruvi__tls_explain(const SSL *ssl, char *reason)
{
    unsigned long code = take_code();
    const char *text = NULL;
    int err = UV_EPROTO;
    long verdict;

    if (code == 0) {
        text = "no reason was given";
    } else if (ERR_SYSTEM_ERROR(code)) {
        err = -ERR_GET_REASON(code);
        text = gruvi_strerror(err);
    } else if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
        err = UV_ENOMEM;
        text = gruvi_strerror(err);
    } else if (is_end(code)) {
        err = UV_ECONNRESET;
        text = "the connection ended without close_notify";
    } else {
        if (is_about_certificate(code)) {
            err = UV_EACCES;
            verdict = ssl == NULL ? X509_V_OK : SSL_get_verify_result(ssl);
            if (verdict != X509_V_OK)
                text = X509_verify_cert_error_string(verdict);
        }
        if (text == NULL)
            text = ERR_reason_error_string(code);
    }
    if (text != NULL)
        snprintf(reason, GRUVI__TLS_REASON_SIZE, "%s", text);
    else
        snprintf(reason, GRUVI__TLS_REASON_SIZE, "error %08lX", code);
    return err;
}

int
gruvi__tls_refuse(int err, const char *reason)
{
    gruvi__set_error_message(reason);
    return err;
}

int
gruvi__tls_fail(struct gruvi__tls *tls, int err, const char *reason)
{
    tls->failed = err;
    snprintf(tls->reason, sizeof tls->reason, "%s", reason);
    return gruvi__tls_refuse(err, tls->reason);
}

void
gruvi__tls_enter(struct gruvi__tls *tls, struct gruvi__call *call)
{
    tls->inside = call;
    tls->socket_error = 0;
    ERR_clear_error();
}

int
gruvi__tls_failure(struct gruvi__tls *tls, int result)
{
    struct gruvi__call *call = tls->inside;
    char reason[GRUVI__TLS_REASON_SIZE];
    int err;

    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        if (call != NULL)
            call->event = UV_READABLE;
        return UV_EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        if (call != NULL)
            call->event = UV_WRITABLE;
        return UV_EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        /* So says OpenSSL 3.0 also of a send that failed after a close_notify
         * of the peer. */
        if (tls->socket_error == 0)
            return UV_EOF;
        return gruvi__tls_refuse(tls->socket_error,
                                 gruvi_strerror(tls->socket_error));
    case SSL_ERROR_SYSCALL:
        err = tls->socket_error != 0 ? tls->socket_error : UV_ECONNRESET;
        return gruvi__tls_refuse(err, gruvi_strerror(err));
    default:
        err = gruvi__tls_explain(tls->ssl, reason);
        if (err == UV_ECONNRESET && tls->stream->broken != 0)
            err = tls->stream->broken;
        return gruvi__tls_fail(tls, err, reason);
    }
}
