/* SPDX-License-Identifier: MIT */
/*
 * fetch: fetches from a web server with libcurl's multi interface.
 *
 *     get PATH          ok STATUS LENGTH and in the next line the body,
 *                       or error TEXT
 *
 * libcurl has several sockets at a time, while it tries addresses, and says
 * which events it waits for.  Each socket gets a watch of the poller.  The
 * first socket that is ready, or libcurl's timer, switches back to the fiber,
 * which lets libcurl go on.  Callers of transfer() see none of that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>
#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "base",
     .type = GRUVID_STRING,
     .required = true,
     .help = "what is put in front of the path: http://127.0.0.1:8080"},
    {.name = "timeout",
     .type = GRUVID_DURATION,
     .default_value = "30s",
     .min = "1ms",
     .help = "how long a transfer may take"},
    {.name = "max_size",
     .type = GRUVID_SIZE,
     .default_value = "1M",
     .help = "the longest body that is passed on"},
    GRUVID_OPTIONS_END,
};

/* Each client has a session, so that libcurl keeps its connections open. */
struct session {
    const char *base;
    double timeout;
    uint64_t max_size;
    CURLM *multi;
    CURL *easy;
    gruvi_switch_back_t *waiting; /* NULL while the fiber runs */
    double due;                   /* when libcurl has to run; < 0: never */
    int fd, flags;                /* the socket that was ready first */
    FILE *body;
    uint64_t size; /* of the body so far */
};

static double
now(void)
{
    return (double)uv_hrtime() / 1e9;
}

/* --- what libcurl and the poller call --------------------------------------
 */

/* A socket that the fiber does not handle now is ready again in the next turn.
 */
static void
on_ready(int fd, int events, void *arg)
{
    struct session *s = arg;

    s->fd = fd;
    s->flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
               (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    if (s->waiting != NULL)
        gruvi_switch_back_switch(s->waiting, NULL);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
    struct session *s = arg;
    gruvi_poller_t *poller = gruvi_hub_poll(gruvi_get_hub());
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
                 (what & CURL_POLL_OUT ? UV_WRITABLE : 0);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        gruvi_poll_remove(poller, watch);
        return 0;
    }
    if (watch != NULL)
        return gruvi_poll_update(poller, watch, events);
    watch = gruvi_poll_add(poller, fd, events, on_ready, s);
    curl_multi_assign(s->multi, fd, watch);
    return watch != NULL ? 0 : -1;
}

static int
on_timer(CURLM *multi, long milliseconds, void *arg)
{
    struct session *s = arg;

    (void)multi;
    s->due = milliseconds < 0 ? -1 : now() + (double)milliseconds / 1e3;
    return 0;
}

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
    struct session *s = arg;

    (void)one;
    s->size += len;
    return s->size <= s->max_size ? fwrite(data, 1, len, s->body) : 0;
}

/* --- a transfer ----------------------------------------------------------- */

/* Wait until libcurl has something to do. */
static GRUVI_SWITCHPOINT int
wait_for_curl(struct session *s)
{
    double seconds = s->due < 0 ? GRUVI_FOREVER : s->due - now();
    int err = 0;

    s->fd = CURL_SOCKET_TIMEOUT;
    s->flags = 0;
    GRUVI_WITH_SWITCH_BACK (sb, s->due >= 0 && seconds < 0 ? 0 : seconds) {
        s->waiting = &sb;
        err = gruvi_hub_switch(gruvi_get_hub(), NULL);
        s->waiting = NULL;
        if (gruvi_switch_back_timed_out(&sb))
            err = 0; /* the timeout is libcurl's own */
    }
    return err;
}

/* Run the transfer that easy is set up for; result is libcurl's. */
static GRUVI_SWITCHPOINT int
transfer(struct session *s, CURLcode *result)
{
    int running = 1, left, err = 0;
    CURLMsg *message;

    s->due = -1;
    if (curl_multi_add_handle(s->multi, s->easy) != CURLM_OK)
        return UV_ENOMEM;
    while (running > 0 && (err = wait_for_curl(s)) == 0)
        if (curl_multi_socket_action(s->multi, s->fd, s->flags, &running) !=
            CURLM_OK)
            err = UV_ENOMEM;
    message = curl_multi_info_read(s->multi, &left);
    if (message != NULL)
        *result = message->data.result;
    curl_multi_remove_handle(s->multi, s->easy);
    return err;
}

/* --- the client ----------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
say_error(gruvi_stream_t *client, const char *text)
{
    char line[256];
    int n = snprintf(line, sizeof line, "error %.200s\n", text);

    gruvi_warning("%s", text);
    return gruvi_stream_write(client, line, (size_t)n);
}

static GRUVI_SWITCHPOINT int
say_body(gruvi_stream_t *client, struct session *s, char *body)
{
    char head[64];
    long status = 0;
    int n;

    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    n = snprintf(head, sizeof head, "ok %ld %llu\n", status,
                 (unsigned long long)s->size);
    return gruvi_stream_writev(
        client, (uv_buf_t[]){{head, (size_t)n}, {body, (size_t)s->size}}, 2);
}

static GRUVI_SWITCHPOINT int
serve_line(gruvi_stream_t *client, struct session *s, const char *line)
{
    CURLcode result = CURLE_OK;
    char url[8192], *body = NULL;
    size_t len;
    int err = 0;

    if (strncmp(line, "get /", 5) != 0 ||
        snprintf(url, sizeof url, "%s%s", s->base, line + 4) >= 8192)
        return say_error(client, "not get /PATH");
    s->body = open_memstream(&body, &len);
    if (s->body == NULL)
        return UV_ENOMEM;
    s->size = 0;
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    GRUVI_WITH_SWITCH_BACK (limit, s->timeout)
        err = transfer(s, &result);
    if (fclose(s->body) != 0 && err == 0)
        err = UV_ENOMEM;
    if (s->size > s->max_size)
        err = say_error(client, "the body is longer than max_size");
    else if (err < 0 && err != UV_ECANCELED)
        err = say_error(client, gruvi_strerror(err));
    else if (err == 0 && result != CURLE_OK)
        err = say_error(client, curl_easy_strerror(result));
    else if (err == 0)
        err = say_body(client, s, body);
    free(body);
    return err;
}

/* QUICK_EXIT: without it libcurl, when a transfer is given up, stops the hub to
 * wait for the thread that looks up the name. */
static int
set_up(struct session *s)
{
    s->multi = curl_multi_init();
    s->easy = curl_easy_init();
    if (s->multi == NULL || s->easy == NULL)
        return UV_ENOMEM;
    curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
    curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    return 0;
}

static GRUVI_SWITCHPOINT int
serve(gruvi_stream_t *client, gruvid_plugin_t *plugin)
{
    struct session s = {
        .base = gruvid_option_string(plugin, "base"),
        .timeout = gruvid_option_duration(plugin, "timeout"),
        .max_size = gruvid_option_size(plugin, "max_size"),
    };
    char line[4096];
    ssize_t n = set_up(&s);

    while (n == 0 &&
           (n = gruvi_stream_read_line(client, line, sizeof line - 1)) > 0) {
        line[n] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        n = serve_line(client, &s, line);
    }
    curl_easy_cleanup(s.easy);
    curl_multi_cleanup(s.multi);
    return (int)n;
}

static int
start(gruvid_plugin_t *plugin)
{
    (void)plugin;
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : UV_ENOMEM;
}

static void
stop(gruvid_plugin_t *plugin)
{
    (void)plugin;
    curl_global_cleanup();
}

GRUVID_PLUGIN(fetch,
    .version = "1.0",
    .summary = "fetches from a web server, with libcurl",
    .options = options,
    .start = start,
    .connection = serve,
    .stop = stop,
    .multi_hub = true);
