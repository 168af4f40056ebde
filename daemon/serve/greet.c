/* SPDX-License-Identifier: MIT */
/*
 * A header is received below TLS, up to its last byte and not one more:
 *
 *   | PROXY TCP4 ... \r\n | ClientHello, or the first bytes of the protocol |
 *     taken, in pieces      stay in the socket
 *
 * Whether a peer may send one is known before anything is read, so a stranger
 * is sent away at once.
 */
#include "serve/greet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance/instance.h"
#include "instance/outcome.h"
#include "serve/proxy_header.h"

/* Seconds that are left; GRUVI_FOREVER where there is no limit. */
static double
time_left(const struct gruvid__connection *connection)
{
    double limit = gruvid__seconds(&connection->shard->plugin->greeting);
    double left;

    if (limit <= 0)
        return GRUVI_FOREVER;
    left = connection->accepted + limit - gruvid__now();
    return left > 0 ? left : 0;
}

/* --- the name ------------------------------------------------------------- */

const char *
gruvid__connection_name(struct gruvid__connection *connection, char *buf,
                        size_t size)
{
    if (connection->number == 0 &&
        gruvi_stream_peer(connection->stream, buf, size) == 0 &&
        (strncmp(buf, "tcp://", 6) == 0 || gruvid__is_tls(buf)))
        return buf + 6;
    if (connection->number == 0)
        connection->number = (unsigned)connection->shard->accepted + 1;
    snprintf(buf, size, "connection-%u", connection->number - 1);
    return buf;
}

void
gruvid__connection_set_name(struct gruvid__connection *connection)
{
    char buf[128];

    snprintf(connection->name, sizeof connection->name, "%s",
             gruvid__connection_name(connection, buf, sizeof buf));
}

/* --- the header ----------------------------------------------------------- */

/* Receive more of a header into data, which has *n bytes of it; returns what
 * gruvid__proxy_header_read() does, or an error. */
static GRUVI_SWITCHPOINT int
receive_more(struct gruvid__connection *connection,
             struct gruvid__proxy_header *header, unsigned char *data,
             size_t *n)
{
    gruvi_stream_t *stream = connection->stream;
    ssize_t more = gruvi__stream_front(
        stream, data + *n, GRUVID__PROXY_MOST - *n, time_left(connection));
    size_t mine;
    int result, err;

    if (more == 0) {
        header->why = *n == 0 ? "nothing at all" : "half a header";
        return UV_EOF;
    }
    if (more < 0)
        return (int)more;
    result = gruvid__proxy_header_read(header, data, *n + (size_t)more);
    if (result < 0)
        return result;
    mine = result > 0 ? header->size - *n : (size_t)more;
    err = gruvi__stream_front_take(stream, data + *n, mine);
    *n += mine;
    return err < 0 ? err : result;
}

static GRUVI_SWITCHPOINT int
read_header(struct gruvid__connection *connection,
            struct gruvid__proxy_header *header)
{
    unsigned char *data = malloc(GRUVID__PROXY_MOST);
    size_t n = 0;
    int result;

    if (data == NULL)
        return UV_ENOMEM;
    do
        result = receive_more(connection, header, data, &n);
    while (result == 0);
    free(data);
    return result;
}

/* The peer is the client from now on, in the name of the fiber, too. */
static void
take_client(struct gruvid__connection *connection,
            const struct gruvid__proxy_header *header)
{
    if (header->length == 0)
        return;
    gruvi__stream_change_peer(connection->stream, &header->client.any,
                              header->length);
    connection->number = 0;
    gruvid__connection_set_name(connection);
    gruvi__fiber_rename(connection->by.fiber, connection->name);
}

static const char *
reason(const struct gruvid__proxy_header *header, int err)
{
    if (err == UV_EACCES)
        return "trusted_proxy does not name this peer";
    if (err == UV_ETIMEDOUT)
        return "it did not come in time";
    return header->why != NULL ? header->why : gruvi_strerror(err);
}

static GRUVI_SWITCHPOINT int
hear_proxy(struct gruvid__connection *connection)
{
    struct gruvid__shard *shard = connection->shard;
    const struct gruvid__proxies *proxies =
        __atomic_load_n(&shard->plugin->proxies, __ATOMIC_ACQUIRE);
    struct gruvid__proxy_header header = {.why = NULL};
    char peer[GRUVI_ADDRESS_SIZE];
    int err;

    if (!gruvid__proxies_send_header(proxies))
        return 0;
    if (gruvi_stream_peer(connection->stream, peer, sizeof peer) == 0 &&
        gruvid__proxies_trust(proxies, peer))
        err = read_header(connection, &header);
    else
        err = UV_EACCES;
    if (err < 0) {
        gruvid__report_proxy(shard, err, reason(&header, err));
        return err;
    }
    take_client(connection, &header);
    return 0;
}

/* --- TLS ------------------------------------------------------------------ */

static GRUVI_SWITCHPOINT int
shake_hands(struct gruvid__connection *connection)
{
    gruvi_tls_info_t info;
    int err = 0;

    if (gruvi_tls_info(connection->stream, &info) == UV_ENOTCONN)
        err = gruvi_tls_handshake(connection->stream, time_left(connection));
    if (err < 0)
        gruvid__report_handshake(connection->shard, err);
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__greet(struct gruvid__connection *connection)
{
    double timeout = gruvid__seconds(&connection->shard->plugin->read_timeout);
    int err;

    if (timeout > 0)
        gruvi_stream_set_timeout(connection->stream, timeout);
    err = hear_proxy(connection);
    return err < 0 ? err : shake_hands(connection);
}
