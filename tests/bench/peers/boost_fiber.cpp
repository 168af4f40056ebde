// SPDX-License-Identifier: MIT

// What bench_sync and bench_fiber measure, with boost.fiber.
//
//   boost_fiber           within one thread: yields three calls deep, a mutex,
//                         channels
//   boost_fiber threads   a ping-pong between two threads
//
// Prints name=nanoseconds.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <boost/fiber/all.hpp>

namespace fibers = boost::fibers;

namespace {

constexpr long yields = 4000000;
constexpr long locks = 20000000;
constexpr long messages = 2000000;
constexpr long crossing = 100000;
constexpr std::size_t room = 128; // a power of two

using buffered = fibers::buffered_channel<long>;
using unbuffered = fibers::unbuffered_channel<long>;

class timer {
  public:
    timer(std::string name, long n) : name(std::move(name)), n(n)
    {
    }

    ~timer()
    {
        std::chrono::duration<double, std::nano> took = clock::now() - begin;

        std::printf("%s_ns=%.2f\n", name.c_str(), took.count() / double(n));
    }

  private:
    using clock = std::chrono::steady_clock;

    std::string name;
    long n;
    clock::time_point begin = clock::now();
};

// An error check after each call, as a program has it.
[[gnu::noinline]] int
innermost(long i)
{
    boost::this_fiber::yield();
    return i < 0 ? -1 : 1;
}

[[gnu::noinline]] int
middle(long i)
{
    int err = innermost(i);

    return err < 0 ? err : err + 1;
}

[[gnu::noinline]] int
outermost(long i)
{
    int err = middle(i);

    return err < 0 ? err : err + 1;
}

void
bench_yield(long n)
{
    std::vector<fibers::fiber> all;

    for (long i = 0; i < n; i++)
        all.emplace_back([n] {
            for (long i = 0; i < yields / n; i++)
                if (outermost(i) < 0)
                    return;
        });
    timer timer("yield_" + std::to_string(n), yields);
    for (auto &fiber : all)
        fiber.join();
}

void
bench_mutex()
{
    fibers::mutex mutex;
    timer timer("mutex", locks);

    for (long i = 0; i < locks; i++) {
        mutex.lock();
        mutex.unlock();
    }
}

template <typename channel>
void
serve(channel &ping, channel &pong, long n)
{
    for (long i = 0; i < n / 2; i++) {
        ping.push(i);
        pong.value_pop();
    }
}

template <typename channel>
void
answer(channel &ping, channel &pong, long n)
{
    for (long i = 0; i < n / 2; i++)
        pong.push(ping.value_pop());
}

// The sides are fibers, or threads whose main fibers they are.
template <typename side, typename channel>
void
bench_ping_pong(const std::string &name, channel &ping, channel &pong, long n)
{
    timer timer(name, n);
    side server([&] { serve(ping, pong, n); });
    side client([&] { answer(ping, pong, n); });

    server.join();
    client.join();
}

template <typename side>
void
bench_channels(const std::string &where, long n)
{
    unbuffered ping, pong;
    buffered ball(room), back(room);

    bench_ping_pong<side>(where + "unbuffered_ping_pong", ping, pong, n);
    bench_ping_pong<side>(where + "buffered_ping_pong", ball, back, n);
}

} // namespace

int
main(int argc, char **argv)
{
    if (argc == 1) {
        bench_yield(2);
        bench_yield(100);
        bench_mutex();
        bench_channels<fibers::fiber>("", messages);
    } else if (argc == 2 && std::strcmp(argv[1], "threads") == 0) {
        bench_channels<std::thread>("threads_", crossing);
    } else {
        std::fprintf(stderr, "usage: boost_fiber [threads]\n");
        return 2;
    }
    return 0;
}
