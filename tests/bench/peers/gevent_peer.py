# SPDX-License-Identifier: MIT
"""What bench_fiber and bench_sync measure, with gevent."""
import random
import sys
import time

import gevent
import gevent.event
import gevent.lock
import gevent.queue


def report(figure, value):
    print("%s=%.3f" % (figure, value), flush=True)


def cpu():
    return time.process_time_ns()


def memory():
    kb = {}
    with open("/proc/self/status") as status:
        for line in status:
            words = line.split()
            if words[0] in ("VmRSS:", "VmPTE:", "VmSize:"):
                kb[words[0]] = int(words[1])
    return [kb[name] * 1024 for name in ("VmRSS:", "VmPTE:", "VmSize:")]


def innermost():
    gevent.sleep(0)
    return 1


def middle():
    n = innermost()
    return n if n < 0 else n + 1


def outermost():
    n = middle()
    return n if n < 0 else n + 1


def bench_yield(n, count):
    rounds = max(1, count // n)
    begin = []
    end = []

    def run():
        outermost()
        outermost()
        begin.append(time.perf_counter_ns())
        for _ in range(rounds):
            outermost()
        end.append(time.perf_counter_ns())

    gevent.joinall([gevent.spawn(run) for _ in range(n)])
    report("ns", (end[-1] - begin[0]) / (n * rounds))


def empty():
    pass


def bench_spawn(_, count):
    gevent.spawn(empty).join()
    begin = time.perf_counter_ns()
    for _ in range(count):
        gevent.spawn(empty).join()
    report("ns", (time.perf_counter_ns() - begin) / count)


def time_batches(n, batches, unmeasured):
    def batch():
        gevent.joinall([gevent.spawn(empty) for _ in range(n)])

    for _ in range(unmeasured):
        batch()
    begin = time.perf_counter_ns()
    for _ in range(batches):
        batch()
    report("ns", (time.perf_counter_ns() - begin) / (n * batches))


def bench_batch(n, count):
    time_batches(n, max(1, count // n), 1)


def bench_cold(n, _):
    time_batches(n, 1, 0)


def bench_park(n, _):
    all_wait = gevent.event.Event()
    go_on = gevent.event.Event()
    all_ended = gevent.event.Event()
    left = 0

    def run():
        nonlocal left
        left += 1
        if left == n:
            all_wait.set()
        go_on.wait()
        left -= 1
        if left == 0:
            all_ended.set()

    before = memory()
    begin = cpu()
    for _ in range(n):
        gevent.spawn(run)
    all_wait.wait()
    report("create_ns", (cpu() - begin) / n)
    figures = "rss_bytes", "page_table_bytes", "address_space_bytes"
    for figure, was, now in zip(figures, before, memory()):
        report(figure, (now - was) / n)
    begin = cpu()
    go_on.set()
    all_ended.wait()
    report("finish_ns", (cpu() - begin) / n)


def bench_sleep(n, count):
    wakes = 0
    is_over = False

    def run():
        nonlocal wakes
        while not is_over:
            gevent.sleep((1 + int(random.random() * 10)) * 1e-3)
            wakes += 1

    fibers = [gevent.spawn(run) for _ in range(n)]
    while wakes < n:
        gevent.sleep(1e-3)
    wakes = 0
    begin = cpu()
    gevent.sleep(count * 1e-3)
    report("wakes_per_cpu_s", wakes / (cpu() - begin) * 1e9)
    is_over = True
    gevent.joinall(fibers)


def bench_lock(_, count):
    lock = gevent.lock.BoundedSemaphore()
    begin = time.perf_counter_ns()
    for _ in range(count):
        lock.acquire()
        lock.release()
    report("ns", (time.perf_counter_ns() - begin) / count)


def play(server, client, count):
    begin = time.perf_counter_ns()
    gevent.joinall([gevent.spawn(server), gevent.spawn(client)])
    report("ns", (time.perf_counter_ns() - begin) / count)


def bench_event(_, count):
    ping = gevent.event.Event()
    pong = gevent.event.Event()

    def serve():
        for _ in range(count // 2):
            ping.set()
            pong.wait()
            pong.clear()

    def answer():
        for _ in range(count // 2):
            ping.wait()
            ping.clear()
            pong.set()

    play(serve, answer, count)


def bench_queue(_, count):
    ping = gevent.queue.Queue()
    pong = gevent.queue.Queue()

    def serve():
        for i in range(count // 2):
            ping.put(i)
            pong.get()

    def answer():
        for _ in range(count // 2):
            pong.put(ping.get())

    play(serve, answer, count)


COMMANDS = {
    "yield": bench_yield,
    "spawn": bench_spawn,
    "batch": bench_batch,
    "cold": bench_cold,
    "park": bench_park,
    "sleep": bench_sleep,
    "lock": bench_lock,
    "event": bench_event,
    "queue": bench_queue,
}

if len(sys.argv) != 4 or sys.argv[1] not in COMMANDS:
    sys.exit("usage: gevent COMMAND N COUNT")
COMMANDS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
