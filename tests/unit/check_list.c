/* SPDX-License-Identifier: MIT */
/* The intrusive list. */
#include <stdio.h>

#include "base/list.h"
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

int
main(void)
{
    Suite *suite = suite_create("list");
    TCase *tc = tcase_create("list");

    tcase_add_test(tc, test_a_list_is_first_in_first_out);
    tcase_add_test(tc, test_a_link_is_removed_from_anywhere_and_twice);
    tcase_add_test(tc, test_lists_are_spliced);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
