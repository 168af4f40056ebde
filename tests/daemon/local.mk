# libgruvid and gruvid.  A program here says what it links with, either the
# inside of the daemon, $(DAEMON_TEST_LIBS), or only $(DAEMON_RUN_LIBS) where
# it runs ./gruvid:
#
#   DAEMON_TESTS += %D%/check_NAME
#   %C%_check_NAME_LDADD = $(DAEMON_TEST_LIBS)
#
# ./gruvid loads plugins/.libs/NAME.so with -o gruvid.plugin_dir=...

DAEMON_TESTS =

# config: programs, and scripts that ask config_tool
check_LTLIBRARIES += %D%/libconfig_fixture.la
%C%_libconfig_fixture_la_SOURCES = %D%/config_fixture.c %D%/config_fixture.h
DAEMON_TESTS += %D%/check_config
%C%_check_config_CPPFLAGS = $(AM_CPPFLAGS) $(INIH_CFLAGS)
%C%_check_config_LDADD = %D%/libconfig_fixture.la $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_memory
%C%_check_config_memory_LDADD = %D%/libconfig_fixture.la $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_secret
%C%_check_config_secret_LDADD = %D%/libconfig_fixture.la $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_types
%C%_check_config_types_LDADD = $(DAEMON_TEST_LIBS)

check_PROGRAMS += %D%/config_tool
%C%_config_tool_SOURCES = %D%/config_tool.c
%C%_config_tool_LDADD = $(DAEMON_TEST_LIBS)
CONFIG_CHECKS = %D%/config_corpus %D%/config_manual
TESTS += $(CONFIG_CHECKS)
EXTRA_DIST += $(CONFIG_CHECKS) %D%/config

# plugins

# the daemon as a whole

check_PROGRAMS += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
