# plugins/http: its parser with the corpus, and all of it over sockets.

EXTRA_DIST += %D%/corpus

TEST_ARCHIVES += %D%/libcorpus.a
%C%_libcorpus_a_SOURCES = %D%/corpus.c %D%/corpus.h
%C%_libcorpus_a_SOURCES += %D%/escape.c %D%/escape.h

TEST_ARCHIVES += %D%/libhttp_client.a
%C%_libhttp_client_a_SOURCES = %D%/client.c %D%/client.h
HTTP_CLIENT_LIBS = %D%/libhttp_client.a $(RUN_GRUVID_LIBS)

HTTP_TESTS = %D%/check_parse
%C%_check_parse_SOURCES = %D%/check_parse.c plugins/http/chunk.c
%C%_check_parse_SOURCES += plugins/http/class.c plugins/http/parse.c
# Objects of its own: the plugin's are libtool's.
%C%_check_parse_CPPFLAGS = $(AM_CPPFLAGS)
%C%_check_parse_LDADD = %D%/libcorpus.a tests/support/libsupport.a
%C%_check_parse_LDADD += $(CHECK_LIBS)

HTTP_TESTS += %D%/check_http_access
%C%_check_http_access_LDADD = $(HTTP_CLIENT_LIBS)
HTTP_TESTS += %D%/check_http_corpus
%C%_check_http_corpus_LDADD = %D%/libcorpus.a $(HTTP_CLIENT_LIBS)
HTTP_TESTS += %D%/check_http_connection
%C%_check_http_connection_LDADD = $(HTTP_CLIENT_LIBS)
HTTP_TESTS += %D%/check_forwarded
%C%_check_forwarded_LDADD = $(HTTP_CLIENT_LIBS)
HTTP_TESTS += %D%/check_greet
%C%_check_greet_LDADD = $(HTTP_CLIENT_LIBS) $(CERTIFICATE_LIBS)
HTTP_TESTS += %D%/check_http_exchange
%C%_check_http_exchange_LDADD = $(HTTP_CLIENT_LIBS)
HTTP_TESTS += %D%/check_http_coding
%C%_check_http_coding_SOURCES = %D%/check_http_coding.c
%C%_check_http_coding_SOURCES += %D%/decode.c %D%/decode.h
%C%_check_http_coding_CPPFLAGS = $(AM_CPPFLAGS) $(ZLIB_CFLAGS) $(ZSTD_CFLAGS)
%C%_check_http_coding_LDADD = $(HTTP_CLIENT_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS)
%D%/check_http_coding.needs: tests/daemon/failing_malloc.la
HTTP_TESTS += %D%/check_http_files
%C%_check_http_files_LDADD = $(HTTP_CLIENT_LIBS)
HTTP_TESTS += %D%/check_http_streaming
%C%_check_http_streaming_LDADD = $(HTTP_CLIENT_LIBS)

# HTTP/2, whose client reads compressed headers by libnghttp2
EXTRA_DIST += %D%/frames
H2_CLIENT_SOURCES = %D%/h2_client.c %D%/h2_client.h
H2_CLIENT_SOURCES += %D%/h2_frame.c %D%/h2_frame.h
H2_CLIENT_SOURCES += %D%/h2_play.c %D%/h2_script.c %D%/h2_script.h
H2_CLIENT_SOURCES += %D%/h2_wire.c %D%/h2_wire.h
EXTRA_DIST += $(H2_CLIENT_SOURCES)
if HAVE_NGHTTP2
TEST_ARCHIVES += %D%/libh2_client.a
%C%_libh2_client_a_SOURCES = $(H2_CLIENT_SOURCES)
%C%_libh2_client_a_CPPFLAGS = $(AM_CPPFLAGS) $(NGHTTP2_CFLAGS)
%C%_libh2_client_a_CPPFLAGS += $(OPENSSL_CFLAGS)
H2_CLIENT_LIBS = %D%/libh2_client.a %D%/libcorpus.a $(HTTP_CLIENT_LIBS)
H2_CLIENT_LIBS += $(NGHTTP2_LIBS) $(CERTIFICATE_LIBS)
HTTP_TESTS += %D%/check_h2
%C%_check_h2_CPPFLAGS = $(AM_CPPFLAGS) $(NGHTTP2_CFLAGS)
%C%_check_h2_LDADD = $(H2_CLIENT_LIBS)
HTTP_TESTS += %D%/check_h2_coding
%C%_check_h2_coding_SOURCES = %D%/check_h2_coding.c
%C%_check_h2_coding_SOURCES += %D%/decode.c %D%/decode.h
%C%_check_h2_coding_CPPFLAGS = $(AM_CPPFLAGS) $(NGHTTP2_CFLAGS)
%C%_check_h2_coding_CPPFLAGS += $(ZLIB_CFLAGS) $(ZSTD_CFLAGS)
%C%_check_h2_coding_LDADD = $(H2_CLIENT_LIBS) $(ZLIB_LIBS) $(ZSTD_LIBS)
HTTP_TESTS += %D%/check_h2_corpus
%C%_check_h2_corpus_CPPFLAGS = $(AM_CPPFLAGS) $(NGHTTP2_CFLAGS)
%C%_check_h2_corpus_LDADD = $(H2_CLIENT_LIBS)
HTTP_TESTS += %D%/check_h2_end
%C%_check_h2_end_CPPFLAGS = $(AM_CPPFLAGS) $(NGHTTP2_CFLAGS)
%C%_check_h2_end_LDADD = $(H2_CLIENT_LIBS)
HTTP_TESTS += %D%/check_h2_flood
%C%_check_h2_flood_CPPFLAGS = $(AM_CPPFLAGS) $(NGHTTP2_CFLAGS)
%C%_check_h2_flood_LDADD = $(H2_CLIENT_LIBS)
HTTP_TESTS += %D%/check_h2_flow
%C%_check_h2_flow_CPPFLAGS = $(AM_CPPFLAGS) $(NGHTTP2_CFLAGS)
%C%_check_h2_flow_LDADD = $(H2_CLIENT_LIBS)
HTTP_TESTS += %D%/check_h2_rfc
%C%_check_h2_rfc_CPPFLAGS = $(AM_CPPFLAGS) $(NGHTTP2_CFLAGS)
%C%_check_h2_rfc_LDADD = $(H2_CLIENT_LIBS)
endif

HTTP_TESTS += %D%/check_example_cache
%C%_check_example_cache_LDADD = tests/daemon/libserver.a $(HTTP_CLIENT_LIBS)
EXAMPLE_CACHE = %D%/plugins/slow.la
if HAVE_HIREDIS
EXAMPLE_CACHE += plugins/examples/cache.la
endif
%D%/check_example_cache.needs: $(EXAMPLE_CACHE)
HTTP_TESTS += %D%/check_example_fetch
%C%_check_example_fetch_LDADD = $(HTTP_CLIENT_LIBS)
EXAMPLE_FETCH = tests/daemon/plugins/responder.la
if HAVE_LIBCURL
EXAMPLE_FETCH += plugins/examples/fetch.la
endif
%D%/check_example_fetch.needs: $(EXAMPLE_FETCH)
HTTP_TESTS += %D%/check_example_jobs
%C%_check_example_jobs_LDADD = tests/daemon/libserver.a $(HTTP_CLIENT_LIBS)
EXAMPLE_JOBS = %D%/plugins/works.la
if HAVE_LIBPQ
EXAMPLE_JOBS += plugins/examples/jobs.la
endif
%D%/check_example_jobs.needs: $(EXAMPLE_JOBS)
HTTP_TESTS += %D%/check_example_web
%C%_check_example_web_LDADD = $(HTTP_CLIENT_LIBS)
%D%/check_example_web.needs: plugins/examples/web.la
HTTP_TESTS += %D%/check_example_websocket
%C%_check_example_websocket_LDADD = $(HTTP_CLIENT_LIBS)
if HAVE_WSLAY
%D%/check_example_websocket.needs: plugins/examples/web.la
%D%/check_example_websocket.needs: plugins/examples/websocket.la
endif

TEST_PLUGINS += %D%/plugins/mirror.la
%C%_plugins_mirror_la_SOURCES = %D%/plugins/mirror.c
%C%_plugins_mirror_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_mirror_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_mirror_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/plugins/slow.la
%C%_plugins_slow_la_SOURCES = %D%/plugins/slow.c
%C%_plugins_slow_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_slow_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_slow_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/plugins/works.la
%C%_plugins_works_la_SOURCES = %D%/plugins/works.c
%C%_plugins_works_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_works_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_works_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PROGS += $(HTTP_TESTS)
TESTS += $(HTTP_TESTS)
HTTP_NEEDS = $(HTTP_TESTS:=.needs)
$(HTTP_NEEDS): %.needs: %
$(HTTP_NEEDS): %D%/plugins/mirror.la

# clients that others wrote
TESTS += %D%/clients
EXTRA_DIST += %D%/clients
%D%/clients.needs: %D%/plugins/mirror.la

# a monitoring program
TESTS += %D%/prometheus
EXTRA_DIST += %D%/prometheus
%D%/prometheus.needs: tools/gruvictl/gruvictl

# proxies in front, and the examples for them
TESTS += %D%/proxies
EXTRA_DIST += %D%/proxies %D%/proxies.py %D%/proxies_programs.py
%D%/proxies.needs: %D%/plugins/mirror.la
TESTS += %D%/proxy_examples
EXTRA_DIST += %D%/proxy_examples
