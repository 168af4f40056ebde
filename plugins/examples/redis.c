/* SPDX-License-Identifier: MIT */
/*
 * redis: asks a Redis server with hiredis.
 *
 *     get KEY           ok LENGTH VALUE | none
 *     set KEY VALUE     ok 2 OK
 *     either            error TEXT
 *
 * hiredis formats commands and parses replies, and reads and writes a
 * descriptor that does not block.  When it would have to wait, the fiber waits
 * for the descriptor with gruvi_wait_fd(), so ask() is a function that returns
 * the reply.  gruvi_connect() connects, because hiredis would stop the whole
 * hub to look up a name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <hiredis/hiredis.h>
#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "address",
     .type = GRUVID_ADDRESS,
     .default_value = "tcp://127.0.0.1:6379",
     .help = "where the Redis server is"},
    {.name = "timeout",
     .type = GRUVID_DURATION,
     .default_value = "5s",
     .min = "1ms",
     .help = "how long a command may take, connecting included"},
    GRUVID_OPTIONS_END,
};

/* A connection to Redis for each client; both NULL while there is none. */
struct session {
    const char *address;
    double timeout;
    gruvi_stream_t *stream; /* owns the descriptor */
    redisContext *redis;    /* borrows it */
};

static void
disconnect(struct session *s)
{
    if (s->redis != NULL)
        redisFreeKeepFd(s->redis);
    gruvi_stream_close(s->stream);
    s->redis = NULL;
    s->stream = NULL;
}

static GRUVI_SWITCHPOINT int
connect_redis(struct session *s)
{
    int err;

    if (s->redis != NULL)
        return 0;
    err = gruvi_connect(&s->stream, s->address, NULL, GRUVI_FOREVER);
    if (err < 0)
        return err;
    s->redis = redisConnectFd(gruvi_stream_fd(s->stream));
    if (s->redis == NULL)
        return UV_ENOMEM;
    s->redis->flags &= ~REDIS_BLOCK; /* hiredis 1 always sets it */
    return 0;
}

/* The code of hiredis's last error. */
static int
failure(const redisContext *redis)
{
    switch (redis->err) {
    case REDIS_ERR_IO:
        return uv_translate_sys_error(errno);
    case REDIS_ERR_EOF:
        return UV_EOF;
    case REDIS_ERR_OOM:
        return UV_ENOMEM;
    default:
        return UV_EPROTO;
    }
}

/* Send a command and wait for the reply, which the caller frees. */
static GRUVI_SWITCHPOINT int
ask(redisContext *redis, int argc, const char *argv[], redisReply **reply)
{
    int sent = 0, err;

    if (redisAppendCommandArgv(redis, argc, argv, NULL) != REDIS_OK)
        return failure(redis);
    for (;;) {
        if (redisBufferWrite(redis, &sent) != REDIS_OK)
            return failure(redis);
        if (sent)
            break;
        err = gruvi_wait_fd(redis->fd, UV_WRITABLE, GRUVI_FOREVER);
        if (err < 0)
            return err;
    }
    for (;;) {
        if (redisGetReplyFromReader(redis, (void **)reply) != REDIS_OK)
            return failure(redis);
        if (*reply != NULL)
            return 0;
        err = gruvi_wait_fd(redis->fd, UV_READABLE, GRUVI_FOREVER);
        if (err < 0)
            return err;
        if (redisBufferRead(redis) != REDIS_OK)
            return failure(redis);
    }
}

static GRUVI_SWITCHPOINT int
say_error(gruvi_stream_t *client, const char *text)
{
    char line[256];
    int n = snprintf(line, sizeof line, "error %.200s\n", text);

    gruvi_warning("%s", text);
    return gruvi_stream_write(client, line, (size_t)n);
}

static GRUVI_SWITCHPOINT int
say_reply(gruvi_stream_t *client, const redisReply *reply)
{
    char head[32];
    int n;

    switch (reply->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        n = snprintf(head, sizeof head, "ok %zu ", (size_t)reply->len);
        return gruvi_stream_writev(client,
                                   (uv_buf_t[]){{head, (size_t)n},
                                                {reply->str, reply->len},
                                                {"\n", 1}},
                                   3);
    case REDIS_REPLY_NIL:
        return gruvi_stream_write(client, "none\n", 5);
    default:
        return say_error(client, reply->type == REDIS_REPLY_ERROR
                                     ? reply->str
                                     : "unexpected type of reply");
    }
}

/* One line of the client, without its end. */
static GRUVI_SWITCHPOINT int
serve_line(gruvi_stream_t *client, struct session *s, char *line)
{
    const char *name = strsep(&line, " "), *key = strsep(&line, " ");
    const char *words[3] = {name, key, line};
    bool get = strcmp(name, "get") == 0 && key != NULL && line == NULL;
    bool set = strcmp(name, "set") == 0 && line != NULL;
    redisReply *reply = NULL;
    int err = 0;

    if (!get && !set)
        return say_error(client, "neither get KEY nor set KEY VALUE");
    GRUVI_WITH_SWITCH_BACK (limit, s->timeout) {
        err = connect_redis(s);
        if (err == 0)
            err = ask(s->redis, get ? 2 : 3, words, &reply);
    }
    if (err == 0) {
        err = say_reply(client, reply);
        freeReplyObject(reply);
        return err;
    }
    /* A late reply would be taken for the reply to the next command. */
    disconnect(s);
    return err == UV_ECANCELED ? err : say_error(client, gruvi_strerror(err));
}

static GRUVI_SWITCHPOINT int
serve(gruvi_stream_t *client, gruvid_plugin_t *plugin)
{
    struct session s = {
        .address = gruvid_option_string(plugin, "address"),
        .timeout = gruvid_option_duration(plugin, "timeout"),
    };
    char line[4096];
    ssize_t n;

    while ((n = gruvi_stream_read_line(client, line, sizeof line - 1)) > 0) {
        line[n] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        if ((n = serve_line(client, &s, line)) < 0)
            break;
    }
    disconnect(&s);
    return (int)n;
}

/* hiredis uses the descriptor directly, which would bypass TLS. */
static int
start(gruvid_plugin_t *plugin)
{
    if (strncmp(gruvid_option_string(plugin, "address"), "tls:", 4) != 0)
        return 0;
    gruvi_error("address is tls://; only tcp:// and unix: will do");
    return UV_ENOTSUP;
}

GRUVID_PLUGIN(redis,
    .version = "1.0",
    .summary = "asks a Redis server, with hiredis",
    .options = options,
    .start = start,
    .connection = serve,
    .multi_hub = true);
