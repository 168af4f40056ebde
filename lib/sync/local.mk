# Level 2: what fibers and threads wait on together.
LIBGRUVI_SOURCES += %D%/event.h
LIBGRUVI_SOURCES += %D%/event.c
LIBGRUVI_SOURCES += %D%/future.h
LIBGRUVI_SOURCES += %D%/future.c
LIBGRUVI_SOURCES += %D%/cond.c
LIBGRUVI_SOURCES += %D%/items.h
LIBGRUVI_SOURCES += %D%/items.c
LIBGRUVI_SOURCES += %D%/lock.h
LIBGRUVI_SOURCES += %D%/lock.c
LIBGRUVI_SOURCES += %D%/queue.c
LIBGRUVI_SOURCES += %D%/semaphore.c
LIBGRUVI_SOURCES += %D%/wait.c
