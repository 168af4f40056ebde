/* SPDX-License-Identifier: MIT */
/*
 * The control socket.
 *
 * It is bound while gruvid is still the user that has started it, and its file
 * is given to the user and group that it is for.  It works from then until
 * everything else has ended, so that an operator sees what a start or a stop
 * waits for.
 *
 * Each user has so many places: see places.h.
 */

#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/client.h"
#include "control/dispatch.h"
#include "control/inspect.h"
#include "control/places.h"
#include "control/state.h"
#include "os/account.h"
#include "run/state.h"

/* Seconds to wait where the system is short of something. */
#define PAUSE 0.1

/* Seconds for clients to read the last answers when gruvid ends. */
#define FAREWELL 2.0

/* --- clients ---------------------------------------------------------------
 */

/* Whether there is a place for the client; otherwise it is told so, if its
 * socket takes the line at once. */
static GRUVI_SWITCHPOINT bool
has_place(struct gruvid__control *control, const struct gruvid__peer *peer,
          gruvi_stream_t *stream)
{
    char line[256];
    int n;

    if (peer->may == GRUVID__MAY_NOTHING)
        n = snprintf(line, sizeof line,
                     "{\"id\":null,\"ok\":false,\"code\":\"EPERM\",\"error\":"
                     "\"uid %u is not in the group of the control socket: "
                     "[gruvid] control_group, or that of gruvid's user\"}\n",
                     (unsigned)peer->uid);
    else if (!gruvid__place_find(control->clients, peer, gruvid__now()))
        n = snprintf(line, sizeof line,
                     "{\"id\":null,\"ok\":false,\"code\":\"EAGAIN\",\"error\":"
                     "\"uid %u has %zu connections already, and none has been "
                     "idle for %g seconds\"}\n",
                     (unsigned)peer->uid, gruvid__places(peer),
                     GRUVID__CONTROL_IDLE);
    else
        return true;
    gruvi_stream_set_timeout(stream, 0);
    (void)gruvi_stream_write(stream, line, (size_t)n);
    return false;
}

static void
keep_spare(struct gruvid__control *control)
{
    if (control->spare < 0 && control->listener != NULL)
        control->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Its descriptor is free now, and others wait for it: the spare comes first. */
static void
end_client(struct gruvid__client *client)
{
    keep_spare(client->control);
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    free(client);
}

static GRUVI_SWITCHPOINT int
client_main(void *arg)
{
    gruvid__client_serve(arg);
    end_client(arg);
    return 0;
}

/* Serve a stream in a fiber of its own, or close it. */
static GRUVI_SWITCHPOINT void
take_client(struct gruvid__control *control, gruvi_stream_t *stream)
{
    struct gruvid__client *client = calloc(1, sizeof *client);
    gruvi_fiber_t *fiber;

    if (client == NULL)
        goto fail;
    client->control = control;
    client->serve = gruvid__dispatch;
    client->stream = stream;
    client->idle_since = gruvid__now();
    if (gruvid__peer_read(&client->peer, gruvi_stream_fd(stream),
                          control->group) < 0 ||
        !has_place(control, &client->peer, stream))
        goto fail;
    fiber = gruvid__control_spawn(control, client_main, client, "control");
    if (fiber == NULL)
        goto fail;
    gruvi_fiber_unref(fiber);
    client->link = &control->clients;
    client->next = control->clients;
    if (client->next != NULL)
        client->next->link = &client->next;
    control->clients = client;
    return;

fail:
    free(client);
    gruvi_stream_close(stream);
}

/* Accept a client; where descriptors have run out, with the one that is kept
 * for it: a gruvid in that state is what an operator looks at. */
static GRUVI_SWITCHPOINT int
accept_client(struct gruvid__control *control, gruvi_stream_t **stream)
{
    gruvi_waitable_t *ready = gruvi_listener_waitable(control->listener);
    int err = gruvi_wait(&ready, 1, 1, GRUVI_FOREVER, NULL);

    *stream = NULL;
    if (err < 0)
        return err;
    err = gruvi_accept(control->listener, stream, PAUSE);
    if (err == UV_ETIMEDOUT && control->spare >= 0) {
        close(control->spare);
        control->spare = -1;
        err = gruvi_accept(control->listener, stream, 0);
    }
    return err;
}

static GRUVI_SWITCHPOINT int
accept_clients(void *arg)
{
    struct gruvid__control *control = arg;
    gruvi_stream_t *stream;
    int err;

    do {
        keep_spare(control);
        err = accept_client(control, &stream);
        if (err == 0)
            take_client(control, stream);
        else if (err != UV_ECANCELED && err != UV_ESHUTDOWN &&
                 err != UV_ECONNABORTED)
            err = gruvi_sleep(PAUSE);
    } while (err == 0);
    return 0;
}

/* --- begin and end ---------------------------------------------------------
 */

static const char *
setting(const struct gruvid__daemon *daemon, const char *key)
{
    return gruvid__section_string(
        gruvid__config_section(daemon->config, "gruvid"), key);
}

/* Who owns the file of the socket: the user that gruvid is or becomes, and the
 * group that may look. */
static int
find_owner(const struct gruvid__daemon *daemon, uid_t *uid, gid_t *gid)
{
    const char *user = setting(daemon, "user");
    const char *group = setting(daemon, "control_group");
    char why[300];
    int err = 0;

    *uid = geteuid();
    *gid = getegid();
    if (*user != '\0')
        err = gruvid__find_user(user, uid, gid, why, sizeof why);
    if (err == 0 && *group != '\0')
        err = gruvid__find_group(group, gid, why, sizeof why);
    if (err < 0)
        gruvi_error("the control socket cannot be given to anybody: %s", why);
    return err;
}

static int
give_file(const struct gruvid__control *control, const char *path, uid_t uid)
{
    if (chown(path, uid, control->group) == 0)
        return 0;
    gruvi_error("unix:%s cannot be given to uid %u and group %u: %s; gruvid "
                "has to be in gruvid.control_group (SupplementaryGroups=)",
                path, (unsigned)uid, (unsigned)control->group, strerror(errno));
    return UV_EPERM;
}

static const char *
hint(int err)
{
    switch (err) {
    case UV_EADDRINUSE:
        return "; another gruvid listens there, or the file is no socket: set "
               "gruvid.control to another path";
    case UV_ENOENT:
        return "; the folder is not there: make it, as RuntimeDirectory=gruvid "
               "of a unit makes /run/gruvid";
    case UV_EACCES:
        return "; gruvid may not write in the folder";
    default:
        return "";
    }
}

static GRUVI_SWITCHPOINT int
listen_at(struct gruvid__control *control, const char *path)
{
    gruvi_listen_options_t options = {.mode = 0660};
    char address[GRUVI_ADDRESS_SIZE];
    uid_t uid;
    int err = find_owner(control->daemon, &uid, &control->group);

    if (err < 0)
        return err;
    snprintf(address, sizeof address, "unix:%s", path);
    err = gruvi_listen(&control->listener, address, &options);
    if (err < 0)
        gruvi_error("cannot listen on %s for gruvictl (gruvid.control): %s%s",
                    address, gruvi_strerror(err), hint(err));
    else
        err = give_file(control, path, uid);
    return err;
}

static GRUVI_SWITCHPOINT int
control_bind(struct gruvid__daemon *daemon)
{
    const char *path = setting(daemon, "control");
    struct gruvid__control *control;

    if (*path == '\0')
        return 0;
    control = calloc(1, sizeof *control);
    if (control == NULL)
        return UV_ENOMEM;
    control->daemon = daemon;
    control->spare = -1;
    gruvi_event_init(&control->ended);
    gruvi_group_init(&control->fibers, NULL);
    daemon->control = control;
    return listen_at(control, path);
}

static int
control_begin(struct gruvid__daemon *daemon)
{
    struct gruvid__control *control = daemon->control;
    gruvi_fiber_t *fiber;

    gruvid__inspect_begin(daemon);
    if (control == NULL)
        return 0;
    fiber = gruvid__control_spawn(control, accept_clients, control,
                                  "control-accept");
    if (fiber == NULL) {
        gruvi_error("the control socket cannot be served: %s",
                    gruvi_strerror(gruvi_last_error()));
        return gruvi_last_error();
    }
    gruvi_fiber_unref(fiber);
    return 0;
}

/* Clients that wait for the end hear of it, then all are let go.  Returns
 * whether they have gone. */
static GRUVI_SWITCHPOINT bool
say_farewell(struct gruvid__control *control)
{
    struct gruvid__leader *leader = &control->daemon->leader;
    struct gruvid__client *client;

    gruvi_event_set(&control->ended);
    for (client = control->clients; client != NULL; client = client->next)
        gruvid__client_finish(client);
    if (gruvid__join(leader, &control->fibers, gruvid__now() + FAREWELL))
        return true;
    gruvi_group_cancel(&control->fibers, "gruvid stops");
    if (gruvid__join(leader, &control->fibers,
                     gruvid__now() + leader->cancel_timeout))
        return true;
    gruvi_error("%zu fibers of the control socket have not ended; abandoned",
                gruvi_group_size(&control->fibers));
    leader->abandoned = true;
    return false;
}

static GRUVI_SWITCHPOINT void
control_end(struct gruvid__daemon *daemon, int status)
{
    struct gruvid__control *control = daemon->control;

    gruvid__inspect_end(daemon);
    if (control == NULL)
        return;
    control->status = status;
    gruvi_listener_close(control->listener);
    control->listener = NULL;
    if (control->spare >= 0)
        close(control->spare);
    if (!say_farewell(control))
        return;
    gruvi_group_destroy(&control->fibers);
    gruvi_event_destroy(&control->ended);
    free(control);
    daemon->control = NULL;
}

const struct gruvid__attendant gruvid__control_attendant = {
    .bind = control_bind,
    .begin = control_begin,
    .end = control_end,
};
