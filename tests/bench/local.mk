# Benchmarks: measured only when asked for (make bench).

EXTRA_DIST += %D%/README.md
EXTRA_DIST += %D%/cases
EXTRA_DIST += %D%/plot
EXTRA_DIST += %D%/run
EXTRA_DIST += %D%/smoke
EXTRA_DIST += %D%/peers/boost_context.cpp
EXTRA_DIST += %D%/peers/boost_fiber.cpp
EXTRA_DIST += %D%/peers/build
EXTRA_DIST += %D%/peers/gevent_peer.py
EXTRA_DIST += %D%/peers/go.go
EXTRA_DIST += %D%/peers/libc.c
EXTRA_DIST += %D%/peers/libev.c
EXTRA_DIST += %D%/peers/libuv.c
EXTRA_DIST += %D%/peers/posts.h
EXTRA_DIST += %D%/peers/st.c
EXTRA_DIST += %D%/peers/tarantool.lua

BENCHMARKS =
BENCHMARKS += %D%/bench_context
BENCHMARKS += %D%/bench_echo
BENCHMARKS += %D%/bench_fiber
BENCHMARKS += %D%/bench_post
BENCHMARKS += %D%/bench_sync
BENCHMARKS += %D%/bench_timer
BENCHMARKS += %D%/cache_line

# As a program has it, over the shared library.
BENCH_THREADED = $(AM_CFLAGS) -pthread
BENCH_OVER_SHARED = $(AM_LDFLAGS) -no-install
BENCH_LIBS = lib/libgruvi.la $(UV_LIBS)

%C%_bench_context_SOURCES = %D%/bench_context.c %D%/bench.h
%C%_bench_context_LDADD = lib/libgruvi_private.la $(UV_LIBS)
%C%_bench_echo_SOURCES = %D%/bench_echo.c %D%/bench.h
%C%_bench_echo_CFLAGS = $(BENCH_THREADED)
%C%_bench_echo_LDFLAGS = $(BENCH_OVER_SHARED)
%C%_bench_echo_LDADD = $(BENCH_LIBS)
%C%_bench_fiber_SOURCES = %D%/bench_fiber.c %D%/bench.h %D%/ours.h
%C%_bench_fiber_LDFLAGS = $(BENCH_OVER_SHARED)
%C%_bench_fiber_LDADD = $(BENCH_LIBS)
%C%_bench_post_SOURCES = %D%/bench_post.c %D%/bench.h %D%/ours.h
%C%_bench_post_CFLAGS = $(BENCH_THREADED)
%C%_bench_post_LDFLAGS = $(BENCH_OVER_SHARED)
%C%_bench_post_LDADD = $(BENCH_LIBS)
%C%_bench_sync_SOURCES = %D%/bench_sync.c %D%/bench.h %D%/ours.h
%C%_bench_sync_CFLAGS = $(BENCH_THREADED)
%C%_bench_sync_LDFLAGS = $(BENCH_OVER_SHARED)
%C%_bench_sync_LDADD = $(BENCH_LIBS)
%C%_bench_timer_SOURCES = %D%/bench_timer.c %D%/bench.h %D%/ours.h
%C%_bench_timer_LDFLAGS = $(BENCH_OVER_SHARED)
%C%_bench_timer_LDADD = $(BENCH_LIBS)
%C%_cache_line_SOURCES = %D%/cache_line.c
%C%_cache_line_CFLAGS = $(BENCH_THREADED)
%C%_cache_line_LDADD =

# make check runs them once with next to nothing to do: they rot otherwise.
EXTRA_PROGRAMS += $(BENCHMARKS)
CLEANFILES += $(BENCHMARKS)
if HAVE_CHECK
check_PROGRAMS += $(BENCHMARKS)
TESTS += %D%/smoke
endif

# make bench BENCH='yield sleep/10000' runs some of them; run says what else.
.PHONY: bench clean-bench
bench: $(BENCHMARKS)
	@CC='$(CC)' CXX='$(CXX)' UV_CFLAGS='$(UV_CFLAGS)' UV_LIBS='$(UV_LIBS)' \
	    $(srcdir)/%D%/peers/build bench/peers
	@$(srcdir)/%D%/run --programs %D% --results bench $(BENCH)

clean-bench:
	rm -rf bench
clean-local: clean-bench
