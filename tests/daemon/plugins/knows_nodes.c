/* SPDX-License-Identifier: MIT */
/*
 * knows_nodes: a plugin that knows other nodes, which answer what its options
 * say.
 *
 *   answer = NODE LINE   a node, and a line of its answer; may repeat
 *   silent = NODE        a node that does not answer; may repeat
 *   how = answers        or: out of reach, hangs, own: this gruvid's answer, by
 *                        gruvid_inspect()
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/cluster.h>
#include <gruvid/inspect.h>

static const char *const hows[] = {"answers", "unreachable", "hangs", "own",
                                   NULL};

static const gruvid_option_t options[] = {
    {.name = "answer", .type = GRUVID_LIST},
    {.name = "silent", .type = GRUVID_LIST},
    {.name = "how",
     .type = GRUVID_STRING,
     .default_value = "answers",
     .choices = hows},
    GRUVID_OPTIONS_END,
};

static void
take_answers(gruvid_plugin_t *plugin, const gruvid_cluster_question_t *question)
{
    size_t n;
    const char *const *at = gruvid_option_list(plugin, "answer", &n);
    char node[32];

    for (; *at != NULL; at++) {
        const char *line = strchr(*at, ' ') + 1;

        snprintf(node, sizeof node, "%.*s", (int)(line - 1 - *at), *at);
        question->take(question->arg, node, line, strlen(line));
    }
    for (at = gruvid_option_list(plugin, "silent", &n); *at != NULL; at++)
        question->take(question->arg, *at, NULL, 0);
}

static int
take_own(gruvid_plugin_t *plugin, const gruvid_cluster_question_t *question)
{
    char *answer;
    size_t size;
    int err = gruvid_inspect(plugin, question->request, 0, &answer, &size);

    if (err < 0)
        return err;
    question->take(question->arg, "one", answer, size);
    question->take(question->arg, "two", answer, size);
    free(answer);
    return 0;
}

static int
cluster(gruvid_plugin_t *plugin, const gruvid_cluster_question_t *question)
{
    const char *how = gruvid_option_string(plugin, "how");

    gruvi_info("asked for %zu: %s", question->expect, question->request);
    if (strcmp(how, "unreachable") == 0)
        return UV_ENOTCONN;
    if (strcmp(how, "hangs") == 0)
        return gruvi_sleep(GRUVI_FOREVER);
    if (strcmp(how, "own") == 0)
        return take_own(plugin, question);
    take_answers(plugin, question);
    return 0;
}

GRUVID_PLUGIN(knows_nodes,
    .summary = "knows other nodes",
    .options = options,
    .cluster = cluster);
