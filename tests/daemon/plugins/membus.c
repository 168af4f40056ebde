/* SPDX-License-Identifier: MIT */
/*
 * membus: a bus in memory, of each hub by itself.  Subjects are compared as
 * they are; these are special, as keys, too:
 *
 *     slow      logs "membus waits", and does so for ever
 *     nobody    UV_ENOENT
 *     nothing   returns without a result
 *
 * An answer has the header X-Bus: section, and generation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/transport.h>

struct handle {
    struct handle *next;
    gruvid_subscription_t *to;
    char subject[64];
};

struct hub {
    struct handle *handles;
    char key[64], value[64];
    bool has_value;
    uint64_t revision;
};

static int
look_at(const char *subject)
{
    if (strcmp(subject, "slow") == 0) {
        gruvid_log_each(GRUVI_LOG_INFO, "membus waits");
        return gruvi_sleep(GRUVI_FOREVER);
    }
    return strcmp(subject, "nobody") == 0 ? UV_ENOENT : 0;
}

static int
publish(gruvid_plugin_t *plugin, const char *subject,
        const gruvid_publish_options_t *options, const void *data, size_t size)
{
    const struct hub *hub = gruvid_hub_data(plugin);
    const gruvid_bus_content_t content = {
        .subject = subject,
        .reply = options->durable ? options->id : NULL,
        .headers = options->headers,
        .n_headers = options->n_headers,
        .data = data,
        .size = size,
    };
    int err = look_at(subject);

    for (struct handle *at = hub->handles; err == 0 && at != NULL;
         at = at->next)
        if (strcmp(at->subject, subject) == 0)
            gruvid_bus_deliver(at->to, &content);
    return err;
}

static int
call(gruvid_plugin_t *plugin, const char *subject, const gruvid_call_t *call,
     gruvid_bus_result_t *result)
{
    char name[64], body[256];
    const gruvid_header_t header = {"X-Bus", name};
    gruvid_bus_content_t content = {
        .status = 201, .headers = &header, .n_headers = 1, .data = body};
    int err = look_at(subject);

    if (err < 0 || strcmp(subject, "nothing") == 0)
        return err;
    snprintf(name, sizeof name, "%s,%d", gruvid_plugin_name(plugin),
             (int)gruvid_plugin_generation(plugin));
    snprintf(body, sizeof body, "%s %s %s %.*s", subject,
             call->method ? call->method : "-", call->path ? call->path : "-",
             (int)call->size, call->data ? (const char *)call->data : "");
    content.size = strlen(body);
    return gruvid_bus_fill(result, &content);
}

static int
subscribe(gruvid_plugin_t *plugin, const char *subject, const char *group,
          gruvid_subscription_t *to, void **handle)
{
    struct hub *hub = gruvid_hub_data(plugin);
    struct handle *made;

    (void)group;
    if (strcmp(subject, "nobody") == 0)
        return UV_EINVAL;
    made = calloc(1, sizeof *made);
    if (made == NULL)
        return UV_ENOMEM;
    made->to = to;
    snprintf(made->subject, sizeof made->subject, "%s", subject);
    made->next = hub->handles;
    hub->handles = made;
    *handle = made;
    return 0;
}

static void
unsubscribe(gruvid_plugin_t *plugin, void *handle)
{
    struct hub *hub = gruvid_hub_data(plugin);
    struct handle **link = &hub->handles;

    while (*link != handle)
        link = &(*link)->next;
    *link = (*link)->next;
    free(handle);
}

static int
kv_get(gruvid_plugin_t *plugin, const char *bucket, const char *key,
       gruvid_bus_result_t *result)
{
    struct hub *hub = gruvid_hub_data(plugin);
    gruvid_bus_content_t content = {.data = hub->value,
                                    .size = strlen(hub->value),
                                    .revision = hub->revision};
    int err = look_at(key);

    (void)bucket;
    if (err < 0 || strcmp(key, "nothing") == 0)
        return err;
    return hub->has_value && strcmp(hub->key, key) == 0
               ? gruvid_bus_fill(result, &content)
               : UV_ENOENT;
}

static int
kv_change(gruvid_plugin_t *plugin, const gruvid_kv_change_t *change,
          uint64_t *revision)
{
    struct hub *hub = gruvid_hub_data(plugin);
    int err = look_at(change->key);

    if (err < 0)
        return err;
    if ((change->how == GRUVID_KV_CREATE && hub->has_value) ||
        (change->last != 0 && change->last != hub->revision))
        return UV_EBUSY;
    snprintf(hub->key, sizeof hub->key, "%s", change->key);
    snprintf(hub->value, sizeof hub->value, "%.*s", (int)change->size,
             change->data ? (const char *)change->data : "");
    hub->has_value = change->how != GRUVID_KV_DELETE;
    *revision = ++hub->revision;
    return 0;
}

static const gruvid_bus_functions_t functions = {
    .size = sizeof functions,
    .publish = publish,
    .call = call,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .kv_get = kv_get,
    .kv_change = kv_change,
};
static const gruvid_bus_functions_t none = {.size = sizeof none};

static int
start(gruvid_plugin_t *plugin)
{
    struct hub *hub = calloc(1, sizeof *hub);
    const char *word = gruvid_option_string(plugin, "word");

    if (hub == NULL)
        return UV_ENOMEM;
    gruvid_set_hub_data(plugin, hub);
    return gruvid_bus_provide(
        plugin, word != NULL && strcmp(word, "none") == 0 ? &none : &functions);
}

static void
stop(gruvid_plugin_t *plugin)
{
    struct hub *hub = gruvid_hub_data(plugin);

    gruvi_info("membus %d stops%s%s", (int)gruvid_plugin_generation(plugin),
               hub->handles == NULL ? "" : ", with handles",
               gruvid_bus_provide(plugin, &functions) == UV_EPERM
                   ? ""
                   : ", and provides");
    free(hub);
}

static const gruvid_option_t options[] = {
    {.name = "word", .type = GRUVID_STRING, .help = "none: it can do nothing"},
    GRUVID_OPTIONS_END,
};

GRUVID_PLUGIN(membus,
    .summary = "a bus in memory",
    .options = options,
    .start = start,
    .stop = stop,
    .multi_hub = true,
    .per_hub = true);
