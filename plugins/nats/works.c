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

/* Work that is not wanted any more ends by itself. */
static void
drop(struct nats_works *works, const char *const *items, size_t n)
{
    struct nats_work **link = &works->first, *work;

    works->n = n;
    while ((work = *link) != NULL) {
        struct nats_line line;
        bool wanted = false;

        for (size_t i = 0; i < n && !wanted; i++) {
            nats_line_split(&line, items[i]);
            wanted = nats_line_is(&line, work->name);
        }
        if (wanted) {
            link = &work->later;
            continue;
        }
        *link = work->later;
        work->wanted = false;
        gruvi_event_set(&work->wake);
        gruvi_event_set(&work->keep);
        nats_work_unref(work);
    }
    gruvi_event_set(&works->room);
}

/* Have the work of a line; false: without memory. */
static bool
take(struct nats_node *node, const struct nats_line *line)
{
    struct nats_works *works = &node->works;
    struct nats_work *work = find(works, line);

    if (work != NULL)
        return nats_line_retarget(line, work->target, &work->next);
    work = new_work(node, line);
    if (work == NULL)
        return false;
    work->wanted = true;
    work->later = works->first;
    works->first = work;
    return true;
}

int
nats_works_read(struct nats_node *node)
{
    size_t n;
    const char *const *items = gruvid_option_list(node->plugin, "work", &n);

    for (size_t i = 0; i < n; i++) {
        struct nats_line line;

        nats_line_split(&line, items[i]);
        if (!take(node, &line)) {
            gruvid_plugin_fail(node->plugin, "there is no memory for its work");
            return UV_ENOMEM;
        }
    }
    drop(&node->works, items, n);
    return 0;
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

static int
spawn(struct nats_work *work, int (*main)(void *), const char *name)
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

int
nats_works_begin(struct nats_node *node)
{
    int err = 0;

    for (struct nats_work *work = node->works.first; work && err == 0;
         work = work->later) {
        if (work->begun)
            continue;
        err = spawn(work, nats_work_main, "nats work");
        if (err == 0)
            err = spawn(work, nats_delivery_keep, "nats keeper");
        work->begun = err == 0;
    }
    return err;
}
