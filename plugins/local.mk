# The plugins that come with gruvid.  Each is built as a user builds a plugin:
# it links with the shared libraries, and exports what it marks.  Five lines add
# a plugin:
#
#   plugin_LTLIBRARIES += %D%/NAME.la
#   %C%_NAME_la_SOURCES = %D%/NAME.c
#   %C%_NAME_la_LDFLAGS = $(PLUGIN_LINKING)
#   %C%_NAME_la_LIBADD = $(PLUGIN_LIBS)
#   %C%_NAME_la_DEPENDENCIES = $(PLUGIN_NEEDS)
#
# Before installation a plugin is plugins/.libs/NAME.so.

PLUGIN_LINKING = $(AM_LDFLAGS) $(DEFS_LDFLAGS)
PLUGIN_LINKING += -module -avoid-version -shared -export-dynamic
PLUGIN_LIBS = daemon/libgruvid.la lib/libgruvi.la
# They have to be there, and what links with them need not be linked again when
# they change.
PLUGIN_NEEDS = | $(PLUGIN_LIBS)

plugin_LTLIBRARIES += %D%/echo.la
%C%_echo_la_SOURCES = %D%/echo/echo.c
%C%_echo_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_echo_la_LIBADD = $(PLUGIN_LIBS)
%C%_echo_la_DEPENDENCIES = $(PLUGIN_NEEDS)

plugin_LTLIBRARIES += %D%/heartbeat.la
%C%_heartbeat_la_SOURCES = %D%/heartbeat/heartbeat.c
%C%_heartbeat_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_heartbeat_la_LIBADD = $(PLUGIN_LIBS)
%C%_heartbeat_la_DEPENDENCIES = $(PLUGIN_NEEDS)

plugin_LTLIBRARIES += %D%/hello.la
%C%_hello_la_SOURCES = %D%/hello/hello.c
%C%_hello_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_hello_la_LIBADD = $(PLUGIN_LIBS)
%C%_hello_la_DEPENDENCIES = $(PLUGIN_NEEDS)

plugin_LTLIBRARIES += %D%/http.la
%C%_http_la_SOURCES = %D%/http/http.c
%C%_http_la_SOURCES += %D%/http/access.c %D%/http/access.h
%C%_http_la_SOURCES += %D%/http/body.c %D%/http/body.h
%C%_http_la_SOURCES += %D%/http/chunk.c %D%/http/chunk.h
%C%_http_la_SOURCES += %D%/http/class.c %D%/http/class.h
%C%_http_la_SOURCES += %D%/http/coder.h
%C%_http_la_SOURCES += %D%/http/coding.c %D%/http/coding.h
%C%_http_la_SOURCES += %D%/http/connection.c %D%/http/connection.h
%C%_http_la_SOURCES += %D%/http/comments.c %D%/http/comments.h
%C%_http_la_SOURCES += %D%/http/events.c %D%/http/events.h
%C%_http_la_SOURCES += %D%/http/exchange.c %D%/http/exchange.h
%C%_http_la_SOURCES += %D%/http/forwarded.c %D%/http/forwarded.h
%C%_http_la_SOURCES += %D%/http/held.c %D%/http/held.h
%C%_http_la_SOURCES += %D%/http/hub.c %D%/http/hub.h
%C%_http_la_SOURCES += %D%/http/parse.c %D%/http/parse.h
%C%_http_la_SOURCES += %D%/http/reason.c %D%/http/reason.h
%C%_http_la_SOURCES += %D%/http/settings.c %D%/http/settings.h
%C%_http_la_SOURCES += %D%/http/wire.c %D%/http/wire.h
%C%_http_la_SOURCES += %D%/http/work.h
%C%_http_la_SOURCES += %D%/http/worth.c %D%/http/worth.h
if HAVE_ZLIB
%C%_http_la_SOURCES += %D%/http/zlib.c
endif
if HAVE_ZSTD
%C%_http_la_SOURCES += %D%/http/zstd.c
endif
H2_SOURCES = %D%/http/h2.h %D%/http/h2_connection.h
H2_SOURCES += %D%/http/h2_connection.c
H2_SOURCES += %D%/http/h2_drain.c %D%/http/h2_drain.h
H2_SOURCES += %D%/http/h2_exchange.c %D%/http/h2_exchange.h
H2_SOURCES += %D%/http/h2_frames.c %D%/http/h2_frames.h
H2_SOURCES += %D%/http/h2_limits.c %D%/http/h2_limits.h
H2_SOURCES += %D%/http/h2_head.c %D%/http/h2_head.h
H2_SOURCES += %D%/http/h2_memory.c %D%/http/h2_memory.h
H2_SOURCES += %D%/http/h2_output.c %D%/http/h2_output.h
H2_SOURCES += %D%/http/h2_session.c %D%/http/h2_session.h
H2_SOURCES += %D%/http/h2_stream.c %D%/http/h2_stream.h
H2_SOURCES += %D%/http/h2_worker.c %D%/http/h2_worker.h
%C%_http_la_CPPFLAGS = $(AM_CPPFLAGS) $(ZLIB_CFLAGS) $(ZSTD_CFLAGS)
if HAVE_NGHTTP2
%C%_http_la_SOURCES += $(H2_SOURCES)
%C%_http_la_CPPFLAGS += -DHAVE_NGHTTP2 $(NGHTTP2_CFLAGS)
else
EXTRA_DIST += $(H2_SOURCES)
endif
%C%_http_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_http_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS) $(NGHTTP2_LIBS) $(ZLIB_LIBS)
%C%_http_la_LIBADD += $(ZSTD_LIBS)
%C%_http_la_DEPENDENCIES = $(PLUGIN_NEEDS)

# All but its descriptor is a library that a plugin of the tests has, too.
noinst_LTLIBRARIES += %D%/nats/libnats.la
%C%_nats_libnats_la_SOURCES = %D%/nats/answering.c
%C%_nats_libnats_la_SOURCES += %D%/nats/answering.h
%C%_nats_libnats_la_SOURCES += %D%/nats/cluster.c %D%/nats/cluster.h
%C%_nats_libnats_la_SOURCES += %D%/nats/members.c %D%/nats/members.h
%C%_nats_libnats_la_SOURCES += %D%/nats/process_id.c
%C%_nats_libnats_la_SOURCES += %D%/nats/process_id.h
%C%_nats_libnats_la_SOURCES += %D%/nats/survey.c
%C%_nats_libnats_la_SOURCES += %D%/nats/ask.c %D%/nats/ask.h
%C%_nats_libnats_la_SOURCES += %D%/nats/buffer.c %D%/nats/buffer.h
%C%_nats_libnats_la_SOURCES += %D%/nats/bus.c %D%/nats/bus.h
%C%_nats_libnats_la_SOURCES += %D%/nats/clock.c %D%/nats/clock.h
%C%_nats_libnats_la_SOURCES += %D%/nats/dead_letter.c
%C%_nats_libnats_la_SOURCES += %D%/nats/dead_letter.h
%C%_nats_libnats_la_SOURCES += %D%/nats/delivery.c %D%/nats/delivery.h
%C%_nats_libnats_la_SOURCES += %D%/nats/credentials.c
%C%_nats_libnats_la_SOURCES += %D%/nats/credentials.h
%C%_nats_libnats_la_SOURCES += %D%/nats/exchange.c %D%/nats/exchange.h
%C%_nats_libnats_la_SOURCES += %D%/nats/head.c %D%/nats/head.h
%C%_nats_libnats_la_SOURCES += %D%/nats/id.c %D%/nats/id.h
%C%_nats_libnats_la_SOURCES += %D%/nats/jetstream.c
%C%_nats_libnats_la_SOURCES += %D%/nats/jetstream.h
%C%_nats_libnats_la_SOURCES += %D%/nats/json.c %D%/nats/json.h
%C%_nats_libnats_la_SOURCES += %D%/nats/kv.c
%C%_nats_libnats_la_SOURCES += %D%/nats/line.c %D%/nats/line.h
%C%_nats_libnats_la_SOURCES += %D%/nats/login.c %D%/nats/login.h
%C%_nats_libnats_la_SOURCES += %D%/nats/message.c %D%/nats/message.h
%C%_nats_libnats_la_SOURCES += %D%/nats/nkey.c %D%/nats/nkey.h
%C%_nats_libnats_la_SOURCES += %D%/nats/node.c %D%/nats/node.h
%C%_nats_libnats_la_SOURCES += %D%/nats/proof.c %D%/nats/proof.h
%C%_nats_libnats_la_SOURCES += %D%/nats/protocol.c %D%/nats/protocol.h
%C%_nats_libnats_la_SOURCES += %D%/nats/pull.c %D%/nats/pull.h
%C%_nats_libnats_la_SOURCES += %D%/nats/reader.c %D%/nats/reader.h
%C%_nats_libnats_la_SOURCES += %D%/nats/request.c %D%/nats/request.h
%C%_nats_libnats_la_SOURCES += %D%/nats/routes.c %D%/nats/routes.h
%C%_nats_libnats_la_SOURCES += %D%/nats/secure.c %D%/nats/secure.h
%C%_nats_libnats_la_SOURCES += %D%/nats/servers.c %D%/nats/servers.h
%C%_nats_libnats_la_SOURCES += %D%/nats/session.c %D%/nats/session.h
%C%_nats_libnats_la_SOURCES += %D%/nats/settings.c %D%/nats/settings.h
%C%_nats_libnats_la_SOURCES += %D%/nats/store.c %D%/nats/store.h
%C%_nats_libnats_la_SOURCES += %D%/nats/subscription.c
%C%_nats_libnats_la_SOURCES += %D%/nats/subscription.h
%C%_nats_libnats_la_SOURCES += %D%/nats/verdict.c %D%/nats/verdict.h
%C%_nats_libnats_la_SOURCES += %D%/nats/work.c %D%/nats/work.h
%C%_nats_libnats_la_SOURCES += %D%/nats/works.c
%C%_nats_libnats_la_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_nats_libnats_la_CPPFLAGS += $(OPENSSL_CFLAGS)
%C%_nats_libnats_la_LIBADD = $(OPENSSL_LIBS)

plugin_LTLIBRARIES += %D%/nats.la
%C%_nats_la_SOURCES = %D%/nats/nats.c
%C%_nats_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_nats_la_LIBADD = %D%/nats/libnats.la
%C%_nats_la_LIBADD += $(PLUGIN_LIBS) $(UV_LIBS) $(JANSSON_LIBS)
%C%_nats_la_DEPENDENCIES = %D%/nats/libnats.la $(PLUGIN_NEEDS)

plugin_LTLIBRARIES += %D%/dashboard.la
%C%_dashboard_la_SOURCES = %D%/dashboard/dashboard.c %D%/dashboard/files.h
%C%_dashboard_la_SOURCES += %D%/dashboard/guard.c %D%/dashboard/guard.h
%C%_dashboard_la_SOURCES += %D%/dashboard/sampler.c %D%/dashboard/sampler.h
nodist_%C%_dashboard_la_SOURCES = %D%/dashboard/files.c
%C%_dashboard_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/%D%/dashboard
%C%_dashboard_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_dashboard_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_dashboard_la_DEPENDENCIES = $(PLUGIN_NEEDS)

# The page, as it is, in the plugin.
DASHBOARD_FILES = %D%/dashboard/page.html
DASHBOARD_FILES += %D%/dashboard/style.css
DASHBOARD_FILES += %D%/dashboard/figures.js
DASHBOARD_FILES += %D%/dashboard/charts.js
DASHBOARD_FILES += %D%/dashboard/page.js
DASHBOARD_FILES += %D%/dashboard/source.js
DASHBOARD_FILES += %D%/dashboard/icon.svg
EXTRA_DIST += $(DASHBOARD_FILES) %D%/dashboard/embed
EXTRA_DIST += %D%/dashboard/page.png
GENERATED += %D%/dashboard/files.c
%D%/dashboard/files.c: $(DASHBOARD_FILES) %D%/dashboard/embed
	$(AM_V_GEN)$(MKDIR_P) %D%/dashboard && \
	    (cd $(srcdir) && %D%/dashboard/embed $(DASHBOARD_FILES)) \
	    > $@.tmp && mv $@.tmp $@

plugin_LTLIBRARIES += %D%/metrics.la
%C%_metrics_la_SOURCES = %D%/metrics/metrics.c
%C%_metrics_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_metrics_la_LIBADD = $(PLUGIN_LIBS)
%C%_metrics_la_DEPENDENCIES = $(PLUGIN_NEEDS)

# gruvid loads NAME.so; libtool's .la file is of no use there.
INSTALL_DATA_HOOKS += install-plugins-hook
install-plugins-hook:
	@$(MKDIR_P) "$(DESTDIR)$(plugindir)"
	@for la in $(plugin_LTLIBRARIES); do \
	    rm -f "$(DESTDIR)$(plugindir)/$$(basename $$la)"; \
	done

UNINSTALL_HOOKS += uninstall-plugins-hook
uninstall-plugins-hook:
	@$(MKDIR_P) "$(DESTDIR)$(plugindir)"
	@for la in $(plugin_LTLIBRARIES); do \
	    rm -f "$(DESTDIR)$(plugindir)/$$(basename $$la .la).so"; \
	done

.PHONY: install-plugins-hook uninstall-plugins-hook
