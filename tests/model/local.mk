# What an exhaustive search of all orders of events has to say.
SOURCE_TESTS += %D%/models
EXTRA_DIST += %D%/handover.pml
EXTRA_DIST += %D%/inbox.pml
