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
%C%_http_la_SOURCES += %D%/http/connection.c %D%/http/connection.h
%C%_http_la_SOURCES += %D%/http/events.c %D%/http/events.h
%C%_http_la_SOURCES += %D%/http/exchange.c %D%/http/exchange.h
%C%_http_la_SOURCES += %D%/http/held.c %D%/http/held.h
%C%_http_la_SOURCES += %D%/http/hub.c %D%/http/hub.h
%C%_http_la_SOURCES += %D%/http/parse.c %D%/http/parse.h
%C%_http_la_SOURCES += %D%/http/reason.c %D%/http/reason.h
%C%_http_la_SOURCES += %D%/http/settings.c %D%/http/settings.h
%C%_http_la_SOURCES += %D%/http/wire.c %D%/http/wire.h
%C%_http_la_SOURCES += %D%/http/work.h
%C%_http_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_http_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_http_la_DEPENDENCIES = $(PLUGIN_NEEDS)

plugin_LTLIBRARIES += %D%/metrics.la
%C%_metrics_la_SOURCES = %D%/metrics/metrics.c
%C%_metrics_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_metrics_la_LIBADD = $(PLUGIN_LIBS)
%C%_metrics_la_DEPENDENCIES = $(PLUGIN_NEEDS)

# gruvid loads NAME.so; libtool's .la file is of no use there.
INSTALL_EXEC_HOOKS += install-plugins-hook
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
