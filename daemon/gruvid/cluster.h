/* SPDX-License-Identifier: MIT */
/*
 * Other nodes: how gruvictl --cluster reaches gruvids on other machines.
 *
 * A plugin that knows them, such as nats, has a function cluster in its
 * descriptor.  gruvid calls it with a question; it asks all nodes, its own
 * among them, and gives each answer back.  What a node answers is its own
 * plugin's gruvid_inspect().
 */
#ifndef GRUVID_CLUSTER_H
#define GRUVID_CLUSTER_H

#include <gruvid/plugin.h>

GRUVI_BEGIN_DECLS

struct gruvid_cluster_question {
    size_t size; /* of this struct */

    /* A command of the control socket that only looks, as JSON in a line:
     * {"do":"status"}. */
    const char *request;

    /* Seconds for the answers.  Without a silent node it takes less. */
    double timeout;

    /* How many nodes there have to be: fewer are waited for. */
    size_t expect;

    /*
     * Takes the answer of a node.
     *
     *   node    its name, borrowed
     *   answer  lines, as of gruvid_inspect(), borrowed; NULL: it is silent
     *   size    bytes of answer
     *
     * Context: fiber, no switchpoint.
     */
    void (*take)(void *arg, const char *node, const char *answer, size_t size);
    void *arg;

    void *reserved[4]; /* NULL */
};

GRUVI_END_DECLS

#endif
