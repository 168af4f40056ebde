/* SPDX-License-Identifier: MIT */
/* The work of a section: its list, and how it begins and ends. */
#include <stdlib.h>
#include <string.h>

#include "delivery.h"
#include "line.h"
#include "pull.h"
#include "session.h"

/* --- the section ---------------------------------------------------------- */

/* What is a token of a subject, without what means something elsewhere. */
static bool
is_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f ||
            strchr(".*>/\\", text[i]) != NULL)
            return false;
    return size > 0 && size < 250;
}

/* Bytes of the stream's name in STREAM/CONSUMER; 0: that is none. */
static size_t
stream_size(const struct nats_line *line)
{
    const char *slash = memchr(line->text, '/', line->size);
    size_t size;

    if (slash == NULL)
        return 0;
    size = (size_t)(slash - line->text);
    return is_name(line->text, size) &&
                   is_name(slash + 1, line->size - size - 1)
               ? size
               : 0;
}

int
nats_works_check_lines(gruvid_plugin_t *plugin)
{
    size_t n;
    const char *const *items = gruvid_option_list(plugin, "work", &n);

    for (size_t i = 0; i < n; i++) {
        struct nats_line line;
        const char *why = NULL;

        nats_line_split(&line, items[i]);
        if (stream_size(&line) == 0)
            why = "is not STREAM/CONSUMER";
        else if (nats_line_is_double(items, i))
            why = "is there twice";
        if (why != NULL) {
            gruvid_plugin_fail(plugin, "work %s: the consumer %s", items[i],
                               why);
            return UV_EINVAL;
        }
    }
    return 0;
}

static struct nats_work *
find(const struct nats_works *works, const struct nats_line *line)
{
    for (struct nats_work *work = works->first; work; work = work->later)
        if (work->wanted && nats_line_is(line, work->name))
            return work;
    return NULL;
}

static struct nats_work *
new_work(struct nats_node *node, const struct nats_line *line)
{
    struct nats_work *work = calloc(1, sizeof *work);
    size_t size = stream_size(line);

    if (work == NULL)
        return NULL;
    work->node = node;
    work->refs = 1;
    gruvi_event_init(&work->wake);
    gruvi_event_init(&work->keep);
    TAILQ_INIT(&work->in_hand);
    work->name = strndup(line->text, line->size);
    work->stream = strndup(line->text, size);
    work->consumer = strndup(line->text + size + 1, line->size - size - 1);
    work->target = strdup(line->target);
    if (work->name != NULL && work->stream != NULL && work->consumer != NULL &&
        work->target != NULL)
        return work;
    nats_work_unref(work);
    return NULL;
}

/* --- its life ------------------------------------------------------------- */

void
nats_works_init(struct nats_works *works)
{
    gruvi_event_init(&works->room);
    gruvi_event_init(&works->open);
}

struct nats_work *
nats_work_ref(struct nats_work *work)
{
    work->refs++;
    return work;
}

void
nats_work_unref(struct nats_work *work)
{
    if (--work->refs > 0)
        return;
    gruvi_event_destroy(&work->wake);
    gruvi_event_destroy(&work->keep);
    free(work->name);
    free(work->stream);
    free(work->consumer);
    free(work->target);
    free(work->next);
    free(work->offered);
    free(work);
}

void
nats_works_free(struct nats_node *node)
{
    struct nats_works *works = &node->works;
    struct nats_work *work;

    while ((work = works->first) != NULL) {
        works->first = work->later;
        nats_work_unref(work);
    }
    gruvi_event_destroy(&works->room);
    gruvi_event_destroy(&works->open);
}

void
nats_works_wake(struct nats_node *node)
{
    gruvi_event_set(&node->works.room);
    for (struct nats_work *work = node->works.first; work; work = work->later)
        gruvi_event_set(&work->wake);
}

void
nats_works_look_again(struct nats_node *node)
{
    for (struct nats_work *work = node->works.first; work; work = work->later)
        nats_pull_end(work);
}

void
nats_works_end(struct nats_node *node)
{
    for (struct nats_work *work = node->works.first; work; work = work->later)
        if (work->inbox != NULL)
            nats_subscription_end(node, work->inbox);
    nats_works_wake(node);
}

/* --- a reload ------------------------------------------------------------- */

static int
spawn(struct nats_work *work, GRUVI_SWITCHPOINT int (*main)(void *),
      const char *name)
{
    gruvi_fiber_options_t options = {.name = name};
    gruvi_fiber_t *fiber = NULL;

    GRUVI_IN_GROUP (&work->node->group)
        fiber = gruvi_spawn_ex(main, nats_work_ref(work), &options);
    if (fiber == NULL) {
        nats_work_unref(work);
        return gruvi_last_error();
    }
    gruvi_fiber_unref(fiber);
    return 0;
}

static int
begin(struct nats_work *work)
{
    int err = spawn(work, nats_work_main, "nats work");

    return err < 0 ? err : spawn(work, nats_delivery_keep, "nats keeper");
}

static bool
offer(struct nats_node *node, const struct nats_line *line)
{
    struct nats_works *works = &node->works;
    struct nats_work *work = find(works, line);

    if (work == NULL) {
        work = new_work(node, line);
        if (work == NULL)
            return false;
        work->wanted = true;
        work->later = works->first;
        works->first = work;
        if (begin(work) < 0)
            return false;
    }
    work->offered = strdup(line->target);
    return work->offered != NULL;
}

int
nats_works_read(struct nats_node *node)
{
    size_t n;
    const char *const *items = gruvid_option_list(node->plugin, "work", &n);

    for (size_t i = 0; i < n; i++) {
        struct nats_line line;

        nats_line_split(&line, items[i]);
        if (offer(node, &line))
            continue;
        nats_works_undo(node);
        gruvid_plugin_fail(node->plugin, "there is no memory for its work");
        return UV_ENOMEM;
    }
    return 0;
}

/* Its fibers end by themselves. */
static void
drop(struct nats_work **link)
{
    struct nats_work *work = *link;

    *link = work->later;
    work->wanted = false;
    gruvi_event_set(&work->wake);
    gruvi_event_set(&work->keep);
    nats_work_unref(work);
}

void
nats_works_take(struct nats_node *node)
{
    struct nats_works *works = &node->works;
    struct nats_work **link = &works->first;

    works->n = 0;
    while (*link != NULL) {
        struct nats_work *work = *link;

        if (work->offered == NULL) {
            drop(link);
            continue;
        }
        nats_line_retarget(work->target, &work->next, &work->offered);
        work->taken = true;
        works->n++;
        link = &work->later;
    }
    gruvi_event_set(&works->room);
}

void
nats_works_undo(struct nats_node *node)
{
    struct nats_work **link = &node->works.first;

    while (*link != NULL) {
        struct nats_work *work = *link;

        free(work->offered);
        work->offered = NULL;
        if (work->taken)
            link = &work->later;
        else
            drop(link);
    }
}
