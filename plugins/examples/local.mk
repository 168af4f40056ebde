# A plugin that reloads, and plugins that wait for libraries of others.  To read,
# and for the tests: each is built where its library is, and not installed.

EXTRA_DIST += %D%/README.md

# -rpath: libtool makes shared libraries only of what is to be installed.
EXAMPLE_LINKING = $(PLUGIN_LINKING) -rpath $(abs_top_builddir)/not-installed

TEST_PLUGINS += %D%/chat.la
%C%_chat_la_SOURCES = %D%/chat.c
%C%_chat_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_chat_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_chat_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/cron.la
%C%_cron_la_SOURCES = %D%/cron.c
%C%_cron_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_cron_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_cron_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/forward.la
%C%_forward_la_SOURCES = %D%/forward.c
%C%_forward_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_forward_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_forward_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/ticker.la
%C%_ticker_la_SOURCES = %D%/ticker.c
%C%_ticker_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_ticker_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_ticker_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/thumbnail.la
%C%_thumbnail_la_SOURCES = %D%/thumbnail.c
%C%_thumbnail_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_thumbnail_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_thumbnail_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/web.la
%C%_web_la_SOURCES = %D%/web.c
%C%_web_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_web_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_web_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/wrap.la
%C%_wrap_la_SOURCES = %D%/wrap.c
%C%_wrap_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_wrap_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_wrap_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/nats_jobs.la
%C%_nats_jobs_la_SOURCES = %D%/nats_jobs.c
%C%_nats_jobs_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_nats_jobs_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_nats_jobs_la_DEPENDENCIES = $(PLUGIN_NEEDS)

if HAVE_HIREDIS
TEST_PLUGINS += %D%/cache.la
%C%_cache_la_SOURCES = %D%/cache.c
%C%_cache_la_CFLAGS = $(AM_CFLAGS) $(HIREDIS_CFLAGS)
%C%_cache_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_cache_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS) $(HIREDIS_LIBS)
%C%_cache_la_DEPENDENCIES = $(PLUGIN_NEEDS)
endif

if HAVE_LIBPQ
TEST_PLUGINS += %D%/jobs.la
%C%_jobs_la_SOURCES = %D%/jobs.c
%C%_jobs_la_CFLAGS = $(AM_CFLAGS) $(LIBPQ_CFLAGS)
%C%_jobs_la_LDFLAGS = $(EXAMPLE_LINKING)
%C%_jobs_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS) $(LIBPQ_LIBS)
%C%_jobs_la_DEPENDENCIES = $(PLUGIN_NEEDS)
endif

if HAVE_WSLAY
TEST_PLUGINS += %D%/websocket.la
%C%_websocket_la_SOURCES = %D%/websocket.c %D%/handshake.c %D%/handshake.h
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
