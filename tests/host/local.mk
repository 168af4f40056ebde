# gruvid-test: scripts for plugins, and a plugin with planted mistakes; and tests
# of plugins in C.

HOST_TESTS = %D%/mistakes %D%/peers %D%/plugins
TESTS += $(HOST_TESTS)
EXTRA_DIST += $(HOST_TESTS)
EXTRA_DIST += %D%/answers.test
EXTRA_DIST += %D%/asker.test
EXTRA_DIST += %D%/cache.test
EXTRA_DIST += %D%/chat.test
EXTRA_DIST += %D%/cron.test
EXTRA_DIST += %D%/dashboard.test
EXTRA_DIST += %D%/echo.test
EXTRA_DIST += %D%/fetch.test
EXTRA_DIST += %D%/forward.test
EXTRA_DIST += %D%/heartbeat.test
EXTRA_DIST += %D%/hello.test
EXTRA_DIST += %D%/http.test
EXTRA_DIST += %D%/http2.test
EXTRA_DIST += %D%/jobs.test
EXTRA_DIST += %D%/metrics.test
EXTRA_DIST += %D%/thumbnail.test
EXTRA_DIST += %D%/ticker.test
EXTRA_DIST += %D%/web.test
EXTRA_DIST += %D%/websocket.test
EXTRA_DIST += %D%/wrap.test
EXTRA_DIST += %D%/planted_child.test
EXTRA_DIST += %D%/planted_freed_twice.test
EXTRA_DIST += %D%/planted_kept_lock.test
EXTRA_DIST += %D%/planted_late.test
EXTRA_DIST += %D%/planted_library.test
EXTRA_DIST += %D%/planted_list.test
EXTRA_DIST += %D%/planted_leak.test
EXTRA_DIST += %D%/planted_lost_cancel.test
EXTRA_DIST += %D%/planted_missing_close.test
EXTRA_DIST += %D%/planted_missing_copies.test
EXTRA_DIST += %D%/planted_no_room.test
EXTRA_DIST += %D%/planted_order.test
EXTRA_DIST += %D%/planted_outlives.test
EXTRA_DIST += %D%/planted_retries.test
EXTRA_DIST += %D%/planted_short_read.test
EXTRA_DIST += %D%/planted_stop.test
EXTRA_DIST += %D%/planted_switches.test
EXTRA_DIST += %D%/planted_thread.test
EXTRA_DIST += %D%/planted_timeout.test
EXTRA_DIST += %D%/planted_unchecked.test
EXTRA_DIST += %D%/planted_upgrade_leak.test
EXTRA_DIST += %D%/planted_upgrade_outlives.test
EXTRA_DIST += %D%/planted_written_before.test
EXTRA_DIST += %D%/planted_written_behind.test

TEST_PLUGINS += %D%/planted.la
%C%_planted_la_SOURCES = %D%/planted.c
%C%_planted_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_planted_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_planted_la_DEPENDENCIES = $(PLUGIN_NEEDS)

%D%/mistakes.needs: %D%/planted.la tools/gruvid-test/gruvid-test
%D%/plugins.needs: tools/gruvid-test/gruvid-test
PLAYED = tests/daemon/plugins/answers.la
PLAYED += plugins/examples/chat.la plugins/examples/forward.la
PLAYED += plugins/examples/thumbnail.la plugins/examples/ticker.la
PLAYED += plugins/examples/web.la plugins/examples/wrap.la
if HAVE_WSLAY
PLAYED += plugins/examples/websocket.la
endif
%D%/plugins.needs: $(PLAYED)
PEERS = plugins/examples/cron.la plugins/hello.la tests/daemon/plugins/responder.la
PEERS += plugins/nats.la tests/http/plugins/works.la tests/nats/plugins/asker.la
if HAVE_LIBCURL
PEERS += plugins/examples/fetch.la
endif
if HAVE_HIREDIS
PEERS += plugins/examples/cache.la
endif
if HAVE_LIBPQ
PEERS += plugins/examples/jobs.la
endif
%D%/peers.needs: gruvid tools/gruvid-test/gruvid-test $(PEERS)

# Tests in C, linked as those of authors are: with libgruvid-test alone.
HOST_PROGS = %D%/check_chat %D%/check_opened %D%/check_sampler %D%/check_test
if HAVE_WSLAY
HOST_PROGS += %D%/check_websocket
endif
TEST_PROGS += $(HOST_PROGS)
TESTS += $(HOST_PROGS)
TEST_ARCHIVES += %D%/librun.a
%C%_librun_a_SOURCES = %D%/run.c %D%/run.h
HOST_PROG_LIBS = %D%/librun.a tools/gruvid-test/libgruvid-test.la
HOST_PROG_LIBS += tests/support/libsupport.a $(CHECK_LIBS) $(UV_LIBS)
%C%_check_chat_LDADD = $(HOST_PROG_LIBS)
%D%/check_chat.needs: %D%/check_chat plugins/examples/chat.la
%C%_check_opened_LDADD = $(HOST_PROG_LIBS)
%D%/check_opened.needs: %D%/check_opened %D%/planted.la plugins/hello.la
%D%/check_opened.needs: plugins/examples/web.la
%C%_check_sampler_LDADD = $(HOST_PROG_LIBS)
%D%/check_sampler.needs: %D%/check_sampler plugins/dashboard.la
%C%_check_test_LDADD = $(HOST_PROG_LIBS)
%D%/check_test.needs: %D%/check_test %D%/planted.la plugins/examples/ticker.la
%C%_check_websocket_LDADD = $(HOST_PROG_LIBS) $(OPENSSL_LIBS)
%D%/check_websocket.needs: %D%/check_websocket plugins/examples/websocket.la
