/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "nkey.h"
#include "protocol.h"
#include "secure.h"

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
    {.name = "nkey",
     .type = GRUVID_SECRET,
     .help = "the seed of a user (SU...), with which the login is signed"},
    {.name = "credentials",
     .type = GRUVID_STRING,
     .help = "a file with a JWT and its seed (.creds), which is read for each "
             "connection: /PATH or credential:NAME"},
    {.name = "ca",
     .type = GRUVID_STRING,
     .help =
         "of TLS: a file (PEM) with the authorities of servers, in place of "
         "the system's; or credential:NAME"},
    {.name = "certificate",
     .type = GRUVID_STRING,
     .help =
         "of TLS: a file (PEM) with the certificate to show to servers, and "
         "the certificates up to its authority; or credential:NAME"},
    {.name = "key",
     .type = GRUVID_STRING,
     .help = "of TLS: a file (PEM) with the key of the certificate; or "
             "credential:NAME"},
    {.name = "connect",
     .type = GRUVID_STRING,
     .default_value = "eventually",
     .choices = connects,
     .help = "required: the start waits for the connection"},
    {.name = "route",
     .type = GRUVID_TARGET,
     .help = "which plugin answers a subject: api.users.* -> users"},
    {.name = "work",
     .type = GRUVID_TARGET,
     .help = "which plugin does the messages of a consumer: "
             "ORDERS/billing -> billing"},
    {.name = "max_deliveries",
     .type = GRUVID_INTEGER,
     .default_value = "5",
     .min = "1",
     .help = "how often a message of work is tried; or fewer, where the "
             "consumer says so"},
    {.name = "work_timeout",
     .type = GRUVID_DURATION,
     .default_value = "10m",
     .min = "10ms",
     .help = "how long a message of work may take"},
    {.name = "dead_letter",
     .type = GRUVID_STRING,
     .help = "the subject, of a stream, for messages of work that cannot be "
             "done"},
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
    {.name = "node",
     .type = GRUVID_STRING,
     .default_value = "auto",
     .help = "a name for gruvictl --cluster; auto: the host's; empty: none"},
    {.name = "prefix",
     .type = GRUVID_STRING,
     .default_value = "gruvid",
     .help = "the first token of subjects that nodes talk by"},
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

static bool
is_tls(const char *url)
{
    return strncmp(url, "tls://", 6) == 0;
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
    servers->led = NATS_SERVERS;
    servers->tls |= is_tls(urls[0]);
    for (size_t i = 0; i < n; i++) {
        const char *why = nats_servers_add(servers, urls[i]);

        if (why == NULL && is_tls(urls[i]) != is_tls(urls[0]))
            why = is_tls(urls[0]) ? "is not tls:// as number 1 is"
                                  : "is tls://, and number 1 is not";
        /* The text may have a password in it. */
        if (why != NULL) {
            gruvid_plugin_fail(plugin, "url number %zu %s", i + 1, why);
            return UV_EINVAL;
        }
    }
    servers->n_own = servers->n;
    return 0;
}

/* Dots separate the tokens of a subject. */
static bool
take_host_name(char *name)
{
    char host[256];
    size_t room = sizeof host;

    if (uv_os_gethostname(host, &room) < 0)
        return false;
    snprintf(name, NATS_NODE_NAME, "%.*s", NATS_NODE_NAME - 1, host);
    for (char *c = name; *c != '\0'; c++)
        if (!nats_is_node_name(c, 1))
            *c = '-';
    return *name != '\0';
}

static int
read_names(struct nats_settings *settings, gruvid_plugin_t *plugin)
{
    const char *node = gruvid_option_string(plugin, "node");
    const char *prefix = gruvid_option_string(plugin, "prefix");

    if (!nats_is_node_name(prefix, strlen(prefix))) {
        gruvid_plugin_fail(plugin,
                           "prefix: \"%s\" is not of letters, digits, "
                           "'-' and '_', 1 to %d of them",
                           prefix, NATS_NODE_NAME - 1);
        return UV_EINVAL;
    }
    snprintf(settings->prefix, sizeof settings->prefix, "%s", prefix);
    if (strcmp(node, "auto") == 0 && take_host_name(settings->node))
        return 0;
    if (*node != '\0' &&
        (strcmp(node, "auto") == 0 || !nats_is_node_name(node, strlen(node)))) {
        gruvid_plugin_fail(plugin,
                           "node: \"%s\" is not of letters, digits, "
                           "'-' and '_', 1 to %d of them",
                           node, NATS_NODE_NAME - 1);
        return UV_EINVAL;
    }
    snprintf(settings->node, sizeof settings->node, "%s", node);
    return 0;
}

/* Nothing says what a value is. */
static int
check_login(const struct nats_settings *settings, gruvid_plugin_t *plugin)
{
    int ways = (settings->user != NULL || settings->password != NULL) +
               (settings->token != NULL) + (settings->nkey != NULL) +
               (settings->credentials != NULL);
    const char *name = settings->nkey != NULL ? "nkey" : "credentials";
    const char *why = NULL;
    unsigned char seed[NATS_SEED];
    char path[PATH_MAX];

    if ((settings->user == NULL) != (settings->password == NULL) || ways > 1) {
        gruvid_plugin_fail(plugin, "user and password go together, and not "
                                   "with token, nkey or credentials, of which "
                                   "there is one at most");
        return UV_EINVAL;
    }
    if (settings->nkey != NULL)
        why = nats_seed_read(seed, settings->nkey, strlen(settings->nkey));
    if (settings->credentials != NULL)
        why = nats_secure_path(settings->credentials, path, sizeof path);
    explicit_bzero(seed, sizeof seed);
    if (why == NULL && !nats_can_sign() &&
        (settings->nkey != NULL || settings->credentials != NULL))
        why = "is not possible: plugins/nats was built without OpenSSL";
    if (why == NULL)
        return 0;
    gruvid_plugin_fail(plugin, "%s %s", name, why);
    return UV_EINVAL;
}

int
nats_settings_read(struct nats_settings *settings, struct nats_servers *servers,
                   gruvid_plugin_t *plugin)
{
    struct nats_settings read = {
        .user = text_of(plugin, "user"),
        .password = text_of(plugin, "password"),
        .token = text_of(plugin, "token"),
        .nkey = text_of(plugin, "nkey"),
        .credentials = text_of(plugin, "credentials"),
        .ca = text_of(plugin, "ca"),
        .certificate = text_of(plugin, "certificate"),
        .key = text_of(plugin, "key"),
        .required =
            strcmp(gruvid_option_string(plugin, "connect"), "required") == 0,
        .ping_interval = gruvid_option_duration(plugin, "ping_interval"),
        .dead_letter = text_of(plugin, "dead_letter"),
        .work_timeout = gruvid_option_duration(plugin, "work_timeout"),
        .max_deliveries =
            (uint64_t)gruvid_option_integer(plugin, "max_deliveries"),
        .max_queued = gruvid_option_size(plugin, "max_queued"),
        .max_queued_bytes = gruvid_option_size(plugin, "max_queued_bytes"),
    };
    struct nats_servers found = {
        .tls = read.ca != NULL || read.certificate != NULL || read.key != NULL};
    int err;

    err = check_login(&read, plugin);
    if (err < 0)
        return err;
    if (read.dead_letter != NULL &&
        (!nats_is_subject(read.dead_letter, strlen(read.dead_letter)) ||
         *read.dead_letter == '$' || strlen(read.dead_letter) > 1024)) {
        gruvid_plugin_fail(plugin,
                           "dead_letter %s: that is not a subject to "
                           "publish to",
                           read.dead_letter);
        return UV_EINVAL;
    }
    err = read_names(&read, plugin);
    if (err == 0)
        err = read_servers(&found, plugin);
    read.wants_tls = found.tls;
    if (err == 0 && found.tls)
        err = nats_secure_read(&read, plugin);
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
           !is_same(a->token, b->token) || !is_same(a->nkey, b->nkey) ||
           !is_same(a->credentials, b->credentials) || !is_same(a->ca, b->ca) ||
           !is_same(a->certificate, b->certificate) ||
           !is_same(a->key, b->key) || a->wants_tls != b->wants_tls ||
           strcmp(a->node, b->node) != 0 || strcmp(a->prefix, b->prefix) != 0;
}

void
nats_settings_free(struct nats_settings *settings)
{
    gruvi_tls_unref(settings->tls);
    settings->tls = NULL;
}

bool
nats_settings_bury_elsewhere(const struct nats_settings *a,
                             const struct nats_settings *b)
{
    return !is_same(a->dead_letter, b->dead_letter);
}
