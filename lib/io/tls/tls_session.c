/* SPDX-License-Identifier: MIT */
/*
 * Sessions that clients may resume, by host and port: a handful, in the
 * credentials, so that a session is resumed under the rules that it was made
 * under.
 *
 * A ticket of TLS 1.3 is used once, because an observer who sees it twice knows
 * that one client made both connections; each connection brings new tickets.  A
 * session of TLS 1.2 stays.
 */
#include <stdlib.h>
#include <string.h>

#include "io/tls/tls_openssl.h"

char *
gruvi__tls_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

/* Under the lock: the slot with a key, or else the oldest. */
static struct gruvi__tls_session *
find(gruvi_tls_t *tls, const char *key, bool *found)
{
    struct gruvi__tls_session *slot, *oldest = tls->sessions;

    for (slot = tls->sessions; slot < tls->sessions + GRUVI__TLS_SESSIONS;
         slot++) {
        *found = slot->key != NULL && strcmp(slot->key, key) == 0;
        if (*found)
            return slot;
        if (slot->stored < oldest->stored)
            oldest = slot;
    }
    return oldest;
}

static void
clear(struct gruvi__tls_session *slot)
{
    SSL_SESSION_free(slot->session);
    free(slot->key);
    *slot = (struct gruvi__tls_session){.key = NULL};
}

SSL_SESSION *
gruvi__tls_session_take(gruvi_tls_t *tls, const char *key)
{
    struct gruvi__tls_session *slot;
    SSL_SESSION *session = NULL;
    bool found;

    pthread_mutex_lock(&tls->lock);
    slot = find(tls, key, &found);
    if (found) {
        session = slot->session;
        SSL_SESSION_up_ref(session);
        if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION ||
            !SSL_SESSION_is_resumable(session))
            clear(slot);
    }
    pthread_mutex_unlock(&tls->lock);
    return session;
}

/* Without memory the next handshake is a full one. */
static bool
keep(gruvi_tls_t *tls, const char *key, SSL_SESSION *session)
{
    struct gruvi__tls_session *slot;
    char *copy = gruvi__tls_copy(key);
    bool found;

    if (copy == NULL)
        return false;
    pthread_mutex_lock(&tls->lock);
    slot = find(tls, key, &found);
    clear(slot);
    slot->key = copy;
    slot->session = session;
    slot->stored = ++tls->stored;
    pthread_mutex_unlock(&tls->lock);
    return true;
}

/* Returns 1 if the session is ours now. */
int
gruvi__tls_session_keep(SSL *ssl, SSL_SESSION *session)
{
    struct gruvi__tls *tls = SSL_get_app_data(ssl);

    if (tls == NULL || !tls->client)
        return 0;
    tls->has_tickets = true;
    return tls->key != NULL && keep(tls->credentials, tls->key, session);
}

void
gruvi__tls_sessions_free(gruvi_tls_t *tls)
{
    for (int i = 0; i < GRUVI__TLS_SESSIONS; i++)
        clear(&tls->sessions[i]);
}
