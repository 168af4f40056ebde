/* SPDX-License-Identifier: MIT */
/* Who keeps a thread: see culprit.h. */
#include "watch/culprit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "instance/shard.h"
#include "watch/owners.h"
#include "watch/sample.h"

/* --- what it works for ---------------------------------------------------- */

static void
copy(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);

    memcpy(to, from, n);
    to[n] = '\0';
}

static void
set_shard(struct gruvid__culprit *culprit, const struct gruvid__shard *shard)
{
    const gruvid_plugin_t *plugin = shard->plugin;

    culprit->shard = shard;
    culprit->generation = plugin->generation;
    culprit->module = gruvid__owner_module(plugin);
    copy(culprit->plugin, sizeof culprit->plugin, plugin->name);
}

/* No fiber of a plugin's: then by whose code it is. */
static void
set_owner(struct gruvid__culprit *culprit)
{
    const char *plugin = gruvid__owner_of(&culprit->frames, &culprit->module);

    if (plugin != NULL)
        copy(culprit->plugin, sizeof culprit->plugin, plugin);
}

void
gruvid__culprit_here(struct gruvid__culprit *culprit, const void *ucontext)
{
    const gruvi_fiber_t *fiber = gruvi__fiber_here();
    const struct gruvid__shard *shard;

    memset(culprit, 0, sizeof *culprit);
    gruvi__walk_interrupted(ucontext, &culprit->frames);
    if (fiber != NULL)
        copy(culprit->fiber, sizeof culprit->fiber, gruvi_fiber_name(fiber));
    shard = fiber == NULL ? NULL : gruvid__shard_of(fiber);
    if (shard != NULL)
        set_shard(culprit, shard);
    else
        set_owner(culprit);
}

/* --- a thread that stands still ------------------------------------------- */

/* The shard may be gone: it is looked for among those that exist. */
static void
look_for_shard(gruvid_plugin_t *plugin, void *arg)
{
    struct gruvid__culprit *culprit = arg;

    for (size_t i = 0; i < plugin->n_shards; i++)
        if (culprit->shard == &plugin->shards[i])
            set_shard(culprit, &plugin->shards[i]);
}

/* What was read counts only if the thread has not moved meanwhile. */
static bool
stands_still(const struct gruvid__hub *hub, const struct gruvid__task *before)
{
    struct gruvid__task now;

    gruvid__task_look(hub->tid, &now);
    return now.doing == before->doing && now.call == before->call &&
           now.sp == before->sp && now.pc == before->pc;
}

static void
take(struct gruvid__culprit *culprit, const gruvi__peek_t *seen,
     struct gruvid__instances *instances)
{
    copy(culprit->fiber, sizeof culprit->fiber, seen->name);
    culprit->shard = seen->keeper;
    gruvid__instances_each(instances, look_for_shard, culprit);
    if (culprit->plugin[0] != '\0')
        return;
    culprit->shard = NULL;
    set_owner(culprit);
}

/* So much of a stack is looked at. */
#define WORDS 4096

/* Its callers, from a copy of its stack. */
static void
copy_stack(struct gruvid__culprit *culprit, uintptr_t high, int memory)
{
    static uintptr_t words[WORDS]; /* one look at a time */
    uintptr_t sp = culprit->task.sp;
    size_t size = sizeof words;
    ssize_t got;

    if (high > sp && high - sp < size)
        size = high - sp;
    got = pread(memory, words, size, (off_t)sp);
    culprit->frames.note = "its callers are not known";
    if (got > 0)
        gruvi__scan(&culprit->frames, words, (size_t)got / sizeof *words, sp);
}

static void
peek(struct gruvid__culprit *culprit, const struct gruvid__hub *hub,
     struct gruvid__instances *instances)
{
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    gruvi__peek_t seen;

    culprit->frames.n = 1;
    culprit->frames.at[0] = culprit->task.pc;
    culprit->frames.note = "";
    if (memory < 0)
        return;
    if (gruvi__hub_peek(hub->hub, memory, &seen) == 0) {
        copy_stack(culprit, seen.high, memory);
        if (stands_still(hub, &culprit->task))
            take(culprit, &seen, instances);
    }
    close(memory);
}

/* A thread that runs and does not answer: the fiber at least, if it is the same
 * for long enough.  Its stack moves. */
static void
peek_at_running(struct gruvid__culprit *culprit, const struct gruvid__hub *hub,
                struct gruvid__instances *instances)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    gruvi__peek_t seen, again;

    if (memory < 0)
        return;
    if (gruvi__hub_peek(hub->hub, memory, &seen) == 0 &&
        nanosleep(&pause, NULL) == 0 &&
        gruvi__hub_peek(hub->hub, memory, &again) == 0 &&
        memcmp(&seen, &again, sizeof seen) == 0)
        take(culprit, &seen, instances);
    close(memory);
}

void
gruvid__culprit_find(struct gruvid__culprit *culprit,
                     const struct gruvid__hub *hub,
                     struct gruvid__instances *instances)
{
    struct gruvid__task task;

    gruvid__task_look(hub->tid, &task);
    memset(culprit, 0, sizeof *culprit);
    culprit->frames.note = "";
    if (task.doing == GRUVID__RUNS && !gruvid__sample(hub->tid, culprit))
        peek_at_running(culprit, hub, instances);
    culprit->task = task;
    if (task.doing == GRUVID__CALLS || task.doing == GRUVID__FAULTS)
        peek(culprit, hub, instances);
}

/* --- in words ------------------------------------------------------------- */

void
gruvid__text_culprit(struct gruvid__text *text,
                     const struct gruvid__culprit *culprit)
{
    if (culprit->shard != NULL) {
        gruvid__text_add(text, "plugin ");
        gruvid__text_add(text, culprit->plugin);
        gruvid__text_add(text, ", generation ");
        gruvid__text_number(text, culprit->generation);
    } else if (culprit->plugin[0] != '\0') {
        gruvid__text_add(text, "code of plugin ");
        gruvid__text_add(text, culprit->plugin);
    } else if (culprit->module != NULL) {
        gruvid__text_add(text, "code of ");
        gruvid__text_add(text, gruvi__module_name(culprit->module));
    } else {
        gruvid__text_add(text, "no plugin");
    }
    if (culprit->fiber[0] == '\0')
        return;
    gruvid__text_add(text, ", fiber ");
    gruvid__text_add(text, culprit->fiber);
}

/* What a descriptor of this process is: "pipe:[815]", "/var/lib/x". */
static void
add_descriptor(struct gruvid__text *text, uint64_t fd)
{
    char path[64], target[128];
    ssize_t n;

    gruvid__text_add(text, " of descriptor ");
    gruvid__text_number(text, fd);
    snprintf(path, sizeof path, "/proc/self/fd/%llu", (unsigned long long)fd);
    n = readlink(path, target, sizeof target - 1);
    if (n <= 0)
        return;
    target[n] = '\0';
    gruvid__text_add(text, " (");
    gruvid__text_add(text, target);
    gruvid__text_add(text, ")");
}

static void
add_call(struct gruvid__text *text, const struct gruvid__task *task)
{
    const char *name = gruvid__call_name(task->call);

    gruvid__text_add(text, "in ");
    if (name != NULL) {
        gruvid__text_add(text, name);
    } else {
        gruvid__text_add(text, "system call ");
        gruvid__text_number(text, (uint64_t)task->call);
    }
    if (gruvid__call_has_fd(task->call))
        add_descriptor(text, task->arg & 0xffffffff);
}

void
gruvid__text_doing(struct gruvid__text *text, const struct gruvid__task *task)
{
    switch (task->doing) {
    case GRUVID__RUNS:
        gruvid__text_add(text, "computing");
        break;
    case GRUVID__CALLS:
        add_call(text, task);
        break;
    case GRUVID__FAULTS:
        gruvid__text_add(text, "waiting for a page of memory");
        break;
    case GRUVID__HALTED:
        gruvid__text_add(text, "stopped by a debugger");
        break;
    case GRUVID__UNKNOWN:
    default:
        gruvid__text_add(text, "the kernel does not say what it does");
    }
}

void
gruvid__text_where(struct gruvid__text *text,
                   const struct gruvid__culprit *culprit)
{
    if (culprit->frames.n > 0) {
        gruvid__text_add(text, "; stack: ");
        gruvid__text_stack(text, &culprit->frames);
    }
    if (culprit->module == NULL)
        return;
    gruvid__text_add(text, "; ");
    gruvid__text_build(text, culprit->module);
}
