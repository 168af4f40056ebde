# Rules that are tests: scripts, run by the shell.  POLICY_TESTS are about what
# was built, or compile something.

POLICY_TESTS += %D%/calls
POLICY_TESTS += %D%/examples
POLICY_TESTS += %D%/headers
POLICY_TESTS += %D%/installed
POLICY_TESTS += %D%/plugin_check
POLICY_TESTS += %D%/plugin_new
POLICY_TESTS += %D%/plugin_watch
POLICY_TESTS += %D%/probes
POLICY_TESTS += %D%/service
POLICY_TESTS += %D%/shadow_stack
POLICY_TESTS += %D%/symbols

SOURCE_TESTS += %D%/abi
SOURCE_TESTS += %D%/compile_commands
SOURCE_TESTS += %D%/configure
SOURCE_TESTS += %D%/dist
SOURCE_TESTS += %D%/files
SOURCE_TESTS += %D%/html
SOURCE_TESTS += %D%/layers
SOURCE_TESTS += %D%/manual
SOURCE_TESTS += %D%/plugin_compilers
SOURCE_TESTS += %D%/prototypes
SOURCE_TESTS += %D%/quickstart
SOURCE_TESTS += %D%/security
SOURCE_TESTS += %D%/switchpoints
SOURCE_TESTS += %D%/threads

TESTS += $(POLICY_TESTS)
EXTRA_DIST += $(POLICY_TESTS)
EXTRA_DIST += %D%/common.sh
EXTRA_DIST += %D%/cookbook_frame.h
EXTRA_DIST += %D%/gruvi.abi
EXTRA_DIST += %D%/levels
EXTRA_DIST += %D%/plugin_tree.sh
EXTRA_DIST += %D%/promises

# What the test "installed" looks at is installed before any test runs: libtool
# links libraries anew, and while it does those in the build folder are not
# whole.  The test takes it away.
INSTALL_FOR_TEST = $(MKDIR_P) %D% && rm -rf %D%/installed.tree && \
    $(MAKE) $(AM_MAKEFLAGS) -s install \
    DESTDIR='$(abs_top_builddir)/%D%/installed.tree' > %D%/installed.out 2>&1 || \
    { cat %D%/installed.out; exit 1; }
CLEANFILES += %D%/installed.out
