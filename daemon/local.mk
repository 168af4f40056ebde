# libgruvid, which plugins link with, and gruvid, a thin main over it.  As with
# libgruvi, tests that reach the hidden parts link the library of convenience.

gruvidinclude_HEADERS += %D%/gruvid/option.h
gruvidinclude_HEADERS += %D%/gruvid/plugin.h

LIBGRUVID_SOURCES =
LIBGRUVID_SOURCES += %D%/log/crash.c
LIBGRUVID_SOURCES += %D%/log/line.c
LIBGRUVID_SOURCES += %D%/log/line.h
LIBGRUVID_SOURCES += %D%/log/ring.c
LIBGRUVID_SOURCES += %D%/log/ring.h
LIBGRUVID_SOURCES += %D%/log/sink.c
LIBGRUVID_SOURCES += %D%/log/sink.h
LIBGRUVID_SOURCES += %D%/log/writer.c
LIBGRUVID_SOURCES += %D%/log/writer.h
LIBGRUVID_SOURCES += %D%/os/notify.c
LIBGRUVID_SOURCES += %D%/os/notify.h
LIBGRUVID_SOURCES += %D%/os/process.c
LIBGRUVID_SOURCES += %D%/os/process.h
LIBGRUVID_SOURCES += %D%/config/address.c
LIBGRUVID_SOURCES += %D%/config/check.c
LIBGRUVID_SOURCES += %D%/config/config.h
LIBGRUVID_SOURCES += %D%/config/describe.c
LIBGRUVID_SOURCES += %D%/config/error.c
LIBGRUVID_SOURCES += %D%/config/file.c
LIBGRUVID_SOURCES += %D%/config/get.c
LIBGRUVID_SOURCES += %D%/config/internal.h
LIBGRUVID_SOURCES += %D%/config/listen.c
LIBGRUVID_SOURCES += %D%/config/load.c
LIBGRUVID_SOURCES += %D%/config/memory.c
LIBGRUVID_SOURCES += %D%/config/option.c
LIBGRUVID_SOURCES += %D%/config/reader.c
LIBGRUVID_SOURCES += %D%/config/secret.c
LIBGRUVID_SOURCES += %D%/config/suggest.c
LIBGRUVID_SOURCES += %D%/config/tables.c
LIBGRUVID_SOURCES += %D%/config/tls.c
LIBGRUVID_SOURCES += %D%/config/tree.c
LIBGRUVID_SOURCES += %D%/config/types.c
LIBGRUVID_SOURCES += %D%/config/value.c
LIBGRUVID_SOURCES += %D%/module/build.c
LIBGRUVID_SOURCES += %D%/module/build.h
LIBGRUVID_SOURCES += %D%/module/clash.c
LIBGRUVID_SOURCES += %D%/module/clash.h
LIBGRUVID_SOURCES += %D%/module/image.c
LIBGRUVID_SOURCES += %D%/module/image.h
LIBGRUVID_SOURCES += %D%/module/load.c
LIBGRUVID_SOURCES += %D%/module/load.h
LIBGRUVID_SOURCES += %D%/module/note.c
LIBGRUVID_SOURCES += %D%/module/note.h
LIBGRUVID_SOURCES += %D%/module/opening.c
LIBGRUVID_SOURCES += %D%/module/opening.h
LIBGRUVID_SOURCES += %D%/hub/hubs.c
LIBGRUVID_SOURCES += %D%/hub/hubs.h
LIBGRUVID_SOURCES += %D%/hub/leader.c
LIBGRUVID_SOURCES += %D%/hub/leader.h
LIBGRUVID_SOURCES += %D%/instance/abi.c
LIBGRUVID_SOURCES += %D%/instance/fibers.c
LIBGRUVID_SOURCES += %D%/instance/fibers.h
LIBGRUVID_SOURCES += %D%/instance/handover.c
LIBGRUVID_SOURCES += %D%/instance/handover.h
LIBGRUVID_SOURCES += %D%/instance/instance.c
LIBGRUVID_SOURCES += %D%/instance/instance.h
LIBGRUVID_SOURCES += %D%/instance/outcome.c
LIBGRUVID_SOURCES += %D%/instance/outcome.h
LIBGRUVID_SOURCES += %D%/instance/rate.c
LIBGRUVID_SOURCES += %D%/instance/rate.h
LIBGRUVID_SOURCES += %D%/instance/shard.c
LIBGRUVID_SOURCES += %D%/instance/shard.h
LIBGRUVID_SOURCES += %D%/serve/accept.c
LIBGRUVID_SOURCES += %D%/serve/accept.h
LIBGRUVID_SOURCES += %D%/serve/limit.c
LIBGRUVID_SOURCES += %D%/serve/limit.h
LIBGRUVID_SOURCES += %D%/serve/listen.c
LIBGRUVID_SOURCES += %D%/serve/listen.h
LIBGRUVID_SOURCES += %D%/serve/relisten.h
LIBGRUVID_SOURCES += %D%/serve/serve.c
LIBGRUVID_SOURCES += %D%/serve/serve.h
LIBGRUVID_SOURCES += %D%/serve/sockets.h
LIBGRUVID_SOURCES += %D%/run/drain.c
LIBGRUVID_SOURCES += %D%/run/drain.h
LIBGRUVID_SOURCES += %D%/run/exit_status.h
LIBGRUVID_SOURCES += %D%/run/life.c
LIBGRUVID_SOURCES += %D%/run/life.h
LIBGRUVID_SOURCES += %D%/run/run.c
LIBGRUVID_SOURCES += %D%/run/run.h
LIBGRUVID_SOURCES += %D%/run/read.c
LIBGRUVID_SOURCES += %D%/run/read.h
LIBGRUVID_SOURCES += %D%/run/reading.c
LIBGRUVID_SOURCES += %D%/run/reading.h
LIBGRUVID_SOURCES += %D%/run/reload.c
LIBGRUVID_SOURCES += %D%/run/reload.h
LIBGRUVID_SOURCES += %D%/run/report.c
LIBGRUVID_SOURCES += %D%/run/report.h
LIBGRUVID_SOURCES += %D%/run/orphans.c
LIBGRUVID_SOURCES += %D%/run/orphans.h
LIBGRUVID_SOURCES += %D%/run/signals.c
LIBGRUVID_SOURCES += %D%/run/signals.h
LIBGRUVID_SOURCES += %D%/run/state.h
LIBGRUVID_SOURCES += %D%/cli.c
LIBGRUVID_SOURCES += %D%/cli.h
LIBGRUVID_SOURCES += %D%/daemon.c
LIBGRUVID_SOURCES += %D%/single.c
LIBGRUVID_SOURCES += %D%/single.h
LIBGRUVID_SOURCES += %D%/daemon.h

noinst_LTLIBRARIES += %D%/libgruvid_private.la
%C%_libgruvid_private_la_SOURCES = $(LIBGRUVID_SOURCES)
%C%_libgruvid_private_la_CPPFLAGS = $(AM_CPPFLAGS)
%C%_libgruvid_private_la_CPPFLAGS += -DGRUVID_PLUGINDIR='"$(plugindir)"'
%C%_libgruvid_private_la_CPPFLAGS += -DGRUVID_CONFDIR='"$(gruvidconfdir)"'
%C%_libgruvid_private_la_CPPFLAGS += -DGRUVID_RUNDIR='"$(runstatedir)/gruvid"'
%C%_libgruvid_private_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
%C%_libgruvid_private_la_CFLAGS += $(INIH_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_libgruvid_private_la_LIBADD = $(INIH_LIBS) $(SYSTEMD_LIBS) $(UV_LIBS)
EXTRA_%C%_libgruvid_private_la_DEPENDENCIES = Makefile

lib_LTLIBRARIES += %D%/libgruvid.la
%C%_libgruvid_la_SOURCES =
%C%_libgruvid_la_LIBADD = %D%/libgruvid_private.la lib/libgruvi.la
%C%_libgruvid_la_LIBADD += $(INIH_LIBS) $(SYSTEMD_LIBS) $(UV_LIBS)
%C%_libgruvid_la_LDFLAGS = $(AM_LDFLAGS) $(DEFS_LDFLAGS)
%C%_libgruvid_la_LDFLAGS += -no-undefined -version-info 0:0:0
%C%_libgruvid_la_LDFLAGS += -Wl,--version-script=$(srcdir)/%D%/gruvid.map
%C%_libgruvid_la_DEPENDENCIES = %D%/libgruvid_private.la %D%/gruvid.map
%C%_libgruvid_la_DEPENDENCIES += | lib/libgruvi.la
EXTRA_DIST += %D%/gruvid.map

# In the root of the build tree: daemon/gruvid is the folder of the headers.
sbin_PROGRAMS += gruvid
gruvid_SOURCES =
gruvid_SOURCES += %D%/main.c
gruvid_CFLAGS = $(AM_CFLAGS) $(PIE_CFLAGS)
gruvid_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
gruvid_LDADD = $(PLUGIN_LIBS)
gruvid_DEPENDENCIES = $(PLUGIN_NEEDS)
