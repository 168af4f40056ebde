# plugins/nats: bytes of its protocol, and all of it with a server of NATS.

TEST_ARCHIVES += %D%/libbus.a
%C%_libbus_a_SOURCES = %D%/bus.c %D%/bus.h
%C%_libbus_a_SOURCES += %D%/done.c %D%/done.h
%C%_libbus_a_SOURCES += %D%/player.c %D%/player.h
%C%_libbus_a_SOURCES += %D%/script.c %D%/script.h
%C%_libbus_a_SOURCES += %D%/talk.c %D%/talk.h
%C%_libbus_a_SOURCES += %D%/stream.c %D%/stream.h
BUS_LIBS = %D%/libbus.a tests/http/libhttp_client.a
BUS_LIBS += tests/daemon/libserver.a $(RUN_GRUVID_LIBS)

NATS_TESTS = %D%/check_nats_protocol
%C%_check_nats_protocol_SOURCES = %D%/check_nats_protocol.c
%C%_check_nats_protocol_SOURCES += plugins/nats/buffer.c plugins/nats/head.c
%C%_check_nats_protocol_SOURCES += plugins/nats/protocol.c
# Objects of its own: the plugin's are libtool's.
%C%_check_nats_protocol_CPPFLAGS = $(AM_CPPFLAGS)
%C%_check_nats_protocol_LDADD = tests/support/libsupport.a $(UV_LIBS)
%C%_check_nats_protocol_LDADD += $(CHECK_LIBS)

NATS_TESTS += %D%/check_nats_ask
%C%_check_nats_ask_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_clock
%C%_check_nats_clock_SOURCES = %D%/check_nats_clock.c plugins/nats/clock.c
%C%_check_nats_clock_CPPFLAGS = $(AM_CPPFLAGS)
%C%_check_nats_clock_LDADD = tests/support/libsupport.a $(UV_LIBS)
%C%_check_nats_clock_LDADD += $(CHECK_LIBS)
NATS_TESTS += %D%/check_nats_cluster
%C%_check_nats_cluster_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_nats_cluster_LDADD = $(BUS_LIBS)
%D%/check_nats_cluster.needs: tools/gruvictl/gruvictl
NATS_TESTS += %D%/check_nats_exchange
%C%_check_nats_exchange_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_jetstream
%C%_check_nats_jetstream_SOURCES = %D%/check_nats_jetstream.c
%C%_check_nats_jetstream_SOURCES += plugins/nats/jetstream.c
%C%_check_nats_jetstream_SOURCES += plugins/nats/json.c
%C%_check_nats_jetstream_SOURCES += plugins/nats/protocol.c
%C%_check_nats_jetstream_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_nats_jetstream_LDADD = tests/support/libsupport.a $(UV_LIBS)
%C%_check_nats_jetstream_LDADD += $(JANSSON_LIBS) $(CHECK_LIBS)
NATS_TESTS += %D%/check_nats_members
%C%_check_nats_members_SOURCES = %D%/check_nats_members.c
%C%_check_nats_members_SOURCES += plugins/nats/json.c
%C%_check_nats_members_SOURCES += plugins/nats/members.c
%C%_check_nats_members_SOURCES += plugins/nats/process_id.c
%C%_check_nats_members_SOURCES += plugins/nats/protocol.c
%C%_check_nats_members_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_nats_members_LDADD = tests/support/libsupport.a $(UV_LIBS)
%C%_check_nats_members_LDADD += $(JANSSON_LIBS) $(CHECK_LIBS)
NATS_TESTS += %D%/check_nats_bus
%C%_check_nats_bus_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_bus_cluster
%C%_check_nats_bus_cluster_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_bus_ends
%C%_check_nats_bus_ends_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_bus_memory
%C%_check_nats_bus_memory_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_kv
%C%_check_nats_kv_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_store
%C%_check_nats_store_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_memory
%C%_check_nats_memory_LDADD = $(BUS_LIBS)
%D%/check_nats_memory.needs: tests/daemon/failing_malloc.la
%D%/check_nats_memory.needs: tools/gruvictl/gruvictl
NATS_TESTS += %D%/check_nats_node
%C%_check_nats_node_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_pull
%C%_check_nats_pull_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_replicas
%C%_check_nats_replicas_LDADD = $(BUS_LIBS)
%D%/check_nats_replicas.needs: plugins/examples/nats_jobs.la
%D%/check_nats_replicas.needs: %D%/plugins/nats_load.la
NATS_TESTS += %D%/check_nats_session
%C%_check_nats_session_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_session_broken
%C%_check_nats_session_broken_SOURCES = %D%/check_nats_session_broken.c
%C%_check_nats_session_broken_SOURCES += %D%/detour.c %D%/detour.h
%C%_check_nats_session_broken_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_verdict
%C%_check_nats_verdict_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_work
%C%_check_nats_work_LDADD = $(BUS_LIBS)
if HAVE_OPENSSL
NATS_TESTS += %D%/check_nats_login
NATS_TESTS += %D%/check_nats_nkey
NATS_TESTS += %D%/check_nats_tls
else
EXTRA_DIST += %D%/keys.c %D%/keys.h
EXTRA_DIST += %D%/check_nats_login.c %D%/check_nats_nkey.c
EXTRA_DIST += %D%/check_nats_tls.c
endif
%C%_check_nats_login_SOURCES = %D%/check_nats_login.c
%C%_check_nats_login_SOURCES += %D%/keys.c %D%/keys.h
%C%_check_nats_login_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
%C%_check_nats_login_LDADD = $(BUS_LIBS) $(OPENSSL_LIBS)
%C%_check_nats_nkey_SOURCES = %D%/check_nats_nkey.c %D%/keys.c %D%/keys.h
%C%_check_nats_nkey_SOURCES += plugins/nats/credentials.c plugins/nats/nkey.c
%C%_check_nats_nkey_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
%C%_check_nats_nkey_LDADD = tests/support/libsupport.a $(UV_LIBS)
%C%_check_nats_nkey_LDADD += $(CHECK_LIBS) $(OPENSSL_LIBS)
%C%_check_nats_tls_LDADD = $(BUS_LIBS) $(CERTIFICATE_LIBS)
NATS_TESTS += %D%/check_nats_work_crash
%C%_check_nats_work_crash_LDADD = $(BUS_LIBS)
NATS_TESTS += %D%/check_nats_work_memory
%C%_check_nats_work_memory_LDADD = $(BUS_LIBS)
%D%/check_nats_work_memory.needs: tests/daemon/failing_malloc.la
NATS_TESTS += %D%/check_nats_work_node
%C%_check_nats_work_node_LDADD = $(BUS_LIBS)

# Asks, and subscribes, by what plugins/nats is made of.
TEST_PLUGINS += %D%/plugins/asker.la
%C%_plugins_asker_la_SOURCES = %D%/plugins/asker.c
%C%_plugins_asker_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_asker_la_LIBADD = plugins/nats/libnats.la
%C%_plugins_asker_la_LIBADD += $(PLUGIN_LIBS) $(UV_LIBS) $(JANSSON_LIBS)
%C%_plugins_asker_la_DEPENDENCIES = plugins/nats/libnats.la $(PLUGIN_NEEDS)
# The load of tools/cluster, and of a test.
TEST_PLUGINS += %D%/plugins/nats_load.la
%C%_plugins_nats_load_la_SOURCES = %D%/plugins/nats_load.c
%C%_plugins_nats_load_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_nats_load_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_plugins_nats_load_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/worker.la
%C%_plugins_worker_la_SOURCES = %D%/plugins/worker.c
%C%_plugins_worker_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_worker_la_LIBADD = $(PLUGIN_LIBS) $(UV_LIBS)
%C%_plugins_worker_la_DEPENDENCIES = $(PLUGIN_NEEDS)
%D%/check_nats_work.needs: %D%/plugins/worker.la
%D%/check_nats_work_crash.needs: %D%/plugins/worker.la
%D%/check_nats_work_node.needs: %D%/plugins/worker.la
%D%/check_nats_ask.needs: %D%/plugins/asker.la

TALKS_NEEDS = %D%/check_nats_bus.needs %D%/check_nats_bus_ends.needs
TALKS_NEEDS += %D%/check_nats_kv.needs %D%/check_nats_store.needs
TALKS_NEEDS += %D%/check_nats_bus_cluster.needs
TALKS_NEEDS += %D%/check_nats_bus_memory.needs
$(TALKS_NEEDS): tests/daemon/plugins/talks.la
%D%/check_nats_bus_memory.needs: tests/daemon/failing_malloc.la

TEST_PROGS += $(NATS_TESTS)
TESTS += $(NATS_TESTS)
NATS_NEEDS = $(NATS_TESTS:=.needs)
$(NATS_NEEDS): %.needs: %
$(NATS_NEEDS): tests/http/plugins/mirror.la

TESTS += %D%/cluster
EXTRA_DIST += %D%/cluster
%D%/cluster.needs: gruvid tools/gruvictl/gruvictl plugins/nats.la
%D%/cluster.needs: plugins/http.la plugins/hello.la plugins/dashboard.la
%D%/cluster.needs: plugins/examples/nats_jobs.la %D%/plugins/nats_load.la
