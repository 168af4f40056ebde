# Level 0: containers and the machine.
LIBGRUVI_SOURCES += %D%/list.h
LIBGRUVI_SOURCES += %D%/spin.h
LIBGRUVI_SOURCES += %D%/wheel.h
LIBGRUVI_SOURCES += %D%/wheel.c

# Contexts: configure picks one.
LIBGRUVI_SOURCES += %D%/context.h
LIBGRUVI_SOURCES += %D%/context_aarch64.h
LIBGRUVI_SOURCES += %D%/context_ucontext.h
LIBGRUVI_SOURCES += %D%/context_x86_64.h
LIBGRUVI_SOURCES += %D%/context_tools.h
LIBGRUVI_SOURCES += %D%/context_tools.c
if GRUVI_CONTEXT_X86_64
LIBGRUVI_SOURCES += %D%/context_x86_64.S
endif
if GRUVI_CONTEXT_AARCH64
LIBGRUVI_SOURCES += %D%/context_aarch64.S
endif
if GRUVI_CONTEXT_UCONTEXT
LIBGRUVI_SOURCES += %D%/context_ucontext.c
endif

# Stacks.
LIBGRUVI_SOURCES += %D%/overflow.h
LIBGRUVI_SOURCES += %D%/overflow.c
LIBGRUVI_SOURCES += %D%/stack.h
LIBGRUVI_SOURCES += %D%/stack.c
LIBGRUVI_SOURCES += %D%/stack_guard.h
LIBGRUVI_SOURCES += %D%/stack_guard.c

# Level 1: fibers, the hub and what belongs to them.
LIBGRUVI_SOURCES += %D%/clock.h
LIBGRUVI_SOURCES += %D%/core.h
LIBGRUVI_SOURCES += %D%/fiber.h
LIBGRUVI_SOURCES += %D%/inbox.h
LIBGRUVI_SOURCES += %D%/schedule.h
LIBGRUVI_SOURCES += %D%/backtrace.c
LIBGRUVI_SOURCES += %D%/clock.c
LIBGRUVI_SOURCES += %D%/error.c
LIBGRUVI_SOURCES += %D%/fiber.c
LIBGRUVI_SOURCES += %D%/fiber_info.c
LIBGRUVI_SOURCES += %D%/group.c
LIBGRUVI_SOURCES += %D%/hub.c
LIBGRUVI_SOURCES += %D%/hub_data.c
LIBGRUVI_SOURCES += %D%/inbox.c
LIBGRUVI_SOURCES += %D%/interrupt.c
LIBGRUVI_SOURCES += %D%/local.c
LIBGRUVI_SOURCES += %D%/log.c
LIBGRUVI_SOURCES += %D%/poll.c
LIBGRUVI_SOURCES += %D%/schedule.c
LIBGRUVI_SOURCES += %D%/switch_back.c
LIBGRUVI_SOURCES += %D%/switchpoint.c
LIBGRUVI_SOURCES += %D%/thread.c
LIBGRUVI_SOURCES += %D%/uncaught.c
LIBGRUVI_SOURCES += %D%/uv_close.c
LIBGRUVI_SOURCES += %D%/version.c
LIBGRUVI_SOURCES += %D%/wait.c
LIBGRUVI_SOURCES += %D%/waitlist.h
LIBGRUVI_SOURCES += %D%/waitlist.c
