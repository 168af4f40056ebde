/* SPDX-License-Identifier: MIT */
/*
 * cache: keeps the answers of a slow plugin in a Redis server, with hiredis.
 *
 *     [plugin http]
 *     route = GET /{path...} -> cache
 *     [plugin cache]
 *     origin = slow
 *     redis = tcp://127.0.0.1:6379
 *
 * hiredis makes commands and reads replies; a stream carries them, with TLS or
 * without.  Of requests that miss an answer one asks the origin, others wait.
 */
#include <stdlib.h>
#include <hiredis/hiredis.h>
#include <gruvid/request.h>

static const gruvid_option_t options[] = {
    {.name = "origin", .type = GRUVID_STRING, .required = true},
    {.name = "redis", .type = GRUVID_ADDRESS, .required = true},
    {.name = "seconds", .type = GRUVID_INTEGER, .default_value = "60"},
    {.name = "patience", .type = GRUVID_DURATION, .default_value = "1s"},
    GRUVID_OPTIONS_END,
};

/* Wait for a reply, which may come in pieces. */
static GRUVI_SWITCHPOINT int
read_reply(gruvi_stream_t *redis, redisReply **reply)
{
    redisReader *reader = redisReaderCreate();
    int err = reader != NULL ? 0 : UV_ENOMEM;
    char *data;
    ssize_t n;

    while (err == 0 && *reply == NULL) {
        n = gruvi_stream_take(redis, &data);
        if (n <= 0)
            err = n < 0 ? (int)n : UV_EOF;
        else if (redisReaderFeed(reader, data, (size_t)n) != REDIS_OK ||
                 redisReaderGetReply(reader, (void **)reply) != REDIS_OK)
            err = UV_EPROTO;
    }
    redisReaderFree(reader);
    return err;
}

/* Each command has a connection of its own: no late reply is taken for that of
 * another.  Where Redis fails, *reply is NULL; only a cancel is an error. */
static GRUVI_SWITCHPOINT int
ask(gruvid_plugin_t *plugin, redisReply **reply, const char *format, ...)
{
    const char *address = gruvid_option_string(plugin, "redis");
    gruvi_stream_t *redis = NULL;
    char *text;
    va_list args;
    int size, err = UV_ENOMEM;

    *reply = NULL;
    va_start(args, format);
    size = redisvFormatCommand(&text, format, args);
    va_end(args);
    if (size < 0)
        return 0;
    GRUVI_WITH_SWITCH_BACK (limit, gruvid_option_duration(plugin, "patience"))
        if ((err = gruvi_connect(&redis, address, NULL, GRUVI_FOREVER)) == 0 &&
            (err = gruvi_stream_write(redis, text, (size_t)size)) == 0)
            err = read_reply(redis, reply);
    gruvi_stream_close(redis);
    redisFreeCommand(text);
    if (err < 0 || (*reply)->type == REDIS_REPLY_ERROR)
        gruvi_warning("%s: %s", address,
                      err < 0 ? gruvi_strerror(err) : (*reply)->str);
    return err == UV_ECANCELED ? err : 0;
}

/* Reply from the cache; returns 1 if it has no answer. */
static GRUVI_SWITCHPOINT int
reply_kept(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    redisReply *reply;
    int err = ask(plugin, &reply, "GET %s:%s", gruvid_plugin_name(plugin),
                  gruvid_request_target(request));
    bool kept = reply != NULL && reply->type == REDIS_REPLY_STRING;

    if (kept) {
        gruvid_reply_header(request, "X-Cache", "hit");
        err = gruvid_reply(request, 200, NULL, reply->str, reply->len);
    }
    freeReplyObject(reply);
    return kept || err < 0 ? err : 1;
}

/* Have the answer made, keep it, and reply.  The origin sees no header of the
 * request, so that its answer is for everybody. */
static GRUVI_SWITCHPOINT int
reply_made(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    gruvid_call_t call = {.path = gruvid_request_target(request)};
    redisReply *reply = NULL;
    gruvid_answer_t *made;
    int err = gruvid_call(gruvid_option_string(plugin, "origin"), &call, &made,
                          GRUVI_FOREVER);

    if (err == 0 && made->status == 200)
        err = ask(plugin, &reply, "SET %s:%s %b EX %s",
                  gruvid_plugin_name(plugin), call.path, made->data, made->size,
                  gruvid_option_string(plugin, "seconds"));
    freeReplyObject(reply);
    if (err < 0)
        return err;
    return gruvid_reply(request, made->status, NULL, made->data, made->size);
}

static GRUVI_SWITCHPOINT int
handle(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    gruvi_lock_t *lock = gruvid_plugin_data(plugin);
    unsigned hash = 0;
    int err = reply_kept(request, plugin);

    if (err != 1)
        return err;
    for (const char *c = gruvid_request_target(request); *c != '\0'; c++)
        hash = hash * 31 + (unsigned char)*c;
    lock += hash % 64; /* which equal requests share */
    if ((err = gruvi_lock_acquire(lock, GRUVI_FOREVER)) < 0)
        return err;
    err = reply_kept(request, plugin); /* it may have been made meanwhile */
    if (err == 1)
        err = reply_made(request, plugin);
    gruvi_lock_release(lock);
    return err;
}

static int
start(gruvid_plugin_t *plugin)
{
    void *locks = calloc(64, sizeof(gruvi_lock_t)); /* zero is unlocked */

    return locks == NULL ? UV_ENOMEM : gruvid_set_plugin_data(plugin, locks);
}

static void
stop(gruvid_plugin_t *plugin)
{
    free(gruvid_plugin_data(plugin));
}

GRUVID_PLUGIN(cache, .summary = "keeps answers in Redis", .options = options,
    .start = start, .request = handle, .stop = stop, .multi_hub = true);
