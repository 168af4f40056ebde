/* SPDX-License-Identifier: MIT */
/*
 * The table: see sockets.h.
 *
 *   first socket     bind     without SO_REUSEPORT, so that an address that any
 *                             program has taken is an error
 *                    listen
 *                    allow    SO_REUSEPORT: by now the address is ours
 *   the others       bind, listen    with SO_REUSEPORT
 *
 * So each hub has a queue of its own for a TCP port, and the kernel spreads the
 * connections over the queues.  A Unix socket has one queue, and so has an
 * inherited socket: there all hubs listen on one socket, and the first hub to
 * accept gets the connection.
 */
#include "serve/sockets.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/inherited.h"

#define KEY_SIZE 512

static bool
is_inherited(const char *text)
{
    return strncmp(text, "fd:", 3) == 0;
}

/* Each section gets a port of its own there. */
static bool
has_any_port(const char *text)
{
    size_t n = strlen(text);

    return n > 2 && strcmp(text + n - 2, ":0") == 0 &&
           strncmp(text, "unix:", 5) != 0;
}

/* tls://a:1 is tcp://a:1, and tls+fd:web is fd:web.  With port 0 it stays: two
 * addresses of a section would else be mistaken for each other. */
static void
make_key(char *key, size_t size, const char *text)
{
    if (strncmp(text, "tls+", 4) == 0)
        snprintf(key, size, "%s", text + 4);
    else if (strncmp(text, "tls://", 6) == 0 && !has_any_port(text))
        snprintf(key, size, "tcp%s", text + 3);
    else
        snprintf(key, size, "%s", text);
}

/* --- closing -------------------------------------------------------------- */

static void
close_listeners(struct gruvid__address *address)
{
    while (address->n > 0)
        gruvi_listener_close(address->listeners[--address->n]);
}

static void
free_address(struct gruvid__address *address)
{
    close_listeners(address);
    free(address->listeners);
    free(address->text);
    free(address);
}

static void
free_closed(struct gruvid__sockets *sockets)
{
    struct gruvid__address **link = &sockets->first;

    while (*link != NULL) {
        struct gruvid__address *address = *link;

        if (address->n > 0 || address->refs > 0) {
            link = &address->next;
            continue;
        }
        *link = address->next;
        free_address(address);
    }
}

/* --- opening -------------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
add_listener(struct gruvid__address *address, const char *text,
             const gruvi_listen_options_t *options)
{
    gruvi_listener_t **more =
        realloc(address->listeners, (address->n + 1) * sizeof(*more));
    int err;

    if (more == NULL)
        return UV_ENOMEM;
    address->listeners = more;
    err = gruvi_listen(&more[address->n], text, options);
    if (err == 0)
        address->n++;
    return err;
}

static GRUVI_SWITCHPOINT int
open_inherited(struct gruvid__address *address,
               const gruvi_listen_options_t *options)
{
    char text[32];
    int fd, err = 0;

    address->inherited = true;
    for (size_t i = 0; err == 0; i++) {
        fd = gruvid__inherited_find(address->text + 3, i);
        if (fd < 0)
            return i == 0 ? UV_EBADF : 0;
        snprintf(text, sizeof text, "fd:%d", fd);
        err = add_listener(address, text, options);
    }
    return err;
}

/* Let other sockets join the port, and open them. */
static GRUVI_SWITCHPOINT int
share_port(struct gruvid__address *address, size_t n,
           const gruvi_listen_options_t *options)
{
    gruvi_listen_options_t sharing = *options;
    char actual[GRUVI_ADDRESS_SIZE];
    int on = 1, err;

    if (setsockopt(gruvi__listener_fd(address->listeners[0]), SOL_SOCKET,
                   SO_REUSEPORT, &on, sizeof on) < 0)
        return uv_translate_sys_error(errno);
    err = gruvi_listener_address(address->listeners[0], actual, sizeof actual);
    sharing.reuse_port = true;
    while (err == 0 && address->n < n)
        err = add_listener(address, actual, &sharing);
    return err;
}

static GRUVI_SWITCHPOINT int
open_listeners(struct gruvid__address *address, size_t hubs)
{
    const struct gruvid__socket_settings *settings = &address->settings;
    gruvi_keepalive_t keepalive = gruvid__socket_keepalive(settings->keepalive);
    gruvi_listen_options_t options = {
        .backlog = settings->backlog,
        .mode = settings->mode,
        .dual_stack = address->dual_stack,
        .keepalive = settings->keepalive > 0 ? &keepalive : NULL,
    };
    char text[KEY_SIZE];
    int err;

    if (is_inherited(address->text))
        return open_inherited(address, &options);
    /* TLS is an endpoint's. */
    snprintf(text, sizeof text, "%s", address->text);
    if (strncmp(text, "tls://", 6) == 0)
        memcpy(text, "tcp", 3);
    err = add_listener(address, text, &options);
    if (err == 0 && hubs > 1 && strncmp(text, "unix:", 5) != 0)
        err = share_port(address, hubs, &options);
    return err;
}

/* --- what to do about it -------------------------------------------------- */

static const char *
hint(const struct gruvid__sockets *sockets, const char *text, int err)
{
    bool file = strncmp(text, "unix:", 5) == 0;

    if (is_inherited(text) &&
        (err == UV_EBADF || err == UV_ENOTSOCK || err == UV_EINVAL))
        return "; this has to be a socket that listens, inherited from the "
               "program that starts gruvid";
    switch (err) {
    case UV_EADDRINUSE:
        return file ? "; a program listens there, or the file is no socket: "
                      "stop the program, or set listen to another path"
                    : "; stop the program that has the port, or set listen to "
                      "another address";
    case UV_EACCES:
    case UV_EPERM:
        if (sockets->was_root && geteuid() != 0)
            return "; gruvid has given up root's rights, as user says: restart "
                   "it to listen there";
        return file ? "; gruvid may not write in the folder of the socket"
                    : "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    case UV_ENOENT:
        return file ? "; the folder of the socket is not there" : "";
    case UV_EADDRNOTAVAIL:
        return "; no interface of this machine has that address";
    default:
        return "";
    }
}

/* --- taking --------------------------------------------------------------- */

struct taking {
    struct gruvid__sockets *sockets;
    const gruvid__section_t *section;
    const char *name; /* of the section */
    size_t hubs;
    struct gruvid__taken *taken;
    char *why;
    size_t size; /* of why */
};

/* Add a reason, in a line of its own. */
static void __attribute__((format(printf, 2, 3)))
say(const struct taking *t, const char *format, ...)
{
    size_t length = strlen(t->why);
    va_list args;

    if (length > 0 && length + 1 < t->size) {
        t->why[length++] = '\n';
        t->why[length] = '\0';
    }
    va_start(args, format);
    vsnprintf(t->why + length, t->size - length, format, args);
    va_end(args);
}

/* open: what is in the way; NULL: nothing of gruvid's. */
static void
say_not_open(const struct taking *t, const char *text, int err,
             const struct gruvid__address *open)
{
    if (open == NULL)
        say(t, "cannot listen on %s: %s%s", text, gruvi_strerror(err),
            hint(t->sockets, text, err));
    else if (t->sockets->serving)
        say(t,
            "cannot listen on %s: it overlaps %s of plugin %s, which is open; "
            "reload once with neither of them, then with the new one, or "
            "restart gruvid",
            text, open->text, open->owner);
    else
        say(t,
            "cannot listen on %s: it overlaps %s of plugin %s; set listen to "
            "another address",
            text, open->text, open->owner);
}

static bool
is_taken(const struct taking *t, const struct gruvid__address *address)
{
    for (size_t i = 0; i < t->taken->n; i++)
        if (t->taken->at[i].address == address)
            return true;
    return false;
}

/* The open address of this text.  A file that is gone cannot be reached by
 * clients any more: it is made anew. */
static struct gruvid__address *
find(const struct taking *t, const char *key)
{
    struct gruvid__address *address = t->sockets->first;

    for (; address != NULL; address = address->next)
        if (address->n > 0 && strcmp(address->text, key) == 0 &&
            !is_taken(t, address) &&
            (!has_any_port(key) || strcmp(address->owner, t->name) == 0) &&
            gruvid__socket_file_is_there(address))
            return address;
    return NULL;
}

static struct gruvid__address *
new_address(const struct taking *t, const char *key)
{
    struct gruvid__address *address = calloc(1, sizeof *address);

    if (address == NULL)
        return NULL;
    address->text = strdup(key);
    if (address->text == NULL) {
        free(address);
        return NULL;
    }
    snprintf(address->owner, sizeof address->owner, "%s", t->name);
    address->dual_stack = gruvid__section_bool(t->section, "dual_stack");
    address->settings = t->taken->wanted;
    return address;
}

/* Whether another way to write an address of this section. */
static bool
is_own(const struct taking *t, const struct gruvid__address *open)
{
    return !is_taken(t, open) && strcmp(open->owner, t->name) == 0;
}

static GRUVI_SWITCHPOINT int
open_new(const struct taking *t, const char *text,
         struct gruvid__address *address, struct gruvid__address **open)
{
    bool same = false;
    int err = open_listeners(address, t->hubs);

    *open = NULL;
    if (err == UV_EADDRINUSE)
        *open = gruvid__sockets_overlap(t->sockets, address->text,
                                        address->dual_stack, &same);
    if (same && is_own(t, *open))
        return err;
    if (err < 0) {
        say_not_open(t, text, err, *open);
        *open = NULL;
        return err;
    }
    err = gruvid__socket_file_give(address, &address->settings);
    if (err < 0)
        say(t, "%s cannot be given to its owner: %s%s", text,
            gruvi_strerror(err),
            err == UV_EPERM ? "; only root gives files away: see listen_owner "
                              "and listen_group"
                            : "");
    return err;
}

/* At the end: the n-th address with port 0 of a section stays the n-th. */
static void
add(struct gruvid__sockets *sockets, struct gruvid__address *address)
{
    struct gruvid__address **link = &sockets->first;

    while (*link != NULL)
        link = &(*link)->next;
    *link = address;
}

static GRUVI_SWITCHPOINT int
open_address(const struct taking *t, const char *key, const char *text,
             struct gruvid__address **result)
{
    struct gruvid__address *address = new_address(t, key), *open;
    int err;

    if (address == NULL)
        return UV_ENOMEM;
    err = open_new(t, text, address, &open);
    if (err == 0) {
        add(t->sockets, address);
        *result = address;
        return 0;
    }
    free_address(address);
    *result = open;
    return open == NULL ? err : 0;
}

/* Whether what is open already can be had as the section says. */
static int
change_open(const struct taking *t, const char *text,
            struct gruvid__address *address)
{
    int err;

    if (strncmp(address->text, "tcp://[", 7) == 0 &&
        address->dual_stack != gruvid__section_bool(t->section, "dual_stack")) {
        say(t, "dual_stack cannot change while %s is open; restart gruvid",
            text);
        return UV_EADDRINUSE;
    }
    err = gruvid__socket_file_change(t->sockets, address, &address->settings,
                                     &t->taken->wanted);
    if (err < 0)
        say(t,
            "listen_mode, listen_owner or listen_group of %s cannot change: "
            "%s; restart gruvid",
            text, gruvi_strerror(err));
    return err;
}

static GRUVI_SWITCHPOINT int
take(const struct taking *t, const char *text)
{
    struct gruvid__address *address;
    char key[KEY_SIZE];
    int err = 0;

    make_key(key, sizeof key, text);
    address = find(t, key);
    if (address == NULL)
        err = open_address(t, key, text, &address);
    else
        err = change_open(t, text, address);
    if (err < 0)
        return err;
    address->users++;
    address->refs++;
    __atomic_store_n(&address->unused, false, __ATOMIC_RELAXED);
    t->taken->at[t->taken->n++] =
        (struct gruvid__take){address, gruvid__is_tls(text)};
    return 0;
}

GRUVI_SWITCHPOINT int
gruvid__sockets_take(struct gruvid__sockets *sockets,
                     const gruvid__section_t *section, size_t hubs,
                     struct gruvid__taken *taken, char *why, size_t size)
{
    const struct taking t = {sockets, section, gruvid__section_plugin(section),
                             hubs,    taken,   why,
                             size};
    const char *const *addresses;
    size_t n;
    int err;

    *why = '\0';
    free_closed(sockets);
    addresses = gruvid__section_list(section, "listen", &n);
    *taken = (struct gruvid__taken){.at = NULL};
    err = gruvid__section_socket_settings(section, &taken->wanted, why, size);
    if (err < 0)
        return err;
    taken->at = calloc(n + 1, sizeof *taken->at);
    if (taken->at == NULL)
        return UV_ENOMEM;
    taken->sockets = sockets;
    for (size_t i = 0; i < n && err != UV_ECANCELED; i++) {
        int failed = take(&t, addresses[i]);

        err = failed < 0 ? failed : err;
    }
    if (err < 0)
        gruvid__sockets_give_back(taken);
    return err;
}

void
gruvid__sockets_settle(struct gruvid__taken *taken, const char *owner)
{
    for (size_t i = 0; i < taken->n; i++) {
        struct gruvid__address *address = taken->at[i].address;

        gruvid__socket_set(address, &taken->wanted);
        address->settings = taken->wanted;
        snprintf(address->owner, sizeof address->owner, "%s", owner);
    }
    taken->settled = true;
}

static void
leave(struct gruvid__taken *taken, struct gruvid__address *address)
{
    if (!taken->settled && address->users > 1)
        gruvid__socket_file_change(taken->sockets, address, &taken->wanted,
                                   &address->settings);
    if (--address->users > 0)
        return;
    __atomic_store_n(&address->unused, true, __ATOMIC_RELAXED);
    if (!address->inherited)
        close_listeners(address);
}

void
gruvid__sockets_leave(struct gruvid__taken *taken)
{
    for (size_t i = 0; i < taken->n && !taken->left; i++)
        leave(taken, taken->at[i].address);
    taken->left = true;
}

void
gruvid__sockets_give_back(struct gruvid__taken *taken)
{
    gruvid__sockets_leave(taken);
    while (taken->n > 0)
        taken->at[--taken->n].address->refs--;
    free(taken->at);
    *taken = (struct gruvid__taken){0};
}

void
gruvid__sockets_init(struct gruvid__sockets *sockets)
{
    mode_t mask = umask(077);

    umask(mask);
    *sockets =
        (struct gruvid__sockets){.umask = mask, .was_root = geteuid() == 0};
}

void
gruvid__sockets_close(struct gruvid__sockets *sockets)
{
    while (sockets->first != NULL) {
        struct gruvid__address *address = sockets->first;

        sockets->first = address->next;
        free_address(address);
    }
}
