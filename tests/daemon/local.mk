# libgruvid and gruvid.  A program here says what it links with, either the
# inside of the daemon, $(DAEMON_TEST_LIBS), or only $(DAEMON_RUN_LIBS) where
# it runs ./gruvid:
#
#   DAEMON_TESTS += %D%/check_NAME
#   %C%_check_NAME_LDADD = $(DAEMON_TEST_LIBS)
#
# ./gruvid loads plugins/.libs/NAME.so with -o gruvid.plugin_dir=...

DAEMON_TESTS =

# config: programs, and scripts that ask config_tool
TEST_ARCHIVES += %D%/libconfig_fixture.a
%C%_libconfig_fixture_a_SOURCES = %D%/config_fixture.c %D%/config_fixture.h
DAEMON_TESTS += %D%/check_config
%C%_check_config_CPPFLAGS = $(AM_CPPFLAGS) $(INIH_CFLAGS)
%C%_check_config_LDADD = %D%/libconfig_fixture.a $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_compare
%C%_check_config_compare_LDADD = %D%/libconfig_fixture.a $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_fifo
%C%_check_config_fifo_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_memory
%C%_check_config_memory_LDADD = %D%/libconfig_fixture.a $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_secret
%C%_check_config_secret_LDADD = %D%/libconfig_fixture.a $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_types
%C%_check_config_types_LDADD = $(DAEMON_TEST_LIBS)

# requests
DAEMON_TESTS += %D%/check_route
%C%_check_route_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_request_parts
%C%_check_request_parts_LDADD = $(DAEMON_TEST_LIBS)

# instances
DAEMON_TESTS += %D%/check_instance
%C%_check_instance_LDADD = %D%/libconfig_fixture.a $(DAEMON_TEST_LIBS)
TEST_ARCHIVES += %D%/libsmall_gruvid.a
%C%_libsmall_gruvid_a_SOURCES = %D%/small_gruvid.c %D%/small_gruvid.h
SMALL_GRUVID_LIBS = %D%/libsmall_gruvid.a %D%/libconfig_fixture.a
SMALL_GRUVID_LIBS += $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_hubs_calls
%C%_check_hubs_calls_LDADD = $(SMALL_GRUVID_LIBS)
TEST_ARCHIVES += %D%/libmetrics_text.a
%C%_libmetrics_text_a_SOURCES = %D%/metrics_text.c %D%/metrics_text.h
DAEMON_TESTS += %D%/check_exposition
%C%_check_exposition_LDADD = %D%/libmetrics_text.a $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_metrics_accept
%C%_check_metrics_accept_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_families
%C%_check_families_LDADD = %D%/libmetrics_text.a $(SMALL_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_figures
%C%_check_figures_LDADD = $(SMALL_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_limit
%C%_check_limit_LDFLAGS = $(AM_LDFLAGS)
%C%_check_limit_LDFLAGS += -Wl,--wrap=gruvi_event_wait,--wrap=gruvi_event_clear
%C%_check_limit_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_listen
%C%_check_listen_LDADD = $(SMALL_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_reconfigure
%C%_check_reconfigure_LDADD = $(SMALL_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_bus_line
%C%_check_bus_line_LDADD = $(SMALL_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_retire
%C%_check_retire_LDADD = $(SMALL_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_codes
%C%_check_codes_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_handover
%C%_check_handover_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_proxy_header
%C%_check_proxy_header_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_times
%C%_check_times_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_traffic
%C%_check_traffic_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=posix_memalign
%C%_check_traffic_LDADD = $(DAEMON_TEST_LIBS)

TEST_PROGS += %D%/config_tool
%C%_config_tool_SOURCES = %D%/config_tool.c
%C%_config_tool_LDADD = $(DAEMON_TEST_LIBS)
CONFIG_CHECKS = %D%/config_corpus %D%/config_manual
TESTS += $(CONFIG_CHECKS)
%D%/config_corpus.needs %D%/config_manual.needs: %D%/config_tool
EXTRA_DIST += $(CONFIG_CHECKS) %D%/config

# plugins
DAEMON_TESTS += %D%/check_module_note
%C%_check_module_note_LDADD = $(DAEMON_TEST_LIBS)

DAEMON_TESTS += %D%/check_module_image
%C%_check_module_image_LDADD = $(DAEMON_TEST_LIBS)

# what root believes
DAEMON_TESTS += %D%/check_os_owner
%C%_check_os_owner_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_config_network
%C%_check_config_network_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_os_process
%C%_check_os_process_LDADD = $(DAEMON_TEST_LIBS)

# plugins that a test makes
TEST_ARCHIVES += %D%/libmake_plugin.a
%C%_libmake_plugin_a_SOURCES = %D%/make_plugin.c %D%/make_plugin.h
TEST_ARCHIVES += %D%/libmodule_fixture.a
%C%_libmodule_fixture_a_SOURCES = %D%/module_fixture.c %D%/module_fixture.h
MODULE_TEST_LIBS = %D%/libmodule_fixture.a %D%/libmake_plugin.a
MODULE_TEST_LIBS += $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_module_load
%C%_check_module_load_LDADD = $(MODULE_TEST_LIBS)
DAEMON_TESTS += %D%/check_module_needed
%C%_check_module_needed_LDADD = $(MODULE_TEST_LIBS)
DAEMON_TESTS += %D%/check_module_trial
%C%_check_module_trial_LDADD = $(MODULE_TEST_LIBS)
DAEMON_TESTS += %D%/check_module_unique
%C%_check_module_unique_LDADD = $(MODULE_TEST_LIBS)

PLUGIN_CHECKS = %D%/plugin_examples
TESTS += $(PLUGIN_CHECKS)
EXTRA_DIST += $(PLUGIN_CHECKS) %D%/plugins/cplusplus.cc
EXTRA_DIST += %D%/plugins/throws.cc
%D%/plugin_examples.needs: tools/gruvid-test/gruvid-test

# gruvictl and stacks
TESTS += %D%/gruvictl_stacks
EXTRA_DIST += %D%/gruvictl_stacks

# clients that others wrote
INTEROP_CHECKS = %D%/interop_clients
TESTS += $(INTEROP_CHECKS)
EXTRA_DIST += $(INTEROP_CHECKS)

# the log
DAEMON_TESTS += %D%/check_log_journal
%C%_check_log_journal_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_log_level
%C%_check_log_level_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_log_line
%C%_check_log_line_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_log_recent
%C%_check_log_recent_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_log_repeat
%C%_check_log_repeat_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_log_sink
%C%_check_log_sink_LDADD = $(DAEMON_TEST_LIBS)

# the daemon as a whole: gruvid in a process of its own, with plugins for tests
TEST_ARCHIVES += %D%/librun_gruvid.a
%C%_librun_gruvid_a_SOURCES = %D%/run_gruvid.c %D%/run_gruvid.h
%C%_librun_gruvid_a_SOURCES += %D%/clients.c %D%/hubs_clients.c
%C%_librun_gruvid_a_SOURCES += %D%/process.c
%C%_librun_gruvid_a_SOURCES += %D%/hubs_clients.h
%C%_librun_gruvid_a_SOURCES += %D%/control_client.c %D%/control_client.h
%C%_librun_gruvid_a_SOURCES += %D%/failing_memory.c %D%/failing_memory.h
%C%_librun_gruvid_a_SOURCES += %D%/run_gruvictl.c %D%/run_gruvictl.h
RUN_GRUVID_LIBS = %D%/librun_gruvid.a $(DAEMON_RUN_LIBS)

DAEMON_TESTS += %D%/check_cli
%C%_check_cli_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_serve_connections
%C%_check_serve_connections_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_control_commands
%C%_check_control_commands_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_control
%C%_check_control_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_control_places
%C%_check_control_places_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_control_places_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_control_text
%C%_check_control_text_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_control_text_LDADD = $(DAEMON_TEST_LIBS) $(JANSSON_LIBS)
DAEMON_TESTS += %D%/check_control_cluster
%C%_check_control_cluster_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_control_cluster_SOURCES = %D%/check_control_cluster.c
%C%_check_control_cluster_SOURCES += %D%/control_json.c %D%/control_json.h
%C%_check_control_cluster_LDADD = $(RUN_GRUVID_LIBS) $(JANSSON_LIBS)
%D%/check_control_cluster.needs: tools/gruvictl/gruvictl
DAEMON_TESTS += %D%/check_control_requests
%C%_check_control_requests_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_control_requests_SOURCES = %D%/check_control_requests.c
%C%_check_control_requests_SOURCES += %D%/control_json.c %D%/control_json.h
%C%_check_control_requests_LDADD = $(RUN_GRUVID_LIBS) $(JANSSON_LIBS)
%D%/check_control_requests.needs: tools/gruvictl/gruvictl
DAEMON_TESTS += %D%/check_control_rights
%C%_check_control_rights_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_figures_counted
%C%_check_figures_counted_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_figures_counted_SOURCES = %D%/check_figures_counted.c
%C%_check_figures_counted_SOURCES += %D%/control_json.c %D%/control_json.h
%C%_check_figures_counted_LDADD = $(RUN_GRUVID_LIBS) $(JANSSON_LIBS)
DAEMON_TESTS += %D%/check_control_fibers
%C%_check_control_fibers_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_control_fibers_SOURCES = %D%/check_control_fibers.c
%C%_check_control_fibers_SOURCES += %D%/control_json.c %D%/control_json.h
%C%_check_control_fibers_LDADD = $(RUN_GRUVID_LIBS) $(JANSSON_LIBS)
DAEMON_TESTS += %D%/check_bus
%C%_check_bus_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_inspect
%C%_check_inspect_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_inspect_LDADD = $(RUN_GRUVID_LIBS) $(JANSSON_LIBS)
DAEMON_TESTS += %D%/check_gruvictl
%C%_check_gruvictl_LDADD = $(RUN_GRUVID_LIBS)
%D%/check_gruvictl.needs: tools/gruvictl/gruvictl
DAEMON_TESTS += %D%/check_gruvictl_peers
%C%_check_gruvictl_peers_LDADD = $(RUN_GRUVID_LIBS)
%D%/check_gruvictl_peers.needs: tools/gruvictl/gruvictl %D%/signal_storm.la
TEST_PLUGINS += %D%/signal_storm.la
%C%_signal_storm_la_SOURCES = %D%/signal_storm.c
%C%_signal_storm_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
%C%_signal_storm_la_LDFLAGS += -rpath $(abs_top_builddir)/not-installed
TESTS += %D%/gruvictl_completion
EXTRA_DIST += %D%/gruvictl_completion
%D%/gruvictl_completion.needs: tools/gruvictl/gruvictl gruvid
DAEMON_TESTS += %D%/check_control_trace
%C%_check_control_trace_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_control_trace_SOURCES = %D%/check_control_trace.c
%C%_check_control_trace_SOURCES += %D%/control_json.c %D%/control_json.h
%C%_check_control_trace_SOURCES += %D%/trace_schema.c %D%/trace_schema.h
%C%_check_control_trace_LDADD = $(RUN_GRUVID_LIBS) $(JANSSON_LIBS)
DAEMON_TESTS += %D%/check_control_events
%C%_check_control_events_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_control_events_SOURCES = %D%/check_control_events.c
%C%_check_control_events_SOURCES += %D%/control_json.c %D%/control_json.h
%C%_check_control_events_SOURCES += %D%/trace_schema.c %D%/trace_schema.h
%C%_check_control_events_LDADD = %D%/librun_gruvid.a $(DAEMON_TEST_LIBS)
%C%_check_control_events_LDADD += $(JANSSON_LIBS)
DAEMON_TESTS += %D%/check_hubs
%C%_check_hubs_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_hubs_limits
%C%_check_hubs_limits_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_hubs_listen
%C%_check_hubs_listen_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_inherited
%C%_check_inherited_LDADD = %D%/librun_gruvid.a $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_relisten
%C%_check_relisten_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_relisten_settings
%C%_check_relisten_settings_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_sockets
%C%_check_sockets_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_hubs_stop
%C%_check_hubs_stop_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_park
%C%_check_park_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_reload
%C%_check_reload_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_families_complete
%C%_check_families_complete_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_families_complete_SOURCES = %D%/check_families_complete.c
%C%_check_families_complete_SOURCES += %D%/control_json.c %D%/control_json.h
%C%_check_families_complete_SOURCES += %D%/plugin_folder.c %D%/plugin_folder.h
%C%_check_families_complete_LDADD = $(RUN_GRUVID_LIBS) $(JANSSON_LIBS)
DAEMON_TESTS += %D%/check_metrics
%C%_check_metrics_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
%C%_check_metrics_SOURCES = %D%/check_metrics.c
%C%_check_metrics_SOURCES += %D%/control_json.c %D%/control_json.h
%C%_check_metrics_SOURCES += %D%/plugin_folder.c %D%/plugin_folder.h
%C%_check_metrics_LDADD = %D%/libmetrics_text.a $(RUN_GRUVID_LIBS)
%C%_check_metrics_LDADD += $(JANSSON_LIBS)
DAEMON_TESTS += %D%/check_reply
%C%_check_reply_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_request
%C%_check_request_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_request_files
%C%_check_request_files_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_reload_plugins
%C%_check_reload_plugins_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_reload_swap
%C%_check_reload_swap_LDADD = %D%/libmake_plugin.a $(RUN_GRUVID_LIBS)
%C%_check_reload_swap_LDADD += $(CERTIFICATE_LIBS)
DAEMON_TESTS += %D%/check_service
%C%_check_service_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_module_swap
%C%_check_module_swap_LDADD = %D%/libmake_plugin.a $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_signals
%C%_check_signals_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_single
%C%_check_single_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_start
%C%_check_start_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_control_memory
%C%_check_control_memory_LDADD = $(RUN_GRUVID_LIBS)
%D%/check_control_memory.needs: %D%/failing_malloc.la
DAEMON_TESTS += %D%/check_reload_memory
%C%_check_reload_memory_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_start_memory
%C%_check_start_memory_LDADD = $(RUN_GRUVID_LIBS)
TEST_PLUGINS += %D%/failing_malloc.la
%C%_failing_malloc_la_SOURCES = %D%/failing_malloc.c
%C%_failing_malloc_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared
%C%_failing_malloc_la_LDFLAGS += -rpath $(abs_top_builddir)/not-installed
DAEMON_TESTS += %D%/check_stop
%C%_check_stop_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_crash
%C%_check_crash_LDADD = $(RUN_GRUVID_LIBS)
DAEMON_TESTS += %D%/check_watch
%C%_check_watch_LDADD = $(RUN_GRUVID_LIBS)
%D%/check_watch.needs: tools/gruvictl/gruvictl
DAEMON_TESTS += %D%/check_watch_turn
%C%_check_watch_turn_LDADD = $(DAEMON_TEST_LIBS)
DAEMON_TESTS += %D%/check_watch_sites
%C%_check_watch_sites_LDADD = $(DAEMON_TEST_LIBS)
TEST_PROGS += %D%/check_park_tls
%C%_check_park_tls_LDADD = $(RUN_GRUVID_LIBS) $(CERTIFICATE_LIBS)
TEST_PROGS += %D%/check_tls
%C%_check_tls_LDADD = $(RUN_GRUVID_LIBS) $(CERTIFICATE_LIBS)
if HAVE_OPENSSL
DAEMON_TESTS += %D%/check_park_tls
DAEMON_TESTS += %D%/check_relisten_tls
%C%_check_relisten_tls_CPPFLAGS = $(AM_CPPFLAGS) $(OPENSSL_CFLAGS)
%C%_check_relisten_tls_LDADD = $(RUN_GRUVID_LIBS) $(CERTIFICATE_LIBS)
DAEMON_TESTS += %D%/check_tls
endif

# plugins/examples, with the servers that they ask; skipped where one is missing
TEST_ARCHIVES += %D%/libserver.a
%C%_libserver_a_SOURCES = %D%/server.c %D%/server.h
EXAMPLE_TEST_LIBS = %D%/libserver.a $(RUN_GRUVID_LIBS)

DAEMON_TESTS += %D%/check_example_chat
%C%_check_example_chat_LDADD = $(EXAMPLE_TEST_LIBS)
DAEMON_TESTS += %D%/check_example_cron
%C%_check_example_cron_LDADD = $(EXAMPLE_TEST_LIBS)
DAEMON_TESTS += %D%/check_example_forward
%C%_check_example_forward_LDADD = $(EXAMPLE_TEST_LIBS)
DAEMON_TESTS += %D%/check_example_thumbnail
%C%_check_example_thumbnail_LDADD = $(EXAMPLE_TEST_LIBS)
DAEMON_TESTS += %D%/check_example_wrap
%C%_check_example_wrap_LDADD = $(EXAMPLE_TEST_LIBS)
DAEMON_TESTS += %D%/check_example_ticker
%C%_check_example_ticker_LDADD = $(RUN_GRUVID_LIBS)

# -rpath: libtool makes shared libraries only of what is to be installed.
TEST_PLUGIN_LINKING = $(PLUGIN_LINKING) -rpath $(abs_top_builddir)/not-installed

# With the headers of plugin ABI 1.0, as they were.
TEST_PLUGINS += %D%/plugins/frozen.la
%C%_plugins_frozen_la_SOURCES = %D%/plugins/frozen.c
%C%_plugins_frozen_la_SOURCES += %D%/abi_1.0/gruvid/option.h
%C%_plugins_frozen_la_SOURCES += %D%/abi_1.0/gruvid/plugin.h
%C%_plugins_frozen_la_CPPFLAGS = -I$(srcdir)/%D%/abi_1.0 $(AM_CPPFLAGS)
%C%_plugins_frozen_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_frozen_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_frozen_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/plugins/http.la
%C%_plugins_http_la_SOURCES = %D%/plugins/http.c
%C%_plugins_http_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_http_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_http_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/inspects.la
%C%_plugins_inspects_la_SOURCES = %D%/plugins/inspects.c
%C%_plugins_inspects_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_inspects_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_inspects_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/plugins/knows_nodes.la
%C%_plugins_knows_nodes_la_SOURCES = %D%/plugins/knows_nodes.c
%C%_plugins_knows_nodes_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_knows_nodes_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_knows_nodes_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PLUGINS += %D%/plugins/membus.la
%C%_plugins_membus_la_SOURCES = %D%/plugins/membus.c
%C%_plugins_membus_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_membus_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_membus_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/talks.la
%C%_plugins_talks_la_SOURCES = %D%/plugins/talks.c
%C%_plugins_talks_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_talks_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_talks_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/answers.la
%C%_plugins_answers_la_SOURCES = %D%/plugins/answers.c
%C%_plugins_answers_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_answers_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_answers_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/bring.la
%C%_plugins_bring_la_SOURCES = %D%/plugins/bring.c
%C%_plugins_bring_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_bring_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_bring_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/major.la
%C%_plugins_major_la_SOURCES = %D%/plugins/major.c
%C%_plugins_major_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
TEST_PLUGINS += %D%/plugins/misnamed.la
%C%_plugins_misnamed_la_SOURCES = %D%/plugins/misnamed.c
%C%_plugins_misnamed_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
TEST_PLUGINS += %D%/plugins/missing.la
%C%_plugins_missing_la_SOURCES = %D%/plugins/missing.c
%C%_plugins_missing_la_LDFLAGS = $(TEST_PLUGIN_LINKING) -Wl,-z,undefs
TEST_PLUGINS += %D%/plugins/newer.la
%C%_plugins_newer_la_SOURCES = %D%/plugins/newer.c
%C%_plugins_newer_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
TEST_PLUGINS += %D%/plugins/no_descriptor.la
%C%_plugins_no_descriptor_la_SOURCES = %D%/plugins/no_descriptor.c
%C%_plugins_no_descriptor_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
TEST_PLUGINS += %D%/plugins/no_note.la
%C%_plugins_no_note_la_SOURCES = %D%/plugins/no_note.c
%C%_plugins_no_note_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
TEST_PLUGINS += %D%/plugins/renew.la
%C%_plugins_renew_la_SOURCES = %D%/plugins/renew.c
%C%_plugins_renew_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_renew_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_renew_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/protocols.la
%C%_plugins_protocols_la_SOURCES = %D%/plugins/protocols.c
%C%_plugins_protocols_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_protocols_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_protocols_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/responder.la
%C%_plugins_responder_la_SOURCES = %D%/plugins/responder.c
%C%_plugins_responder_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_responder_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_responder_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/parked.la
%C%_plugins_parked_la_SOURCES = %D%/plugins/parked.c
%C%_plugins_parked_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_parked_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_parked_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/parting.la
%C%_plugins_parting_la_SOURCES = %D%/plugins/parting.c
%C%_plugins_parting_la_LDFLAGS = $(TEST_PLUGIN_LINKING)

TEST_PLUGINS += %D%/plugins/quits.la
%C%_plugins_quits_la_SOURCES = %D%/plugins/quits.c
%C%_plugins_quits_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
TEST_PLUGINS += %D%/plugins/rogue.la
%C%_plugins_rogue_la_SOURCES = %D%/plugins/rogue.c
%C%_plugins_rogue_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_rogue_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_rogue_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/silent.la
%C%_plugins_silent_la_SOURCES = %D%/plugins/silent.c
%C%_plugins_silent_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
TEST_PLUGINS += %D%/plugins/parks.la
%C%_plugins_parks_la_SOURCES = %D%/plugins/parks.c
%C%_plugins_parks_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_parks_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_parks_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/spread.la
%C%_plugins_spread_la_SOURCES = %D%/plugins/spread.c
%C%_plugins_spread_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_spread_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_spread_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/plugins/trial.la
%C%_plugins_trial_la_SOURCES = %D%/plugins/trial.c
%C%_plugins_trial_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_plugins_trial_la_LIBADD = $(PLUGIN_LIBS)
%C%_plugins_trial_la_DEPENDENCIES = $(PLUGIN_NEEDS)

TEST_PROGS += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
DAEMON_NEEDS = $(DAEMON_TESTS:=.needs)
$(DAEMON_NEEDS): %.needs: %
$(DAEMON_NEEDS) %D%/interop_clients.needs: $(TEST_PLUGINS)
