/* SPDX-License-Identifier: MIT */
/*
 * All children that gruvi_process_spawn() has started and that are not reaped
 * yet, of all hubs.
 *
 * A hub that has closed reaps nothing.  The children that it leaves behind are
 * orphans here, and every spawn looks for them.  So there are never more
 * zombies than children that hubs left behind.
 */
#include <stdlib.h>
#include <sys/wait.h>

#include "base/fork_lock.h"
#include "base/list.h"
#include "base/threads.h"
#include "io/process/process.h"

static struct gruvi__list children = {&children, &children};
GRUVI__FORK_LOCK(lock);

void
gruvi__child_add(struct gruvi__child *child, pid_t pid)
{
    child->pid = pid;
    gruvi__mutex_lock(&lock);
    gruvi__list_add(&children, &child->link);
    gruvi__mutex_unlock(&lock);
}

void
gruvi__child_reap(struct gruvi__child *child)
{
    waitpid(child->pid, NULL, WNOHANG);
    gruvi__mutex_lock(&lock);
    gruvi__list_remove(&child->link);
    gruvi__mutex_unlock(&lock);
    free(child);
}

void
gruvi__child_leave(struct gruvi__child *child)
{
    gruvi__mutex_lock(&lock);
    child->orphan = true;
    gruvi__mutex_unlock(&lock);
}

/* A child that waitpid() does not know was reaped elsewhere. */
void
gruvi__children_reap_orphans(void)
{
    struct gruvi__list *link, *next;
    struct gruvi__child *child;

    gruvi__mutex_lock(&lock);
    for (link = children.next; link != &children; link = next) {
        next = link->next;
        child = gruvi__list_entry(link, struct gruvi__child, link);
        if (child->orphan && waitpid(child->pid, NULL, WNOHANG) != 0) {
            gruvi__list_remove(link);
            free(child);
        }
    }
    gruvi__mutex_unlock(&lock);
}

bool
gruvi_process_owns(pid_t pid)
{
    struct gruvi__list *link;
    bool found = false;

    gruvi__mutex_lock(&lock);
    for (link = children.next; link != &children && !found; link = link->next)
        found = gruvi__list_entry(link, struct gruvi__child, link)->pid == pid;
    gruvi__mutex_unlock(&lock);
    return found;
}
