# Level 3: threads for work that would block a hub, and pools of workers.
LIBGRUVI_SOURCES += %D%/abandon.c
LIBGRUVI_SOURCES += %D%/fiber_pool.c
LIBGRUVI_SOURCES += %D%/load.h
LIBGRUVI_SOURCES += %D%/load.c
LIBGRUVI_SOURCES += %D%/map.c
LIBGRUVI_SOURCES += %D%/pool.h
LIBGRUVI_SOURCES += %D%/pool.c
LIBGRUVI_SOURCES += %D%/shared_pools.c
LIBGRUVI_SOURCES += %D%/task.c
LIBGRUVI_SOURCES += %D%/thread_pool.h
LIBGRUVI_SOURCES += %D%/thread_pool.c
LIBGRUVI_SOURCES += %D%/workers.h
LIBGRUVI_SOURCES += %D%/workers.c
