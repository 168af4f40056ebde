# Level 3: threads for work that would block a hub.
LIBGRUVI_SOURCES += %D%/thread_pool.h
LIBGRUVI_SOURCES += %D%/thread_pool.c
LIBGRUVI_SOURCES += %D%/pools.c
