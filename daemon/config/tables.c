/* SPDX-License-Identifier: MIT */
/*
 * The options that gruvid itself has.  gruvid --describe prints these tables;
 * a test compares them with gruvid.conf(5) and with conf/gruvid.conf.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/internal.h"

#define KEYS(array)                                                            \
    {                                                                          \
        (array), sizeof(array) / sizeof *(array), NULL                         \
    }

static const char *const only_auto[] = {"auto", NULL};
static const char *const log_levels[] = {"debug", "info", "warning", "error",
                                         NULL};
static const char *const stall_actions[] = {"log", "abort", NULL};
static const char *const reload_ways[] = {"beside", "replace", NULL};
static const char *const log_formats[] = {"text", "json", "logfmt", NULL};

static bool
accept_path(const char *text, gruvid__why_t *why)
{
    gruvid__shown_t shown;

    if (*text == '/')
        return true;
    return gruvid__why(why, "\"%s\" is not an absolute path",
                       gruvid__shown(&shown, text));
}

static bool
accept_file(const char *text, gruvid__why_t *why)
{
    return *text == '\0' || accept_path(text, why);
}

static bool
accept_socket(const char *text, gruvid__why_t *why)
{
    const size_t max = sizeof((struct sockaddr_un *)0)->sun_path - 1;

    if (*text == '\0')
        return true;
    if (strlen(text) > max)
        return gruvid__why(why,
                           "the path of the socket is too long: %zu bytes "
                           "are the most",
                           max);
    return accept_path(text, why);
}

/* Room for an entry of a user or group.  If it needs more, there is one. */
#define LOOKUP 4096

/* Whether the system could not look, where nobody was found. */
static bool
is_blind(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOMEM || err == EIO;
}

static bool
accept_user(const char *text, gruvid__why_t *why)
{
    gruvid__shown_t shown;
    struct passwd entry, *found = NULL;
    char room[LOOKUP];
    int err;

    if (*text == '\0')
        return true;
    err = getpwnam_r(text, &entry, room, sizeof room, &found);
    if (found != NULL || err == ERANGE)
        return true;
    gruvid__shown(&shown, text);
    if (is_blind(err))
        return gruvid__why(why, "user \"%s\" cannot be looked up: %s",
                           shown.text, strerror(err));
    return gruvid__why(why, "there is no user \"%s\"", shown.text);
}

static bool
accept_group(const char *text, gruvid__why_t *why)
{
    gruvid__shown_t shown;
    struct group entry, *found = NULL;
    char room[LOOKUP];
    int err;

    if (*text == '\0')
        return true;
    err = getgrnam_r(text, &entry, room, sizeof room, &found);
    if (found != NULL || err == ERANGE)
        return true;
    gruvid__shown(&shown, text);
    if (is_blind(err))
        return gruvid__why(why, "group \"%s\" cannot be looked up: %s",
                           shown.text, strerror(err));
    return gruvid__why(why, "there is no group \"%s\"", shown.text);
}

/* Four digits at most, and somebody may connect. */
static bool
accept_mode(const char *text, gruvid__why_t *why)
{
    size_t digits = strspn(text, "01234567");
    unsigned long mode = strtoul(text, NULL, 8);
    gruvid__shown_t shown;

    if (*text == '\0' ||
        (text[digits] == '\0' && digits >= 3 && mode > 0 && mode <= 0777))
        return true;
    return gruvid__why(why,
                       "\"%s\" is not a mode in octal digits, such as 0660",
                       gruvid__shown(&shown, text));
}

/* A file, or a credential of the service manager. */
static bool
accept_credential(const char *text, gruvid__why_t *why)
{
    return strncmp(text, "credential:", 11) == 0 || accept_file(text, why);
}

static bool
accept_target(const char *text, gruvid__why_t *why)
{
    gruvid__suggestion_t s = {.word = text};
    gruvid__shown_t shown;

    if (strcmp(text, "auto") == 0 || strcmp(text, "stderr") == 0)
        return true;
    if (strncmp(text, "file:", 5) == 0)
        return accept_path(text + 5, why);
    gruvid__suggest(&s, "auto");
    gruvid__suggest(&s, "stderr");
    gruvid__shown(&shown, text);
    if (s.best != NULL)
        return gruvid__why(why, "\"%s\" is not a target; did you mean \"%s\"?",
                           shown.text, s.best);
    return gruvid__why(why, "\"%s\" is not auto, stderr or file:/PATH",
                       shown.text);
}

static bool
accept_module(const char *text, gruvid__why_t *why)
{
    gruvid__shown_t shown;

    if (*text == '\0' || gruvid__is_plugin_name(text))
        return true;
    gruvid__shown(&shown, text);
    if (strchr(text, '/') != NULL)
        return gruvid__why(why,
                           "\"%s\" is a path; a module is named only and "
                           "looked for in gruvid.plugin_dir",
                           shown.text);
    return gruvid__why(why,
                       "\"%s\" is not the name of a module: a-z, 0-9, _ and -, "
                       "at most %d characters",
                       shown.text, GRUVID__MAX_NAME);
}

static const gruvid__key_t gruvid_keys[] = {
    {.change = GRUVID__CHANGED_PROCESS,
     .option = {.name = "hubs",
                .type = GRUVID_INTEGER,
                .default_value = "1",
                .min = "1",
                .max = "256",
                .choices = only_auto,
                .help =
                    "event loops, one thread each; auto: as many as cores"}},
    {.change = GRUVID__CHANGED_PROCESS,
     .option =
         {.name = "plugin_dir",
          .default_value = GRUVID_PLUGINDIR,
          .help =
              "the folder in which modules are looked for, an absolute path"},
     .accept = accept_path},
    {.change = GRUVID__CHANGED_PROCESS,
     .option = {.name = "control",
                .default_value = "",
                .help =
                    "path of the control socket, for gruvictl; empty: none"},
     .accept = accept_socket},
    {.change = GRUVID__CHANGED_PROCESS,
     .option = {.name = "control_group",
                .default_value = "",
                .help = "the group whose members may look, by gruvictl, at how "
                        "gruvid is; empty: gruvid's own"},
     .accept = accept_group},
    {.change = GRUVID__CHANGED_PROCESS,
     .option = {.name = "user",
                .default_value = "",
                .help =
                    "the user to become once every address is bound; empty: no "
                    "change"},
     .accept = accept_user},
    {.option = {.name = "lame_duck",
                .type = GRUVID_DURATION,
                .default_value = "0s",
                .help = "how long gruvid goes on accepting connections when it "
                        "stops, and says that it is not ready"}},
    {.option =
         {.name = "drain_timeout",
          .type = GRUVID_DURATION,
          .default_value = "30s",
          .help =
              "how long connections may go on when gruvid stops, before they "
              "are cancelled"}},
    {.option =
         {.name = "cancel_timeout",
          .type = GRUVID_DURATION,
          .default_value = "5s",
          .help = "how long cancelled fibers may take to end, before they are "
                  "abandoned"}},
    {.option = {.name = "stall_warning",
                .type = GRUVID_DURATION,
                .default_value = "100ms",
                .help = "a turn of an event loop that takes longer is logged, "
                        "with the fiber that keeps it; 0: none is"}},
    {.option = {.name = "stall_action",
                .default_value = "log",
                .choices = stall_actions,
                .help = "log: a turn that takes too long is logged only; "
                        "abort: then gruvid ends, with a core file"}},
    {.option =
         {.name = "include",
          .type = GRUVID_LIST,
          .help = "files or patterns to read after this file, relative to it"},
     .repeats = true},
};

static const gruvid__key_t hub_keys[] = {
    {.option = {.name = "ignore_interrupt",
                .type = GRUVID_BOOL,
                .default_value = "no",
                .help =
                    "no: SIGINT stops gruvid, a second one at once; yes: it is "
                    "ignored"}},
};

static const gruvid__key_t pool_keys[] = {
    {.option = {.name = "cpu_threads",
                .type = GRUVID_INTEGER,
                .default_value = "auto",
                .min = "1",
                .max = "1024",
                .choices = only_auto,
                .help = "threads for computations; auto: as many as cores"}},
    {.option = {.name = "io_threads",
                .type = GRUVID_INTEGER,
                .default_value = "20",
                .min = "1",
                .max = "1024",
                .help = "threads for blocking calls"}},
};

static const gruvid__key_t fiber_keys[] = {
    {.change = GRUVID__CHANGED_PROCESS,
     .option = {.name = "stack_size",
                .type = GRUVID_SIZE,
                .default_value = "128K",
                .min = "16K",
                .max = "1G",
                .help = "the stack of a fiber"}},
    {.change = GRUVID__CHANGED_PROCESS,
     .option = {.name = "guard_size",
                .type = GRUVID_SIZE,
                .default_value = "0",
                .min = "0",
                .max = "64M",
                .help = "the least guard below a stack; 0: an eighth of it"}},
    {.option =
         {.name = "max_fibers",
          .type = GRUVID_INTEGER,
          .default_value = "0",
          .min = "0",
          .max = "1000000000",
          .help =
              "the most fibers of a hub at a time; 0: as many as the machine "
              "allows"}},
};

static const gruvid__key_t log_keys[] = {
    {.option = {.name = "level",
                .default_value = "info",
                .choices = log_levels,
                .help = "the least level that is logged"}},
    {.option =
         {.name = "target",
          .default_value = "auto",
          .help =
              "auto, stderr or file:/PATH; auto: the journal if stderr is it, "
              "else stderr"},
     .accept = accept_target},
    {.option = {.name = "format",
                .default_value = "text",
                .choices = log_formats,
                .help = "how a record looks"}},
};

const gruvid__builtin_t gruvid__builtins[] = {
    {"gruvid", "the daemon", KEYS(gruvid_keys)},
    {"hub", "event loops", KEYS(hub_keys)},
    {"pools", "pools of threads, one each a process", KEYS(pool_keys)},
    {"fibers", "fibers of all plugins", KEYS(fiber_keys)},
    {"log", "what is logged, where to and how", KEYS(log_keys)},
    {NULL, NULL, {NULL, 0, NULL}},
};

static const gruvid__key_t plugin_keys[] = {
    {.change = GRUVID__CHANGED_MODULE,
     .option =
         {.name = "module",
          .default_value = "",
          .help = "the module to load, a bare name; empty: the section's name"},
     .accept = accept_module},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "listen",
                .type = GRUVID_ADDRESS,
                .help = "an address to serve connections on"},
     .repeats = true},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "listen_mode",
                .default_value = "",
                .help = "permissions of the files of unix:/ addresses, in "
                        "octal; empty: by the umask"},
     .accept = accept_mode},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "listen_owner",
                .default_value = "",
                .help = "the owner of the files of unix:/ addresses; empty: "
                        "the user that gruvid becomes"},
     .accept = accept_user},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "listen_group",
                .default_value = "",
                .help = "the group of the files of unix:/ addresses; empty: "
                        "that of the user that gruvid becomes"},
     .accept = accept_group},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "backlog",
                .type = GRUVID_INTEGER,
                .default_value = "1024",
                .min = "1",
                .max = "65535",
                .help = "the most connections that the kernel queues for an "
                        "address, until they are accepted"}},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "keepalive",
                .type = GRUVID_DURATION,
                .default_value = "0",
                .max = "9h",
                .help = "a TCP peer without traffic for so long is asked "
                        "whether it is there; 0: never"}},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "dual_stack",
                .type = GRUVID_BOOL,
                .default_value = "no",
                .help = "whether [::] stands for every IPv4 address, too"}},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "proxy_protocol",
                .type = GRUVID_BOOL,
                .default_value = "no",
                .help = "whether each connection begins with a header of the "
                        "PROXY protocol that names its client"}},
    {.change = GRUVID__CHANGED_LISTEN,
     .option = {.name = "trusted_proxy",
                .type = GRUVID_LIST,
                .help = "a network of proxies that are believed, such as "
                        "10.0.0.0/8; or unix:"},
     .repeats = true,
     .accept = gruvid__accept_proxy},
    {.change = GRUVID__CHANGED_TLS,
     .option = {.name = "tls_certificate",
                .help =
                    "of tls:// addresses: a file (PEM) with the "
                    "certificate, and the certificates up to its authority; or "
                    "credential:NAME"},
     .accept = accept_credential},
    {.change = GRUVID__CHANGED_TLS,
     .option = {.name = "tls_key",
                .help = "of tls:// addresses: a file (PEM) with the key of "
                        "the certificate; or credential:NAME"},
     .accept = accept_credential},
    {.change = GRUVID__CHANGED_TLS,
     .option = {.name = "tls_client_ca",
                .help =
                    "of tls:// addresses: a file (PEM) with the authorities of "
                    "which every client has to show a certificate, or "
                    "credential:NAME; empty: none"},
     .accept = accept_credential},
    {.option =
         {.name = "max_connections",
          .type = GRUVID_INTEGER,
          .default_value = "0",
          .min = "0",
          .max = "1000000000",
          .help =
              "the most connections at a time, of all hubs together; more wait "
              "to be accepted; 0: no limit"}},
    {.option =
         {.name = "max_fibers",
          .type = GRUVID_INTEGER,
          .default_value = "0",
          .min = "0",
          .max = "1000000000",
          .help =
              "the most fibers at a time, of each hub; connections wait, and "
              "to spawn one more is EAGAIN; 0: no limit"}},
    {.option =
         {.name = "read_timeout",
          .type = GRUVID_DURATION,
          .default_value = "0",
          .help =
              "the most that a single read or write of a connection may take; "
              "0: no limit"}},
    {.option =
         {.name = "idle_timeout",
          .type = GRUVID_DURATION,
          .default_value = "0",
          .help =
              "a connection without traffic either way for so long is ended; "
              "0: never"}},
    {.option =
         {.name = "reload",
          .default_value = "beside",
          .choices = reload_ways,
          .help = "where a reload makes a new generation of the plugin: beside "
                  "the old one, or once the old one has stopped (replace)"}},
    {.option = {.name = "start_timeout",
                .type = GRUVID_DURATION,
                .default_value = "30s",
                .min = "1ms",
                .help = "how long the start of the plugin may take, and what a "
                        "reload has it do"}},
};

const gruvid__table_t gruvid__plugin_keys = KEYS(plugin_keys);

static const gruvid__key_t request_keys[] = {
    {.change = GRUVID__CHANGED_LIVE,
     .option = {.name = "request_timeout",
                .type = GRUVID_DURATION,
                .default_value = "30s",
                .help = "of a plugin that answers requests: how long it may "
                        "take to begin its answer; 0: no limit"}},
    {.change = GRUVID__CHANGED_LIVE,
     .option = {.name = "max_body",
                .type = GRUVID_SIZE,
                .default_value = "1M",
                .help = "of a plugin that answers requests: the most bytes "
                        "that the body of a request may have"}},
};

const gruvid__table_t gruvid__request_keys = KEYS(request_keys);

const gruvid__key_t *
gruvid__find_key(const gruvid__table_t *table, const char *name)
{
    for (size_t i = 0; i < table->length; i++) {
        if (strcmp(table->keys[i].option.name, name) == 0)
            return &table->keys[i];
    }
    return NULL;
}

bool
gruvid__is_reserved(const char *key)
{
    static const char *const later[] = {"cancel_timeout", "drain_timeout",
                                        "hubs", "log_level", "stop_timeout"};

    if (gruvid__find_key(&gruvid__plugin_keys, key) != NULL)
        return true;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (strcmp(key, later[i]) == 0)
            return true;
    }
    return strncmp(key, "tls_", 4) == 0 || strncmp(key, "gruvid_", 7) == 0;
}
