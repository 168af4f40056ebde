/* SPDX-License-Identifier: MIT */
/* The handshake of a WebSocket: see handshake.h. */
#include "handshake.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <openssl/evp.h>

/* Any page may open a WebSocket here, with the cookies of its visitor.  A
 * browser says which site a page is of; other programs say nothing. */
static bool
is_ours(gruvid_request_t *request)
{
    const char *origin = gruvid_request_header(request, "Origin");
    const char *site = origin != NULL ? strstr(origin, "://") : NULL;

    return origin == NULL ||
           (site != NULL &&
            strcasecmp(site + 3, gruvid_request_host(request)) == 0);
}

/* Say by its key, 16 bytes in base64, that the request was understood. */
static int
accept_key(gruvid_request_t *request)
{
    const char *key = gruvid_request_header(request, "Sec-WebSocket-Key");
    unsigned char hash[EVP_MAX_MD_SIZE], text[EVP_MAX_MD_SIZE * 2];
    char joined[64];
    size_t size;

    if (key == NULL || strlen(key) != 24 || strcmp(key + 22, "==") != 0 ||
        EVP_DecodeBlock(text, (const unsigned char *)key, 24) != 18)
        return 400;
    snprintf(joined, sizeof joined, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
             key);
    if (!EVP_Q_digest(NULL, "SHA1", NULL, joined, strlen(joined), hash, &size))
        return UV_ENOTSUP;
    EVP_EncodeBlock(text, hash, (int)size);
    return gruvid_reply_header(request, "Sec-WebSocket-Accept", (char *)text);
}

GRUVI_SWITCHPOINT int
handshake(gruvid_request_t *request, gruvi_stream_t **stream)
{
    const char *version =
        gruvid_request_header(request, "Sec-WebSocket-Version");
    int err;

    *stream = NULL;
    if (gruvid_request_header(request, "Upgrade") == NULL || version == NULL ||
        strcmp(version, "13") != 0) {
        gruvid_reply_header(request, "Upgrade", "websocket");
        gruvid_reply_header(request, "Connection", "Upgrade");
        gruvid_reply_header(request, "Sec-WebSocket-Version", "13");
        return 426;
    }
    if (!is_ours(request))
        return 403;
    err = accept_key(request);
    return err != 0 ? err
                    : gruvid_request_upgrade(request, "websocket", stream);
}
