/* SPDX-License-Identifier: MIT */
/*
 * What debuggers are told: where hubs are, and where in them and in fibers is
 * what tools/gdb/gruvi-gdb.py shows.  So it needs no debug information, and no
 * table of its own for each version and processor.
 *
 * The list is for debuggers alone, who stop the process first.  They read it
 * forward, and find it whole wherever a thread was stopped.
 */
#include "core/debug.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gruvi/inspect.h>

#include "base/fork_lock.h"
#include "base/threads.h"
#include "core/clock.h"
#include "core/fiber.h"
#include "core/group.h"
#include "core/hub.h"
#include "core/thread.h"

static struct gruvi__list hubs = {&hubs, &hubs};

GRUVI__FORK_LOCK(lock);

void
gruvi__debug_add(gruvi_hub_t *hub)
{
    hub->tid = (int)syscall(SYS_gettid);
    gruvi__mutex_lock(&lock);
    gruvi__list_add(&hubs, &hub->hubs_link);
    gruvi__mutex_unlock(&lock);
}

void
gruvi__debug_remove(gruvi_hub_t *hub)
{
    gruvi__mutex_lock(&lock);
    gruvi__list_remove(&hub->hubs_link);
    gruvi__mutex_unlock(&lock);
}

#define FIBER(member)                                                          \
    {                                                                          \
        "fiber." #member, offsetof(struct gruvi_fiber, member)                 \
    }
#define HUB(member)                                                            \
    {                                                                          \
        "hub." #member, offsetof(struct gruvi_hub, member)                     \
    }
#define GROUP(member)                                                          \
    {                                                                          \
        "group." #member, offsetof(struct gruvi__group, member)                \
    }

/* A register of a context, by the name that gdb has for it. */
#define REGISTER(name, member)                                                 \
    {                                                                          \
        "register." name, offsetof(struct gruvi_fiber, context.member)         \
    }

/* A word that is 0, or the address of the fiber, until the fiber has begun. */
#define BEGUN(member)                                                          \
    {                                                                          \
        "fiber.begun", offsetof(struct gruvi_fiber, context.member)            \
    }

static const gruvi__debug_field_t fields[] = {
    {"fiber.size", sizeof(struct gruvi_fiber)},
    FIBER(all_link),
    FIBER(arg),
    FIBER(group),
    FIBER(hub),
    FIBER(id),
    FIBER(kind),
    FIBER(name),
    FIBER(parked_at),
    FIBER(stack.low),
    FIBER(stack.size),
    FIBER(state),
    FIBER(target),
    FIBER(waiting_for),

#ifdef GRUVI_CONTEXT_UCONTEXT
    BEGUN(switched_at),
#if defined(__x86_64__)
    REGISTER("rip", uc.uc_mcontext.gregs[REG_RIP]),
    REGISTER("rsp", uc.uc_mcontext.gregs[REG_RSP]),
    REGISTER("rbp", uc.uc_mcontext.gregs[REG_RBP]),
    REGISTER("rbx", uc.uc_mcontext.gregs[REG_RBX]),
    REGISTER("r12", uc.uc_mcontext.gregs[REG_R12]),
    REGISTER("r13", uc.uc_mcontext.gregs[REG_R13]),
    REGISTER("r14", uc.uc_mcontext.gregs[REG_R14]),
    REGISTER("r15", uc.uc_mcontext.gregs[REG_R15]),
#elif defined(__aarch64__)
    REGISTER("pc", uc.uc_mcontext.pc),
    REGISTER("sp", uc.uc_mcontext.sp),
    REGISTER("x19", uc.uc_mcontext.regs[19]),
    REGISTER("x20", uc.uc_mcontext.regs[20]),
    REGISTER("x21", uc.uc_mcontext.regs[21]),
    REGISTER("x22", uc.uc_mcontext.regs[22]),
    REGISTER("x23", uc.uc_mcontext.regs[23]),
    REGISTER("x24", uc.uc_mcontext.regs[24]),
    REGISTER("x25", uc.uc_mcontext.regs[25]),
    REGISTER("x26", uc.uc_mcontext.regs[26]),
    REGISTER("x27", uc.uc_mcontext.regs[27]),
    REGISTER("x28", uc.uc_mcontext.regs[28]),
    REGISTER("x29", uc.uc_mcontext.regs[29]),
#endif
#else
    BEGUN(fp),
#if defined(__x86_64__)
    REGISTER("rip", ip),
    REGISTER("rsp", sp),
    REGISTER("rbp", fp),
#ifdef GRUVI__ASAN
    REGISTER("rbx", base),
#endif
#elif defined(__aarch64__)
    REGISTER("pc", ip),
    REGISTER("sp", sp),
    REGISTER("x29", fp),
#ifdef GRUVI__ASAN
    REGISTER("x19", base),
#endif
#endif
#endif

    HUB(fiber),
    HUB(fibers),
    HUB(hubs_link),
    HUB(live),
    HUB(next_id),
    HUB(refused),
    HUB(root),
    HUB(stack),
    HUB(thread),
    HUB(tick),
    HUB(tid),
    HUB(turns),
    HUB(visit.at),
    HUB(visit.end),

    GROUP(keeper),
    GROUP(name),
    GROUP(parent),

    {"thread.current", offsetof(struct gruvi__thread, current)},

    {"kind.root", GRUVI__ROOT},
    {"kind.hub", GRUVI__HUB},
    {"state.running", GRUVI__RUNNING},
    {"state.waiting", GRUVI__WAITING},
    {"tick", GRUVI__TICK_NS},
};

/* For the place of a bit, which offsetof() does not tell. */
static const gruvi_fiber_t sample = {.named = true};

const gruvi__debug_t gruvi__debug = {
    .magic = "gruvi",
    .version = GRUVI__DEBUG_VERSION,
    .n = sizeof fields / sizeof *fields,
    .fields = fields,
    .root = &hubs,
    .sample = &sample,
};
