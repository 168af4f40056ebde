# Level 0: containers and the machine.
LIBGRUVI_SOURCES += %D%/address_text.c
LIBGRUVI_SOURCES += %D%/backtrace.h
LIBGRUVI_SOURCES += %D%/backtrace.c
LIBGRUVI_SOURCES += %D%/cfi.h
LIBGRUVI_SOURCES += %D%/cfi.c
LIBGRUVI_SOURCES += %D%/descriptor.h
LIBGRUVI_SOURCES += %D%/descriptor.c
LIBGRUVI_SOURCES += %D%/fork_lock.h
LIBGRUVI_SOURCES += %D%/forks.h
LIBGRUVI_SOURCES += %D%/forks.c
LIBGRUVI_SOURCES += %D%/likely.h
LIBGRUVI_SOURCES += %D%/list.h
LIBGRUVI_SOURCES += %D%/modules.h
LIBGRUVI_SOURCES += %D%/modules.c
LIBGRUVI_SOURCES += %D%/probe.h
LIBGRUVI_SOURCES += %D%/sigpipe.h
LIBGRUVI_SOURCES += %D%/sigpipe.c
LIBGRUVI_SOURCES += %D%/spin.h
LIBGRUVI_SOURCES += %D%/spin.c
LIBGRUVI_SOURCES += %D%/symbols.c
LIBGRUVI_SOURCES += %D%/threads.h
LIBGRUVI_SOURCES += %D%/walk.h
LIBGRUVI_SOURCES += %D%/scan.c
LIBGRUVI_SOURCES += %D%/walk.c
LIBGRUVI_SOURCES += %D%/wheel.h
LIBGRUVI_SOURCES += %D%/wheel.c

# Contexts: configure picks one.
LIBGRUVI_SOURCES += %D%/context.h
LIBGRUVI_SOURCES += %D%/context_aarch64.h
LIBGRUVI_SOURCES += %D%/context_ucontext.h
LIBGRUVI_SOURCES += %D%/context_x86_64.h
LIBGRUVI_SOURCES += %D%/context_tools.h
LIBGRUVI_SOURCES += %D%/context_tools.c
LIBGRUVI_SOURCES += %D%/shadow_stack.h
LIBGRUVI_SOURCES += %D%/shadow_stack.c
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
LIBGRUVI_SOURCES += %D%/stack_dump.h
LIBGRUVI_SOURCES += %D%/stack_dump.c
LIBGRUVI_SOURCES += %D%/stack_thin.h
LIBGRUVI_SOURCES += %D%/stack_thin.c
LIBGRUVI_SOURCES += %D%/stack_use.h
LIBGRUVI_SOURCES += %D%/stack_use.c
LIBGRUVI_SOURCES += %D%/stack_guard.h
LIBGRUVI_SOURCES += %D%/stack_guard.c
