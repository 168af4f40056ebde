/* SPDX-License-Identifier: MIT */
/*
 * mirror: answers with what it was asked.  The first segment of the path says
 * how; any other gets method, target, host and body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <gruvid/request.h>

typedef GRUVI_SWITCHPOINT int handler_fn(gruvid_request_t *request);

static long
number(gruvid_request_t *request, const char *name)
{
    const char *text = gruvid_request_query(request, name);

    return text != NULL ? atol(text) : 0;
}

static GRUVI_SWITCHPOINT int
mirror(gruvid_request_t *request)
{
    const char *body;
    char head[9000], *text;
    size_t size;
    int n, err = gruvid_request_body(request, &body, &size);

    if (err < 0)
        return err;
    n = snprintf(head, sizeof head, "%s %s %s\n",
                 gruvid_request_method(request), gruvid_request_target(request),
                 gruvid_request_host(request));
    text = gruvid_request_alloc(request, (size_t)n + size);
    if (text == NULL)
        return UV_ENOMEM;
    memcpy(text, head, (size_t)n);
    memcpy(text + n, body, size);
    return gruvid_reply(request, 200, "text/plain", text, (size_t)n + size);
}

/* Replies, and leaves the body to whoever will. */
static GRUVI_SWITCHPOINT int
ignore(gruvid_request_t *request)
{
    return gruvid_reply_text(request, 200, "ignored\n");
}

/* n pieces of size bytes. */
static GRUVI_SWITCHPOINT int
stream(gruvid_request_t *request)
{
    long n = number(request, "n"), size = number(request, "size");
    char *piece = gruvid_request_alloc(request, (size_t)size + 1);
    int err = gruvid_reply_begin(request, 200);

    memset(piece, 's', (size_t)size);
    while (err == 0 && n-- > 0)
        err = gruvid_reply_write(request, piece, (size_t)size);
    if (err < 0)
        gruvi_info("mirror cannot write: %s", gruvi_err_name(err));
    return err < 0 ? err : gruvid_reply_end(request);
}

/* A reply of size bytes. */
static GRUVI_SWITCHPOINT int
large(gruvid_request_t *request)
{
    size_t size = (size_t)number(request, "size");
    char *text = gruvid_request_alloc(request, size + 1);

    if (text == NULL)
        return UV_ENOMEM;
    memset(text, 'l', size);
    return gruvid_reply(request, 200, "text/plain", text, size);
}

/* A reply of zeros, longer than 32 bits can say. */
static GRUVI_SWITCHPOINT int
huge(gruvid_request_t *request)
{
    size_t size = ((size_t)1 << 32) + 10;
    void *text = mmap(NULL, size, PROT_READ,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int err;

    if (text == MAP_FAILED)
        return UV_ENOMEM;
    err = gruvid_reply(request, 200, "text/plain", text, size);
    munmap(text, size);
    return err;
}

/* Replies, and goes on. */
static GRUVI_SWITCHPOINT int
early(gruvid_request_t *request)
{
    int err = gruvid_reply_text(request, 200, "early\n");

    if (err == 0)
        err = gruvi_sleep(1000);
    gruvi_info("mirror was woken: %s", gruvi_err_name(err));
    return err;
}

/* Replies with size bytes or an event, reads the rest of the request whatever
 * has become of that, and goes on. */
static GRUVI_SWITCHPOINT int
late(gruvid_request_t *request)
{
    bool whole = number(request, "size") > 0;
    char buf[1000];
    ssize_t n = 1;
    int err = whole ? large(request)
                    : gruvid_reply_event(request, NULL, NULL, "first");

    if (err < 0)
        gruvi_info("mirror cannot write: %s", gruvi_err_name(err));
    while (n > 0)
        n = gruvid_request_read(request, buf, sizeof buf);
    if (err == 0 && !whole)
        err = gruvid_reply_event(request, NULL, NULL, "second");
    return err < 0 || whole ? err : gruvid_reply_end(request);
}

/* Begins a reply and fails. */
static GRUVI_SWITCHPOINT int
broken(gruvid_request_t *request)
{
    int err = gruvid_reply_begin(request, 200);

    if (err == 0)
        err = gruvid_reply_write(request, "half", 4);
    return err < 0 ? err : UV_EIO;
}

/* Waits for the end of the peer. */
static GRUVI_SWITCHPOINT int
wait_for_peer(gruvid_request_t *request)
{
    int err;

    (void)request;
    gruvi_info("mirror waits");
    err = gruvi_sleep(1000);
    gruvi_info("mirror was woken: %s", gruvi_err_name(err));
    return err;
}

/* Waits until it is cancelled, and sees nothing of that. */
static GRUVI_SWITCHPOINT int
ignore_cancel(gruvid_request_t *request)
{
    gruvi_info("mirror waits");
    GRUVI_SHIELD {
        while (!gruvi_fiber_cancelled(gruvi_current_fiber()))
            gruvi_sleep(0.001);
    }
    gruvi_info("mirror goes on");
    return gruvid_reply_text(request, 200, "late\n");
}

/* Waits until the plugin drains. */
static GRUVI_SWITCHPOINT int
wait_for_drain(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    gruvi_info("mirror waits");
    gruvi_event_wait(gruvid_plugin_drain_event(plugin), 1000);
    return gruvid_reply_text(request, 200, "drained\n");
}

/* Counts the body, piece by piece. */
static GRUVI_SWITCHPOINT int
count(gruvid_request_t *request)
{
    char buf[1000];
    size_t sum = 0;
    ssize_t n;

    while ((n = gruvid_request_read(request, buf, sizeof buf)) > 0)
        sum += (size_t)n;
    return n < 0 ? (int)n : gruvid_reply_text(request, 200, "%zu\n", sum);
}

static void
add_header(const char *name, const char *value, void *arg)
{
    char *text = arg;
    size_t length = strlen(text);

    snprintf(text + length, 8192 - length, "%s=%s\n", name, value);
}

/* The headers as they came. */
static GRUVI_SWITCHPOINT int
headers(gruvid_request_t *request)
{
    char text[8192] = "";

    gruvid_request_each_header(request, add_header, text);
    gruvid_reply_header(request, "X-Peer", gruvid_request_peer(request));
    gruvid_reply_header(request, "X-Scheme", gruvid_request_scheme(request));
    return gruvid_reply(request, 200, "text/plain", text, strlen(text));
}

/* The body goes back as it comes: the reply begins before it. */
static GRUVI_SWITCHPOINT int
send_back(gruvid_request_t *request)
{
    char buf[1000];
    ssize_t n;
    int err = gruvid_reply_begin(request, 200);

    while (err == 0 && (n = gruvid_request_read(request, buf, sizeof buf)) != 0)
        err = n < 0 ? (int)n : gruvid_reply_write(request, buf, (size_t)n);
    return err < 0 ? err : gruvid_reply_end(request);
}

/* Speaks "shout": what comes goes back. */
static GRUVI_SWITCHPOINT int
shout(gruvid_request_t *request)
{
    gruvi_stream_t *peer;
    char buf[100];
    ssize_t n;
    int err = gruvid_request_upgrade(request, "shout", &peer);

    if (err < 0)
        return err;
    while ((n = gruvi_stream_read(peer, buf, sizeof buf)) > 0) {
        err = gruvi_stream_write(peer, buf, (size_t)n);
        if (err < 0)
            return err;
    }
    return (int)n;
}

/* An event, silence, and another event. */
static GRUVI_SWITCHPOINT int
events(gruvid_request_t *request)
{
    int err = gruvid_reply_event(request, NULL, NULL, "first");

    if (err == 0)
        err = gruvi_sleep(0.05);
    if (err == 0)
        err = gruvid_reply_event(request, "last", "7", "second");
    return err < 0 ? err : gruvid_reply_end(request);
}

/* An event, and silence. */
static GRUVI_SWITCHPOINT int
subscribe(gruvid_request_t *request)
{
    int err = gruvid_reply_event(request, NULL, NULL, "first");

    gruvi_info("mirror waits");
    return err < 0 ? err : gruvi_sleep(1000);
}

/* What all of listen wait for, in every hub. */
static gruvi_event_t told = GRUVI_EVENT_INIT;

/* An event each time that somebody tells. */
static GRUVI_SWITCHPOINT int
listen_to_all(gruvid_request_t *request)
{
    int err = gruvid_reply_event(request, NULL, NULL, "first");

    while (err == 0) {
        err = gruvi_event_wait(&told, GRUVI_FOREVER);
        if (err == 0)
            err = gruvid_reply_event(request, NULL, NULL, "told");
    }
    return err;
}

static GRUVI_SWITCHPOINT int
tell(gruvid_request_t *request)
{
    gruvi_event_set(&told);
    gruvi_event_clear(&told);
    return gruvid_reply_text(request, 200, "told\n");
}

static void
cancel_and_unref(void *fiber)
{
    gruvi_fiber_cancel(fiber, "its handler has returned");
    gruvi_fiber_unref(fiber);
}

/* Waits until somebody tells, and replies with size bytes; with cancel, its
 * fiber is cancelled in the next turn. */
static GRUVI_SWITCHPOINT int
reply_when_told(gruvid_request_t *request)
{
    int err;

    gruvi_info("mirror waits");
    err = gruvi_event_wait(&told, GRUVI_FOREVER);
    if (err == 0 && number(request, "cancel") > 0)
        err = gruvi_hub_run_callback(gruvi_get_hub(), cancel_and_unref,
                                     gruvi_fiber_ref(gruvi_current_fiber()));
    return err < 0 ? err : large(request);
}

static GRUVI_SWITCHPOINT int
no_content(gruvid_request_t *request)
{
    return gruvid_reply(request, 204, NULL, NULL, 0);
}

/* Text that is neither all the same nor without pattern. */
static void
write_text(char *text, size_t size)
{
    char line[32];
    size_t done = 0;

    for (unsigned i = 0; done < size; i++) {
        size_t n = (size_t)snprintf(line, sizeof line, "%u lines, %u\n", i,
                                    i * 2654435761U);

        n = n < size - done ? n : size - done;
        memcpy(text + done, line, n);
        done += n;
    }
}

/* What the query says: headers, a status, and text, whole or in n pieces of
 * size bytes; with pause the rest waits behind the first. */
static GRUVI_SWITCHPOINT int
say(gruvid_request_t *request)
{
    static const char *const names[][2] = {
        {"type", "Content-Type"},       {"etag", "ETag"},
        {"cookie", "Set-Cookie"},       {"cache", "Cache-Control"},
        {"coding", "Content-Encoding"}, {"vary", "Vary"},
        {"ranges", "Accept-Ranges"},    {"length", "Content-Length"},
        {"retry", "Retry-After"},       {"gruvid", "Gruvid-Status"},
        {"nats", "Nats-Rollup"}};
    size_t size = (size_t)number(request, "size");
    long n = number(request, "n"), status = number(request, "status");
    char *text = gruvid_request_alloc(request, size + 1);
    int err = 0;

    if (text == NULL)
        return UV_ENOMEM;
    write_text(text, size);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = gruvid_request_query(request, names[i][0]);

        if (value != NULL && err == 0)
            err = gruvid_reply_header(request, names[i][1], value);
    }
    status = status > 0 ? status : 200;
    if (err < 0 || n == 0)
        return err < 0 ? err
                       : gruvid_reply(request, (int)status, NULL, text, size);
    err = gruvid_reply_begin(request, (int)status);
    for (long i = 0; err == 0 && i < n; i++) {
        if (i == 1 && number(request, "pause") > 0)
            err = gruvi_sleep(1000);
        if (err == 0)
            err = gruvid_reply_write(request, text, size);
    }
    return err < 0 ? err : gruvid_reply_end(request);
}

static GRUVI_SWITCHPOINT int
identify(gruvid_request_t *request)
{
    return gruvid_reply_text(request, 200, "%s\n", gruvid_request_id(request));
}

/* Nothing but a status, and perhaps when to come again. */
static GRUVI_SWITCHPOINT int
give_up(gruvid_request_t *request)
{
    const char *retry = gruvid_request_query(request, "retry");
    int err =
        retry == NULL ? 0 : gruvid_reply_header(request, "Retry-After", retry);

    return err < 0 ? err : (int)number(request, "status");
}

static const struct {
    const char *path;
    handler_fn *handler;
} handlers[] = {
    {"/ignore", ignore},      {"/stream", stream},
    {"/large", large},        {"/broken", broken},
    {"/wait", wait_for_peer}, {"/count", count},
    {"/headers", headers},    {"/shout", shout},
    {"/nothing", no_content}, {"/subscribe", subscribe},
    {"/events", events},      {"/huge", huge},
    {"/early", early},        {"/say", say},
    {"/late", late},          {"/listen", listen_to_all},
    {"/tell", tell},          {"/deaf", ignore_cancel},
    {"/give-up", give_up},    {"/told", reply_when_told},
    {"/id", identify},        {"/back", send_back},
};

static GRUVI_SWITCHPOINT int
request(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *path = gruvid_request_path(request);

    if (strcmp(path, "/drain") == 0)
        return wait_for_drain(request, plugin);
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (strcmp(path, handlers[i].path) == 0)
            return handlers[i].handler(request);
    return mirror(request);
}

GRUVID_PLUGIN(mirror, .multi_hub = true, .request = request);
