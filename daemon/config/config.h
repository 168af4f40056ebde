/* SPDX-License-Identifier: MIT */
/*
 * The configuration of gruvid, seen from the rest of the daemon.
 *
 *   gruvid__config_load()          files, includes and -o become sections;
 *        |                         gruvid's own keys are checked
 *        v
 *   for each plugin section        the loader opens its module, and
 *     gruvid__config_check_plugin()    gives the table from its descriptor, or
 *     gruvid__section_error()          says why there is none
 *        |
 *        v
 *   gruvid__config_mistakes()      0: the getters may be used
 *   gruvid__config_print_mistakes()    else: everything at once, exit 78
 *
 * A mistake of the operator is not an error of a function here: it is recorded,
 * and work goes on, so that the next mistake is found too.  Functions that
 * return int fail only without memory (UV_ENOMEM) or by misuse (UV_EINVAL).
 *
 * The config owns everything until gruvid__config_free(): sections, values, and
 * all text that they point to.  Nothing here is thread-safe.  Loading must not
 * run beside another user of inih, whose settings are process-wide; they are
 * set for the load and put back.
 *
 * Depends on libc, inih and libuv's error codes alone.
 */
#ifndef GRUVID__CONFIG_H
#define GRUVID__CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <gruvi/stream.h>

#include "gruvid/option.h"

struct gruvid__proxies;
struct gruvid__routes;

typedef struct gruvid__config gruvid__config_t;
typedef struct gruvid__section gruvid__section_t;

/*
 * A checked value.  Valid once the config has no mistakes; read-only.
 */
typedef struct gruvid__value {
    const gruvid_option_t *option; /* what it was checked against */

    /* Where it was set; file is NULL for a default, "-o" for the command line
     * (line then counts the -o options from 1). */
    const char *file;
    unsigned line;

    /* The text, unquoted; of a secret, what it stands for.  NULL: not set and
     * no default.  Not used for lists. */
    const char *text;

    /* By option->type; 0 also when text is one of the option's words, so what
     * has all of the room is the first member: { 0 } need not clear another. */
    union gruvid__number {
        int64_t integer;
        bool boolean;
        double number; /* also a duration, in seconds */
        uint64_t size; /* bytes */
    } as;

    /* GRUVID_LIST, GRUVID_ROUTE, GRUVID_TARGET and "listen": the items in
     * order, ended by NULL. */
    const char *const *list;
    size_t list_length;

    struct gruvid__routes *routes; /* GRUVID_ROUTE: what the items are */
} gruvid__value_t;

/* Loading. */

/*
 * Read a configuration and check everything of it that gruvid itself knows: all
 * built-in sections, and in plugin sections the keys that every plugin has.
 *
 *   config       the result; NULL on failure
 *   path         the file; NULL: no file, built-in defaults and overrides only
 *   overrides    the arguments of -o in order, "section.key=value"; they come
 *                last and win; borrowed for the call.  Messages about what
 *                begins with "--run " name that in place of -o
 *   n_overrides  how many
 *
 * A file that cannot be read is a mistake like any other.
 *
 * Returns 0; free the config with gruvid__config_free().
 * Errors:  UV_ENOMEM.
 */
int gruvid__config_load(gruvid__config_t **config, const char *path,
                        const char *const *overrides, size_t n_overrides);

/*
 * The same while a configuration runs.
 *
 *   before  what was read last; borrowed until gruvid__config_forget().  A file
 * that may not be read any more, and has not changed by its stat, is what it
 * was there; NULL: as above
 */
int gruvid__config_load_again(gruvid__config_t **config,
                              gruvid__config_t *before, const char *path,
                              const char *const *overrides, size_t n_overrides);

/* That is over: before may be freed. */
void gruvid__config_forget(gruvid__config_t *config);

/* Call a function with each file that was read: of the configuration, of
 * secrets, and of credentials. */
void gruvid__config_each_file(const gruvid__config_t *config,
                              void (*fn)(void *arg, const char *path),
                              void *arg);

/* Whether an argument of -o has the form section.key=value. */
bool gruvid__is_override_sound(const char *argument);

/* SYSCONFDIR/gruvid/gruvid.conf, which is read without -c. */
const char *gruvid__config_default_path(void);

/* Give back the reference that gruvid__config_load() gave.  With the last one
 * all is wiped and freed.  NULL is fine. */
void gruvid__config_free(gruvid__config_t *config);

/* Another reference. */
gruvid__config_t *gruvid__config_ref(gruvid__config_t *config);

/*
 * A reference to the config of a section, for text that is used for longer than
 * the config; gruvid__section_drop() gives it back, NULL is fine.
 *
 * Context: any thread.
 */
gruvid__section_t *gruvid__section_hold(gruvid__section_t *section);
void gruvid__section_drop(gruvid__section_t *section);

/*
 * The second step for a plugin section: check the keys that are not gruvid's
 * own against the plugin's table, and the table itself (a broken table is a
 * mistake that names the module).
 *
 *   options      from the descriptor; NULL: the plugin has none.  Copied, but
 *                not the text it points to
 *   option_size  sizeof(gruvid_option_t) when the plugin was compiled, from its
 *                ELF note: an older, shorter one is fine
 *
 * Without this call, a section has only gruvid's own values and its other keys
 * are not judged; then gruvid__section_error() has to say why its module could
 * not be loaded.
 *
 * Errors:  UV_ENOMEM; UV_EINVAL: not a plugin section, called before for it,
 *          or option_size too small to be one.
 */
int gruvid__config_check_plugin(gruvid__config_t *config,
                                gruvid__section_t *section,
                                const gruvid_option_t *options,
                                size_t option_size);

/* Mistakes. */

/*
 * Record a mistake.
 *
 *   file     NULL: it belongs to no file (not printed)
 *   line     0: to no line (not printed; nor is that of "-o")
 *   section  NULL: none; "log", "plugin echo"
 *   key      NULL: none
 *   format   what is wrong; text from outside may be passed as it is, control
 *            characters are escaped when it is printed
 *
 * Never quote a value that may be a secret.  Without memory, the config counts
 * the mistake, and says so when it prints.
 */
void gruvid__config_error(gruvid__config_t *config, const char *file,
                          unsigned line, const char *section, const char *key,
                          const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/*
 * The same, at the line where the section sets the key, or else at the
 * section's header.  The loader reports a module that does not load like this:
 *
 *     gruvid__section_error(section, "module", "%s: not a plugin", path);
 */
void gruvid__section_error(gruvid__section_t *section, const char *key,
                           const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what is no mistake, and may surprise: gruvid -t says it. */
void gruvid__section_note(gruvid__section_t *section, const char *key,
                          const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How many mistakes so far. */
size_t gruvid__config_mistakes(const gruvid__config_t *config);

/*
 * Print all mistakes, one a line, sorted by file (in the order of reading; -o
 * last) and line:
 *
 *     gruvid.conf:12: log.levle: unknown key; did you mean "level"?
 */
void gruvid__config_print_mistakes(gruvid__config_t *config, FILE *out);

/* The same for notes. */
void gruvid__config_print_notes(const gruvid__config_t *config, FILE *out);

/* Sections. */

/*
 * A section by its name as in the file: "gruvid", "hub", "pools", "fibers",
 * "log" always exist, whether the file has them or not; "plugin echo" if it is
 * configured.  NULL: no such section.
 */
gruvid__section_t *gruvid__config_section(gruvid__config_t *config,
                                          const char *name);

/*
 * The plugin sections in the order of the file, which is the order of start:
 *
 *     gruvid__section_t *s = NULL;
 *     while ((s = gruvid__config_next_plugin(config, s)) != NULL)
 */
gruvid__section_t *gruvid__config_next_plugin(gruvid__config_t *config,
                                              gruvid__section_t *section);

/* "plugin echo" */
const char *gruvid__section_name(const gruvid__section_t *section);

/* "echo", or NULL for a built-in section. */
const char *gruvid__section_plugin(const gruvid__section_t *section);

/*
 * The module to load for a plugin section: its key "module", or its name.  A
 * bare name, [a-z0-9][a-z0-9_-]{0,31}, also when the configuration has
 * mistakes; NULL when "module" itself is one (it is recorded; do not load).
 */
const char *gruvid__section_module(const gruvid__section_t *section);

/* A pointer of the caller's own to the module of a section; NULL at first. */
void gruvid__section_set_loaded(gruvid__section_t *section, const void *module);
const void *gruvid__section_loaded(const gruvid__section_t *section);

/* Comparing. */

typedef enum gruvid__change {
    GRUVID__CHANGED_OPTIONS = 1, /* the plugin's own */
    GRUVID__CHANGED_MODULE = 2,
    GRUVID__CHANGED_LISTEN = 4, /* addresses, and how their sockets are made */
    GRUVID__CHANGED_TLS = 8,    /* certificates and such, by their content */
    GRUVID__CHANGED_LIVE = 16,  /* limits, timeouts: no function is called */
    GRUVID__CHANGED_PROCESS = 32, /* what only another process can have */
} gruvid__change_t;

/* What has changed from a plugin section that runs to another, which was read:
 * gruvid__change_t, or'ed.  Both are without mistakes. */
unsigned gruvid__section_compare(const gruvid__section_t *runs,
                                 const gruvid__section_t *read);

/* The keys of a plugin section that have another value: "listen, backlog". */
void gruvid__section_changed_keys(const gruvid__section_t *runs,
                                  const gruvid__section_t *read, char *buf,
                                  size_t size);

/* Whether two sections have another value of a key. */
bool gruvid__section_differs(const gruvid__section_t *a,
                             const gruvid__section_t *b, const char *key);

/* Proxies. */

/*
 * What a section says of proxies: trusted_proxy and proxy_protocol.
 *
 *   proxies  owned by the caller; NULL on failure
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 */
int gruvid__section_proxies(const gruvid__section_t *section,
                            struct gruvid__proxies **proxies);

/* With all that they have replaced. */
void gruvid__proxies_free(struct gruvid__proxies *proxies);

/* Put others in place of those that threads look at: these stay until the new
 * ones are freed. */
void gruvid__proxies_replace(struct gruvid__proxies **proxies,
                             struct gruvid__proxies *next);

bool gruvid__proxies_equal(const struct gruvid__proxies *a,
                           const struct gruvid__proxies *b);

/* Whether each connection begins with a header of the PROXY protocol. */
bool gruvid__proxies_send_header(const struct gruvid__proxies *proxies);

/* Whether a peer is trusted: "tcp://192.0.2.1:4711", "unix:", or an address
 * alone.  Context: any thread. */
bool gruvid__proxies_trust(const struct gruvid__proxies *proxies,
                           const char *peer);

/* Routes. */

/* The plugin of a section answers requests: gruvid has a few more keys of its
 * own there.  Before gruvid__config_check_plugin(). */
void gruvid__section_set_answers(gruvid__section_t *section);

/* The routes of a section: of its option of that type.  NULL: it has none. */
struct gruvid__routes *gruvid__section_routes(const gruvid__section_t *section);

/* Whether two sections have other routes. */
bool gruvid__section_routes_differ(const gruvid__section_t *a,
                                   const gruvid__section_t *b);

/*
 * Look at the routes of all sections: each has to lead to a section, whose
 * plugin answers requests.
 *
 *   answers  whether the plugin of a section does
 */
void
gruvid__config_check_routes(gruvid__config_t *config,
                            bool (*answers)(const gruvid__section_t *section));

/*
 * Call a function for each key of a built-in section that has another value.
 *
 *   change  which keys: GRUVID__CHANGED_LIVE or GRUVID__CHANGED_PROCESS
 */
void gruvid__config_each_change(gruvid__config_t *runs, gruvid__config_t *read,
                                gruvid__change_t change,
                                void (*fn)(void *arg, const char *section,
                                           const char *key, const char *now,
                                           const char *then),
                                void *arg);

/* Values. */

/* NULL: the section has no such option. */
const gruvid__value_t *gruvid__section_value(const gruvid__section_t *section,
                                             const char *key);

/* Each value that gruvid__section_value() knows, by a number from 0; NULL:
 * there are no more. */
const gruvid__value_t *gruvid__section_at(const gruvid__section_t *section,
                                          size_t number);

/*
 * Shortcuts.  Where an option does not exist or has another type, they return
 * false, 0, NULL or an empty list.  gruvid__section_string() returns the text
 * of every type but lists ("auto", "30s", an address, a secret).
 */
const char *gruvid__section_string(const gruvid__section_t *section,
                                   const char *key);
bool gruvid__section_bool(const gruvid__section_t *section, const char *key);
int64_t gruvid__section_integer(const gruvid__section_t *section,
                                const char *key);
double gruvid__section_number(const gruvid__section_t *section,
                              const char *key);
uint64_t gruvid__section_size(const gruvid__section_t *section,
                              const char *key);
double gruvid__section_duration(const gruvid__section_t *section,
                                const char *key);

/* Ended by NULL; never NULL itself.  length may be NULL. */
const char *const *gruvid__section_list(const gruvid__section_t *section,
                                        const char *key, size_t *length);

/*
 * Built-in sections and keys, with the type of each; the tables themselves are
 * in tables.c:
 *
 *   [gruvid]  hubs             integer, at most 256; 0 for "auto": the cores
 *             plugin_dir       string, an absolute path
 *             control          string, "" or an absolute path
 *             control_group    string, "" or the name of a group that exists
 *             user             string, "" or the name of a user that exists
 *             drain_timeout    duration
 *             cancel_timeout   duration
 *             include          list; done by the load
 *   [hub]     ignore_interrupt bool
 *   [pools]   cpu_threads      integer; 0 for "auto": the cores
 *             io_threads       integer
 *   [fibers]  stack_size       size
 *             guard_size       size
 *             max_fibers       integer; 0: no limit
 *   [log]     level            string: debug, info, warning, error
 *             target           string: auto, stderr, file:/PATH
 *             format           string: text, json
 *   [plugin]  module           string; use gruvid__section_module()
 *             listen           list of addresses, checked; may be empty
 *             listen_mode      string: octal digits; "": by the umask
 *             listen_owner     string; use gruvid__section_socket_owner()
 *             listen_group     string; ""
 *             backlog          integer
 *             keepalive        duration; 0: none
 *             dual_stack       bool
 *             tls_certificate  string, tls_key, tls_client_ca too: paths of
 *                              files; use gruvid__section_tls()
 *             max_connections  integer; 0: no limit
 *             max_fibers       integer; 0: no limit
 *             read_timeout     duration of one read or write; 0: none
 *             idle_timeout     duration without traffic either way; 0: none
 *             reload           string: beside, replace
 *             start_timeout    duration; 30s
 *             request_timeout  duration, of a plugin that answers requests; 0:
 *                              no limit
 *             max_body         size, likewise
 */

/* Whether an address needs credentials. */
bool gruvid__is_tls(const char *address);

/* The credentials of a plugin section, made when it was checked: a reference of
 * the caller's.  NULL: no address of it is tls://. */
gruvi_tls_t *gruvid__section_tls(const gruvid__section_t *section);

/* Give the credentials of a section the names of its plugin's descriptor for
 * ALPN; NULL: none.  Borrowed for ever.  What cannot be done is a mistake. */
void gruvid__section_set_alpn(gruvid__section_t *section,
                              const char *const *alpn);

/* The owner of the socket files of a plugin section: listen_owner, or else the
 * user that gruvid becomes; "": nobody in particular. */
const char *gruvid__section_socket_owner(const gruvid__section_t *section);

/* What is set, for an operator. */

struct gruvid__setting {
    const char *section, *key;
    const gruvid__value_t *value;
    bool secret;  /* its text may not be shown */
    bool repeats; /* its value is a list */
};

typedef void gruvid__config_show_fn(const struct gruvid__setting *setting,
                                    void *arg);

/* Call a function for each option of each section, defaults included, in the
 * order of the file. */
void gruvid__config_show(const gruvid__config_t *config,
                         gruvid__config_show_fn *fn, void *arg);

/*
 * The text of a value as it may be shown: user and password of each URL in it
 * are replaced by "***".
 *
 * Returns memory that the caller owns, or NULL without memory.
 */
char *gruvid__config_mask(const char *text);

/* --describe. */

/* Every built-in section and the keys that every plugin has. */
void gruvid__describe_builtin(FILE *out);

/*
 * The options of a plugin, as in its descriptor; version, summary and options
 * may be NULL.
 */
void gruvid__describe_plugin(FILE *out, const char *name, const char *version,
                             const char *summary,
                             const gruvid_option_t *options,
                             size_t option_size);

#endif /* GRUVID__CONFIG_H */
