// SPDX-License-Identifier: MIT
// Exceptions of fibers: see the script beside it, which compiles this with each
// compiler and each C++ runtime there is, as a program and as a module.
#include <gruvi.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>

#include <unistd.h>

namespace {

int wrong;
char logged[1000];

void
expect(bool holds, const char *what)
{
    if (!holds) {
        std::printf("wrong: %s\n", what);
        wrong++;
    }
}

void
keep_log(const gruvi_log_record_t *record)
{
    std::strncat(logged, record->message,
                 sizeof logged - std::strlen(logged) - 1);
}

struct job {
    const char *text;
    gruvi_event_t *go;
    gruvi_event_t *next;
};

// Waits in a catch block until the one before it has left its own.
int
catch_and_wait(void *arg)
{
    job *mine = static_cast<job *>(arg);

    try {
        throw std::runtime_error(mine->text);
    } catch (const std::exception &) {
        gruvi_event_wait(mine->go, GRUVI_FOREVER);
        gruvi_sleep(0);
        try {
            throw;
        } catch (const std::exception &again) {
            expect(std::strcmp(again.what(), mine->text) == 0,
                   "a fiber rethrows the exception of another fiber");
        }
    }
    gruvi_event_set(mine->next);
    expect(std::uncaught_exceptions() == 0, "an exception is left");
    return 0;
}

void
test_catch_blocks_that_wait()
{
    gruvi_event_t events[3];
    job jobs[2] = {{"first", &events[0], &events[1]},
                   {"second", &events[1], &events[2]}};
    gruvi_fiber_t *fibers[2];

    for (gruvi_event_t &event : events)
        gruvi_event_init(&event);
    for (int i = 0; i < 2; i++)
        fibers[i] = gruvi_spawn(catch_and_wait, &jobs[i]);
    gruvi_sleep(0);
    expect(std::uncaught_exceptions() == 0, "the root fiber sees exceptions");
    gruvi_event_set(&events[0]);
    for (gruvi_fiber_t *fiber : fibers) {
        gruvi_fiber_join(fiber, GRUVI_FOREVER);
        gruvi_fiber_unref(fiber);
    }
    for (gruvi_event_t &event : events)
        gruvi_event_destroy(&event);
}

// A destructor waits while an exception is on its way.
struct waits {
    gruvi_event_t *go;
    int *count;
    ~waits()
    {
        gruvi_event_wait(go, GRUVI_FOREVER);
        gruvi_sleep(0);
        *count = std::uncaught_exceptions();
    }
};

struct unwinding {
    gruvi_event_t go;
    int count;
};

int
unwind(void *arg)
{
    unwinding *mine = static_cast<unwinding *>(arg);

    try {
        waits here{&mine->go, &mine->count};
        throw 1;
    } catch (int) {
    }
    return 0;
}

void
test_destructors_that_wait()
{
    unwinding mine;
    gruvi_event_init(&mine.go);
    gruvi_fiber_t *fiber = gruvi_spawn(unwind, &mine);

    gruvi_sleep(0);
    expect(std::uncaught_exceptions() == 0, "the root fiber unwinds");
    gruvi_event_set(&mine.go);
    gruvi_fiber_join(fiber, GRUVI_FOREVER);
    expect(mine.count == 1, "the fiber does not know that it unwinds");
    gruvi_fiber_unref(fiber);
    gruvi_event_destroy(&mine.go);
}

struct sets {
    bool *flag;
    ~sets()
    {
        *flag = true;
    }
};

int
throw_text(void *arg)
{
    sets here{static_cast<bool *>(arg)};

    gruvi_sleep(0);
    throw std::runtime_error("out of paper");
}

struct odd {};

int
throw_odd(void *arg)
{
    sets here{static_cast<bool *>(arg)};

    throw odd();
}

int
throw_in_catch(void *arg)
{
    try {
        throw std::runtime_error("inner");
    } catch (const std::exception &) {
        return throw_text(arg);
    }
}

int
throw_at_shield(void *arg)
{
    GRUVI_SHIELD {
        GRUVI_WITH_SWITCH_BACK (sb, 10.0) {
            throw_text(arg);
        }
    }
    return 0;
}

// A member that uses the frame of the block to its end.
struct shared {
    int turns;
    bool ended;
};

int
use_shared(void *arg)
{
    shared *mine = static_cast<shared *>(arg);

    gruvi_sleep(GRUVI_FOREVER);
    GRUVI_SHIELD {
        while (mine->turns-- > 0)
            gruvi_sleep(0);
    }
    mine->ended = true;
    return 0;
}

struct wants_end {
    shared *mine;
    ~wants_end()
    {
        expect(mine->ended, "the block of the group waits");
    }
};

int
throw_at_group(void *arg)
{
    shared mine{3, false};
    wants_end here{&mine};

    GRUVI_WITH_GROUP (group) {
        gruvi_go(use_shared, &mine);
        expect(gruvi_group_size(&group) == 1, "a member of the block's group");
        gruvi_sleep(0);
        throw_text(arg);
    }
    return 0;
}

int
throw_in_call(void *arg)
{
    static shared mine;

    mine = {3, false};
    gruvi_go(use_shared, &mine);
    gruvi_sleep(0);
    return throw_text(arg) + mine.ended;
}

int
call_with_group(void *arg)
{
    return gruvi_group_call("call", throw_in_call, arg, nullptr);
}

void
ends(int (*fn)(void *), const char *text)
{
    bool destroyed = false;
    gruvi_fiber_t *fiber = gruvi_spawn(fn, &destroyed);

    logged[0] = '\0';
    gruvi_fiber_join(fiber, GRUVI_FOREVER);
    expect(gruvi_fiber_status(fiber) == UV_UNKNOWN, "the status of the fiber");
    expect(destroyed, "the destructors have run");
    expect(std::strstr(logged, text) != nullptr, text);
    expect(std::strstr(logged, "switch back block") == nullptr, logged);
    expect(std::uncaught_exceptions() == 0, "the exception is over");
    gruvi_fiber_unref(fiber);
}

int
work(void *arg, void **)
{
    sets here{static_cast<bool *>(arg)};

    throw std::runtime_error("out of paper");
}

void
test_an_exception_ends_its_work(gruvi_pool_t *pool)
{
    bool destroyed = false;
    void *value;

    logged[0] = '\0';
    gruvi_future_t *future = gruvi_pool_submit(pool, work, &destroyed);
    expect(gruvi_future_result(future, &value, GRUVI_FOREVER) == UV_UNKNOWN,
           "the future's error");
    expect(destroyed, "the destructors of work have run");
    expect(std::strstr(logged, "out of paper") != nullptr, "the work's text");
    gruvi_future_unref(future);
}

// A runtime that goes, with its module, while a fiber waits in a catch block.
struct words {
    void *caught;
    unsigned uncaught;
} going;

void *
words_of_going()
{
    return &going;
}

int
catch_and_sleep(void *arg)
{
    try {
        throw std::runtime_error("kept");
    } catch (const std::exception &) {
        gruvi_event_wait(static_cast<gruvi_event_t *>(arg), GRUVI_FOREVER);
    }
    return 0;
}

void
test_a_runtime_that_goes_is_left_alone()
{
    gruvi__cxx_t runtime = {nullptr, words_of_going, nullptr};
    gruvi_event_t event;

    going = {nullptr, 0};
    gruvi_event_init(&event);
    gruvi__cxx_add(&runtime);
    gruvi_fiber_t *fiber = gruvi_spawn(catch_and_sleep, &event);
    gruvi_sleep(0);
    gruvi__cxx_remove(&runtime);
    going = {&event, 7};
    gruvi_event_set(&event);
    gruvi_fiber_join(fiber, GRUVI_FOREVER);
    expect(going.caught == &event && going.uncaught == 7,
           "the words of a runtime that is gone");
    gruvi_fiber_unref(fiber);
}

} // namespace

extern "C" int run_exceptions(void);

extern "C" int
run_exceptions(void)
{
    gruvi_pool_t *fibers = gruvi_fiber_pool_new(nullptr);

    gruvi_set_log_sink(keep_log);
    for (int i = 0; i < 100; i++) {
        test_catch_blocks_that_wait();
        test_destructors_that_wait();
    }
    ends(throw_text, "out of paper");
    ends(throw_odd, "of type (anonymous namespace)::odd");
    ends(throw_in_catch, "out of paper");
    ends(throw_at_shield, "out of paper");
    ends(throw_at_group, "out of paper");
    ends(call_with_group, "out of paper");
    test_a_runtime_that_goes_is_left_alone();
    test_an_exception_ends_its_work(gruvi_get_cpu_pool());
    test_an_exception_ends_its_work(fibers);
    gruvi_pool_close(fibers);
    gruvi_pool_unref(fibers);
    return wrong != 0;
}

#ifndef MODULE
namespace {

void
throw_from_handler(gruvi_fiber_t *, int)
{
    throw 1;
}

void
throw_from_sink(const gruvi_log_record_t *)
{
    throw 1;
}

int
fail(void *)
{
    return UV_EIO;
}

// Where an exception must not leave a function the program ends.
void
end_by_terminate(const char *how)
{
    void *value;

    std::set_terminate([] { _exit(0); });
    if (std::strcmp(how, "handler") == 0)
        gruvi_set_uncaught_handler(throw_from_handler);
    else
        gruvi_set_log_sink(throw_from_sink);
    if (std::strcmp(how, "work") == 0)
        gruvi_compute(work, &wrong, &value);
    else if (std::strcmp(how, "throw") == 0)
        gruvi_fiber_join(gruvi_spawn(throw_text, &wrong), GRUVI_FOREVER);
    else
        gruvi_fiber_join(gruvi_spawn(fail, nullptr), GRUVI_FOREVER);
}

} // namespace

int
main(int argc, char **argv)
{
    if (argc > 1) {
        end_by_terminate(argv[1]);
        return 1;
    }

    int status = run_exceptions();

    gruvi_hub_close(gruvi_get_hub());
    return status;
}
#endif
