# Benchmarks: not built and not run unless asked for.

EXTRA_DIST += %D%/README.md
EXTRA_DIST += %D%/compare
EXTRA_DIST += %D%/peers/boost_fiber.cpp
EXTRA_DIST += %D%/peers/build
EXTRA_DIST += %D%/peers/go_channels.go

BENCHMARKS =
BENCHMARKS += %D%/bench_context
BENCHMARKS += %D%/bench_echo
BENCHMARKS += %D%/bench_fiber

# Run by compare, beside its peers.
COMPARED =
COMPARED += %D%/bench_sync
COMPARED += %D%/cache_line

%C%_bench_context_SOURCES = %D%/bench_context.c
%C%_bench_echo_SOURCES = %D%/bench_echo.c
%C%_bench_fiber_SOURCES = %D%/bench_fiber.c
%C%_bench_sync_SOURCES = %D%/bench_sync.c
%C%_bench_sync_CFLAGS = $(AM_CFLAGS) -pthread
%C%_cache_line_SOURCES = %D%/cache_line.c
%C%_cache_line_CFLAGS = $(AM_CFLAGS) -pthread
EXTRA_PROGRAMS += $(BENCHMARKS) $(COMPARED)
CLEANFILES += $(BENCHMARKS) $(COMPARED)
CLEANFILES += %D%/peers/boost_fiber %D%/peers/go_channels

# Each on one processor: what is measured is work, not the scheduler's luck.
.PHONY: bench
bench: $(BENCHMARKS) $(COMPARED)
	@for program in $(BENCHMARKS); do \
	    echo "# $$program"; taskset -c 0 $$program || exit 1; done
	@CXX='$(CXX)' $(srcdir)/%D%/peers/build %D%/peers
	@echo "# %D%/bench_sync"; $(srcdir)/%D%/compare %D%
