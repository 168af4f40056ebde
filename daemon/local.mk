# libgruvid, which plugins link with, and gruvid, a thin main over it.  As with
# libgruvi, tests that reach the hidden parts link the library of convenience.

gruvidinclude_HEADERS += %D%/gruvid/option.h
gruvidinclude_HEADERS += %D%/gruvid/plugin.h

LIBGRUVID_SOURCES =
LIBGRUVID_SOURCES += %D%/cli.c
LIBGRUVID_SOURCES += %D%/cli.h
LIBGRUVID_SOURCES += %D%/config.h
LIBGRUVID_SOURCES += %D%/config_internal.h
LIBGRUVID_SOURCES += %D%/config_address.c
LIBGRUVID_SOURCES += %D%/config_check.c
LIBGRUVID_SOURCES += %D%/config_describe.c
LIBGRUVID_SOURCES += %D%/config_error.c
LIBGRUVID_SOURCES += %D%/config_file.c
LIBGRUVID_SOURCES += %D%/config_get.c
LIBGRUVID_SOURCES += %D%/config_load.c
LIBGRUVID_SOURCES += %D%/config_option.c
LIBGRUVID_SOURCES += %D%/config_reader.c
LIBGRUVID_SOURCES += %D%/config_secret.c
LIBGRUVID_SOURCES += %D%/config_tables.c
LIBGRUVID_SOURCES += %D%/config_tls.c
LIBGRUVID_SOURCES += %D%/config_tree.c
LIBGRUVID_SOURCES += %D%/config_types.c
LIBGRUVID_SOURCES += %D%/config_value.c
LIBGRUVID_SOURCES += %D%/daemon.h
LIBGRUVID_SOURCES += %D%/daemon.c
LIBGRUVID_SOURCES += %D%/doors.c
LIBGRUVID_SOURCES += %D%/drain.c
LIBGRUVID_SOURCES += %D%/exit_status.h
LIBGRUVID_SOURCES += %D%/fibers.c
LIBGRUVID_SOURCES += %D%/hubs.c
LIBGRUVID_SOURCES += %D%/hubs.h
LIBGRUVID_SOURCES += %D%/instance.c
LIBGRUVID_SOURCES += %D%/instance.h
LIBGRUVID_SOURCES += %D%/log_line.c
LIBGRUVID_SOURCES += %D%/log_sink.c
LIBGRUVID_SOURCES += %D%/log_sink.h
LIBGRUVID_SOURCES += %D%/notify.c
LIBGRUVID_SOURCES += %D%/notify.h
LIBGRUVID_SOURCES += %D%/plugin_call.c
LIBGRUVID_SOURCES += %D%/plugin_life.c
LIBGRUVID_SOURCES += %D%/plugin_load.c
LIBGRUVID_SOURCES += %D%/plugin_load.h
LIBGRUVID_SOURCES += %D%/plugin_note.c
LIBGRUVID_SOURCES += %D%/plugin_note.h
LIBGRUVID_SOURCES += %D%/process.c
LIBGRUVID_SOURCES += %D%/process.h
LIBGRUVID_SOURCES += %D%/room.c
LIBGRUVID_SOURCES += %D%/run.c
LIBGRUVID_SOURCES += %D%/run.h
LIBGRUVID_SOURCES += %D%/serve.c
LIBGRUVID_SOURCES += %D%/signals.c
LIBGRUVID_SOURCES += %D%/signals.h
LIBGRUVID_SOURCES += %D%/suggest.c

noinst_LTLIBRARIES += %D%/libgruvid_private.la
%C%_libgruvid_private_la_SOURCES = $(LIBGRUVID_SOURCES)
%C%_libgruvid_private_la_CPPFLAGS = $(AM_CPPFLAGS)
%C%_libgruvid_private_la_CPPFLAGS += -DGRUVID_PLUGINDIR='"$(plugindir)"'
%C%_libgruvid_private_la_CPPFLAGS += -DGRUVID_CONFDIR='"$(gruvidconfdir)"'
%C%_libgruvid_private_la_CPPFLAGS += -DGRUVID_RUNDIR='"$(runstatedir)/gruvid"'
%C%_libgruvid_private_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
%C%_libgruvid_private_la_CFLAGS += $(INIH_CFLAGS) $(SYSTEMD_CFLAGS)
%C%_libgruvid_private_la_LIBADD = $(INIH_LIBS) $(SYSTEMD_LIBS) $(UV_LIBS)

lib_LTLIBRARIES += %D%/libgruvid.la
%C%_libgruvid_la_SOURCES =
%C%_libgruvid_la_LIBADD = %D%/libgruvid_private.la lib/libgruvi.la
%C%_libgruvid_la_LIBADD += $(INIH_LIBS) $(SYSTEMD_LIBS) $(UV_LIBS)
%C%_libgruvid_la_LDFLAGS = $(AM_LDFLAGS) $(DEFS_LDFLAGS)
%C%_libgruvid_la_LDFLAGS += -no-undefined -version-info 0:0:0
%C%_libgruvid_la_LDFLAGS += -Wl,--version-script=$(srcdir)/%D%/gruvid.map
%C%_libgruvid_la_DEPENDENCIES = %D%/libgruvid_private.la lib/libgruvi.la
%C%_libgruvid_la_DEPENDENCIES += %D%/gruvid.map
EXTRA_DIST += %D%/gruvid.map

# In the root of the build tree: daemon/gruvid is the folder of the headers.
sbin_PROGRAMS += gruvid
gruvid_SOURCES =
gruvid_SOURCES += %D%/main.c
gruvid_CFLAGS = $(AM_CFLAGS) $(PIE_CFLAGS)
gruvid_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
gruvid_LDADD = %D%/libgruvid.la lib/libgruvi.la
