/* SPDX-License-Identifier: MIT */
/*
 * socks: a SOCKS5 proxy (RFC 1928).  No authentication, and CONNECT only.
 *
 *     curl --socks5-hostname 127.0.0.1:1080 http://example.org/
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <gruvid/plugin.h>

enum { VERSION = 5, NO_AUTHENTICATION = 0, NO_METHOD = 0xff, CONNECT = 1 };
enum { IPV4 = 1, DOMAIN_NAME = 3, IPV6 = 4 };

/* What a reply says. */
enum {
    SUCCEEDED = 0,
    GENERAL_FAILURE = 1,
    NET_UNREACHABLE = 3,
    HOST_UNREACHABLE = 4,
    CONNECTION_REFUSED = 5,
    COMMAND_NOT_SUPPORTED = 7,
    ADDRESS_NOT_SUPPORTED = 8,
};

struct pump {
    gruvi_stream_t *from, *to;
};

static const gruvid_option_t options[] = {
    {.name = "max_relays",
     .type = GRUVID_INTEGER,
     .default_value = "1000",
     .min = "1",
     .help = "connections that are relayed at a time"},
    {.name = "connect_timeout",
     .type = GRUVID_DURATION,
     .default_value = "10s",
     .help = "how long it may take to connect to the target"},
    GRUVID_OPTIONS_END,
};

static int64_t relays; /* now */
static uint64_t bytes; /* since the start */

static int
reply_for(int err)
{
    switch (err) {
    case UV_ECONNREFUSED:
        return CONNECTION_REFUSED;
    case UV_ENETUNREACH:
        return NET_UNREACHABLE;
    case UV_EHOSTUNREACH:
    case UV_ETIMEDOUT:
    case UV_EAI_NONAME:
        return HOST_UNREACHABLE;
    default:
        return GENERAL_FAILURE;
    }
}

/* The bound address is not known to us: 0.0.0.0:0, as many servers say. */
static int
reply(gruvi_stream_t *client, int code)
{
    unsigned char message[10] = {VERSION, (unsigned char)code, 0, IPV4};

    return gruvi_stream_write(client, message, sizeof message);
}

static int
choose_method(gruvi_stream_t *client)
{
    unsigned char head[2], methods[255];
    unsigned char answer[2] = {VERSION, NO_METHOD};
    int err;

    err = gruvi_stream_read_exact(client, head, sizeof head);
    if (err < 0)
        return err;
    if (head[0] != VERSION)
        return UV_EPROTO;
    err = gruvi_stream_read_exact(client, methods, head[1]);
    if (err < 0)
        return err;
    if (memchr(methods, NO_AUTHENTICATION, head[1]) != NULL)
        answer[1] = NO_AUTHENTICATION;
    err = gruvi_stream_write(client, answer, sizeof answer);
    if (err < 0)
        return err;
    return answer[1] == NO_METHOD ? UV_EPROTO : 0;
}

/* Puts "tcp://host:port" into address. */
static int
read_request(gruvi_stream_t *client, char *address, size_t size)
{
    unsigned char head[4], length, port[2];
    char host[256] = "";
    int err;

    err = gruvi_stream_read_exact(client, head, sizeof head);
    if (err < 0)
        return err;
    if (head[0] != VERSION)
        return UV_EPROTO;
    if (head[3] == IPV4 || head[3] == IPV6) {
        unsigned char raw[16];

        err = gruvi_stream_read_exact(client, raw, head[3] == IPV4 ? 4 : 16);
        if (err < 0)
            return err;
        inet_ntop(head[3] == IPV4 ? AF_INET : AF_INET6, raw, host, sizeof host);
    } else if (head[3] == DOMAIN_NAME) {
        err = gruvi_stream_read_exact(client, &length, 1);
        if (err < 0)
            return err;
        err = gruvi_stream_read_exact(client, host, length);
        if (err < 0)
            return err;
    } else {
        reply(client, ADDRESS_NOT_SUPPORTED);
        return UV_EPROTO;
    }
    err = gruvi_stream_read_exact(client, port, sizeof port);
    if (err < 0)
        return err;
    if (head[1] != CONNECT) {
        reply(client, COMMAND_NOT_SUPPORTED);
        return UV_EPROTO;
    }
    snprintf(address, size, head[3] == IPV6 ? "tcp://[%s]:%d" : "tcp://%s:%d",
             host, port[0] << 8 | port[1]);
    return 0;
}

static GRUVI_SWITCHPOINT int
pump(void *arg)
{
    struct pump *pump = arg;
    char *data;
    ssize_t n;

    while ((n = gruvi_stream_take(pump->from, &data)) > 0) {
        int err = gruvi_stream_write(pump->to, data, (size_t)n);

        if (err < 0)
            return err;
        bytes += (uint64_t)n;
    }
    gruvi_stream_shutdown(pump->to);
    return (int)n;
}

static int
relay(gruvi_stream_t *client, gruvi_stream_t *target)
{
    struct pump up = {client, target}, down = {target, client};
    gruvi_fiber_t *fiber = gruvi_spawn(pump, &down);
    int err;

    if (fiber == NULL)
        return gruvi_last_error();
    err = pump(&up);
    gruvi_fiber_join(fiber, GRUVI_FOREVER);
    gruvi_fiber_unref(fiber);
    return err;
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *client, gruvid_plugin_t *plugin)
{
    char address[300];
    gruvi_stream_t *target;
    int err;

    err = choose_method(client);
    if (err < 0)
        return err;
    err = read_request(client, address, sizeof address);
    if (err < 0)
        return err;
    if (relays >= gruvid_option_integer(plugin, "max_relays")) {
        gruvi_warning("too many relays: %s is refused", address);
        return reply(client, GENERAL_FAILURE);
    }
    err = gruvi_connect(&target, address, NULL,
                        gruvid_option_duration(plugin, "connect_timeout"));
    if (err < 0) {
        gruvi_info("%s: %s", address, gruvi_strerror(err));
        return reply(client, reply_for(err));
    }
    relays++;
    err = reply(client, SUCCEEDED);
    if (err == 0)
        err = relay(client, target);
    relays--;
    gruvi_stream_close(target);
    return err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    gruvi_info("%s: relayed %llu bytes", gruvid_plugin_name(plugin),
               (unsigned long long)bytes);
}

GRUVID_PLUGIN(socks, .version = "1.0", .summary = "a SOCKS5 proxy",
    .options = options, .connection = connection, .stop = stop);
