# What test programs share.

TEST_ARCHIVES += %D%/libsupport.a
%C%_libsupport_a_SOURCES =
%C%_libsupport_a_SOURCES += %D%/folder.h
%C%_libsupport_a_SOURCES += %D%/folder.c
%C%_libsupport_a_SOURCES += %D%/port.h
%C%_libsupport_a_SOURCES += %D%/port.c
%C%_libsupport_a_SOURCES += %D%/random.h
%C%_libsupport_a_SOURCES += %D%/random.c
%C%_libsupport_a_SOURCES += %D%/suite.h
%C%_libsupport_a_SOURCES += %D%/suite.c
%C%_libsupport_a_SOURCES += %D%/valgrind.h

# Against the inside of libgruvi; this is what a program without an LDADD of
# its own gets.
UNIT_TEST_LIBS = tests/unit/libharness.a
UNIT_TEST_LIBS += %D%/libsupport.a lib/libgruvi_private.la
UNIT_TEST_LIBS += $(UV_LIBS) $(CHECK_LIBS)
LDADD = $(UNIT_TEST_LIBS)

# Against the inside of libgruvid, over the shared libgruvi.
DAEMON_TEST_LIBS = %D%/libsupport.a daemon/libgruvid_private.la
DAEMON_TEST_LIBS += lib/libgruvi.la $(INIH_LIBS) $(SYSTEMD_LIBS)
DAEMON_TEST_LIBS += $(UV_LIBS) $(CHECK_LIBS)

# For programs that run ./gruvid and speak with it.
DAEMON_RUN_LIBS = %D%/libsupport.a $(CHECK_LIBS)
