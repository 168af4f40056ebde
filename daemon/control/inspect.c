/* SPDX-License-Identifier: MIT */
/*
 * gruvid_inspect(): a command of the control socket for a plugin.
 *
 *   plugin's fiber, any hub         first hub
 *   begin ------------------------> callback: spawns a fiber
 *   waits for done                  fiber: runs the command, collects its lines
 *         <------------------------ done
 *
 * The command's fiber belongs to no plugin and has a stack of its own, as those
 * of the socket: a plugin's may be small.  A caller that gives up has it
 * cancelled.  An inspection belongs to the caller and to the first hub, and
 * goes with the last of them.
 */
#include "control/inspect.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gruvid/inspect.h>

#include "control/dispatch.h"
#include "control/outlet.h"
#include "control/peer.h"
#include "control/request.h"
#include "control/state.h"

/* Bytes of an answer, unless told otherwise. */
#define LIMIT ((size_t)16 << 20)

struct inspection {
    struct gruvid__outlet outlet; /* first */
    unsigned holders;             /* the caller and the first hub; atomic */
    bool given_up;                /* by the caller; atomic */
    gruvi_event_t done;           /* what follows is the caller's */
    int err;
    char *text; /* owned; size bytes and a zero */
    size_t size, room, limit;

    /* For the first hub. */
    gruvi_fiber_t *fiber;
    bool runs;
    char request[];
};

/* For the first hub. */
static struct gruvid__daemon *inspected; /* NULL: nothing is answered */
static gruvi_group_t fibers;

static void
let_go(struct inspection *inspection)
{
    if (__atomic_sub_fetch(&inspection->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gruvi_event_destroy(&inspection->done);
    free(inspection->text);
    free(inspection);
}

/* --- collecting the answer ------------------------------------------------ */

static int
reserve(struct inspection *inspection, size_t more)
{
    size_t room = inspection->room > 0 ? inspection->room : 4096;
    char *text;

    if (more > inspection->limit - inspection->size)
        return UV_E2BIG;
    while (room - inspection->size <= more)
        room *= 2;
    if (room == inspection->room)
        return 0;
    text = realloc(inspection->text, room);
    if (text == NULL)
        return UV_ENOMEM;
    inspection->text = text;
    inspection->room = room;
    return 0;
}

static void
put(struct gruvid__outlet *outlet, const char *text, size_t length)
{
    struct inspection *inspection = (struct inspection *)outlet;

    if (inspection->err == 0)
        inspection->err = reserve(inspection, length);
    if (inspection->err < 0)
        return;
    memcpy(inspection->text + inspection->size, text, length);
    inspection->size += length;
    inspection->text[inspection->size] = '\0';
}

/* Nobody waits for the rest of an answer that is too long. */
static int
go_on(struct gruvid__outlet *outlet)
{
    const struct inspection *inspection = (struct inspection *)outlet;

    if (__atomic_load_n(&inspection->given_up, __ATOMIC_RELAXED))
        return UV_ECANCELED;
    return inspection->err;
}

/* --- in the first hub ----------------------------------------------------- */

static GRUVI_SWITCHPOINT void
run_request(struct inspection *inspection)
{
    struct gruvid__peer self = {
        .pid = getpid(), .uid = geteuid(), .may = GRUVID__MAY_ACT};
    struct gruvid__request request = {
        .daemon = inspected,
        .peer = &self,
        .only_looks = true,
        .outlet = &inspection->outlet,
    };

    gruvid__request_run(&request, inspection->request,
                        strlen(inspection->request));
    if (inspection->err == 0)
        inspection->err = request.refusal;
}

static GRUVI_SWITCHPOINT int
run_command(void *arg)
{
    struct inspection *inspection = arg;

    inspection->runs = true;
    if (__atomic_load_n(&inspection->given_up, __ATOMIC_RELAXED))
        inspection->err = UV_ECANCELED;
    else
        run_request(inspection);
    gruvi_fiber_unref(inspection->fiber);
    inspection->fiber = NULL;
    gruvi_event_set(&inspection->done);
    let_go(inspection);
    return 0;
}

static void
refuse(struct inspection *inspection, int err)
{
    inspection->err = err;
    gruvi_event_set(&inspection->done);
    let_go(inspection);
}

/* A hub callback, as the next one. */
static void
begin(void *arg)
{
    struct inspection *inspection = arg;

    if (inspected == NULL) {
        refuse(inspection, UV_ESHUTDOWN);
        return;
    }
    inspection->fiber = gruvid__spawn_aside(inspected, &fibers, run_command,
                                            inspection, "inspect");
    if (inspection->fiber == NULL)
        refuse(inspection, gruvi_last_error());
}

/* With a holder of its own.  A fiber that was cancelled before it has begun
 * would never run: that one looks itself. */
static void
stop(void *arg)
{
    struct inspection *inspection = arg;

    if (inspection->fiber != NULL && inspection->runs)
        gruvi_fiber_cancel(inspection->fiber, "the plugin waits no more");
    let_go(inspection);
}

void
gruvid__inspect_begin(struct gruvid__daemon *daemon)
{
    gruvi_group_init(&fibers, NULL);
    inspected = daemon;
}

GRUVI_SWITCHPOINT void
gruvid__inspect_end(struct gruvid__daemon *daemon)
{
    struct gruvid__leader *leader = &daemon->leader;

    if (inspected == NULL)
        return;
    inspected = NULL;
    gruvi_group_cancel(&fibers, "gruvid stops");
    if (gruvid__join(leader, &fibers, gruvid__now() + leader->cancel_timeout)) {
        gruvi_group_destroy(&fibers);
        return;
    }
    gruvi_error("%zu fibers that answer plugins have not ended; abandoned",
                gruvi_group_size(&fibers));
    leader->abandoned = true;
}

/* --- the caller ----------------------------------------------------------- */

static struct inspection *
make_inspection(const char *request, size_t limit)
{
    size_t length = strlen(request);
    struct inspection *inspection = malloc(sizeof *inspection + length + 1);

    if (inspection == NULL)
        return NULL;
    memset(inspection, 0, sizeof *inspection);
    memcpy(inspection->request, request, length + 1);
    inspection->outlet = (struct gruvid__outlet){.put = put, .wait = go_on};
    inspection->holders = 2;
    inspection->limit = limit > 0 ? limit : LIMIT;
    gruvi_event_init(&inspection->done);
    return inspection;
}

static void
give_up(gruvi_hub_t *hub, struct inspection *inspection)
{
    __atomic_store_n(&inspection->given_up, true, __ATOMIC_RELAXED);
    __atomic_add_fetch(&inspection->holders, 1, __ATOMIC_RELAXED);
    if (gruvi_hub_run_callback(hub, stop, inspection) < 0)
        let_go(inspection);
}

static GRUVI_SWITCHPOINT int
inspect(gruvi_hub_t *hub, struct inspection *inspection)
{
    int err = gruvi_hub_run_callback(hub, begin, inspection);

    if (err < 0) {
        let_go(inspection); /* the hub's part */
        return err;
    }
    err = gruvi_event_wait(&inspection->done, GRUVI_FOREVER);
    if (err < 0)
        give_up(hub, inspection);
    return err < 0 ? err : inspection->err;
}

GRUVI_SWITCHPOINT int
gruvid_inspect(gruvid_plugin_t *plugin, const char *request, size_t limit,
               char **answer, size_t *size)
{
    struct inspection *inspection = make_inspection(request, limit);
    int err;

    *answer = NULL;
    if (size != NULL)
        *size = 0;
    if (inspection == NULL)
        return UV_ENOMEM;
    err = inspect(plugin->all->hubs->at[0].hub, inspection);
    if (err == 0) {
        *answer = inspection->text;
        if (size != NULL)
            *size = inspection->size;
        inspection->text = NULL;
    }
    let_go(inspection);
    return err;
}
