# System calls of gruvid that fail once.

TEST_PLUGINS += %D%/inject.la
%C%_inject_la_SOURCES = %D%/inject.c %D%/faults.h
%C%_inject_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
%C%_inject_la_LDFLAGS += -rpath $(abs_top_builddir)/not-installed

TEST_ARCHIVES += %D%/libsweep.a
%C%_libsweep_a_SOURCES = %D%/sweep.c %D%/sweep.h %D%/faults.h
%C%_libsweep_a_SOURCES += %D%/page.c %D%/page.h
TEST_ARCHIVES += %D%/liblife.a
%C%_liblife_a_SOURCES = %D%/life.c %D%/life.h

FAULT_TESTS = %D%/check_faults
%C%_check_faults_LDADD = %D%/liblife.a %D%/libsweep.a $(BUS_LIBS)
%D%/check_faults.needs: tests/http/plugins/mirror.la
FAULT_TESTS += %D%/check_faults_io
%C%_check_faults_io_LDADD = %D%/libsweep.a tests/support/libsupport.a
%C%_check_faults_io_LDADD += $(CHECK_LIBS)
%D%/check_faults_io.needs: %D%/io
FAULT_TESTS += %D%/check_faults_gruvictl
%C%_check_faults_gruvictl_LDADD = %D%/libsweep.a $(RUN_GRUVID_LIBS)
%D%/check_faults_gruvictl.needs: tools/gruvictl/gruvictl
%D%/check_faults_gruvictl.needs: tests/daemon/plugins/parked.la
FAULT_TESTS += %D%/check_faults_nats
%C%_check_faults_nats_LDADD = %D%/liblife.a %D%/libsweep.a $(BUS_LIBS)
%D%/check_faults_nats.needs: tests/http/plugins/mirror.la
TESTS += $(FAULT_TESTS)
TEST_PROGS += $(FAULT_TESTS)
FAULT_NEEDS = $(FAULT_TESTS:=.needs)
$(FAULT_NEEDS): %.needs: %
$(FAULT_NEEDS): %D%/inject.la

TEST_PROGS += %D%/io
%C%_io_SOURCES = %D%/io.c
%C%_io_LDADD = lib/libgruvi.la $(UV_LIBS)

POLICY_TESTS += %D%/calls
EXTRA_DIST += %D%/no_fault
%D%/calls.needs: %D%/inject.la tools/gruvictl/gruvictl
