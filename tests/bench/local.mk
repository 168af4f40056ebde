# Benchmarks: measured only when asked for (make bench).

EXTRA_DIST += %D%/README.md
EXTRA_DIST += %D%/base
EXTRA_DIST += %D%/cases
EXTRA_DIST += %D%/growth.svg
EXTRA_DIST += %D%/plot
EXTRA_DIST += %D%/run
EXTRA_DIST += %D%/smoke
EXTRA_DIST += %D%/peers/boost_context.cpp
EXTRA_DIST += %D%/peers/boost_fiber.cpp
EXTRA_DIST += %D%/peers/build
EXTRA_DIST += %D%/peers/gevent_peer.py
EXTRA_DIST += %D%/peers/go.go
EXTRA_DIST += %D%/peers/libc.c
EXTRA_DIST += %D%/peers/libev.c
EXTRA_DIST += %D%/peers/libuv.c
EXTRA_DIST += %D%/peers/posts.h
EXTRA_DIST += %D%/peers/st.c
EXTRA_DIST += %D%/peers/tarantool.lua
EXTRA_DIST += %D%/net/net_go.go
EXTRA_DIST += %D%/net/net_go_http.go
EXTRA_DIST += %D%/net/net_go_nats.go
EXTRA_DIST += %D%/net/net_nats.c
EXTRA_DIST += %D%/net/net_h2o
EXTRA_DIST += %D%/net/net_nginx

BENCHMARKS =
BENCHMARKS += %D%/bench_context
BENCHMARKS += %D%/bench_fiber
BENCHMARKS += %D%/bench_post
BENCHMARKS += %D%/bench_sync
BENCHMARKS += %D%/bench_timer
BENCHMARKS += %D%/cache_line
BENCHMARKS += %D%/net/bench_http
BENCHMARKS += %D%/net/bench_nats
BENCHMARKS += %D%/net/bench_net
BENCHMARKS += %D%/net/net_epoll
BENCHMARKS += %D%/net/net_hello
BENCHMARKS += %D%/net/net_libuv

BENCH_THREADED = $(AM_CFLAGS) -pthread
# As a program has it, over the shared library.
BENCH_LIBS = lib/libgruvi.la $(UV_LIBS)

%C%_bench_context_SOURCES = %D%/bench_context.c %D%/bench.h
%C%_bench_context_LDADD = lib/libgruvi_private.la $(UV_LIBS)
%C%_bench_fiber_SOURCES = %D%/bench_fiber.c %D%/bench.h %D%/ours.h
%C%_bench_fiber_LDADD = $(BENCH_LIBS)
%C%_bench_post_SOURCES = %D%/bench_post.c %D%/bench.h %D%/ours.h
%C%_bench_post_CFLAGS = $(BENCH_THREADED)
%C%_bench_post_LDADD = $(BENCH_LIBS)
%C%_bench_sync_SOURCES = %D%/bench_sync.c %D%/bench.h %D%/ours.h
%C%_bench_sync_CFLAGS = $(BENCH_THREADED)
%C%_bench_sync_LDADD = $(BENCH_LIBS)
%C%_bench_timer_SOURCES = %D%/bench_timer.c %D%/bench.h %D%/ours.h
%C%_bench_timer_LDADD = $(BENCH_LIBS)
%C%_cache_line_SOURCES = %D%/cache_line.c
%C%_cache_line_CFLAGS = $(BENCH_THREADED)
%C%_cache_line_LDADD =

# gruvid and the servers it is compared with are processes of their own.
%C%_net_bench_net_SOURCES = %D%/net/bench_net.c %D%/net/load.c %D%/net/net.h
%C%_net_bench_net_SOURCES += %D%/net/server.c %D%/bench.h
%C%_net_bench_net_CFLAGS = $(BENCH_THREADED)
%C%_net_bench_net_LDADD =
%C%_net_bench_http_SOURCES = %D%/net/bench_http.c %D%/net/answer.c
%C%_net_bench_http_SOURCES += %D%/net/idle_tls.c %D%/net/load.c
%C%_net_bench_http_SOURCES += %D%/net/net.h %D%/net/server.c %D%/bench.h
if HAVE_OPENSSL
%C%_net_bench_http_SOURCES += tests/unit/certificates.c
%C%_net_bench_http_SOURCES += tests/unit/certificates.h
endif
%C%_net_bench_http_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
%C%_net_bench_http_LDADD = $(OPENSSL_LIBS)
%C%_net_bench_nats_SOURCES = %D%/net/bench_nats.c %D%/net/net.h
%C%_net_bench_nats_SOURCES += %D%/net/nats_server.c %D%/net/server.c
%C%_net_bench_nats_SOURCES += %D%/bench.h
%C%_net_bench_nats_LDADD =
%C%_net_net_hello_SOURCES = %D%/net/net_hello.c %D%/bench.h
%C%_net_net_hello_LDADD =
%C%_net_net_epoll_SOURCES = %D%/net/net_epoll.c %D%/bench.h
%C%_net_net_epoll_LDADD =
%C%_net_net_libuv_SOURCES = %D%/net/net_libuv.c %D%/bench.h
%C%_net_net_libuv_LDADD = $(UV_LIBS)

BENCH_PLUGINS = %D%/net/offload.la %D%/net/held.la
EXTRA_LTLIBRARIES += $(BENCH_PLUGINS)
%C%_net_offload_la_SOURCES = %D%/net/offload.c
%C%_net_offload_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_net_offload_la_LDFLAGS += -rpath $(abs_top_builddir)/not-installed
%C%_net_offload_la_LIBADD = $(PLUGIN_LIBS)
%C%_net_offload_la_DEPENDENCIES = $(PLUGIN_NEEDS)

%C%_net_held_la_SOURCES = %D%/net/held.c
%C%_net_held_la_LDFLAGS = $(PLUGIN_LINKING)
%C%_net_held_la_LDFLAGS += -rpath $(abs_top_builddir)/not-installed
%C%_net_held_la_LIBADD = $(PLUGIN_LIBS)
%C%_net_held_la_DEPENDENCIES = $(PLUGIN_NEEDS)

# make check runs them once with next to nothing to do: they rot otherwise.
EXTRA_PROGRAMS += $(BENCHMARKS)
CLEANFILES += $(BENCHMARKS) $(BENCH_PLUGINS)
if HAVE_CHECK
BENCH_TESTS = %D%/smoke
TESTS += $(BENCH_TESTS)
%D%/smoke.needs: $(BENCHMARKS) $(BENCH_PLUGINS)
endif

# make bench BENCH='yield sleep/10000' runs some of them; run says what else.
# BASE=REV builds an older commit once, and measures it beside ours.
.PHONY: bench clean-bench
bench: $(BENCHMARKS) $(BENCH_PLUGINS) gruvid $(plugin_LTLIBRARIES)
	@CC='$(CC)' CXX='$(CXX)' UV_CFLAGS='$(UV_CFLAGS)' UV_LIBS='$(UV_LIBS)' \
	    $(srcdir)/%D%/peers/build bench/peers
	@base= && if [ -n '$(BASE)' ]; then \
	    eval "set -- $$(./config.status --config)" && \
	    base=$$($(srcdir)/%D%/base . '$(BASE)' "$$@") || exit; \
	fi; \
	$(srcdir)/%D%/run --programs %D% --results bench \
	    $${base:+--base "$$base"} $(BENCH)

clean-bench:
	rm -rf bench bench-base-*
clean-local: clean-bench
