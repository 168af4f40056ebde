# A plugin that reloads, and plugins that wait for libraries of others.  To read,
# and for the tests: each is built where its library is, and not installed.

EXTRA_DIST += %D%/README.md

# -rpath: libtool makes shared libraries only of what is to be installed.
EXAMPLE_LINKING = $(PLUGIN_LINKING) -rpath $(abs_top_builddir)/not-installed

TEST_PLUGINS += %D%/ticker.la
%C%_ticker_la_SOURCES = %D%/ticker.c
%C%_ticker_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_ticker_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_ticker_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/jobs.la
%C%_jobs_la_SOURCES = %D%/jobs.c
%C%_jobs_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_jobs_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_jobs_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/jobs_load.la
%C%_jobs_load_la_SOURCES = %D%/jobs_load.c
%C%_jobs_load_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_jobs_load_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_jobs_load_la_DEPENDENCIES = $(PLUGIN_NEEDS)

if HAVE_HIREDIS
TEST_PLUGINS += %D%/redis.la
%C%_redis_la_SOURCES = %D%/redis.c
%C%_redis_la_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS)
%C%_redis_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_redis_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS) $(HIREDIS_LIBS)
%C%_redis_la_DEPENDENCIES = $(PLUGIN_NEEDS)
endif

if HAVE_LIBPQ
TEST_PLUGINS += %D%/postgres.la
%C%_postgres_la_SOURCES = %D%/postgres.c
%C%_postgres_la_CFLAGS = $(AM_CFLAGS) $(LIBPQ_CFLAGS)
%C%_postgres_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_postgres_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS) $(LIBPQ_LIBS)
%C%_postgres_la_DEPENDENCIES = $(PLUGIN_NEEDS)
endif

if HAVE_WSLAY
TEST_PLUGINS += %D%/websocket.la
%C%_websocket_la_SOURCES = %D%/websocket.c
%C%_websocket_la_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
%C%_websocket_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_websocket_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS) -lwslay -lcrypto
%C%_websocket_la_DEPENDENCIES = $(PLUGIN_NEEDS)
endif

if HAVE_LIBCURL
TEST_PLUGINS += %D%/fetch.la
%C%_fetch_la_SOURCES = %D%/fetch.c
%C%_fetch_la_CFLAGS = $(AM_CFLAGS) $(LIBCURL_CFLAGS)
%C%_fetch_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_fetch_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS) $(LIBCURL_LIBS)
%C%_fetch_la_DEPENDENCIES = $(PLUGIN_NEEDS)
endif
