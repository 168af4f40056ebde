/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <string.h>

static const char *const connects[] = {"eventually", "required", NULL};

const gruvid_option_t nats_options[] = {
    {.name = "url",
     .type = GRUVID_LIST,
     .default_value = "nats://127.0.0.1:4222",
     .help = "a server of NATS; others that it names are tried, too"},
    {.name = "user",
     .type = GRUVID_STRING,
     .help = "the name to log in with, together with password"},
    {.name = "password",
     .type = GRUVID_SECRET,
     .help = "text, file:/PATH or credential:NAME"},
    {.name = "token",
     .type = GRUVID_SECRET,
     .help = "in place of user and password"},
    {.name = "connect",
     .type = GRUVID_STRING,
     .default_value = "eventually",
     .choices = connects,
     .help = "required: the start waits for the connection"},
    {.name = "route",
     .type = GRUVID_TARGET,
     .help = "which plugin answers a subject: api.users.* -> users"},
    {.name = "max_queued",
     .type = GRUVID_SIZE,
     .default_value = "16K",
     .min = "1",
     .help = "the most requests that are not answered yet"},
    {.name = "max_queued_bytes",
     .type = GRUVID_SIZE,
     .default_value = "64M",
     .min = "1K",
     .help = "the most bytes of them"},
    {.name = "ping_interval",
     .type = GRUVID_DURATION,
     .default_value = "20s",
     .min = "10ms",
     .help = "time between two questions whether the server is there"},
    GRUVID_OPTIONS_END,
};

/* An empty value is none. */
static const char *
text_of(const gruvid_plugin_t *plugin, const char *name)
{
    const char *text = gruvid_option_string(plugin, name);

    return text == NULL || *text == '\0' ? NULL : text;
}

static int
read_servers(struct nats_servers *servers, gruvid_plugin_t *plugin)
{
    size_t n;
    const char *const *urls = gruvid_option_list(plugin, "url", &n);

    if (n == 0 || n > NATS_SERVERS) {
        gruvid_plugin_fail(plugin, "url has to be there 1 to %d times",
                           NATS_SERVERS);
        return UV_EINVAL;
    }
    for (size_t i = 0; i < n; i++) {
        const char *why = nats_servers_add(servers, urls[i]);

        /* The text may have a password in it. */
        if (why != NULL) {
            gruvid_plugin_fail(plugin, "url number %zu %s", i + 1, why);
            return UV_EINVAL;
        }
    }
    servers->n_own = servers->n;
    return 0;
}

int
nats_settings_read(struct nats_settings *settings, struct nats_servers *servers,
                   gruvid_plugin_t *plugin)
{
    struct nats_settings read = {
        .user = text_of(plugin, "user"),
        .password = text_of(plugin, "password"),
        .token = text_of(plugin, "token"),
        .required =
            strcmp(gruvid_option_string(plugin, "connect"), "required") == 0,
        .ping_interval = gruvid_option_duration(plugin, "ping_interval"),
        .max_queued = gruvid_option_size(plugin, "max_queued"),
        .max_queued_bytes = gruvid_option_size(plugin, "max_queued_bytes"),
    };
    struct nats_servers found = {.n = 0};
    int err;

    if ((read.user == NULL) != (read.password == NULL) ||
        (read.user != NULL && read.token != NULL)) {
        gruvid_plugin_fail(plugin, "user and password go together, and not "
                                   "with token");
        return UV_EINVAL;
    }
    err = read_servers(&found, plugin);
    if (err < 0)
        return err;
    *settings = read;
    *servers = found;
    return 0;
}

static bool
is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
nats_settings_differ(const struct nats_settings *a,
                     const struct nats_settings *b)
{
    return !is_same(a->user, b->user) || !is_same(a->password, b->password) ||
           !is_same(a->token, b->token);
}
