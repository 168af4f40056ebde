# Level 2: what fibers and threads wait on together.
LIBGRUVI_SOURCES += %D%/event.c
