/* SPDX-License-Identifier: MIT */
/*
 * An intrusive pairing heap of deadlines, earliest first.
 *
 * Chosen over a binary heap because most deadlines are withdrawn and never
 * come due: arming links a node below the root, and withdrawing one that was
 * never combined with others unlinks it again, at any size.  Only taking the
 * earliest costs the logarithm, amortised.
 *
 *   root -> child -> its siblings by next; prev is the sibling before, or the
 *   parent for a first child.  A node that is not in a heap has prev NULL and
 *   is not the root.
 */
#ifndef GRUVI_CORE_HEAP_H
#define GRUVI_CORE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gruvi__heap_node {
    struct gruvi__heap_node *child, *next, *prev;
    uint64_t key;
};

struct gruvi__heap {
    struct gruvi__heap_node *root;
};

static inline struct gruvi__heap_node *
gruvi__heap_link(struct gruvi__heap_node *a, struct gruvi__heap_node *b)
{
    struct gruvi__heap_node *low = b->key < a->key ? b : a;
    struct gruvi__heap_node *high = low == a ? b : a;

    high->prev = low;
    high->next = low->child;
    if (low->child != NULL)
        low->child->prev = high;
    low->child = high;
    low->next = low->prev = NULL;
    return low;
}

/* Combine a list of siblings into one tree: in pairs, then from the right. */
static inline struct gruvi__heap_node *
gruvi__heap_combine(struct gruvi__heap_node *first)
{
    struct gruvi__heap_node *pairs = NULL, *node, *rest;

    while (first != NULL) {
        node = first;
        rest = node->next;
        if (rest != NULL) {
            first = rest->next;
            node->next = rest->next = NULL;
            node = gruvi__heap_link(node, rest);
        } else {
            first = NULL;
        }
        node->next = pairs;
        pairs = node;
    }
    node = pairs;
    if (node == NULL)
        return NULL;
    rest = node->next;
    node->next = node->prev = NULL;
    while (rest != NULL) {
        pairs = rest->next;
        node = gruvi__heap_link(node, rest);
        rest = pairs;
    }
    return node;
}

static inline void
gruvi__heap_insert(struct gruvi__heap *heap, struct gruvi__heap_node *node)
{
    node->child = node->next = node->prev = NULL;
    heap->root = heap->root == NULL ? node : gruvi__heap_link(heap->root, node);
}

/* node is in the heap */
static inline void
gruvi__heap_remove(struct gruvi__heap *heap, struct gruvi__heap_node *node)
{
    struct gruvi__heap_node *below;

    if (node == heap->root) {
        heap->root = gruvi__heap_combine(node->child);
    } else {
        if (node->prev->child == node)
            node->prev->child = node->next;
        else
            node->prev->next = node->next;
        if (node->next != NULL)
            node->next->prev = node->prev;
        below = gruvi__heap_combine(node->child);
        if (below != NULL)
            heap->root = gruvi__heap_link(heap->root, below);
    }
    node->child = node->next = node->prev = NULL;
}

#endif
