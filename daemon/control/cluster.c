/* SPDX-License-Identifier: MIT */
/*
 * "cluster": a command that only looks, of all nodes that a plugin knows.
 *
 *   command's fiber                fiber of the plugin, in the first hub
 *   begins it, waits               asks all nodes, takes their answers
 *         <----------------------- has ended
 *   sends the answers
 *
 * The plugin's function runs in a fiber of the plugin: a stop of the plugin
 * ends it.  What it collects belongs to both fibers, and goes with the last.
 */
#include <stdlib.h>
#include <string.h>

#include <gruvid/cluster.h>

#include "control/commands.h"
#include "control/parse.h"
#include "control/text.h"
#include "instance/shard.h"

/* Seconds that a node has to answer. */
#define PATIENCE 1.0

/* Bytes of all answers. */
#define LIMIT ((size_t)256 << 20)

struct answer {
    struct answer *next;
    size_t size;
    bool is_silent;
    char *text; /* behind the name */
    char node[];
};

struct asking {
    unsigned holders; /* the command's fiber and the plugin's */
    bool runs;        /* the plugin's has begun */
    gruvid_plugin_t *plugin;
    gruvid_cluster_question_t question;
    char *request; /* owned */
    int err;       /* of the plugin's function, or of take() */
    size_t bytes;
    struct answer *first, **last;
};

static void
let_go(struct asking *asking)
{
    if (--asking->holders > 0)
        return;
    while (asking->first != NULL) {
        struct answer *answer = asking->first;

        asking->first = answer->next;
        free(answer);
    }
    free(asking->request);
    free(asking);
}

/* --- the plugin's fiber --------------------------------------------------- */

static void
take(void *arg, const char *node, const char *text, size_t size)
{
    struct asking *asking = arg;
    size_t length = strlen(node) + 1;
    struct answer *answer = NULL;

    if (asking->err == 0 && size > LIMIT - asking->bytes)
        asking->err = UV_E2BIG;
    if (asking->err < 0)
        return;
    answer = malloc(sizeof *answer + length + size);
    if (answer == NULL) {
        asking->err = UV_ENOMEM;
        return;
    }
    *answer = (struct answer){.size = size, .is_silent = text == NULL};
    memcpy(answer->node, node, length);
    answer->text = answer->node + length;
    if (size > 0)
        memcpy(answer->text, text, size);
    asking->bytes += size;
    *asking->last = answer;
    asking->last = &answer->next;
}

static GRUVI_SWITCHPOINT int
ask_nodes(void *arg)
{
    struct asking *asking = arg;
    int err;

    asking->runs = true;
    err = asking->plugin->module->descriptor.cluster(asking->plugin,
                                                     &asking->question);
    if (asking->err == 0)
        asking->err = err;
    let_go(asking);
    return 0;
}

/* --- the command's fiber -------------------------------------------------- */

/* What the nodes are asked: the command in "ask", with its own members. */
static char *
question_of(const struct gruvid__request *request)
{
    json_t *question =
        json_pack("{s:O}", "do", json_object_get(request->members, "ask"));
    const json_t *plugin = json_object_get(request->members, "plugin");
    char *text;

    if (plugin != NULL)
        json_object_set(question, "plugin", (json_t *)plugin);
    if (gruvid__request_flag(request, "group"))
        json_object_set_new(question, "group", json_true());
    text = question == NULL ? NULL : json_dumps(question, JSON_COMPACT);
    json_decref(question);
    return text;
}

static struct asking *
make_asking(const struct gruvid__request *request, gruvid_plugin_t *plugin)
{
    struct asking *asking = calloc(1, sizeof *asking);

    if (asking == NULL)
        return NULL;
    asking->holders = 1;
    asking->request = question_of(request);
    if (asking->request == NULL) {
        let_go(asking);
        return NULL;
    }
    asking->plugin = plugin;
    asking->last = &asking->first;
    asking->question = (gruvid_cluster_question_t){
        .size = sizeof asking->question,
        .request = asking->request,
        .timeout = PATIENCE,
        .expect = (size_t)gruvid__request_whole(request, "expect", 0),
        .take = take,
        .arg = asking,
    };
    return asking;
}

/* A fiber that never ran has left its part. */
static GRUVI_SWITCHPOINT int
wait_for(struct asking *asking, gruvi_fiber_t *fiber)
{
    int err = gruvi_fiber_join(fiber, GRUVI_FOREVER);

    if (gruvi_fiber_alive(fiber)) {
        gruvi_fiber_cancel(fiber, "nobody waits for the nodes any more");
    } else {
        err = asking->runs ? asking->err : UV_ECANCELED;
    }
    if (!asking->runs)
        let_go(asking);
    gruvi_fiber_unref(fiber);
    return err;
}

static GRUVI_SWITCHPOINT int
ask(struct asking *asking)
{
    gruvi_fiber_t *fiber;
    struct gruvid__shard *shard = gruvid__shard_here(asking->plugin);

    if (shard == NULL)
        return UV_ENOTSUP;
    asking->holders++;
    fiber =
        gruvid__shard_go(shard, &shard->group, ask_nodes, asking, "cluster");
    if (fiber == NULL) {
        let_go(asking);
        return gruvi_last_error();
    }
    return wait_for(asking, fiber);
}

/* --- its answer ----------------------------------------------------------- */

static void
add(json_t *nodes, const char *node, const char *name, json_t *value)
{
    json_array_append_new(
        nodes,
        json_pack("{s:o, s:o}", "node", gruvid__json_text(node), name, value));
}

/* A node may run another gruvid, or be none. */
static void
add_lines(json_t *nodes, const struct answer *answer)
{
    const char *at = answer->text, *end = answer->text + answer->size;
    char why[128];

    if (answer->is_silent)
        add(nodes, answer->node, "silent", json_true());
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((stop == NULL ? end : stop) - at);
        json_t *line = gruvid__control_parse(at, size, why, sizeof why);

        if (line != NULL)
            add(nodes, answer->node, "line", line);
        else
            add(nodes, answer->node, "error", json_string(why));
        at += size + 1;
    }
}

/* A piece a node: what all answer together need not be held twice. */
static GRUVI_SWITCHPOINT int
send_answers(struct gruvid__request *request, const struct asking *asking)
{
    const struct answer *answer = asking->first;
    int err = 0;

    for (; err == 0 && answer != NULL; answer = answer->next) {
        json_t *nodes = json_array();

        add_lines(nodes, answer);
        err = gruvid__answer_pieces(request, "nodes", nodes);
    }
    return err < 0 ? err : gruvid__answer(request, json_object());
}

/* --- the command ---------------------------------------------------------- */

/* Sections whose plugins know other nodes. */
static gruvid_plugin_t *
find_plugin(const struct gruvid__request *request, size_t *n)
{
    const struct gruvid__instances *all = &request->daemon->instances;
    const char *name = gruvid__request_text(request, "by");
    gruvid_plugin_t *found = NULL;

    *n = 0;
    for (size_t i = 0; i < all->n; i++) {
        gruvid_plugin_t *plugin = all->at[i];

        if (plugin->role != GRUVID__CURRENT ||
            plugin->state != GRUVID__STARTED ||
            plugin->module->descriptor.cluster == NULL ||
            (name != NULL && strcmp(name, plugin->name) != 0))
            continue;
        found = plugin;
        (*n)++;
    }
    return found;
}

static int
refuse(struct gruvid__request *request, const char *plugin, int err)
{
    if (err == UV_ENOTCONN)
        return gruvid__refuse(request, err,
                              "%s has no connection to the other nodes; the "
                              "log says why",
                              plugin);
    if (err == UV_ETIMEDOUT)
        return gruvid__refuse(request, err,
                              "%s: no node answers, not even this one: what is "
                              "between them does not pass it on",
                              plugin);
    return gruvid__refuse(request, err, "%s: the nodes cannot be asked: %s",
                          plugin, gruvi_strerror(err));
}

static GRUVI_SWITCHPOINT int
answer_cluster(struct gruvid__request *request)
{
    size_t n;
    gruvid_plugin_t *plugin = find_plugin(request, &n);
    const char *name = plugin == NULL ? NULL : plugin->name;
    const char *by = gruvid__request_text(request, "by");
    struct asking *asking;
    int err;

    if (n == 0 && by != NULL)
        return gruvid__refuse(request, UV_ENOENT,
                              "no section %s here knows other nodes", by);
    if (n == 0)
        return gruvid__refuse(request, UV_ENOENT,
                              "no plugin here knows other nodes; a section "
                              "[plugin nats] does");
    if (n > 1)
        return gruvid__refuse(request, UV_EINVAL,
                              "%zu sections know other nodes: --by (\"by\") "
                              "names one",
                              n);
    asking = make_asking(request, plugin);
    if (asking == NULL)
        return UV_ENOMEM;
    err = ask(asking);
    err = err < 0 ? refuse(request, name, err) : send_answers(request, asking);
    let_go(asking);
    return err;
}

static const struct gruvid__member members[] = {
    {.name = "ask", .type = GRUVID__TEXT, .needed = true},
    {.name = "plugin", .type = GRUVID__TEXT},
    {.name = "group", .type = GRUVID__FLAG},
    {.name = "expect", .type = GRUVID__WHOLE},
    {.name = "by", .type = GRUVID__TEXT},
    {.name = NULL},
};

const struct gruvid__command gruvid__command_cluster = {
    .name = "cluster",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .members = members,
    .handler = answer_cluster,
};
