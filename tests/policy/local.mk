# Rules that are tests: scripts, run by the shell.

POLICY_TESTS =
POLICY_TESTS += %D%/calls
POLICY_TESTS += %D%/compile_commands
POLICY_TESTS += %D%/configure
POLICY_TESTS += %D%/examples
POLICY_TESTS += %D%/files
POLICY_TESTS += %D%/headers
POLICY_TESTS += %D%/installed
POLICY_TESTS += %D%/layers
POLICY_TESTS += %D%/manual
POLICY_TESTS += %D%/probes
POLICY_TESTS += %D%/service
POLICY_TESTS += %D%/shadow_stack
POLICY_TESTS += %D%/switchpoints
POLICY_TESTS += %D%/symbols

TESTS += $(POLICY_TESTS)
EXTRA_DIST += $(POLICY_TESTS)
EXTRA_DIST += %D%/common.sh
EXTRA_DIST += %D%/levels
