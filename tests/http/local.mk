# plugins/http: its parser with the corpus, and all of it over sockets.

EXTRA_DIST += %D%/corpus

TEST_ARCHIVES += %D%/libcorpus.a
%C%_libcorpus_a_SOURCES = %D%/corpus.c %D%/corpus.h

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

HTTP_TESTS += %D%/check_http_corpus
%C%_check_http_corpus_LDADD = %D%/libcorpus.a $(HTTP_CLIENT_LIBS)
HTTP_TESTS += %D%/check_http_connection
%C%_check_http_connection_LDADD = $(HTTP_CLIENT_LIBS)
HTTP_TESTS += %D%/check_http_exchange
%C%_check_http_exchange_LDADD = $(HTTP_CLIENT_LIBS)

TEST_PLUGINS += %D%/plugins/mirror.la
%C%_plugins_mirror_la_SOURCES = %D%/plugins/mirror.c
%C%_plugins_mirror_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_mirror_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_mirror_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PROGS += $(HTTP_TESTS)
TESTS += $(HTTP_TESTS)
HTTP_NEEDS = $(HTTP_TESTS:=.needs)
$(HTTP_NEEDS): %.needs: %
$(HTTP_NEEDS): %D%/plugins/mirror.la

# clients that others wrote
TESTS += %D%/clients
EXTRA_DIST += %D%/clients
%D%/clients.needs: %D%/plugins/mirror.la
