/* SPDX-License-Identifier: MIT */
/*
 * Objects in memory that held something else: an initialiser clears all of an
 * object.  gcc 15 and newer clear the first member of a union only, where
 * older compilers cleared the rest as well.
 */
#include <stdlib.h>
#include <string.h>

#include "unit/harness.h"

/* The compiler may not know what the memory holds. */
static void *
dirty_memory(size_t size)
{
    void *memory = malloc(size);

    ck_assert_ptr_nonnull(memory);
    memset(memory, 0xA5, size);
    __asm__ volatile("" : : "r"(memory) : "memory");
    return memory;
}

static void __attribute__((noinline)) make_stack_dirty(void)
{
    char room[8192];

    memset(room, 0xA5, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory");
}

static void
check_clean(const void *object, size_t from, size_t size)
{
    const unsigned char *bytes = object;

    for (size_t i = from; i < size; i++)
        ck_assert_msg(bytes[i] == 0, "byte %zu of %zu is %#x", i, size,
                      (unsigned)bytes[i]);
}

/* --- initialisers --------------------------------------------------------- */

static void __attribute__((noinline)) check_variables(void)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT, locks[3] = {GRUVI_LOCK_INIT};
    gruvi_event_t event = GRUVI_EVENT_INIT, events[3] = {GRUVI_EVENT_INIT};
    gruvi_local_t local = GRUVI_LOCAL_INIT(NULL);

    check_clean(&lock, 0, sizeof lock);
    check_clean(locks, 0, sizeof locks);
    check_clean(&event, 0, sizeof event);
    check_clean(events, 0, sizeof events);
    check_clean(&local, 0, sizeof local);
}

START_TEST(test_a_variable_on_a_stack_is_clean)
{
    make_stack_dirty();
    check_variables();
}
END_TEST

static void __attribute__((noinline)) check_zeros(void)
{
    gruvi_lock_t lock = {0};
    gruvi_event_t event = {0};
    gruvi_cond_t cond = {0};
    gruvi_semaphore_t sem = {0};
    gruvi_queue_t queue = {0};
    gruvi_group_t group = {0};
    gruvi_switch_back_t sb = {0};
    gruvi_local_t local = {0};

    check_clean(&lock, 0, sizeof lock);
    check_clean(&event, 0, sizeof event);
    check_clean(&cond, 0, sizeof cond);
    check_clean(&sem, 0, sizeof sem);
    check_clean(&queue, 0, sizeof queue);
    check_clean(&group, 0, sizeof group);
    check_clean(&sb, 0, sizeof sb);
    check_clean(&local, 0, sizeof local);
}

START_TEST(test_braces_with_a_zero_clear_every_object)
{
    make_stack_dirty();
    check_zeros();
}
END_TEST

START_TEST(test_an_object_on_the_heap_is_clean)
{
    gruvi_lock_t *lock = dirty_memory(sizeof *lock);
    gruvi_event_t *event = dirty_memory(sizeof *event);
    gruvi_local_t *local = dirty_memory(sizeof *local);

    *lock = (gruvi_lock_t)GRUVI_LOCK_INIT;
    check_clean(lock, 0, sizeof *lock);
    *event = (gruvi_event_t)GRUVI_EVENT_INIT;
    check_clean(event, 0, sizeof *event);
    *local = (gruvi_local_t)GRUVI_LOCAL_INIT(free);
    check_clean(local, sizeof(void *), sizeof *local);
    free(lock);
    free(event);
    free(local);
}
END_TEST

START_TEST(test_so_is_what_a_function_has_made)
{
    gruvi_lock_t *lock = dirty_memory(sizeof *lock);
    gruvi_event_t *event = dirty_memory(sizeof *event);
    gruvi_local_t *local = dirty_memory(sizeof *local);

    ck_assert_int_eq(gruvi_lock_init(lock), 0);
    check_clean(lock, 0, sizeof *lock);
    ck_assert_int_eq(gruvi_event_init(event), 0);
    check_clean(event, 0, sizeof *event);
    gruvi_local_init(local, NULL);
    check_clean(local, 0, sizeof *local);
    free(lock);
    free(event);
    free(local);
}
END_TEST

/* --- use ------------------------------------------------------------------ */

HUB_TEST(test_what_was_made_in_dirty_memory_works)
{
    gruvi_lock_t *lock = dirty_memory(sizeof *lock);
    gruvi_cond_t *cond = dirty_memory(sizeof *cond);
    gruvi_semaphore_t *sem = dirty_memory(sizeof *sem);
    gruvi_queue_t *queue = dirty_memory(sizeof *queue);
    gruvi_group_t *group = dirty_memory(sizeof *group);
    gruvi_switch_back_t *sb = dirty_memory(sizeof *sb);

    ck_assert_int_eq(gruvi_rlock_init(lock), 0);
    ck_assert_int_eq(gruvi_lock_acquire(lock, 0), 0);
    ck_assert_int_eq(gruvi_lock_acquire(lock, 0), 0);
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
    ck_assert_int_eq(gruvi_lock_release(lock), 0);
    gruvi_lock_destroy(lock);
    ck_assert_int_eq(gruvi_cond_init(cond, NULL), 0);
    ck_assert(!gruvi_lock_locked(gruvi_cond_lock(cond)));
    gruvi_cond_destroy(cond);
    ck_assert_int_eq(gruvi_semaphore_init(sem, 0), 0);
    ck_assert_int_eq(gruvi_semaphore_acquire(sem, 0), UV_ETIMEDOUT);
    gruvi_semaphore_destroy(sem);
    ck_assert_int_eq(gruvi_queue_init(queue, GRUVI_QUEUE_FIFO, 0), 0);
    ck_assert_uint_eq(gruvi_queue_size(queue), 0);
    gruvi_queue_destroy(queue);
    ck_assert_int_eq(gruvi_group_init(group, NULL), 0);
    ck_assert_int_eq(gruvi_group_join(group, 0), 0);
    gruvi_group_destroy(group);
    gruvi_switch_back_init(sb, 0);
    ck_assert_int_eq(gruvi_hub_switch(hub, NULL), UV_ETIMEDOUT);
    gruvi_switch_back_exit(sb);
    free(lock);
    free(cond);
    free(sem);
    free(queue);
    free(group);
    free(sb);
}

int
main(void)
{
    Suite *suite = suite_create("sync_initialisers");
    TCase *tc = tcase_create("initialisers");

    tcase_add_test(tc, test_a_variable_on_a_stack_is_clean);
    tcase_add_test(tc, test_braces_with_a_zero_clear_every_object);
    tcase_add_test(tc, test_an_object_on_the_heap_is_clean);
    tcase_add_test(tc, test_so_is_what_a_function_has_made);
    tcase_add_test(tc, test_what_was_made_in_dirty_memory_works);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
