/* SPDX-License-Identifier: MIT */
/*
 * forward: hands each connection on to another address, and back what comes
 * from there.  To try it:
 *
 *     gruvid ... -o 'plugin forward.listen=tcp://127.0.0.1:7012' \
 *         -o 'plugin forward.to=tcp://example.org:80'
 *     printf 'GET / HTTP/1.0\r\nHost: example.org\r\n\r\n' | nc 127.0.0.1 7012
 *
 * Each of the two directions has a fiber, and ends by itself: the end of one
 * side's bytes is handed on with gruvi_stream_shutdown(), while bytes still
 * come the other way.  A failure ends both directions, and both peers see a
 * reset, so that nobody takes half of something for the whole.
 */
#include <sys/socket.h>
#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "to",
     .type = GRUVID_ADDRESS,
     .required = true,
     .help = "where connections are handed on to"},
    {.name = "connect_timeout",
     .type = GRUVID_DURATION,
     .default_value = "10s",
     .min = "1ms",
     .help = "how long to connect there may take"},
    GRUVID_OPTIONS_END,
};

struct pair {
    gruvi_stream_t *here, *there;
    gruvi_fiber_t *fiber; /* copies what comes here */
    int error;            /* of what comes from there */
};

/* Until the end, which is handed on, too. */
static GRUVI_SWITCHPOINT int
copy(gruvi_stream_t *from, gruvi_stream_t *to)
{
    char *data;
    ssize_t n;
    int err;

    while ((n = gruvi_stream_take(from, &data)) > 0)
        if ((err = gruvi_stream_write(to, data, (size_t)n)) < 0)
            return err;
    return n < 0 ? (int)n : gruvi_stream_shutdown(to);
}

/* The fiber of the connection may wait for a client that says nothing. */
static GRUVI_SWITCHPOINT int
copy_back(void *arg)
{
    struct pair *pair = arg;

    pair->error = copy(pair->there, pair->here);
    if (pair->error < 0)
        gruvi_fiber_cancel(pair->fiber, "the other direction has failed");
    return 0; /* not negative: that would be logged as a mistake of ours */
}

static GRUVI_SWITCHPOINT int
copy_both(struct pair *pair)
{
    int err = UV_ENOMEM;

    GRUVI_WITH_GROUP (group) {
        err = gruvi_go(copy_back, pair);
        if (err == 0)
            err = copy(pair->here, pair->there);
        if (err == 0)
            err = gruvi_group_join(&group, GRUVI_FOREVER);
    }
    return pair->error < 0 && pair->error != UV_ECANCELED ? pair->error : err;
}

/* Have the close of a stream send a reset; a Unix socket has none. */
static void
reset_at_close(const gruvi_stream_t *stream)
{
    struct linger at_once = {.l_onoff = 1};

    setsockopt(gruvi_stream_fd(stream), SOL_SOCKET, SO_LINGER, &at_once,
               sizeof at_once);
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    const char *to = gruvid_option_string(plugin, "to");
    struct pair pair = {.here = stream, .fiber = gruvi_current_fiber()};
    int err = gruvi_connect(&pair.there, to, NULL,
                            gruvid_option_duration(plugin, "connect_timeout"));

    if (err < 0) {
        gruvi_warning("%s: %s", to, gruvi_strerror(err));
        reset_at_close(stream);
        return err == UV_ECANCELED ? err : 0;
    }
    err = copy_both(&pair);
    if (err < 0) {
        reset_at_close(pair.here);
        reset_at_close(pair.there);
    }
    gruvi_stream_close(pair.there);
    return err;
}

GRUVID_PLUGIN(forward,
    .summary = "hands each connection on to another address",
    .options = options,
    .connection = connection,
    .multi_hub = true);
