/* SPDX-License-Identifier: MIT */
/*
 * socks: a SOCKS5 proxy (RFC 1928).  No authentication, and CONNECT only.
 *
 *     curl --socks5-hostname 127.0.0.1:1080 http://example.org/
 *
 * The end of one side's bytes is handed on, while bytes still come the other
 * way; a failure ends both ways.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/plugin.h>

enum { SOCKS5 = 5, NO_AUTHENTICATION = 0, NO_METHOD = 0xff, CONNECT = 1 };
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

/* Of an instance: two may be in two threads. */
struct proxy {
    GRUVI_SHARED int64_t relays; /* now, with those that still connect */
    uint64_t bytes;              /* since the start */
};

struct relay {
    struct proxy *proxy;
    gruvi_group_t *group; /* the fibers of both ways */
    int err;              /* what has ended them */
};

struct way {
    gruvi_stream_t *from, *to;
    struct relay *relay;
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
static GRUVI_SWITCHPOINT int
reply(gruvi_stream_t *client, int code)
{
    unsigned char message[10] = {SOCKS5, (unsigned char)code, 0, IPV4};

    return gruvi_stream_write(client, message, sizeof message);
}

/* The connection ends by it, and it is no failure of ours. */
static GRUVI_SWITCHPOINT int
refuse(gruvi_stream_t *client, int code)
{
    int err = reply(client, code);

    return err < 0 ? err : UV_EOF;
}

static GRUVI_SWITCHPOINT int
choose_method(gruvi_stream_t *client)
{
    unsigned char head[2], methods[255];
    unsigned char answer[2] = {SOCKS5, NO_METHOD};
    int err;

    err = gruvi_stream_read_exact(client, head, sizeof head);
    if (err < 0)
        return err;
    if (head[0] != SOCKS5)
        return UV_EPROTO;
    err = gruvi_stream_read_exact(client, methods, head[1]);
    if (err < 0)
        return err;
    if (memchr(methods, NO_AUTHENTICATION, head[1]) != NULL)
        answer[1] = NO_AUTHENTICATION;
    err = gruvi_stream_write(client, answer, sizeof answer);
    if (err < 0)
        return err;
    return answer[1] == NO_METHOD ? UV_EOF : 0;
}

/* Puts the host as text into host, for an IPv6 address in brackets. */
static GRUVI_SWITCHPOINT int
read_host(gruvi_stream_t *client, int type, char host[static 300])
{
    unsigned char raw[16], length;
    char text[INET6_ADDRSTRLEN];
    int err;

    switch (type) {
    case IPV4:
    case IPV6:
        err = gruvi_stream_read_exact(client, raw, type == IPV4 ? 4 : 16);
        if (err < 0)
            return err;
        inet_ntop(type == IPV4 ? AF_INET : AF_INET6, raw, text, sizeof text);
        snprintf(host, 300, type == IPV4 ? "%s" : "[%s]", text);
        return 0;
    case DOMAIN_NAME:
        err = gruvi_stream_read_exact(client, &length, 1);
        if (err == 0)
            err = gruvi_stream_read_exact(client, host, length);
        host[err == 0 ? length : 0] = '\0';
        return err;
    default:
        return refuse(client, ADDRESS_NOT_SUPPORTED);
    }
}

/* Puts "tcp://host:port" into address. */
static GRUVI_SWITCHPOINT int
read_request(gruvi_stream_t *client, char *address, size_t size)
{
    unsigned char head[4], port[2];
    char host[300];
    int err;

    err = gruvi_stream_read_exact(client, head, sizeof head);
    if (err < 0)
        return err;
    if (head[0] != SOCKS5)
        return UV_EPROTO;
    err = read_host(client, head[3], host);
    if (err == 0)
        err = gruvi_stream_read_exact(client, port, sizeof port);
    if (err < 0)
        return err;
    if (head[1] != CONNECT)
        return refuse(client, COMMAND_NOT_SUPPORTED);
    snprintf(address, size, "tcp://%s:%d", host, port[0] << 8 | port[1]);
    return 0;
}

static GRUVI_SWITCHPOINT int
pump(void *arg)
{
    struct way *way = arg;
    char *data;
    ssize_t n;
    int err = 0;

    while (err == 0 && (n = gruvi_stream_take(way->from, &data)) != 0) {
        err = n < 0 ? (int)n : gruvi_stream_write(way->to, data, (size_t)n);
        if (err == 0)
            way->relay->proxy->bytes += (uint64_t)n;
    }
    if (err == 0)
        err = gruvi_stream_shutdown(way->to);
    if (err < 0 && way->relay->err == 0) {
        way->relay->err = err;
        gruvi_group_cancel(way->relay->group, "the other way has failed");
    }
    return 0; /* not negative: that would be logged as a mistake of ours */
}

static GRUVI_SWITCHPOINT int
relay_both(struct proxy *proxy, gruvi_stream_t *client, gruvi_stream_t *target)
{
    struct relay relay = {.proxy = proxy};
    struct way up = {client, target, &relay}, down = {target, client, &relay};
    int err = UV_ENOMEM;

    GRUVI_WITH_GROUP (group) {
        relay.group = &group;
        err = gruvi_go(pump, &up);
        if (err == 0)
            err = gruvi_go(pump, &down);
        if (err == 0)
            err = gruvi_group_join(&group, GRUVI_FOREVER);
    }
    return err < 0 ? err : relay.err;
}

static GRUVI_SWITCHPOINT int
serve(struct proxy *proxy, gruvi_stream_t *client, const char *address,
      double timeout)
{
    gruvi_stream_t *target;
    int err = gruvi_connect(&target, address, NULL, timeout);

    if (err == UV_ECANCELED)
        return err;
    if (err < 0) {
        gruvi_info("%s: %s", address, gruvi_strerror(err));
        return refuse(client, reply_for(err));
    }
    err = reply(client, SUCCEEDED);
    if (err == 0)
        err = relay_both(proxy, client, target);
    gruvi_stream_close(target);
    return err;
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *client, gruvid_plugin_t *plugin)
{
    struct proxy *proxy = gruvid_plugin_data(plugin);
    char address[320];
    int err = choose_method(client);

    if (err == 0)
        err = read_request(client, address, sizeof address);
    if (err < 0)
        return err;
    if (proxy->relays >= gruvid_option_integer(plugin, "max_relays")) {
        gruvi_warning("too many relays: %s is refused", address);
        return refuse(client, GENERAL_FAILURE);
    }
    proxy->relays++; /* before it connects, so that no other takes its place */
    err = serve(proxy, client, address,
                gruvid_option_duration(plugin, "connect_timeout"));
    proxy->relays--;
    return err;
}

static int
start(gruvid_plugin_t *plugin)
{
    struct proxy *proxy = calloc(1, sizeof *proxy);
    int err = proxy == NULL ? UV_ENOMEM : gruvid_set_plugin_data(plugin, proxy);

    if (err < 0)
        free(proxy);
    return err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    struct proxy *proxy = gruvid_plugin_data(plugin);

    gruvi_info("%s: relayed %llu bytes", gruvid_plugin_name(plugin),
               (unsigned long long)proxy->bytes);
    free(proxy);
}

GRUVID_PLUGIN(socks, .version = "1.0", .summary = "a SOCKS5 proxy",
    .options = options, .start = start, .connection = connection,
    .stop = stop);
