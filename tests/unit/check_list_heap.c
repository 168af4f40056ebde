/* SPDX-License-Identifier: MIT */
/* The intrusive list and the pairing heap, the latter against a model. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/heap.h"
#include "core/list.h"
#include "support/suite.h"

struct item {
    int number;
    struct gruvi__list link;
};

static struct item items[6] = {{.number = 0}, {.number = 1}, {.number = 2},
                               {.number = 3}, {.number = 4}, {.number = 5}};

/* The numbers on a list, forwards; it has to be the same backwards. */
static const char *
numbers(const struct gruvi__list *list)
{
    static char text[32];
    const struct gruvi__list *link;
    size_t n = 0;

    for (link = list->next; link != list; link = link->next) {
        ck_assert_ptr_eq(link->next->prev, link);
        ck_assert_ptr_eq(link->prev->next, link);
        n += (size_t)snprintf(
            text + n, sizeof text - n, "%d",
            gruvi__list_entry(link, struct item, link)->number);
    }
    text[n] = '\0';
    return text;
}

static void
fill(struct gruvi__list *list, int from, int to)
{
    gruvi__list_init(list);
    for (; from <= to; from++)
        gruvi__list_add(list, &items[from].link);
}

START_TEST(test_a_list_is_first_in_first_out)
{
    struct gruvi__list list;

    gruvi__list_init(&list);
    ck_assert(gruvi__list_empty(&list));
    ck_assert_ptr_null(gruvi__list_pop(&list));
    fill(&list, 0, 3);
    ck_assert(!gruvi__list_empty(&list));
    ck_assert_str_eq(numbers(&list), "0123");
    ck_assert_ptr_eq(gruvi__list_pop(&list), &items[0].link);
    ck_assert(gruvi__list_empty(&items[0].link));
    ck_assert_str_eq(numbers(&list), "123");
}
END_TEST

START_TEST(test_a_link_is_removed_from_anywhere_and_twice)
{
    struct gruvi__list list;

    fill(&list, 0, 4);
    gruvi__list_remove(&items[2].link);
    gruvi__list_remove(&items[2].link);
    ck_assert_str_eq(numbers(&list), "0134");
    gruvi__list_remove(&items[0].link);
    gruvi__list_remove(&items[4].link);
    ck_assert_str_eq(numbers(&list), "13");
    gruvi__list_remove(&items[1].link);
    gruvi__list_remove(&items[3].link);
    ck_assert(gruvi__list_empty(&list));
}
END_TEST

START_TEST(test_lists_are_spliced)
{
    struct gruvi__list list, from;

    fill(&list, 0, 2);
    fill(&from, 3, 5);
    gruvi__list_splice(&list, &from);
    ck_assert_str_eq(numbers(&list), "012345");
    ck_assert(gruvi__list_empty(&from));
    gruvi__list_splice(&list, &from);
    ck_assert_str_eq(numbers(&list), "012345");
    gruvi__list_splice(&from, &list);
    ck_assert_str_eq(numbers(&from), "012345");
    ck_assert(gruvi__list_empty(&list));
}
END_TEST

/* --- the heap --------------------------------------------------------------
 */

#define NODES 400

/* In the model a node is in or out; the earliest is looked for. */
static struct gruvi__heap_node nodes[NODES];
static bool in_heap[NODES];
static int count;

/* Each child is not before its parent, and linked to who is in front of it.
 * Looked at so often that assertions, which are noted, would take too long. */
static int
check_tree(const struct gruvi__heap_node *node)
{
    const struct gruvi__heap_node *child, *before = node;
    int n = 1;

    for (child = node->child; child != NULL; child = child->next) {
        if (child->key < node->key || child->prev != before)
            ck_abort_msg("the tree is broken");
        before = child;
        n += check_tree(child);
    }
    return n;
}

static void
check_heap(const struct gruvi__heap *heap)
{
    uint64_t earliest = UINT64_MAX;
    int n;

    if (count == 0) {
        ck_assert_ptr_null(heap->root);
        return;
    }
    for (n = 0; n < NODES; n++)
        if (in_heap[n] && nodes[n].key < earliest)
            earliest = nodes[n].key;
    ck_assert_ptr_nonnull(heap->root);
    ck_assert_ptr_null(heap->root->prev);
    ck_assert_ptr_null(heap->root->next);
    ck_assert_uint_eq(heap->root->key, earliest);
    ck_assert_int_eq(check_tree(heap->root), count);
}

static void
insert(struct gruvi__heap *heap, int n, uint64_t key)
{
    nodes[n].key = key;
    gruvi__heap_insert(heap, &nodes[n]);
    in_heap[n] = true;
    count++;
}

static void
take_out(struct gruvi__heap *heap, int n)
{
    gruvi__heap_remove(heap, &nodes[n]);
    if (nodes[n].child != NULL || nodes[n].next != NULL ||
        nodes[n].prev != NULL)
        ck_abort_msg("the node is still linked");
    in_heap[n] = false;
    count--;
}

/* In: insert it, or take it off; often the earliest instead, to combine. */
static void
step(struct gruvi__heap *heap, unsigned short seed[3], long keys)
{
    int n = (int)(nrand48(seed) % NODES);

    if (!in_heap[n])
        insert(heap, n, (uint64_t)(nrand48(seed) % keys));
    else if (nrand48(seed) % 3 == 0)
        take_out(heap, (int)(heap->root - nodes));
    else
        take_out(heap, n);
}

/* CHECK_SEED in the environment tries a certain one. */
static long
choose_seed(void)
{
    const char *wanted = getenv("CHECK_SEED");
    struct timespec now;

    if (wanted != NULL)
        return atol(wanted);
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_nsec;
}

/* With few keys there are many alike. */
START_TEST(test_the_heap_does_what_the_model_does)
{
    static const long keys[] = {1, 2, 10, 1000000000};
    struct gruvi__heap heap = {NULL};
    long chosen = choose_seed();
    unsigned short seed[3] = {(unsigned short)chosen,
                              (unsigned short)(chosen >> 16),
                              (unsigned short)_i};
    int n;

    printf("seed %ld\n", chosen);
    fflush(stdout);
    for (n = 0; n < 4000; n++) {
        step(&heap, seed, keys[_i]);
        if (n % 16 == 0 || n < 200)
            check_heap(&heap);
    }
    for (n = 0; n < NODES; n++)
        if (in_heap[n])
            take_out(&heap, n);
    check_heap(&heap);
}
END_TEST

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

START_TEST(test_the_heap_sorts)
{
    struct gruvi__heap heap = {NULL};
    uint64_t sorted[NODES];
    int n;

    for (n = 0; n < NODES; n++) {
        sorted[n] = (uint64_t)(n * 7919 % 257);
        insert(&heap, n, sorted[n]);
    }
    qsort(sorted, NODES, sizeof *sorted, compare);
    for (n = 0; n < NODES; n++) {
        ck_assert_uint_eq(heap.root->key, sorted[n]);
        take_out(&heap, (int)(heap.root - nodes));
    }
    ck_assert_ptr_null(heap.root);
}
END_TEST

/* A tree of one child each, and one of that many children. */
START_TEST(test_any_number_of_nodes_come_out_in_order)
{
    enum { MANY = 100000 };
    struct gruvi__heap_node *many = calloc(MANY, sizeof *many);
    struct gruvi__heap heap = {NULL};
    uint64_t last = 0;
    int n;

    ck_assert_ptr_nonnull(many);
    for (n = 0; n < MANY; n++) {
        many[n].key = (uint64_t)(_i == 0 ? MANY - n : n) + 1;
        gruvi__heap_insert(&heap, &many[n]);
    }
    for (n = 0; n < MANY; n++) {
        if (heap.root->key <= last)
            ck_abort_msg("out of order");
        last = heap.root->key;
        gruvi__heap_remove(&heap, heap.root);
    }
    ck_assert_ptr_null(heap.root);
    free(many);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("list and heap");
    TCase *tc = tcase_create("list");

    tcase_add_test(tc, test_a_list_is_first_in_first_out);
    tcase_add_test(tc, test_a_link_is_removed_from_anywhere_and_twice);
    tcase_add_test(tc, test_lists_are_spliced);
    suite_add_tcase(suite, tc);
    tc = tcase_create("heap");
    tcase_add_loop_test(tc, test_the_heap_does_what_the_model_does, 0, 4);
    tcase_add_test(tc, test_the_heap_sorts);
    tcase_add_loop_test(tc, test_any_number_of_nodes_come_out_in_order, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
