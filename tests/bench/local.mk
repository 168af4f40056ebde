# Benchmarks: not built and not run unless asked for.

EXTRA_DIST += %D%/README.md

BENCHMARKS =
BENCHMARKS += %D%/bench_context
BENCHMARKS += %D%/bench_echo
BENCHMARKS += %D%/bench_fiber
BENCHMARKS += %D%/bench_sync

%C%_bench_context_SOURCES = %D%/bench_context.c
%C%_bench_echo_SOURCES = %D%/bench_echo.c
%C%_bench_fiber_SOURCES = %D%/bench_fiber.c
%C%_bench_sync_SOURCES = %D%/bench_sync.c
%C%_bench_sync_CFLAGS = $(AM_CFLAGS) -pthread
EXTRA_PROGRAMS += $(BENCHMARKS)
CLEANFILES += $(BENCHMARKS)

# Each on one processor: what is measured is work, not the scheduler's luck.
.PHONY: bench
bench: $(BENCHMARKS)
	@for program in $(BENCHMARKS); do \
	    echo "# $$program"; taskset -c 0 $$program || exit 1; done
