# libgruvid and gruvid.  A program here says what it links with, either the
# inside of the daemon, $(DAEMON_TEST_LIBS), or only $(DAEMON_RUN_LIBS) where
# it runs ./gruvid:
#
#   DAEMON_TESTS += %D%/check_NAME
#   %C%_check_NAME_LDADD = $(DAEMON_TEST_LIBS)
#
# ./gruvid loads plugins/.libs/NAME.so with -o gruvid.plugin_dir=...

DAEMON_TESTS =

# config

# plugins

# the daemon as a whole

check_PROGRAMS += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
