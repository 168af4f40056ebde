# Threads that take turns: programs of cases, each of which goes through many
# schedules, with a library that is built for it.  It is what is below io.

TEST_ARCHIVES += %D%/libgruvi_simulate.a
%C%_libgruvi_simulate_a_SOURCES = $(LIBGRUVI_SOURCES)
%C%_libgruvi_simulate_a_CPPFLAGS = $(AM_CPPFLAGS) -DGRUVI_SIMULATE
# It is compiled once more, for tests alone: a third less time.
lib/base/%.o lib/core/%.o lib/sync/%.o lib/pool/%.o: private CFLAGS := $(CFLAGS:-O2=-O1)

TEST_ARCHIVES += %D%/libexplore.a
%C%_libexplore_a_SOURCES =
%C%_libexplore_a_SOURCES += %D%/calls.c
%C%_libexplore_a_SOURCES += %D%/draw.c
%C%_libexplore_a_SOURCES += %D%/explore.h
%C%_libexplore_a_SOURCES += %D%/explore.c
%C%_libexplore_a_SOURCES += %D%/hubs.c
%C%_libexplore_a_SOURCES += %D%/memory.h
%C%_libexplore_a_SOURCES += %D%/memory.c
%C%_libexplore_a_SOURCES += %D%/search.h
%C%_libexplore_a_SOURCES += %D%/search.c
%C%_libexplore_a_SOURCES += %D%/sim.h
%C%_libexplore_a_SOURCES += %D%/sim_inside.h
%C%_libexplore_a_SOURCES += %D%/sim.c
%C%_libexplore_a_CPPFLAGS = $(AM_CPPFLAGS) -DGRUVI_SIMULATE

EXPLORERS =
EXPLORERS += %D%/explore_ends
EXPLORERS += %D%/explore_hub
EXPLORERS += %D%/explore_items
EXPLORERS += %D%/explore_os
EXPLORERS += %D%/explore_pool
EXPLORERS += %D%/explore_sync
# Each needs the other.
EXPLORER_LIBS = %D%/libexplore.a %D%/libgruvi_simulate.a %D%/libexplore.a $(UV_LIBS)
EXPLORER_FLAGS = $(AM_LDFLAGS) -Wl,--wrap=free
%C%_explore_ends_SOURCES = %D%/explore_ends.c
%C%_explore_ends_LDADD = $(EXPLORER_LIBS)
%C%_explore_ends_LDFLAGS = $(EXPLORER_FLAGS)
%C%_explore_hub_SOURCES = %D%/explore_hub.c
%C%_explore_hub_LDADD = $(EXPLORER_LIBS)
%C%_explore_hub_LDFLAGS = $(EXPLORER_FLAGS)
%C%_explore_items_SOURCES = %D%/explore_items.c
%C%_explore_items_LDADD = $(EXPLORER_LIBS)
%C%_explore_items_LDFLAGS = $(EXPLORER_FLAGS)
%C%_explore_os_SOURCES = %D%/explore_os.c
%C%_explore_os_LDADD = $(EXPLORER_LIBS)
%C%_explore_os_LDFLAGS = $(EXPLORER_FLAGS)
%C%_explore_pool_SOURCES = %D%/explore_pool.c
%C%_explore_pool_LDADD = $(EXPLORER_LIBS)
%C%_explore_pool_LDFLAGS = $(EXPLORER_FLAGS)
%C%_explore_sync_SOURCES = %D%/explore_sync.c
%C%_explore_sync_LDADD = $(EXPLORER_LIBS)
%C%_explore_sync_LDFLAGS = $(EXPLORER_FLAGS)

TEST_PROGS += $(EXPLORERS)
TESTS += $(EXPLORERS)
EXPLORE_NEEDS = $(EXPLORERS:=.needs)
$(EXPLORE_NEEDS): %.needs: %

# The same with mistakes, which are found.
POLICY_TESTS += %D%/planted
%D%/planted.needs: %D%/libexplore.a %D%/libgruvi_simulate.a
EXTRA_DIST += %D%/plants/abandon_closed.sed
EXTRA_DIST += %D%/plants/abandon_destroyed.sed
EXTRA_DIST += %D%/plants/abandon_double.sed
EXTRA_DIST += %D%/plants/abandon_lost.sed
EXTRA_DIST += %D%/plants/blocking_left.sed
EXTRA_DIST += %D%/plants/claim_weak.sed
EXTRA_DIST += %D%/plants/close_lost.sed
EXTRA_DIST += %D%/plants/compute_destroyed.sed
EXTRA_DIST += %D%/plants/cond_double.sed
EXTRA_DIST += %D%/plants/cond_left.sed
EXTRA_DIST += %D%/plants/cond_lost.sed
EXTRA_DIST += %D%/plants/event_destroyed.sed
EXTRA_DIST += %D%/plants/event_lost.sed
EXTRA_DIST += %D%/plants/fiber_destroyed.sed
EXTRA_DIST += %D%/plants/fiber_pool_destroyed.sed
EXTRA_DIST += %D%/plants/fiber_pool_double.sed
EXTRA_DIST += %D%/plants/fiber_pool_left.sed
EXTRA_DIST += %D%/plants/fiber_pool_unsettled.sed
EXTRA_DIST += %D%/plants/forks_late.sed
EXTRA_DIST += %D%/plants/future_destroyed.sed
EXTRA_DIST += %D%/plants/future_double.sed
EXTRA_DIST += %D%/plants/future_lost.sed
EXTRA_DIST += %D%/plants/grant_lost.sed
EXTRA_DIST += %D%/plants/hub_closed.sed
EXTRA_DIST += %D%/plants/hub_destroyed.sed
EXTRA_DIST += %D%/plants/hub_late.sed
EXTRA_DIST += %D%/plants/hub_lost.sed
EXTRA_DIST += %D%/plants/local_double.sed
EXTRA_DIST += %D%/plants/lock_destroyed.sed
EXTRA_DIST += %D%/plants/lock_double.sed
EXTRA_DIST += %D%/plants/lock_lost.sed
EXTRA_DIST += %D%/plants/map_lost.sed
EXTRA_DIST += %D%/plants/poll_lost.sed
EXTRA_DIST += %D%/plants/pool_destroyed.sed
EXTRA_DIST += %D%/plants/pool_double.sed
EXTRA_DIST += %D%/plants/pool_lost.sed
EXTRA_DIST += %D%/plants/post_lost.sed
EXTRA_DIST += %D%/plants/queue_destroyed.sed
EXTRA_DIST += %D%/plants/queue_double.sed
EXTRA_DIST += %D%/plants/queue_lost.sed
EXTRA_DIST += %D%/plants/ring_lost.sed
EXTRA_DIST += %D%/plants/semaphore_destroyed.sed
EXTRA_DIST += %D%/plants/semaphore_double.sed
EXTRA_DIST += %D%/plants/semaphore_lost.sed
EXTRA_DIST += %D%/plants/signals_left.sed
EXTRA_DIST += %D%/plants/signals_lost.sed
EXTRA_DIST += %D%/plants/signals_one.sed
EXTRA_DIST += %D%/plants/switch_back_left.sed
EXTRA_DIST += %D%/plants/switch_back_lost.sed
EXTRA_DIST += %D%/plants/thread_late.sed
EXTRA_DIST += %D%/plants/thread_spurious.sed
EXTRA_DIST += %D%/plants/wait_left.sed
EXTRA_DIST += %D%/plants/wait_lost.sed
EXTRA_DIST += %D%/plants/wait_queue_lost.sed
EXTRA_DIST += %D%/plants/waiter_left.sed
EXTRA_DIST += %D%/plants/waiter_spent.sed
EXTRA_DIST += %D%/plants/waiter_withdraw.sed

# Fifty times as many schedules; SEED=N begins with others.
explore: $(EXPLORERS)
	@for program in $(EXPLORERS); do \
	    nice ./$$program -n $${SCHEDULES:-100000} -s $${SEED:-1} || exit 1; \
	done
