/* SPDX-License-Identifier: MIT */
/*
 * Stacks are walked by frame pointers, which gruvi and its plugins have.  A
 * library in between may have none: there the first words of the stack are
 * looked at for a call from the plugin.
 */
#include "gruvid-test/stacks.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <gruvi.h>
#include <gruvi/inspect.h>

#include "base/walk.h"
#include "core/fiber.h"
#include "core/thread.h"
#include "gruvid-test/host.h"
#include "gruvid-test/life.h"
#include "instance/shard.h"

#define WORDS 128 /* of a stack without frame pointers */

static uintptr_t plugin_start, plugin_end;
static const gruvi__module_t *gruvis, *c_library;

void
stacks_watch(uintptr_t start, uintptr_t end)
{
    plugin_start = start;
    plugin_end = end;
    gruvi__modules_update();
    gruvis = gruvi__module_at((uintptr_t)stacks_watch);
    c_library = gruvi__module_at((uintptr_t)dlsym(RTLD_NEXT, "strdup"));
}

static bool
is_in(const gruvi__module_t *module, uintptr_t address)
{
    return module != NULL && address >= module->low && address < module->high;
}

bool
is_gruvis(uintptr_t address)
{
    return is_in(gruvis, address);
}

static bool
is_plugins(uintptr_t address)
{
    return address >= plugin_start && address < plugin_end;
}

static const gruvi_fiber_t *
fiber_of_plugin(void)
{
    const gruvi_fiber_t *fiber = gruvi__self.current;

    return fiber != NULL && fiber->kind == GRUVI__FIBER &&
                   gruvid__shard_of(fiber) != NULL
               ? fiber
               : NULL;
}

bool
in_plugin_fiber(void)
{
    return fiber_of_plugin() != NULL;
}

static void
put(struct calls *calls, uintptr_t address)
{
    if (calls->n < MOST_CALLS)
        calls->at[calls->n++] = address;
}

static bool
has_plugin(const struct calls *calls)
{
    for (unsigned i = 0; i < calls->n; i++)
        if (is_plugins(calls->at[i]))
            return true;
    return false;
}

/* Whether it is code of neither gruvi nor the C library. */
static bool
is_outside(uintptr_t address)
{
    const gruvi__module_t *module = gruvi__module_at(address);

    return module != NULL && module != gruvis && module != c_library;
}

/* The first return address on a stack that is of the kind; 0: none is near.
 * The words of a stack may have been poisoned by a sanitizer. */
static __attribute__((no_sanitize("address"))) uintptr_t
look_for(bool (*kind)(uintptr_t address), uintptr_t from, uintptr_t high)
{
    const uintptr_t *word = (const uintptr_t *)from;

    for (unsigned i = 0; i < WORDS && (uintptr_t)(word + i + 1) < high; i++)
        if (kind(word[i]) && gruvi__follows_call(word[i]))
            return word[i];
    return 0;
}

bool
stacks_take(struct calls *calls, const void *frame, const void *caller)
{
    const gruvi_fiber_t *fiber = fiber_of_plugin();
    gruvi__frames_t frames = {.note = ""};
    uintptr_t high, found;

    calls->n = 0;
    put(calls, (uintptr_t)caller - 1);
    if (fiber == NULL)
        return is_plugins((uintptr_t)caller);
    high = (uintptr_t)&fiber->stack;
    gruvi__walk(*(const uintptr_t *)frame, (uintptr_t)frame, high, &frames);
    for (unsigned i = 0; i < frames.n; i++)
        put(calls, frames.at[i]);
    if (has_plugin(calls))
        return true;
    found = look_for(is_plugins, (uintptr_t)frame, high);
    if (found != 0)
        put(calls, found - 1);
    return found != 0;
}

/* Along the frames of gruvi; the C library has no frame pointers. */
bool
stacks_own(const struct calls *calls, const void *frame)
{
    const gruvi_fiber_t *fiber = fiber_of_plugin();
    unsigned i = 0;

    while (i < calls->n && is_gruvis(calls->at[i]))
        i++;
    if (i == calls->n || !is_in(c_library, calls->at[i]))
        return i < calls->n && is_plugins(calls->at[i]);
    return fiber != NULL && is_plugins(look_for(is_outside, (uintptr_t)frame,
                                                (uintptr_t)&fiber->stack));
}

/* --- as text -------------------------------------------------------------- */

void
stacks_text(const struct calls *calls, char *text, size_t size)
{
    size_t used = 0;
    char one[200];

    text[0] = '\0';
    for (unsigned i = 0; i < calls->n && used < size; i++) {
        size_t offset;
        const char *name = gruvi__function_at(calls->at[i], &offset);

        if (!is_plugins(calls->at[i]) && name == NULL)
            continue;
        if (is_plugins(calls->at[i]))
            gruvi__address_text(calls->at[i], one, sizeof one);
        else
            snprintf(one, sizeof one, "%s", name);
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 used == 0 ? "" : " < ", one);
    }
}

static void
tell_fiber(gruvi_fiber_t *fiber, void *arg)
{
    const struct gruvid__shard *shard = gruvid__shard_of(fiber);
    const char *waits = gruvi_fiber_waiting_for(fiber);
    gruvi__frames_t frames;
    struct calls calls = {0};
    char text[600], target[200];

    (void)arg;
    if (shard == NULL)
        return;
    if (gruvi__walk_parked(fiber, &frames) == 0)
        for (unsigned i = 0; i < frames.n; i++)
            put(&calls, frames.at[i]);
    stacks_text(&calls, text, sizeof text);
    gruvi__address_text((uintptr_t)fiber->target, target, sizeof target);
    tell("  fiber %s of %s, %s%s", gruvi_fiber_name(fiber),
         gruvid__title(shard->plugin),
         waits[0] == '\0' ? "does not wait" : "waits for ", waits);
    if (is_plugins((uintptr_t)fiber->target))
        tell(", begun as %s", target);
    tell("%s%s\n", text[0] == '\0' ? "" : ": ", text);
}

void
tell_fibers(void)
{
    if (daemon_here != NULL && daemon_here->hub != NULL)
        gruvi_hub_each_fiber(daemon_here->hub, tell_fiber, NULL);
}
