/* SPDX-License-Identifier: MIT */
/*
 * fetch: gets each path from another web server, with libcurl.  Requests come
 * by plugins/http:
 *
 *     [plugin http]
 *     route = GET /{path...} -> fetch
 *
 *     [plugin fetch]
 *     server = https://www.example.org
 *
 * libcurl waits for several sockets at a time, while it looks up a name and
 * tries addresses, and says which, and until when.  They are put into an epoll,
 * which is one descriptor for the fiber to wait for.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <curl/curl.h>
#include <gruvid/request.h>

static const gruvid_option_t options[] = {
    {.name = "server", .type = GRUVID_STRING, .required = true},
    {.name = "max_size", .type = GRUVID_SIZE, .default_value = "1M"},
    GRUVID_OPTIONS_END,
};

struct transfer {
    int epoll;         /* the sockets that libcurl waits for */
    long milliseconds; /* until it wants to go on anyway; -1: never */
    char *body;
    size_t size, max_size;
};

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct transfer *transfer = arg;
    struct epoll_event event = {.data.fd = fd};

    (void)easy;
    (void)known;
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) |
                   (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    if (what == CURL_POLL_REMOVE)
        epoll_ctl(transfer->epoll, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(transfer->epoll, EPOLL_CTL_MOD, fd, &event) < 0 &&
             epoll_ctl(transfer->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return -1;
    return 0;
}

static int
on_timer(CURLM *multi, long milliseconds, void *arg)
{
    (void)multi;
    ((struct transfer *)arg)->milliseconds = milliseconds;
    return 0;
}

/* To take less than size ends the transfer. */
static size_t
on_body(const char *data, size_t one, size_t size, void *arg)
{
    struct transfer *transfer = arg;
    char *more = size > transfer->max_size - transfer->size
                     ? NULL
                     : realloc(transfer->body, transfer->size + size);

    (void)one;
    if (more == NULL)
        return 0;
    memcpy(more + transfer->size, data, size);
    transfer->body = more;
    transfer->size += size;
    return size;
}

/* Let libcurl go on until the transfer is done.  Its own time is no timeout. */
static GRUVI_SWITCHPOINT int
run(CURLM *multi, const struct transfer *transfer)
{
    struct epoll_event event;
    int n, fd, err, running = 1;

    while (running > 0) {
        err = gruvi_wait_fd(transfer->epoll, UV_READABLE,
                            transfer->milliseconds < 0
                                ? GRUVI_FOREVER
                                : (double)transfer->milliseconds / 1e3);
        if (err < 0 && (err != UV_ETIMEDOUT || gruvi_deadline_remaining() == 0))
            return err;
        n = epoll_wait(transfer->epoll, &event, 1, 0);
        fd = n > 0 ? event.data.fd : CURL_SOCKET_TIMEOUT;
        if (curl_multi_socket_action(multi, fd, 0, &running) != CURLM_OK)
            return UV_ENOMEM;
    }
    return 0;
}

/* request_timeout of the section is the limit.  QUICK_EXIT: otherwise a fiber
 * that leaves would block the hub until a thread has looked up the name. */
static GRUVI_SWITCHPOINT int
handle(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    struct transfer transfer = {.epoll = epoll_create1(EPOLL_CLOEXEC),
                                .max_size =
                                    gruvid_option_size(plugin, "max_size")};
    CURLM *multi = curl_multi_init();
    CURL *easy = curl_easy_init();
    CURLMsg *end;
    char *type;
    long status;
    int n, err = UV_ENOMEM;

    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, &transfer);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_URL, gruvid_option_string(plugin, "server"));
    curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET,
                     gruvid_request_target(request));
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    if (curl_multi_add_handle(multi, easy) == CURLM_OK)
        err = run(multi, &transfer);
    end = curl_multi_info_read(multi, &n);
    if (err == 0 && end->data.result != CURLE_OK) {
        gruvi_warning("%s", curl_easy_strerror(end->data.result));
        err = 502;
    } else if (err == 0) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
        err = gruvid_reply(request, (int)status, type, transfer.body,
                           transfer.size);
    }
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    close(transfer.epoll);
    free(transfer.body);
    return err;
}

GRUVID_PLUGIN(fetch, .summary = "gets paths from another web server",
    .options = options, .request = handle, .multi_hub = true);
