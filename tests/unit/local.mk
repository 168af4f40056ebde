# One program a file of libgruvi: check_NAME is made of check_NAME.c and linked
# with the inside of libgruvi, unless said otherwise.

UNIT_TESTS =

# core: containers, contexts, stacks

# core: fibers, hub
UNIT_TESTS += %D%/check_version

# sync

# pool

# io

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
