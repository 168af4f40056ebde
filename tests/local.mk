# The tests.  A program with libcheck a source file of the library, in unit/ and
# daemon/; scripts in policy/ for what a compiler does not see.

EXTRA_DIST += %D%/README.md
EXTRA_DIST += %D%/compile_commands
EXTRA_DIST += %D%/driver
EXTRA_DIST += %D%/link
EXTRA_DIST += %D%/summary

# Counts checks, not programs; the sum is in the heading of make's own summary.
LOG_DRIVER = $(srcdir)/%D%/driver
AM_TESTSUITE_SUMMARY_HEADER = ": `$(srcdir)/%D%/summary $(TEST_LOGS)`"

# Scripts and programs are told where things are.
AM_TESTS_ENVIRONMENT += \
    top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
    top_builddir='$(abs_top_builddir)'; export top_builddir; \
    CC='$(CC)'; export CC; CXX='$(CXX)'; export CXX; \
    PKG_CONFIG='$(PKG_CONFIG)'; export PKG_CONFIG; \
    MANDOC='$(MANDOC)'; export MANDOC; \
    SANITIZER_FLAGS='$(SANITIZER_FLAGS)'; export SANITIZER_FLAGS; \
    DEFS_LDFLAGS='$(DEFS_LDFLAGS)'; export DEFS_LDFLAGS; \
    CLANG_TIDY='$(CLANG_TIDY)'; export CLANG_TIDY;

# make check builds what the tests that it runs need, and nothing else: the
# target NAME.needs has as prerequisites what test NAME needs beside the
# libraries, gruvid and its plugins, which are always there.
TEST_ARCHIVES =
TEST_PROGS =
check_DATA += tests.needs
tests.needs: $(TESTS:=.needs)
	@$(if $(filter %/policy/installed,$(TESTS)),$(INSTALL_FOR_TEST),:)
.PHONY: tests.needs $(TESTS:=.needs)
.PHONY: explore

# Tests that say the same however and wherever this is built: of the sources, and
# of builds of their own.
SOURCE_TESTS =
TESTS += $(SOURCE_TESTS)
EXTRA_DIST += $(SOURCE_TESTS)

# Scripts about what was built here: see policy/local.mk.
POLICY_TESTS =

if HAVE_CHECK
include tests/support/local.mk
include tests/unit/local.mk
include tests/daemon/local.mk
include tests/http/local.mk
include tests/nats/local.mk
include tests/faults/local.mk
include tests/dashboard/local.mk
include tests/host/local.mk
include tests/gdb/local.mk
include tests/tidy/local.mk
include tests/policy/local.mk
include tests/model/local.mk
include tests/explore/local.mk
include tests/fuzz/local.mk
else
check-local:
	@echo "make check needs libcheck: install it (Debian: check) and" \
	    "run configure again" >&2; exit 1
endif

include tests/bench/local.mk
include tests/soak/local.mk
include tests/coverage/local.mk
include tests/system/local.mk

mostlyclean-local:
	rm -rf %D%/policy/installed.tree

EXTRA_LIBRARIES += $(TEST_ARCHIVES)
EXTRA_LTLIBRARIES += $(TEST_PLUGINS)
EXTRA_PROGRAMS += $(TEST_PROGS)
CLEANFILES += $(TEST_ARCHIVES) $(TEST_PLUGINS) $(TEST_PROGS)

# Private, so that the libraries that they need are still linked by libtool.
$(TEST_PROGS) $(BENCHMARKS): private LIBTOOL = $(srcdir)/tests/link

# What they are made of may change without a file that is newer.
$(TEST_ARCHIVES) $(TEST_PROGS): Makefile

# What is tested is optimised as configured; what tests it takes a third less
# time to compile, and debuggers see its variables.
tests/unit/%.o tests/daemon/%.o tests/http/%.o tests/nats/%.o tests/gdb/%.o: private CFLAGS := $(CFLAGS:-O2=-Og)

# Everything that make check builds, and nothing is run.
check-build: all
	$(MAKE) $(AM_MAKEFLAGS) $(check_DATA)
.PHONY: check-build

# What tests/policy/abi has pinned, anew: HACKING.md says when.
abi:
	CC='$(CC)' SANITIZER_FLAGS='$(SANITIZER_FLAGS)' \
	    $(srcdir)/%D%/policy/abi --update
.PHONY: abi

# How each file is compiled, for clangd and its like, which look for it here.
# It is what make would do if all files were new.
ALL_NEW = $(addprefix -W ,$(sort $(filter %.c,$(SOURCES))))
compile_commands.json: Makefile $(GENERATED)
	$(AM_V_GEN)$(MAKE) $(AM_MAKEFLAGS) -n V=1 $(ALL_NEW) all-am tests.needs | \
	    $(srcdir)/tests/compile_commands $(srcdir) > $@.new && mv $@.new $@
CLEANFILES += compile_commands.json compile_commands.json.new
