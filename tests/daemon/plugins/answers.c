/* SPDX-License-Identifier: MIT */
/*
 * answers: replies in every way that there is.  The first segment of the path
 * says how:
 *
 *   hello            greets the query's name
 *   see              all that a handler can see of a request
 *   return?n=N       returns a number; say: of a stream that has begun;
 *                    type: of a reply that has a type and a tag already
 *   body, stream     sends the body back: all of it, or as it comes
 *   patient          likewise as a whole; a cancel does not end it
 *   cut              cancels the fiber of patient, or of the last call
 *   header?n=&v=     what gruvid_reply_header() returns
 *   twice            what a second reply returns
 *   write?length=&text=   a stream with a Content-Length
 *   events           two events, and mistakes
 *   redirect?to=     to a location
 *   long             a text that is formatted, of 900 characters
 *   mistakes         whatever a reply may not be, and then JSON
 *   many?n=          headers, and what one more returns
 *   wait             for ever; with begin: of a reply that has begun
 *   deadline?after=  how long it has yet, after seconds
 *   finish           waits until the line "go" is in the body, whoever goes
 *   late?after=      cancels the last call after seconds, and waits, whoever
 *                    goes
 *   upgrade          to the protocol "lines", and sends one line back
 *   call?to=         what another plugin replies to /hello; with next: its
 *                    status, and how many waits after that are cancelled
 *   cycle            calls itself; with spawn: in another fiber
 *   again            whether it gets the same again, and no other memory
 *   file?folder=&name=   a file
 *   locale?name=     sets the locale of all of gruvid; the point of numbers
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/request.h>

static int
hello(gruvid_request_t *request)
{
    const char *name = gruvid_request_query(request, "name");

    return gruvid_reply_text(request, 200, "Hello, %s!\n", name ? name : "you");
}

static void
add(const char *name, const char *value, void *arg)
{
    strcat(arg, name);
    strcat(arg, "=");
    strcat(arg, value);
    strcat(arg, ";");
}

static const char *
or_none(const char *text)
{
    return text == NULL ? "none" : text;
}

static int
see(gruvid_request_t *request)
{
    char all[4096] = "";

    gruvid_request_each_header(request, add, all);
    return gruvid_reply_text(
        request, 200,
        "%s %s target %s query %s id %s rest %s\nhost %s scheme %s X %s "
        "Cookie %s all %s\n",
        gruvid_request_method(request), gruvid_request_path(request),
        gruvid_request_target(request), gruvid_request_query_string(request),
        or_none(gruvid_request_param(request, "id")),
        or_none(gruvid_request_param(request, "rest")),
        gruvid_request_host(request), gruvid_request_scheme(request),
        or_none(gruvid_request_header(request, "x")),
        or_none(gruvid_request_header(request, "cookie")), all);
}

static int
number(gruvid_request_t *request)
{
    const char *n = gruvid_request_query(request, "n");

    if (gruvid_request_query(request, "begin") != NULL) {
        gruvid_reply_begin(request, 200);
        gruvid_reply_write(request, "part", 4);
    }
    if (gruvid_request_query(request, "type") != NULL) {
        gruvid_reply_header(request, "Content-Type", "image/png");
        gruvid_reply_header(request, "content-encoding", "gzip");
        gruvid_reply_header(request, "ETag", "\"1\"");
        gruvid_reply_header(request, "Vary", "Accept");
    }
    if (gruvid_request_query(request, "retry") != NULL)
        gruvid_reply_header(request, "retry-after", "9");
    if (gruvid_request_query(request, "say") != NULL)
        gruvid_reply_text(request, 200, "said\n");
    return n == NULL ? 0 : atoi(n);
}

static int
body(gruvid_request_t *request)
{
    const char *data, *again;
    size_t size, size_again;
    int err = gruvid_request_body(request, &data, &size);

    if (err == 0)
        err = gruvid_request_body(request, &again, &size_again);
    if (err < 0)
        return gruvid_request_query(request, "ignore") != NULL ? 0 : err;
    if (again != data || size_again != size || data[size] != '\0')
        return UV_EIO;
    return gruvid_reply(request, 200, NULL, data, size);
}

static int
stream(gruvid_request_t *request)
{
    char buf[8];
    ssize_t n;
    int err = gruvid_reply_begin(request, 200);

    while (err == 0 && (n = gruvid_request_read(request, buf, sizeof buf)) != 0)
        err = n < 0 ? (int)n : gruvid_reply_write(request, buf, (size_t)n);
    return err < 0 ? err : gruvid_reply_end(request);
}

static gruvi_fiber_t *reader; /* of patient, or call */

static int
patient(gruvid_request_t *request)
{
    char all[64], buf[8];
    size_t size = 0;
    ssize_t n;

    reader = gruvi_current_fiber();
    while ((n = gruvid_request_read(request, buf, sizeof buf)) != 0) {
        if (n < 0 && n != UV_ECANCELED)
            return (int)n;
        if (n > 0)
            memcpy(all + size, buf, (size_t)n);
        size += n > 0 ? (size_t)n : 0;
        gruvi_info("patient: %d", (int)n);
    }
    return gruvid_reply(request, 200, NULL, all, size);
}

/* It replies when the reader has seen it. */
static int
cut(gruvid_request_t *request)
{
    int err = gruvi_fiber_cancel(reader, "cut");

    if (err == 0)
        err = gruvi_sleep(0);
    return err < 0 ? err : gruvid_reply_text(request, 200, "cut\n");
}

static int
header(gruvid_request_t *request)
{
    const char *name = gruvid_request_query(request, "n");
    const char *value = gruvid_request_query(request, "v");
    int err = gruvid_reply_header(request, name ? name : "", value);

    return gruvid_reply_text(request, 200, "%s\n",
                             err < 0 ? gruvi_err_name(err) : "taken");
}

static int
twice(gruvid_request_t *request)
{
    int first = gruvid_reply_text(request, 200, "one\n");
    int second = gruvid_reply_text(request, 200, "two\n");

    return first == 0 && second == UV_EALREADY &&
                   gruvid_reply_header(request, "A", "b") == UV_EALREADY &&
                   gruvid_reply_write(request, "x", 1) == UV_EPERM &&
                   gruvid_reply_event(request, NULL, NULL, "x") == UV_EPERM &&
                   gruvid_reply_end(request) == UV_EPERM
               ? 0
               : UV_EIO;
}

static int
write_it(gruvid_request_t *request)
{
    const char *length = gruvid_request_query(request, "length");
    const char *text = gruvid_request_query(request, "text");
    int err = 0;

    if (length != NULL)
        err = gruvid_reply_header(request, "Content-Length", length);
    if (err == 0)
        err = gruvid_reply_begin(request, 200);
    if (err == 0)
        err = gruvid_reply_write(request, text, strlen(text));
    return err < 0 ? err : gruvid_reply_end(request);
}

static int
events(gruvid_request_t *request)
{
    int err = gruvid_reply_event(request, "a\nb", NULL, "x");

    if (err != UV_EINVAL ||
        gruvid_reply_event(request, NULL, "a\rb", "x") != UV_EINVAL)
        return UV_EIO;
    err = gruvid_reply_event(request, "greeting", "7", "one\r\ntwo\rthree\n");
    if (err == 0)
        err = gruvid_reply_event(request, NULL, NULL, "plain");
    if (err == 0)
        err = gruvid_reply_write(request, "x", 1) == UV_EPERM ? 0 : UV_EIO;
    return err;
}

static int
redirect(gruvid_request_t *request)
{
    const char *status = gruvid_request_query(request, "status");

    return gruvid_reply_redirect(request, status ? atoi(status) : 303,
                                 gruvid_request_query(request, "to"));
}

static int
long_text(gruvid_request_t *request)
{
    return gruvid_reply_text(request, 200, "%0900d\n", 1);
}

/* A call that fails has done nothing. */
static int
mistakes(gruvid_request_t *request)
{
    gruvid_reply_header(request, "Content-Length", "11");
    return gruvid_reply(request, 199, NULL, "{\"good\": 1}", 11) == UV_EINVAL &&
                   gruvid_reply(request, 600, NULL, "{\"good\": 1}", 11) ==
                       UV_EINVAL &&
                   gruvid_reply(request, 200, "a\nb", "{\"good\": 1}", 11) ==
                       UV_EINVAL &&
                   gruvid_reply(request, 200, NULL, "short", 5) == UV_EINVAL &&
                   gruvid_reply_redirect(request, 303, "") == UV_EINVAL &&
                   gruvid_reply_begin(request, 99) == UV_EINVAL
               ? gruvid_reply_json(request, 200, "{\"good\": 1}")
               : UV_EIO;
}

static int
many(gruvid_request_t *request)
{
    const char *value = gruvid_request_query(request, "v"), *name;
    int n = atoi(gruvid_request_query(request, "n")), err = 0;

    for (int i = 0; i < n && err == 0; i++)
        err = gruvid_reply_header(request, "A", value);
    if (err < 0)
        return err;
    name = gruvi_err_name(gruvid_reply_header(request, "A", value));
    return gruvid_reply(request, 200, NULL, name, strlen(name));
}

static int
wait_for_ever(gruvid_request_t *request)
{
    int err;

    gruvi_info("waits");
    if (gruvid_request_query(request, "begin") != NULL) {
        gruvid_reply_begin(request, 200);
        gruvid_reply_write(request, "part", 4);
    }
    err = gruvi_sleep(GRUVI_FOREVER);
    gruvi_info("waited: %s", gruvi_err_name(err));
    return gruvid_request_query(request, "hide") != NULL ? 0 : err;
}

static gruvi_event_t go = GRUVI_EVENT_INIT;

static int
finish(gruvid_request_t *request)
{
    int err;

    gruvid_request_finish(request);
    gruvi_info("goes on");
    err = gruvi_event_wait(&go, GRUVI_FOREVER);
    gruvi_info("finished: %d", err);
    return err;
}

static int
late(gruvid_request_t *request)
{
    const char *after = gruvid_request_query(request, "after");
    int err;

    gruvid_request_finish(request);
    err = gruvi_sleep(strtod(after, NULL));
    if (err == 0)
        err = gruvi_fiber_cancel(reader, "late");
    return err < 0 ? err : gruvi_sleep(GRUVI_FOREVER);
}

static int
deadline(gruvid_request_t *request)
{
    const char *after = gruvid_request_query(request, "after");
    int err = gruvi_sleep(after == NULL ? 0 : strtod(after, NULL));

    return err < 0 ? err
                   : gruvid_reply_text(request, 200, "%.0f\n",
                                       gruvid_request_deadline(request));
}

static int
let_go(gruvid_request_t *request)
{
    gruvi_event_set(&go);
    return gruvid_reply_text(request, 200, "gone\n");
}

static int
upgrade(gruvid_request_t *request)
{
    gruvi_stream_t *raw;
    char line[64];
    ssize_t n;
    int err = gruvid_reply_header(request, "A", "b");

    if (err == 0)
        err = gruvid_request_upgrade(request, "lines", &raw);
    if (err < 0)
        return gruvid_reply_text(request, 400, "%s\n", gruvi_err_name(err));
    n = gruvi_stream_read_line(raw, line, sizeof line);
    return n < 0 ? (int)n : gruvi_stream_write(raw, line, (size_t)n);
}

static int
call(gruvid_request_t *request)
{
    const char *to = gruvid_request_query(request, "to");
    const char *path = gruvid_request_query(request, "path");
    const char *timeout = gruvid_request_query(request, "timeout");
    gruvid_header_t headers[] = {{"X", "1"}};
    gruvid_call_t what = {.path = path, .headers = headers, .n_headers = 1};
    gruvid_answer_t *answer;
    const char *data;
    int cancels = 0, err = gruvid_request_body(request, &data, &what.size);

    what.data = data;
    reader = gruvi_current_fiber();
    if (err == 0)
        err = gruvid_call(to, &what, &answer,
                          timeout ? strtod(timeout, NULL) : GRUVI_FOREVER);
    if (gruvid_request_query(request, "next") != NULL) {
        while (gruvi_sleep(0) == UV_ECANCELED)
            cancels++;
        return gruvid_reply_text(request, 200, "%d, then %d\n",
                                 err < 0 ? err : answer->status, cancels);
    }
    if (err < 0)
        return gruvid_reply_text(request, 200, "%s\n", gruvi_err_name(err));
    return gruvid_reply_text(
        request, 200, "%d %zu %s: %s", answer->status, answer->size,
        answer->n_headers > 0 ? answer->headers[0].value : "none",
        (const char *)answer->data);
}

struct cycle {
    const char *plugin, *path;
    int err, number;
};

static int
call_self(void *arg)
{
    struct cycle *cycle = arg;
    gruvid_call_t what = {.path = cycle->path};
    gruvid_answer_t *answer;

    cycle->err = gruvid_call(cycle->plugin, &what, &answer, GRUVI_FOREVER);
    if (cycle->err < 0)
        return 0;
    cycle->number = atoi((const char *)answer->data);
    gruvid_answer_free(answer);
    return 0;
}

static int
cycle(gruvid_request_t *request, const gruvid_plugin_t *plugin)
{
    bool spawns = gruvid_request_query(request, "spawn") != NULL;
    struct cycle cycle = {gruvid_plugin_name(plugin),
                          spawns ? "/cycle?spawn=1" : "/cycle", 0, 0};
    static int deep;
    gruvi_fiber_t *fiber;

    if (++deep > 100)
        return 508;
    if (spawns) {
        fiber = gruvi_spawn(call_self, &cycle);
        gruvi_fiber_join(fiber, GRUVI_FOREVER);
        gruvi_fiber_unref(fiber);
    } else {
        call_self(&cycle);
    }
    deep--;
    if (cycle.err == UV_ELOOP)
        return gruvid_reply_text(request, 200, "1");
    if (cycle.err < 0)
        return cycle.err;
    return gruvid_reply_text(request, 200, "%d", cycle.number + 1);
}

/* Two pieces of the arena that lie side by side have nothing between them. */
static int
again(gruvid_request_t *request)
{
    const char *values[2][4];
    char *first, *second;

    for (int i = 0; i < 2; i++) {
        first = gruvid_request_alloc(request, 16);
        values[i][0] = gruvid_request_query(request, "a");
        values[i][1] = gruvid_request_query(request, "none");
        values[i][2] = gruvid_request_param(request, "rest");
        values[i][3] = gruvid_request_header(request, "Cookie");
        second = gruvid_request_alloc(request, 16);
    }
    return gruvid_reply_text(request, 200, "%d %td %s %s %s %s\n",
                             memcmp(values[0], values[1], sizeof values[0]),
                             second - first, or_none(values[1][0]),
                             or_none(values[1][1]), or_none(values[1][2]),
                             or_none(values[1][3]));
}

static int
file(gruvid_request_t *request)
{
    return gruvid_reply_file(request, gruvid_request_query(request, "folder"),
                             gruvid_request_query(request, "name"));
}

static int
locale(gruvid_request_t *request)
{
    if (setlocale(LC_ALL, gruvid_request_query(request, "name")) == NULL)
        return UV_ENOENT;
    return gruvid_reply_text(request, 200, "%s\n", localeconv()->decimal_point);
}

static const struct {
    const char *path;
    int (*fn)(gruvid_request_t *request);
} ways[] = {
    {"/hello", hello},        {"/see", see},
    {"/return", number},      {"/body", body},
    {"/stream", stream},      {"/header", header},
    {"/twice", twice},        {"/write", write_it},
    {"/events", events},      {"/redirect", redirect},
    {"/wait", wait_for_ever}, {"/finish", finish},
    {"/go", let_go},          {"/upgrade", upgrade},
    {"/call", call},          {"/file", file},
    {"/patient", patient},    {"/cut", cut},
    {"/locale", locale},      {"/again", again},
    {"/late", late},          {"/deadline", deadline},
    {"/long", long_text},     {"/mistakes", mistakes},
    {"/many", many},
};

static int
answer(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *path = gruvid_request_path(request);

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(path, ways[i].path) == 0)
            return ways[i].fn(request);
    if (strcmp(path, "/cycle") == 0)
        return cycle(request, plugin);
    if (gruvid_plugin_data(plugin) != NULL)
        return UV_ENOENT;
    return see(request);
}

GRUVID_PLUGIN(answers,
    .summary = "replies in every way",
    .request = answer);
