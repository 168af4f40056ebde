// SPDX-License-Identifier: MIT

// What bench_fiber and bench_sync measure, with boost.fiber.  Stacks have
// 64 KiB and no guard.  They come from a pool, the fastest allocator that it
// has, and where memory is looked at from malloc(), which takes a page less.
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/fiber/all.hpp>

#include "bench/bench.h"

namespace fibers = boost::fibers;

namespace {

constexpr std::size_t stack_size = 64 << 10;
constexpr std::size_t room = 128; // of a channel: a power of two

fibers::pooled_fixedsize_stack &
pool()
{
    static fibers::pooled_fixedsize_stack stacks(stack_size);
    return stacks;
}

template <typename function>
fibers::fiber
spawn_small(function fn)
{
    return fibers::fiber(std::allocator_arg,
                         fibers::fixedsize_stack(stack_size), fn);
}

template <typename function>
fibers::fiber
spawn(function fn)
{
    return fibers::fiber(std::allocator_arg, pool(), fn);
}

template <typename function>
std::vector<fibers::fiber>
spawn_all(long n, function fn)
{
    std::vector<fibers::fiber> all;

    all.reserve(std::size_t(n));
    for (long i = 0; i < n; i++)
        all.push_back(spawn(fn));
    return all;
}

void
join_all(std::vector<fibers::fiber> &all)
{
    for (auto &fiber : all)
        fiber.join();
}

// --- yields ---

int
yield()
{
    boost::this_fiber::yield();
    return 0;
}

BENCH_YIELDER(even, yield, 1)
BENCH_YIELDER(odd, yield, 7)

void
bench_yield(long n, long count)
{
    bench_yields_expect(n, count);
    auto all = spawn_all(n, even);
    join_all(all);
}

void
bench_mixed(long n, long count)
{
    std::vector<fibers::fiber> all;

    all.reserve(std::size_t(n));
    bench_yields_expect(n, count);
    for (long i = 0; i < n; i++)
        all.push_back(spawn(bench_is_odd(i) ? odd : even));
    join_all(all);
}

// --- spawn and join ---

void
empty()
{
}

void
bench_spawn(long, long count)
{
    spawn(empty).join();
    double begin = bench_now();
    for (long i = 0; i < count; i++)
        spawn(empty).join();
    bench_print("ns", (bench_now() - begin) / double(count));
}

void
spawn_batch(std::vector<fibers::fiber> &all, long n)
{
    for (long i = 0; i < n; i++)
        all.push_back(spawn(empty));
    join_all(all);
    all.clear();
}

void
time_batches(long n, long batches, long unmeasured)
{
    std::vector<fibers::fiber> all;

    all.reserve(std::size_t(n));
    for (long i = 0; i < unmeasured; i++)
        spawn_batch(all, n);
    double begin = bench_now();
    for (long i = 0; i < batches; i++)
        spawn_batch(all, n);
    bench_print("ns", (bench_now() - begin) / (double(n) * double(batches)));
}

void
bench_batch(long n, long count)
{
    time_batches(n, count / n > 0 ? count / n : 1, 1);
}

void
bench_cold(long n, long)
{
    time_batches(n, 1, 0);
}

// --- fibers that wait ---

struct event {
    fibers::mutex mutex;
    fibers::condition_variable changed;
    bool is_set = false;

    void
    set()
    {
        std::unique_lock<fibers::mutex> lock(mutex);
        is_set = true;
        changed.notify_all();
    }

    void
    wait()
    {
        std::unique_lock<fibers::mutex> lock(mutex);
        while (!is_set)
            changed.wait(lock);
    }

    // For a side of a ping-pong.
    void
    take()
    {
        std::unique_lock<fibers::mutex> lock(mutex);
        while (!is_set)
            changed.wait(lock);
        is_set = false;
    }
};

void
bench_park(long n, long)
{
    event all_wait, go_on, all_ended;
    long left = 0;
    spawn_small(empty).join(); // makes the scheduler
    struct bench_memory before = ::bench_memory();
    double begin = bench_cpu();

    for (long i = 0; i < n; i++)
        spawn_small([&] {
            if (++left == n)
                all_wait.set();
            go_on.wait();
            if (--left == 0)
                all_ended.set();
        }).detach();
    all_wait.wait();
    bench_print("create_ns", (bench_cpu() - begin) / double(n));
    bench_print_memory(before, n);
    begin = bench_cpu();
    go_on.set();
    all_ended.wait();
    bench_print("finish_ns", (bench_cpu() - begin) / double(n));
}

void
bench_sleep(long n, long count)
{
    using std::chrono::milliseconds;
    long wakes = 0;
    bool is_over = false;
    auto all = spawn_all(n, [&] {
        while (!is_over) {
            boost::this_fiber::sleep_for(
                milliseconds(1 + bench_random() % 10));
            wakes++;
        }
    });

    while (wakes < n)
        boost::this_fiber::sleep_for(milliseconds(1));
    wakes = 0;
    double begin = bench_cpu();
    boost::this_fiber::sleep_for(milliseconds(count));
    bench_print("wakes_per_cpu_s",
                double(wakes) / (bench_cpu() - begin) * 1e9);
    is_over = true;
    join_all(all);
}

// --- waiting for each other ---

template <typename measured>
void
among_threads(long n, measured measure)
{
    std::mutex held;
    std::vector<std::thread> others;

    held.lock();
    for (long i = 1; i < n; i++)
        others.emplace_back([&] { std::lock_guard<std::mutex> lock(held); });
    measure();
    held.unlock();
    for (auto &other : others)
        other.join();
}

void
bench_lock(long n, long count)
{
    among_threads(n, [=] {
        fibers::mutex mutex;
        double begin = bench_now();

        for (long i = 0; i < count; i++) {
            mutex.lock();
            mutex.unlock();
        }
        bench_print("ns", (bench_now() - begin) / double(count));
    });
}

// The sides are fibers, or threads whose main fibers they are.
template <typename side>
void
play_events(long count)
{
    event ping, pong;
    double begin = bench_now();
    side server([&] {
        for (long i = 0; i < count / 2; i++) {
            ping.set();
            pong.take();
        }
    });
    side client([&] {
        for (long i = 0; i < count / 2; i++) {
            ping.take();
            pong.set();
        }
    });

    server.join();
    client.join();
    bench_print("ns", (bench_now() - begin) / double(count));
}

template <typename side>
void
play_channels(long count)
{
    fibers::buffered_channel<long> ping(room), pong(room);
    double begin = bench_now();
    side server([&] {
        for (long i = 0; i < count / 2; i++) {
            ping.push(i);
            pong.value_pop();
        }
    });
    side client([&] {
        for (long i = 0; i < count / 2; i++)
            pong.push(ping.value_pop());
    });

    server.join();
    client.join();
    bench_print("ns", (bench_now() - begin) / double(count));
}

void
bench_event(long n, long count)
{
    among_threads(n, [=] { play_events<fibers::fiber>(count); });
}

void
bench_queue(long n, long count)
{
    among_threads(n, [=] { play_channels<fibers::fiber>(count); });
}

void
bench_event_hubs(long, long count)
{
    play_events<std::thread>(count);
}

void
bench_queue_hubs(long, long count)
{
    play_channels<std::thread>(count);
}

const bench_command commands[] = {
    {"yield", bench_yield},
    {"mixed", bench_mixed},
    {"spawn", bench_spawn},
    {"batch", bench_batch},
    {"cold", bench_cold},
    {"park", bench_park},
    {"sleep", bench_sleep},
    {"lock", bench_lock},
    {"event", bench_event},
    {"queue", bench_queue},
    {"event_hubs", bench_event_hubs},
    {"queue_hubs", bench_queue_hubs},
};

} // namespace

int
main(int argc, char **argv)
{
    return BENCH_MAIN(commands, argc, argv);
}
