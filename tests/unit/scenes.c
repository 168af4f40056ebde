/* SPDX-License-Identifier: MIT */
#include "unit/scenes.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct scene_row *const files[] = {
    core_scenes, sync_scenes, pool_scenes, stream_scenes,
    net_scenes,  os_scenes,   file_scenes, tls_scenes,
};

/* Number i of the rows with these flags; where there is none, i is their number
 * afterwards. */
static const struct scene_row *
find_row(unsigned flags, int *i)
{
    const struct scene_row *row;
    int passed = 0;

    for (size_t n = 0; n < sizeof files / sizeof *files; n++)
        for (row = files[n]; row->name != NULL; row++)
            if ((row->flags & flags) == flags && passed++ == *i)
                return row;
    *i = passed;
    return NULL;
}

int
scene_count(unsigned flags)
{
    int i = -1;

    find_row(flags, &i);
    return i;
}

const struct scene_row *
scene_row(unsigned flags, int i)
{
    const struct scene_row *row = find_row(flags, &i);

    ck_assert_ptr_nonnull(row);
    return row;
}

void
open_scene(struct scene *scene, gruvi_hub_t *hub, const struct scene_row *row)
{
    memset(scene, 0, sizeof *scene);
    scene->row = row;
    scene->hub = hub;
    row->open(scene);
}

void
close_scene(struct scene *scene)
{
    scene->row->close(scene);
}

void
grant_scene(struct scene *scene)
{
    scene->row->grant(scene);
}

static void
note_ready(void *arg)
{
    *(bool *)arg = true;
}

void
make_scene_ready(struct scene *scene)
{
    bool ready = scene->row->grant == NULL;

    scene->after = note_ready;
    scene->arg = &ready;
    if (!ready)
        grant_scene(scene);
    wait_until(ready);
    scene->after = NULL;
    turns(2);
}

/* --- for the files of the table ---------------------------------------------
 */

void
open_nothing(struct scene *scene)
{
    (void)scene;
}

bool
scene_is_whole(const struct scene_row *row)
{
    int fd;

    if (!(row->flags & SCENE_PIDFD))
        return true;
    fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (fd >= 0)
        close(fd);
    else
        printf("skipped: %s: no descriptors of processes here\n", row->name);
    return fd >= 0;
}

void
call_before(struct scene *scene)
{
    if (scene->before != NULL)
        scene->before(scene->arg);
}

void
call_after(struct scene *scene)
{
    if (scene->after != NULL)
        scene->after(scene->arg);
}

static void
on_granted(int fd, int events, void *arg)
{
    struct scene *scene = arg;
    gruvi_poller_t *poller = gruvi_hub_poll(scene->hub);

    (void)fd;
    (void)events;
    call_before(scene);
    call_after(scene);
    ck_assert_int_eq(gruvi_poll_remove(poller, scene->watch), 0);
    scene->watch = NULL;
}

void
watch_grant(struct scene *scene, int fd, int events)
{
    scene->watch = gruvi_poll_add(gruvi_hub_poll(scene->hub), fd, events,
                                  on_granted, scene);
    ck_assert_ptr_nonnull(scene->watch);
}
