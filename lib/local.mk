# libgruvi.  All of it is compiled into a library of convenience, from which
# libgruvi.so is made, and against which the unit tests link, because they also
# reach what the shared library hides.

include_HEADERS += %D%/gruvi.h

gruviinclude_HEADERS += %D%/gruvi/base.h
gruviinclude_HEADERS += %D%/gruvi/error.h
gruviinclude_HEADERS += %D%/gruvi/exception.h
gruviinclude_HEADERS += %D%/gruvi/fiber.h
gruviinclude_HEADERS += %D%/gruvi/file.h
gruviinclude_HEADERS += %D%/gruvi/future.h
gruviinclude_HEADERS += %D%/gruvi/group.h
gruviinclude_HEADERS += %D%/gruvi/hub.h
gruviinclude_HEADERS += %D%/gruvi/inspect.h
gruviinclude_HEADERS += %D%/gruvi/local.h
gruviinclude_HEADERS += %D%/gruvi/log.h
gruviinclude_HEADERS += %D%/gruvi/net.h
gruviinclude_HEADERS += %D%/gruvi/poll.h
gruviinclude_HEADERS += %D%/gruvi/pool.h
gruviinclude_HEADERS += %D%/gruvi/process.h
gruviinclude_HEADERS += %D%/gruvi/signal.h
gruviinclude_HEADERS += %D%/gruvi/stream.h
gruviinclude_HEADERS += %D%/gruvi/switch_back.h
gruviinclude_HEADERS += %D%/gruvi/switchpoint.h
gruviinclude_HEADERS += %D%/gruvi/sync.h
gruviinclude_HEADERS += %D%/gruvi/tls.h
gruviinclude_HEADERS += %D%/gruvi/version.h
gruviinclude_HEADERS += %D%/gruvi/wait.h

LIBGRUVI_SOURCES =
LIBGRUVI_IO_SOURCES =
include lib/base/local.mk
include lib/core/local.mk
include lib/sync/local.mk
include lib/pool/local.mk
include lib/io/local.mk

noinst_LTLIBRARIES += %D%/libgruvi_private.la
%C%_libgruvi_private_la_SOURCES = $(LIBGRUVI_SOURCES) $(LIBGRUVI_IO_SOURCES)
%C%_libgruvi_private_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
%C%_libgruvi_private_la_CFLAGS += -ftls-model=initial-exec
# Its own calls are not for others to replace, and need no detour.
%C%_libgruvi_private_la_CFLAGS += -fno-semantic-interposition
%C%_libgruvi_private_la_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
%C%_libgruvi_private_la_LIBADD = $(UV_LIBS) $(OPENSSL_LIBS)
# A file that was taken off the list leaves it.
EXTRA_%C%_libgruvi_private_la_DEPENDENCIES = Makefile

# -version-info is changed by its own rules at a release, not with PACKAGE_VERSION:
# changed code: revision+1; added calls: current+1, revision 0, age+1; a call
# removed or changed: current+1, revision 0, age 0, and another plugin ABI.
lib_LTLIBRARIES += %D%/libgruvi.la
%C%_libgruvi_la_SOURCES =
%C%_libgruvi_la_LIBADD = %D%/libgruvi_private.la $(UV_LIBS) $(OPENSSL_LIBS)
%C%_libgruvi_la_LDFLAGS = $(AM_LDFLAGS) $(DEFS_LDFLAGS)
%C%_libgruvi_la_LDFLAGS += -no-undefined -version-info 0:0:0
%C%_libgruvi_la_LDFLAGS += -Wl,-Bsymbolic-functions
# Its threads and its signal handler may be running whatever dlclose() says.
%C%_libgruvi_la_LDFLAGS += -Wl,-z,nodelete
%C%_libgruvi_la_LDFLAGS += -Wl,--version-script=$(srcdir)/%D%/gruvi.map
%C%_libgruvi_la_DEPENDENCIES = %D%/libgruvi_private.la %D%/gruvi.map
EXTRA_DIST += %D%/gruvi.map
