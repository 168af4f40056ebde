# make coverage: what the tests run of lib and daemon, in a build of its own,
# coverage/ in the build folder.  COVERAGE_TESTS='tests/unit/check_lock' runs only
# these, and adds what they reach to what is known; COVERAGE=--report runs none.

EXTRA_DIST += %D%/ends.h
EXTRA_DIST += %D%/rest
EXTRA_DIST += %D%/report
EXTRA_DIST += %D%/run

# Where a program of gcov's ends, or becomes another, it takes memory.  These have
# processes do so that get none.
NOT_COUNTED = tests/unit/check_no_memory_os tests/daemon/check_start_memory
NOT_COUNTED += $(SOURCE_TESTS) $(POLICY_TESTS) $(BENCH_TESTS)

COVERAGE_TESTS = $(filter-out $(NOT_COUNTED),$(TESTS))
.PHONY: coverage clean-coverage
coverage:
	@$(srcdir)/%D%/run '$(abs_top_srcdir)' coverage \
	    '$(if $(filter command%,$(origin COVERAGE_TESTS)),,all)' \
	    '$(COVERAGE_TESTS)' $(COVERAGE)

# What is measured; the other objects are as ever.  Given by "run".
COVERAGE_FLAGS =
COVERAGE_ENDS =
lib/%.lo daemon/%.lo daemon/%.o: private CFLAGS += $(COVERAGE_FLAGS)
daemon/%.lo daemon/%.o: private CFLAGS += $(COVERAGE_ENDS)

clean-coverage:
	rm -rf coverage
clean-local: clean-coverage
