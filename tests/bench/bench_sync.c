/* SPDX-License-Identifier: MIT */
/*
 * What it costs to wait for each other: within a hub, across two hubs, and
 * from plain threads; beside what libuv offers for the same.
 *
 *   bench_sync          all of them
 *   bench_sync hub      within one hub; pin it to one processor (taskset)
 *   bench_sync hubs     across two hubs
 *   bench_sync post     callbacks posted by one and by four threads
 *   bench_sync work     blocking work, one by one and 1,000 in flight
 *
 * What is alone_ was measured while the process had one thread.
 * Prints name=nanoseconds, and name_ratio=ours/libuv's where there is a peer.
 * Where two processors take part the figures depend on how far these are from
 * each other just now; compare what was measured in one run.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvi.h>

#define LOCKS    20000000l
#define MESSAGES 4000000l
#define CROSSING 200000l
#define POSTS    2000000l
#define WORKS    20000l
#define FLIGHT   1000l

static double
now(void)
{
    return (double)uv_hrtime();
}

static void
check(int err)
{
    if (err >= 0)
        return;
    fprintf(stderr, "bench_sync: %s\n", gruvi_strerror(err));
    exit(1);
}

static gruvi_fiber_t *
spawn(gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_t *fiber = gruvi_spawn(target, arg);

    if (fiber == NULL)
        check(gruvi_last_error());
    return fiber;
}

static void
finish(gruvi_fiber_t *fiber)
{
    check(gruvi_fiber_join(fiber, GRUVI_FOREVER));
    check(gruvi_fiber_status(fiber));
    gruvi_fiber_unref(fiber);
}

static void
begin_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
    check(-pthread_create(thread, NULL, fn, arg));
}

/* --- within a hub, and across two ------------------------------------------
 */

static void
bench_lock(const char *name)
{
    gruvi_lock_t lock = GRUVI_LOCK_INIT;
    double begin = now();
    long i;

    for (i = 0; i < LOCKS; i++) {
        check(gruvi_lock_acquire(&lock, GRUVI_FOREVER));
        check(gruvi_lock_release(&lock));
    }
    printf("%s_ns=%.2f\n", name, (now() - begin) / (double)LOCKS);
}

/* Two sides, each with what the other one waits for. */
struct side {
    gruvi_event_t event;
    gruvi_queue_t queue;
    struct side *other;
    int (*play)(void *side);
    long messages; /* that this side sends */
    bool serves;
};

static int
play_events(void *arg)
{
    struct side *side = arg;
    long i;

    for (i = 0; i < side->messages; i++) {
        if (side->serves)
            gruvi_event_set(&side->other->event);
        check(gruvi_event_wait(&side->event, GRUVI_FOREVER));
        gruvi_event_clear(&side->event);
        if (!side->serves)
            gruvi_event_set(&side->other->event);
    }
    return 0;
}

static int
play_queues(void *arg)
{
    struct side *side = arg;
    void *item;
    long i;

    for (i = 0; i < side->messages; i++) {
        if (side->serves)
            check(gruvi_queue_put(&side->other->queue, side, NULL,
                                  GRUVI_FOREVER));
        check(gruvi_queue_get(&side->queue, &item, GRUVI_FOREVER));
        if (!side->serves)
            check(gruvi_queue_put(&side->other->queue, side, NULL,
                                  GRUVI_FOREVER));
    }
    return 0;
}

static void
open_sides(struct side sides[2], int (*play)(void *side), long messages)
{
    int i;

    for (i = 0; i < 2; i++) {
        sides[i] = (struct side){.other = &sides[!i],
                                 .play = play,
                                 .messages = messages / 2,
                                 .serves = i == 0};
        check(gruvi_event_init(&sides[i].event));
        check(gruvi_queue_init(&sides[i].queue, GRUVI_QUEUE_FIFO, 0));
    }
}

static void
bench_ping_pong(const char *name, int (*play)(void *side))
{
    struct side sides[2];
    gruvi_fiber_t *fibers[2];
    double begin;

    open_sides(sides, play, MESSAGES);
    begin = now();
    fibers[0] = spawn(play, &sides[0]);
    fibers[1] = spawn(play, &sides[1]);
    finish(fibers[0]);
    finish(fibers[1]);
    printf("%s_ns=%.2f\n", name, (now() - begin) / (double)MESSAGES);
    gruvi_queue_destroy(&sides[0].queue);
    gruvi_queue_destroy(&sides[1].queue);
}

static void *
run_side(void *arg)
{
    struct side *side = arg;

    finish(spawn(side->play, side));
    check(gruvi_hub_close(gruvi_get_hub()));
    return NULL;
}

static void
bench_crossing(const char *name, int (*play)(void *side))
{
    struct side sides[2];
    pthread_t thread;
    double begin;

    open_sides(sides, play, CROSSING);
    begin = now();
    begin_thread(&thread, run_side, &sides[1]);
    finish(spawn(play, &sides[0]));
    printf("%s_two_hubs_ns=%.0f\n", name, (now() - begin) / (double)CROSSING);
    pthread_join(thread, NULL);
    gruvi_queue_destroy(&sides[0].queue);
    gruvi_queue_destroy(&sides[1].queue);
}

static void
bench_here(const char *lock, const char *event, const char *queue)
{
    bench_lock(lock);
    bench_ping_pong(event, play_events);
    bench_ping_pong(queue, play_queues);
}

static void *
sleep_until_posted(void *arg)
{
    uv_sem_wait(arg);
    return NULL;
}

/* Once alone, and once where there is another thread. */
static void
bench_hub(void)
{
    pthread_t thread;
    uv_sem_t sem;

    bench_here("alone_lock_unlock", "alone_event_ping_pong",
               "alone_queue_ping_pong");
    check(uv_sem_init(&sem, 0));
    begin_thread(&thread, sleep_until_posted, &sem);
    bench_here("lock_unlock", "event_ping_pong", "queue_ping_pong");
    uv_sem_post(&sem);
    pthread_join(thread, NULL);
    uv_sem_destroy(&sem);
}

static void
bench_hubs(void)
{
    bench_crossing("event", play_events);
    bench_crossing("queue", play_queues);
}

/* --- posts: gruvi_hub_run_callback() and a queue under a mutex -------------
 */

struct post {
    struct post *next;
};

struct receiver {
    gruvi_hub_t *hub;
    long received, wanted, producers;
    gruvi_event_t done;
    uv_async_t async;
    pthread_mutex_t mutex;
    struct post *head, **tail; /* under mutex */
    void *(*produce)(void *receiver);
};

static void
receive(struct receiver *receiver)
{
    if (++receiver->received == receiver->wanted)
        gruvi_event_set(&receiver->done);
}

static void
on_callback(void *arg)
{
    receive(arg);
}

static void *
produce_callbacks(void *arg)
{
    struct receiver *receiver = arg;
    long i;

    for (i = 0; i < receiver->wanted / receiver->producers; i++)
        check(gruvi_hub_run_callback(receiver->hub, on_callback, receiver));
    return NULL;
}

static void
on_async(uv_async_t *async)
{
    struct receiver *receiver = async->data;
    struct post *post, *next;

    pthread_mutex_lock(&receiver->mutex);
    post = receiver->head;
    receiver->head = NULL;
    receiver->tail = &receiver->head;
    pthread_mutex_unlock(&receiver->mutex);
    for (; post != NULL; post = next) {
        next = post->next;
        free(post);
        receive(receiver);
    }
}

static void *
produce_posts(void *arg)
{
    struct receiver *receiver = arg;
    struct post *post;
    long i;

    for (i = 0; i < receiver->wanted / receiver->producers; i++) {
        post = malloc(sizeof *post);
        if (post == NULL)
            check(UV_ENOMEM);
        post->next = NULL;
        pthread_mutex_lock(&receiver->mutex);
        *receiver->tail = post;
        receiver->tail = &post->next;
        pthread_mutex_unlock(&receiver->mutex);
        uv_async_send(&receiver->async);
    }
    return NULL;
}

static double
time_posts(void *(*produce)(void *receiver), long producers)
{
    struct receiver receiver = {
        .hub = gruvi_get_hub(), .wanted = POSTS, .producers = producers};
    pthread_t threads[4];
    double begin;
    long i;

    check(gruvi_event_init(&receiver.done));
    pthread_mutex_init(&receiver.mutex, NULL);
    receiver.tail = &receiver.head;
    check(
        uv_async_init(gruvi_hub_loop(receiver.hub), &receiver.async, on_async));
    receiver.async.data = &receiver;
    begin = now();
    for (i = 0; i < producers; i++)
        begin_thread(&threads[i], produce, &receiver);
    check(gruvi_event_wait(&receiver.done, GRUVI_FOREVER));
    begin = (now() - begin) / (double)POSTS;
    for (i = 0; i < producers; i++)
        pthread_join(threads[i], NULL);
    check(gruvi_uv_close((uv_handle_t *)&receiver.async));
    pthread_mutex_destroy(&receiver.mutex);
    return begin;
}

static void
print_pair(const char *name, double ours, double theirs)
{
    printf("%s_ns=%.1f\n%s_libuv_ns=%.1f\n%s_ratio=%.2f\n", name, ours, name,
           theirs, name, ours / theirs);
}

static void
bench_posts(void)
{
    print_pair("post_1", time_posts(produce_callbacks, 1),
               time_posts(produce_posts, 1));
    print_pair("post_4", time_posts(produce_callbacks, 4),
               time_posts(produce_posts, 4));
}

/* --- work: gruvi_blocking() and uv_queue_work() ----------------------------
 */

static int
do_nothing(void *arg, void **result)
{
    (void)arg;
    *result = NULL;
    return 0;
}

static int
block_often(void *arg)
{
    long i, n = *(long *)arg;
    void *result;

    for (i = 0; i < n; i++)
        check(gruvi_blocking(do_nothing, NULL, &result));
    return 0;
}

static double
time_blocking(long flight)
{
    static gruvi_fiber_t *fibers[FLIGHT];
    long each = WORKS / flight, i;
    double begin = now();

    for (i = 0; i < flight; i++)
        fibers[i] = spawn(block_often, &each);
    for (i = 0; i < flight; i++)
        finish(fibers[i]);
    return (now() - begin) / (double)WORKS;
}

struct work {
    uv_work_t work;
    uv_loop_t *loop;
    long left;
};

static void
do_no_work(uv_work_t *work)
{
    (void)work;
}

static void
queue_again(uv_work_t *uv_work, int status)
{
    struct work *work = uv_work->data;

    check(status);
    if (--work->left > 0)
        check(uv_queue_work(work->loop, uv_work, do_no_work, queue_again));
}

static double
time_uv_work(long flight)
{
    static struct work works[FLIGHT];
    uv_loop_t loop;
    double begin;
    long i;

    check(uv_loop_init(&loop));
    begin = now();
    for (i = 0; i < flight; i++) {
        works[i].loop = &loop;
        works[i].left = WORKS / flight;
        works[i].work.data = &works[i];
        check(uv_queue_work(&loop, &works[i].work, do_no_work, queue_again));
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    begin = (now() - begin) / (double)WORKS;
    check(uv_loop_close(&loop));
    return begin;
}

static void
bench_work(void)
{
    time_blocking(FLIGHT);
    time_uv_work(FLIGHT);
    print_pair("blocking_1", time_blocking(1), time_uv_work(1));
    print_pair("blocking_1000", time_blocking(FLIGHT), time_uv_work(FLIGHT));
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } parts[] = {{"hub", bench_hub},
                 {"hubs", bench_hubs},
                 {"post", bench_posts},
                 {"work", bench_work}};
    int found = 0;
    size_t i;

    gruvi_set_log_sink(gruvi_log_to_stderr);
    if (gruvi_get_hub() == NULL)
        check(gruvi_last_error());
    for (i = 0; i < sizeof parts / sizeof *parts; i++)
        if (argc == 1 || (argc == 2 && strcmp(argv[1], parts[i].name) == 0)) {
            parts[i].run();
            found = 1;
        }
    if (!found) {
        fprintf(stderr, "usage: bench_sync [hub | hubs | post | work]\n");
        return 2;
    }
    check(gruvi_hub_close(gruvi_get_hub()));
    return 0;
}
