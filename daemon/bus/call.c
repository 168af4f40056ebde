/* SPDX-License-Identifier: MIT */
/* Calls of a bus, in the fiber of their caller: see bus.h. */
#include <stdlib.h>
#include <string.h>

#include "bus/bus.h"
#include "request/answer.h"
#include "request/field.h"

/* What was asked for: an answer or an entry. */
struct gruvid_bus_result {
    struct gruvid__exchange *exchange; /* NULL: none is wanted */
    gruvid_kv_entry_t **entry;         /* likewise */
    bool is_filled;
};

/* A call's arguments. */
struct job {
    GRUVI_SWITCHPOINT int (*run)(gruvid_plugin_t *bus, struct job *job);
    const char *subject; /* or the bucket */
    const char *key;
    const gruvid_publish_options_t *options;
    const gruvid_call_t *call;
    const gruvid_kv_change_t *change;
    const void *data;
    size_t size;
    uint64_t *revision;
    struct gruvid_bus_result result;
};

/* --- in flight ------------------------------------------------------------ */

static void
begin(struct gruvid__shard *shard, struct gruvid__bus_call *call)
{
    call->next = shard->bus_calls;
    call->link = &shard->bus_calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    shard->bus_calls = call;
    gruvid__add(&shard->bus_calls_open, 1);
}

static void
end(struct gruvid__shard *shard, struct gruvid__bus_call *call)
{
    struct gruvid__leader *leader = shard->plugin->leader;
    bool drains = __atomic_load_n(&shard->plugin->draining, __ATOMIC_RELAXED);

    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    /* The instance may be gone from here on. */
    gruvid__add(&shard->bus_calls_open, -1);
    if (drains)
        gruvid__wake(leader);
}

bool
gruvid__bus_over(const gruvid_plugin_t *plugin)
{
    for (size_t i = 0; i < plugin->n_shards; i++)
        if (__atomic_load_n(&plugin->shards[i].bus_calls_open,
                            __ATOMIC_ACQUIRE) > 0)
            return false;
    return true;
}

void
gruvid__bus_cut(struct gruvid__shard *shard)
{
    struct gruvid__bus_call *call = shard->bus_calls;

    shard->bus_is_open = false;
    for (; call != NULL; call = call->next)
        gruvi_switch_back_throw(call->limit, UV_ENOTCONN, "the bus ends");
    gruvid__subscriptions_detach(shard);
    gruvid__subscriptions_end(shard);
}

static GRUVI_SWITCHPOINT int
run(const char *name, struct job *job, double timeout)
{
    struct gruvid__line *line;
    struct gruvid__shard *shard;
    struct gruvid__bus_call call;
    int err = gruvid__bus_find(name, &line);

    if (err < 0)
        return err;
    shard = gruvid__bus_shard(line);
    if (shard == NULL)
        return UV_ENOTCONN;
    GRUVI_WITH_SWITCH_BACK (limit, timeout) {
        call.limit = &limit;
        begin(shard, &call);
        err = job->run(shard->plugin, job);
        end(shard, &call);
    }
    return err;
}

static bool
is_text(const char *text)
{
    return text != NULL && *text != '\0';
}

static bool
has_data(const void *data, size_t size)
{
    return data != NULL || size == 0;
}

/* --- publishing ----------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
publish(gruvid_plugin_t *bus, struct job *job)
{
    return bus->bus->publish == NULL
               ? UV_ENOTSUP
               : bus->bus->publish(bus, job->subject, job->options, job->data,
                                   job->size);
}

static bool
are_headers(const gruvid_header_t *headers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!gruvid__is_token(headers[i].name) ||
            !gruvid__is_value(headers[i].value))
            return false;
    return true;
}

GRUVI_SWITCHPOINT int
gruvid_bus_publish(const char *bus, const char *subject,
                   const gruvid_publish_options_t *options, const void *data,
                   size_t size, double timeout)
{
    static const gruvid_publish_options_t none = {.durable = false};
    struct job job = {
        .run = publish,
        .subject = subject,
        .options = options == NULL ? &none : options,
        .data = data,
        .size = size,
    };

    if (!is_text(subject) || !has_data(data, size) ||
        !are_headers(job.options->headers, job.options->n_headers) ||
        (job.options->id != NULL &&
         (*job.options->id == '\0' || !gruvid__is_value(job.options->id))))
        return UV_EINVAL;
    return run(bus, &job, timeout);
}

/* --- asking --------------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
ask(gruvid_plugin_t *bus, struct job *job)
{
    int err = bus->bus->call == NULL
                  ? UV_ENOTSUP
                  : bus->bus->call(bus, job->subject, job->call, &job->result);

    return err == 0 && !job->result.is_filled ? UV_EPROTO : err;
}

GRUVI_SWITCHPOINT int
gruvid_bus_call(const char *bus, const char *subject, const gruvid_call_t *call,
                gruvid_answer_t **answer, double timeout)
{
    struct job job = {.run = ask, .subject = subject, .call = call};
    struct gruvid__exchange *exchange;
    int err;

    *answer = NULL;
    if (!is_text(subject) || !gruvid__call_is_sound(call))
        return UV_EINVAL;
    exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return UV_ENOMEM;
    job.result.exchange = exchange;
    err = run(bus, &job, timeout);
    if (err == 0)
        *answer = gruvid__exchange_keep(gruvid__request_here(), exchange);
    else
        gruvid__exchange_free(exchange);
    return err;
}

/* --- values by key -------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
get(gruvid_plugin_t *bus, struct job *job)
{
    int err = bus->bus->kv_get == NULL
                  ? UV_ENOTSUP
                  : bus->bus->kv_get(bus, job->subject, job->key, &job->result);

    return err == 0 && !job->result.is_filled ? UV_EPROTO : err;
}

GRUVI_SWITCHPOINT int
gruvid_kv_get(const char *bus, const char *bucket, const char *key,
              gruvid_kv_entry_t **entry, double timeout)
{
    struct job job = {
        .run = get, .subject = bucket, .key = key, .result = {.entry = entry}};
    int err;

    *entry = NULL;
    if (!is_text(bucket) || !is_text(key))
        return UV_EINVAL;
    err = run(bus, &job, timeout);
    if (err < 0) {
        gruvid_kv_free(*entry);
        *entry = NULL;
    }
    return err;
}

void
gruvid_kv_free(gruvid_kv_entry_t *entry)
{
    free(entry);
}

static GRUVI_SWITCHPOINT int
change(gruvid_plugin_t *bus, struct job *job)
{
    return bus->bus->kv_change == NULL
               ? UV_ENOTSUP
               : bus->bus->kv_change(bus, job->change, job->revision);
}

static GRUVI_SWITCHPOINT int
run_change(const char *bus, const gruvid_kv_change_t *what, uint64_t *revision,
           double timeout)
{
    uint64_t number = 0;
    struct job job = {.run = change, .change = what, .revision = &number};
    int err = UV_EINVAL;

    if (is_text(what->bucket) && is_text(what->key) &&
        has_data(what->data, what->size))
        err = run(bus, &job, timeout);
    if (revision != NULL)
        *revision = err == 0 ? number : 0;
    return err;
}

GRUVI_SWITCHPOINT int
gruvid_kv_put(const char *bus, const char *bucket, const char *key,
              const void *data, size_t size, uint64_t *revision, double timeout)
{
    const gruvid_kv_change_t what = {.how = GRUVID_KV_PUT,
                                     .bucket = bucket,
                                     .key = key,
                                     .data = data,
                                     .size = size};

    return run_change(bus, &what, revision, timeout);
}

GRUVI_SWITCHPOINT int
gruvid_kv_create(const char *bus, const char *bucket, const char *key,
                 const void *data, size_t size, uint64_t *revision,
                 double timeout)
{
    const gruvid_kv_change_t what = {.how = GRUVID_KV_CREATE,
                                     .bucket = bucket,
                                     .key = key,
                                     .data = data,
                                     .size = size};

    return run_change(bus, &what, revision, timeout);
}

GRUVI_SWITCHPOINT int
gruvid_kv_update(const char *bus, const char *bucket, const char *key,
                 const void *data, size_t size, uint64_t last,
                 uint64_t *revision, double timeout)
{
    const gruvid_kv_change_t what = {.how = GRUVID_KV_UPDATE,
                                     .bucket = bucket,
                                     .key = key,
                                     .data = data,
                                     .size = size,
                                     .last = last};

    return run_change(bus, &what, revision, timeout);
}

GRUVI_SWITCHPOINT int
gruvid_kv_delete(const char *bus, const char *bucket, const char *key,
                 uint64_t last, double timeout)
{
    const gruvid_kv_change_t what = {
        .how = GRUVID_KV_DELETE, .bucket = bucket, .key = key, .last = last};

    return run_change(bus, &what, NULL, timeout);
}

/* --- results -------------------------------------------------------------- */

static int
fill_entry(gruvid_kv_entry_t **entry, const gruvid_bus_content_t *content)
{
    gruvid_kv_entry_t *made = malloc(sizeof *made + content->size + 1);
    char *data;

    if (made == NULL)
        return UV_ENOMEM;
    data = (char *)(made + 1);
    if (content->size > 0)
        memcpy(data, content->data, content->size);
    data[content->size] = '\0';
    *made = (gruvid_kv_entry_t){
        .data = data, .size = content->size, .revision = content->revision};
    free(*entry);
    *entry = made;
    return 0;
}

static int
fill_answer(struct gruvid__exchange *exchange,
            const gruvid_bus_content_t *content)
{
    if (content->status < 200 || content->status > 599)
        return UV_EINVAL;
    exchange->answer.status = content->status;
    return gruvid__exchange_fill(exchange, content->headers, content->n_headers,
                                 content->data, content->size);
}

int
gruvid_bus_fill(gruvid_bus_result_t *result,
                const gruvid_bus_content_t *content)
{
    int err = result->is_filled       ? UV_EINVAL
              : result->entry != NULL ? fill_entry(result->entry, content)
                                      : fill_answer(result->exchange, content);

    result->is_filled = result->is_filled || err == 0;
    return err;
}
