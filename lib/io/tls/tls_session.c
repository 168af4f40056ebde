/* SPDX-License-Identifier: MIT */
/*
 * Sessions that clients may resume, by host and port: some, in the
 * credentials, so that a session is resumed under the rules that it was made
 * under.
 *
 * A ticket of TLS 1.3 is used once, because an observer who sees it twice knows
 * that one client made both connections; each connection brings new tickets.
 * Connections that are made at the same time need a ticket each, so a host may
 * have several.  The newest is used first, as it is valid longest.
 *
 * A session of TLS 1.2 stays, and is all that its host has.
 */
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "io/tls/tls_openssl.h"

char *
gruvi__tls_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

static bool
is_of(const struct gruvi__tls_session *slot, const char *key)
{
    return slot->key != NULL && strcmp(slot->key, key) == 0;
}

/* Under the lock: the newest session of a host, or NULL. */
static struct gruvi__tls_session *
newest(gruvi_tls_t *tls, const char *key)
{
    struct gruvi__tls_session *slot, *found = NULL;

    for (slot = tls->sessions; slot < tls->sessions + GRUVI__TLS_SESSIONS;
         slot++) {
        if (is_of(slot, key) && (found == NULL || slot->stored > found->stored))
            found = slot;
    }
    return found;
}

/* Under the lock: the slot for one more session of a host.  It is the oldest of
 * its host, if the host has all it may, or else of all; a free slot is older
 * than any. */
static struct gruvi__tls_session *
room_for(gruvi_tls_t *tls, const char *key, unsigned max)
{
    struct gruvi__tls_session *slot, *oldest = tls->sessions, *own = NULL;
    unsigned n = 0;

    for (slot = tls->sessions; slot < tls->sessions + GRUVI__TLS_SESSIONS;
         slot++) {
        if (slot->stored < oldest->stored)
            oldest = slot;
        if (is_of(slot, key)) {
            n++;
            if (own == NULL || slot->stored < own->stored)
                own = slot;
        }
    }
    return n >= max ? own : oldest;
}

static void
clear(struct gruvi__tls_session *slot)
{
    SSL_SESSION_free(slot->session);
    free(slot->key);
    *slot = (struct gruvi__tls_session){.key = NULL};
}

static bool
is_used_once(const SSL_SESSION *session)
{
    return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

SSL_SESSION *
gruvi__tls_session_take(gruvi_tls_t *tls, const char *key)
{
    struct gruvi__tls_session *slot;
    SSL_SESSION *session = NULL;

    gruvi__mutex_lock(&tls->lock);
    slot = newest(tls, key);
    if (slot != NULL) {
        session = slot->session;
        SSL_SESSION_up_ref(session);
        if (is_used_once(session) || !SSL_SESSION_is_resumable(session))
            clear(slot);
    }
    gruvi__mutex_unlock(&tls->lock);
    return session;
}

/* Without memory the next handshake is a full one. */
static bool
keep(gruvi_tls_t *tls, const char *key, SSL_SESSION *session)
{
    unsigned max = is_used_once(session) ? GRUVI__TLS_OF_A_HOST : 1;
    struct gruvi__tls_session *slot;
    char *copy = gruvi__tls_copy(key);

    if (copy == NULL)
        return false;
    gruvi__mutex_lock(&tls->lock);
    slot = room_for(tls, key, max);
    clear(slot);
    slot->key = copy;
    slot->session = session;
    slot->stored = ++tls->stored;
    gruvi__mutex_unlock(&tls->lock);
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
