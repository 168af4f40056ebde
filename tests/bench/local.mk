# Benchmarks: not built and not run unless asked for.

EXTRA_DIST += %D%/README.md

BENCHMARKS =
BENCHMARKS += %D%/bench_fiber

EXTRA_PROGRAMS += $(BENCHMARKS)
CLEANFILES += $(BENCHMARKS)

# Each on one processor: what is measured is work, not the scheduler's luck.
.PHONY: bench
bench: $(BENCHMARKS)
	@for program in $(BENCHMARKS); do \
	    echo "# $$program"; taskset -c 0 $$program || exit 1; done
