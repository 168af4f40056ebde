/* SPDX-License-Identifier: MIT */
/*
 * What belongs to a thread: its root fiber, made with the first call into the
 * library, and its hub, made when it is first needed.  Both end with the
 * thread.
 */
#include <pthread.h>
#include <stdlib.h>

#include <gruvi/hub.h>
#include <gruvi/log.h>

#include "base/context_tools.h"
#include "base/threads.h"
#include "core/error.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/local.h"
#include "core/thread.h"

__thread struct gruvi__thread gruvi__self;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int key_error;

/* Runs in the thread that ends, after its last frame of user code. */
static GRUVI_SWITCHPOINT void
end_thread(void *root)
{
    gruvi_hub_t *hub = gruvi__self.hub;

    if (hub != NULL && !hub->closed) {
        if (hub->live > 0) {
            /* Their arguments may lie on frames that are gone. */
            gruvi_error("a thread ended without gruvi_hub_close(); %zu fibers "
                        "are abandoned",
                        hub->live);
            gruvi__hub_abandon(hub);
        } else {
            (void)gruvi_hub_close(hub);
        }
    }
    gruvi__local_end(root);
    gruvi__self.current = NULL;
    gruvi__self.hub = NULL;
    if (hub != NULL)
        gruvi_hub_unref(hub);
    free(root);
}

static void
make_key(void)
{
    key_error = pthread_key_create(&key, end_thread);
}

gruvi_fiber_t *
gruvi__root_fiber(void)
{
    gruvi_fiber_t *root = gruvi__self.current;

    if (root != NULL)
        return root;
    gruvi__once(&once, make_key);
    if (key_error != 0 ||
        posix_memalign((void **)&root, _Alignof(gruvi_fiber_t), sizeof *root))
        return gruvi__fail(UV_ENOMEM);
    gruvi__fiber_init(root, NULL, GRUVI__ROOT);
    root->state = GRUVI__RUNNING;
    root->started = true;
    if (pthread_setspecific(key, root) != 0) {
        free(root);
        return gruvi__fail(UV_ENOMEM);
    }
    gruvi__tools_init_thread(&root->tools);
    gruvi__self.current = root;
    return root;
}
