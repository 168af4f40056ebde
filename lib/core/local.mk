# Level 0: containers and the machine.


# Contexts: configure picks one.
if GRUVI_CONTEXT_X86_64
endif
if GRUVI_CONTEXT_AARCH64
endif
if GRUVI_CONTEXT_UCONTEXT
endif

# Stacks.


# Level 1: fibers, the hub and what belongs to them.
LIBGRUVI_SOURCES += %D%/version.c
