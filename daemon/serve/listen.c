/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: the addresses of a section, opened before anything of a plugin
 * runs, and as root if gruvid is.
 *
 *   first hub        bind     without SO_REUSEPORT, so that an address that any
 *                             program has taken is an error
 *                    listen
 *                    allow    SO_REUSEPORT: by now the address is ours
 *   the other hubs   bind, listen    with SO_REUSEPORT
 *
 * So each hub has a queue of its own for a TCP port, and the kernel spreads the
 * connections over the queues.  A Unix socket has one queue, and so has an
 * inherited socket: there all hubs listen on one socket, and the first hub to
 * accept gets the connection.
 */
#include "serve/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instance/instance.h"

static bool
is_unix(const char *address)
{
    return strncmp(address, "unix:", 5) == 0;
}

static const char *
hint(const char *address, int err)
{
    if (strncmp(address, "fd:", 3) == 0 &&
        (err == UV_EBADF || err == UV_ENOTSOCK || err == UV_EINVAL))
        return "; this has to be a socket that listens, inherited from the "
               "program that starts gruvid";
    switch (err) {
    case UV_EADDRINUSE:
        return is_unix(address)
                   ? "; a program listens there, or the file is no socket: "
                     "stop "
                     "the program, or set listen to another path"
                   : "; stop the program that has the port, or set listen to "
                     "another address";
    case UV_EACCES:
    case UV_EPERM:
        return is_unix(address)
                   ? "; gruvid may not write in the folder of the socket"
                   : "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    case UV_ENOENT:
        return is_unix(address) ? "; the folder of the socket is not there"
                                : "";
    case UV_EADDRNOTAVAIL:
        return "; it is none of this machine's addresses";
    default:
        return "";
    }
}

/* --- options -------------------------------------------------------------- */

/* A peer that does not answer is asked three times, in as long again. */
static void
set_keepalive(gruvi_keepalive_t *keepalive, double seconds)
{
    keepalive->idle = seconds < 1 ? 1 : (unsigned)seconds;
    keepalive->interval = seconds < 3 ? 1 : (unsigned)(seconds / 3);
    keepalive->count = 3;
}

static void
set_options(gruvi_listen_options_t *options, gruvi_keepalive_t *keepalive,
            const gruvid__section_t *section)
{
    double seconds = gruvid__section_duration(section, "keepalive");

    options->backlog = (int)gruvid__section_integer(section, "backlog");
    options->dual_stack = gruvid__section_bool(section, "dual_stack");
    options->mode = (unsigned)strtoul(
        gruvid__section_string(section, "listen_mode"), NULL, 8);
    if (seconds > 0) {
        set_keepalive(keepalive, seconds);
        options->keepalive = keepalive;
    }
}

/* Who is to own a socket file; -1: as it is. */
static void
find_owner(const gruvid__section_t *section, uid_t *uid, gid_t *gid)
{
    const char *user = gruvid__section_socket_owner(section);
    const char *group = gruvid__section_string(section, "listen_group");
    const struct passwd *entry = *user == '\0' ? NULL : getpwnam(user);
    const struct group *named = *group == '\0' ? NULL : getgrnam(group);

    /* A file that is this user's already keeps the group that its folder has
     * given it. */
    if (entry != NULL && entry->pw_uid == geteuid())
        entry = NULL;
    *uid = entry == NULL ? (uid_t)-1 : entry->pw_uid;
    *gid = entry == NULL ? (gid_t)-1 : entry->pw_gid;
    if (named != NULL)
        *gid = named->gr_gid;
}

/*
 * Give the file of a socket to its owner.  It is opened first: where others may
 * write in its folder, the path could be another file by now.
 */
static int
give_file(const gruvid__section_t *section, const char *path)
{
    struct stat st;
    uid_t uid;
    gid_t gid;
    int fd, err = 0;

    find_owner(section, &uid, &gid);
    if (uid == (uid_t)-1 && gid == (gid_t)-1)
        return 0;
    fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) ||
                    st.st_nlink != 1 || st.st_uid != geteuid()))
        err = UV_EEXIST;
    else if (fd < 0 || fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
        err = uv_translate_sys_error(errno);
    if (fd >= 0)
        close(fd);
    return err;
}

static int
share_port(struct gruvid__endpoint *endpoint)
{
    int on = 1;

    endpoint->reuse_port = true;
    if (setsockopt(gruvi_listener_fd(endpoint->listener), SOL_SOCKET,
                   SO_REUSEPORT, &on, sizeof on) < 0)
        return uv_translate_sys_error(errno);
    /* The address and the port that the kernel gave. */
    return gruvi_listener_address(endpoint->listener, endpoint->shared,
                                  sizeof endpoint->shared);
}

static int
share(struct gruvid__endpoint *endpoint)
{
    int fd = gruvi_listener_fd(endpoint->listener);
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } at;
    socklen_t length = sizeof at;

    if (getsockname(fd, &at.any, &length) < 0)
        return uv_translate_sys_error(errno);
    if (at.any.sa_family != AF_UNIX &&
        strncmp(endpoint->address, "fd:", 3) != 0)
        return share_port(endpoint);
    snprintf(endpoint->shared, sizeof endpoint->shared, "fd:%d", fd);
    return 0;
}

/* first: the same endpoint in the first shard; NULL: this is that. */
static int
open_endpoint(struct gruvid__endpoint *endpoint,
              const struct gruvid__endpoint *first)
{
    const gruvid__section_t *section = endpoint->shard->plugin->section;
    gruvi_listen_options_t options = {0};
    gruvi_keepalive_t keepalive;
    const char *address = endpoint->address;
    int err;

    if (first != NULL) {
        address = first->shared;
        options.reuse_port = first->reuse_port;
    }
    if (gruvid__is_tls(address)) {
        /* The same for all hubs: any of them can resume a client's session. */
        endpoint->tls = first != NULL ? gruvi_tls_ref(first->tls)
                                      : gruvid__section_tls(section);
        if (endpoint->tls == NULL)
            return gruvi_last_error();
        options.tls = endpoint->tls;
    }
    set_options(&options, &keepalive, section);
    err = gruvi_listen(&endpoint->listener, address, &options);
    if (err == 0 && strncmp(address, "unix:/", 6) == 0) {
        err = give_file(section, address + 5);
        endpoint->not_given = err < 0;
    }
    if (err == 0 && first == NULL && endpoint->shard->plugin->n_shards > 1)
        err = share(endpoint);
    return err;
}

int
gruvid__endpoints_open(struct gruvid__shard *shard)
{
    const gruvid_plugin_t *plugin = shard->plugin;
    const char *const *addresses =
        gruvid__section_list(plugin->section, "listen", NULL);
    const struct gruvid__shard *first = &plugin->shards[0];
    int err = 0;

    shard->endpoints = calloc(plugin->n_endpoints, sizeof *shard->endpoints);
    if (shard->endpoints == NULL)
        return UV_ENOMEM;
    for (size_t i = 0; i < plugin->n_endpoints && err == 0; i++) {
        struct gruvid__endpoint *endpoint = &shard->endpoints[i];

        endpoint->shard = shard;
        endpoint->address = addresses[i];
        shard->culprit = endpoint;
        err = open_endpoint(endpoint,
                            shard == first ? NULL : &first->endpoints[i]);
    }
    return err;
}

void
gruvid__log_listen_error(const struct gruvid__shard *shard)
{
    const char *name = shard->plugin->name;

    if (shard->culprit == NULL)
        gruvi_error("plugin %s: %s", name, gruvi_strerror(shard->status));
    else if (shard->culprit->not_given)
        gruvi_error("plugin %s: %s cannot be given to its owner: %s; only root "
                    "gives files away: see listen_owner and listen_group",
                    name, shard->culprit->address,
                    gruvi_strerror(shard->status));
    else
        gruvi_error("plugin %s: cannot listen on %s: %s%s", name,
                    shard->culprit->address, gruvi_strerror(shard->status),
                    hint(shard->culprit->address, shard->status));
}

void
gruvid__endpoints_close(struct gruvid__shard *shard)
{
    for (size_t i = 0;
         shard->endpoints != NULL && i < shard->plugin->n_endpoints; i++) {
        struct gruvid__endpoint *endpoint = &shard->endpoints[i];

        gruvi_listener_close(endpoint->listener);
        gruvi_stream_close(endpoint->held);
        gruvi_tls_unref(endpoint->tls);
        if (endpoint->acceptor != NULL)
            gruvi_fiber_unref(endpoint->acceptor);
    }
    free(shard->endpoints);
    shard->endpoints = NULL;
}
