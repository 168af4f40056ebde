/* SPDX-License-Identifier: MIT */
/*
 * talks: calls gruvid/bus.h as a client says, a line a call, and answers with a
 * line: the code's name or "0", and what came.  "-" is NULL.
 *
 *     publish BUS TIMEOUT SUBJECT OPTIONS DATA     durable,id=ID,NAME:VALUE
 *     call BUS TIMEOUT SUBJECT METHOD PATH HEADER DATA      STATUS X-Bus DATA
 *     subscribe BUS ROOM SUBJECT GROUP             ends with the connection
 *     take TIMEOUT                                 SUBJECT REPLY X-Test DATA
 *     unsubscribe                                  how many were dropped
 *     get BUS TIMEOUT BUCKET KEY                   REVISION DATA
 *     put|create BUS TIMEOUT BUCKET KEY DATA       REVISION
 *     update BUS TIMEOUT BUCKET KEY LAST DATA      REVISION
 *     delete BUS TIMEOUT BUCKET KEY LAST
 *
 * "cancelled" in front: in a fiber that was cancelled.  As a handler it calls
 * the subject behind the "/" of its path, and replies with what came.
 *
 * With the option hears it subscribes that subject in its start, in each hub,
 * logs what comes, and leaves it to gruvid to end that.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gruvid/bus.h>
#include <gruvid/request.h>

struct talk {
    gruvi_queue_t queue;
    bool has_queue;
    gruvid_subscription_t *subscription;
    char *words; /* what is left of the line */
    bool cancelled;
    char out[70000];
};

/* --- words ---------------------------------------------------------------- */

static char empty[] = "";

static char *
word(struct talk *talk)
{
    char *text = strtok_r(NULL, " ", &talk->words);

    return text == NULL ? empty : text;
}

static const char *
word_or_null(struct talk *talk)
{
    const char *text = word(talk);

    return strcmp(text, "-") == 0 ? NULL : text;
}

static double
seconds(struct talk *talk)
{
    const char *text = word(talk);

    return strcmp(text, "-") == 0 ? GRUVI_FOREVER : atof(text);
}

static void say(struct talk *talk, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
say(struct talk *talk, int err, const char *format, ...)
{
    int n = snprintf(talk->out, sizeof talk->out, "%s",
                     err == 0 ? "0" : gruvi_err_name(err));
    va_list args;

    if (err < 0)
        return;
    va_start(args, format);
    vsnprintf(talk->out + n, sizeof talk->out - (size_t)n, format, args);
    va_end(args);
}

static const char *
text_of(const char *text)
{
    return text == NULL || *text == '\0' ? "-" : text;
}

/* --- calls ---------------------------------------------------------------- */

static bool
read_header(char *text, gruvid_header_t *header)
{
    char *colon = strchr(text, ':');

    if (colon == NULL)
        return false;
    *colon = '\0';
    *header = (gruvid_header_t){text, colon + 1};
    /* So that a test can have a blank. */
    for (char *at = colon + 1; *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
    return true;
}

static void
publish(struct talk *talk, const char *bus, double timeout)
{
    const char *subject = word(talk);
    char *items = word(talk), *end = NULL;
    gruvid_header_t headers[8];
    gruvid_publish_options_t options = {.headers = headers};

    for (char *item = strtok_r(items, ",", &end); item != NULL;
         item = strtok_r(NULL, ",", &end)) {
        if (strcmp(item, "durable") == 0)
            options.durable = true;
        else if (strncmp(item, "id=", 3) == 0)
            options.id = item + 3;
        else if (read_header(item, &headers[options.n_headers]))
            options.n_headers++;
    }
    say(talk,
        gruvid_bus_publish(bus, subject, &options, talk->words,
                           strlen(talk->words), timeout),
        "%s", "");
}

static const char *
header_of(const gruvid_answer_t *answer)
{
    for (size_t i = 0; i < answer->n_headers; i++) {
        const char *name = answer->headers[i].name;

        if (strcmp(name, "X-Bus") == 0 ||
            strncasecmp(name, "Gruvid-", 7) == 0 ||
            strncasecmp(name, "Nats-", 5) == 0)
            return answer->headers[i].value;
    }
    return "-";
}

static void
call(struct talk *talk, const char *bus, double timeout)
{
    const char *subject = word(talk);
    gruvid_header_t header;
    gruvid_call_t call = {.headers = &header};
    gruvid_answer_t *answer;
    int err;

    call.method = word_or_null(talk);
    call.path = word_or_null(talk);
    call.n_headers = read_header(word(talk), &header);
    call.data = talk->words;
    call.size = strlen(talk->words);
    err = gruvid_bus_call(bus, subject, &call, &answer, timeout);
    if (err < 0)
        say(talk, answer == NULL ? err : UV_EIO, "%s", "");
    else
        say(talk, 0, " %d %s %s", answer->status, header_of(answer),
            (const char *)answer->data);
    gruvid_answer_free(answer);
}

static void
unsubscribe(struct talk *talk)
{
    void *item;

    gruvid_bus_unsubscribe(talk->subscription);
    talk->subscription = NULL;
    if (!talk->has_queue)
        return;
    while (gruvi_queue_try_get(&talk->queue, &item) == 0)
        gruvid_message_free(item);
    gruvi_queue_destroy(&talk->queue);
    talk->has_queue = false;
}

static void
subscribe(struct talk *talk, const char *bus, double room)
{
    const char *subject = word(talk);

    unsubscribe(talk);
    gruvi_queue_init(&talk->queue, GRUVI_QUEUE_FIFO, (size_t)room);
    talk->has_queue = true;
    say(talk,
        gruvid_bus_subscribe(bus, subject, word_or_null(talk), &talk->queue,
                             &talk->subscription),
        "%s", "");
}

static void
say_message(struct talk *talk, const gruvid_message_t *message)
{
    size_t n;
    const char *data = gruvid_message_data(message, NULL);

    gruvid_message_headers(message, &n);
    say(talk, 0, " %s %s %s %s", gruvid_message_subject(message),
        text_of(gruvid_message_reply(message)),
        text_of(n == 0 ? NULL : gruvid_message_header(message, "x-test")),
        data);
}

static void
take(struct talk *talk)
{
    double timeout = seconds(talk);
    void *item;
    int err = gruvi_queue_get(&talk->queue, &item, timeout);

    if (err < 0)
        say(talk, err, "%s", "");
    else
        say_message(talk, item);
    gruvid_message_free(item);
}

static void
get(struct talk *talk, const char *bus, double timeout)
{
    const char *bucket = word(talk);
    gruvid_kv_entry_t *entry;
    int err = gruvid_kv_get(bus, bucket, word(talk), &entry, timeout);

    if (err < 0)
        say(talk, entry == NULL ? err : UV_EIO, "%s", "");
    else
        say(talk, 0, " %llu %s", (unsigned long long)entry->revision,
            (const char *)entry->data);
    gruvid_kv_free(entry);
}

static void
change(struct talk *talk, const char *how, const char *bus, double timeout)
{
    const char *bucket = word(talk), *key = word(talk);
    uint64_t revision = 0, last = 0;
    int err = 0;

    if (*how == 'u' || *how == 'd')
        last = strtoull(word(talk), NULL, 10);
    if (*how == 'p')
        err = gruvid_kv_put(bus, bucket, key, talk->words, strlen(talk->words),
                            &revision, timeout);
    else if (*how == 'c')
        err = gruvid_kv_create(bus, bucket, key, talk->words,
                               strlen(talk->words), &revision, timeout);
    else if (*how == 'u')
        err = gruvid_kv_update(bus, bucket, key, talk->words,
                               strlen(talk->words), last, &revision, timeout);
    else
        err = gruvid_kv_delete(bus, bucket, key, last, timeout);
    say(talk, err < 0 && revision != 0 ? UV_EIO : err, " %llu",
        (unsigned long long)revision);
}

static int
run(void *arg)
{
    struct talk *talk = arg;
    const char *verb = word(talk), *bus;
    double number;

    if (talk->cancelled)
        gruvi_fiber_cancel(gruvi_current_fiber(), "test");
    if (strcmp(verb, "take") == 0) {
        take(talk);
        return 0;
    }
    if (strcmp(verb, "unsubscribe") == 0) {
        say(talk, 0, " %llu",
            (unsigned long long)gruvid_subscription_dropped(
                talk->subscription));
        unsubscribe(talk);
        return 0;
    }
    bus = word_or_null(talk);
    number = seconds(talk);
    if (strcmp(verb, "publish") == 0)
        publish(talk, bus, number);
    else if (strcmp(verb, "call") == 0)
        call(talk, bus, number);
    else if (strcmp(verb, "subscribe") == 0)
        subscribe(talk, bus, number);
    else if (strcmp(verb, "get") == 0)
        get(talk, bus, number);
    else
        change(talk, verb, bus, number);
    return 0;
}

/* --- the plugin ----------------------------------------------------------- */

static int
run_in_fiber(struct talk *talk)
{
    gruvi_fiber_t *fiber = gruvi_spawn(run, talk);
    int err = fiber == NULL ? gruvi_last_error()
                            : gruvi_fiber_join(fiber, GRUVI_FOREVER);

    gruvi_fiber_unref(fiber);
    return err;
}

static int
talk_with(gruvi_stream_t *stream, struct talk *talk)
{
    static const char first[] = "cancelled ";
    char *line = malloc(70000);
    ssize_t n = 0;
    int err = line == NULL ? UV_ENOMEM : 0;

    while (err == 0 && (n = gruvi_stream_read_line(stream, line, 69999)) > 0) {
        line[n - 1] = '\0';
        talk->cancelled = strncmp(line, first, sizeof first - 1) == 0;
        talk->words = line + (talk->cancelled ? sizeof first - 1 : 0);
        err = talk->cancelled ? run_in_fiber(talk) : run(talk);
        if (!talk->cancelled && strcmp(talk->out, "ECANCELED") == 0)
            err = UV_ECANCELED; /* it was told once */
        if (err == 0)
            err = gruvi_stream_printf(stream, "%s\n", talk->out);
    }
    free(line);
    return err < 0 ? err : (int)n;
}

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct talk *talk = calloc(1, sizeof *talk);
    int err;

    (void)plugin;
    if (talk == NULL)
        return UV_ENOMEM;
    err = talk_with(stream, talk);
    unsubscribe(talk);
    free(talk);
    return err;
}

static GRUVI_SWITCHPOINT int
request(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const gruvid_call_t call = {.method = "GET", .path = "/asked"};
    gruvid_answer_t *answer;
    int err = gruvid_bus_call(NULL, gruvid_request_path(request) + 1, &call,
                              &answer, GRUVI_FOREVER);

    (void)plugin;
    return err < 0 ? err
                   : gruvid_reply(request, answer->status, "text/plain",
                                  answer->data, answer->size);
}

/* --- with the option hears ------------------------------------------------ */

struct ear {
    gruvi_queue_t queue;
};

static int
hear(void *arg)
{
    struct ear *ear = arg;
    void *item;
    int err;

    while ((err = gruvi_queue_get(&ear->queue, &item, GRUVI_FOREVER)) == 0) {
        gruvid_log_each(GRUVI_LOG_INFO, "heard %s: %s",
                        gruvid_message_subject(item),
                        (const char *)gruvid_message_data(item, NULL));
        gruvid_message_free(item);
    }
    return err == UV_ECANCELED ? 0 : err;
}

static int
start(gruvid_plugin_t *plugin)
{
    const char *subject = gruvid_option_string(plugin, "hears");
    gruvid_subscription_t *subscription;
    struct ear *ear;
    int err;

    if (subject == NULL)
        return 0;
    ear = calloc(1, sizeof *ear);
    if (ear == NULL)
        return UV_ENOMEM;
    gruvi_queue_init(&ear->queue, GRUVI_QUEUE_FIFO, 100);
    err = gruvid_bus_subscribe(NULL, subject, NULL, &ear->queue, &subscription);
    if (err < 0) {
        gruvi_queue_destroy(&ear->queue);
        free(ear);
        return err;
    }
    gruvid_set_hub_data(plugin, ear);
    return gruvi_go(hear, ear);
}

static void
stop(gruvid_plugin_t *plugin)
{
    struct ear *ear = gruvid_hub_data(plugin);
    void *item;

    if (ear == NULL)
        return;
    while (gruvi_queue_try_get(&ear->queue, &item) == 0)
        gruvid_message_free(item);
    gruvi_queue_destroy(&ear->queue);
    free(ear);
}

static const gruvid_option_t options[] = {
    {.name = "hears", .type = GRUVID_STRING, .help = "a subject"},
    {.name = "word", .type = GRUVID_STRING, .help = "a change of it"},
    GRUVID_OPTIONS_END,
};

GRUVID_PLUGIN(talks,
    .summary = "calls gruvid/bus.h as a client says",
    .options = options,
    .start = start,
    .connection = connection,
    .stop = stop,
    .multi_hub = true,
    .per_hub = true,
    .request = request);
