# One program a file of libgruvi: check_NAME is made of check_NAME.c and linked
# with the inside of libgruvi, unless said otherwise.

# What those of hubs and fibers share.
TEST_ARCHIVES += %D%/libharness.a
%C%_libharness_a_SOURCES =
%C%_libharness_a_SOURCES += %D%/harness.h
%C%_libharness_a_SOURCES += %D%/harness.c
%C%_libharness_a_SOURCES += %D%/pools.h
%C%_libharness_a_SOURCES += %D%/pools.c
%C%_libharness_a_SOURCES += %D%/queues.h

UNIT_TESTS =

# core: containers, contexts, stacks
UNIT_TESTS += %D%/check_list
UNIT_TESTS += %D%/check_wheel
%C%_check_wheel_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=realloc
UNIT_TESTS += %D%/check_context
UNIT_TESTS += %D%/check_context_ucontext
UNIT_TESTS += %D%/check_fork_lock
UNIT_TESTS += %D%/check_forks
UNIT_TESTS += %D%/check_modules
UNIT_TESTS += %D%/check_walk
UNIT_TESTS += %D%/check_overflow
UNIT_TESTS += %D%/check_stack
UNIT_TESTS += %D%/check_stack_dump
UNIT_TESTS += %D%/check_stack_guard
UNIT_TESTS += %D%/check_stack_thin
%C%_check_stack_SOURCES = %D%/check_stack.c %D%/stacks.c %D%/stacks.h
%C%_check_stack_dump_SOURCES = %D%/check_stack_dump.c
%C%_check_stack_dump_SOURCES += %D%/stacks.c %D%/stacks.h
%C%_check_stack_thin_SOURCES = %D%/check_stack_thin.c
%C%_check_stack_thin_SOURCES += %D%/stacks.c %D%/stacks.h
%C%_check_stack_guard_SOURCES = %D%/check_stack_guard.c
%C%_check_stack_guard_SOURCES += %D%/stacks.c %D%/stacks.h
%C%_check_stack_guard_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=madvise
CONTEXT_TEST = %D%/check_context.c
CONTEXT_TEST += %D%/context_selftest.c
CONTEXT_TEST += %D%/context_selftest.h
CONTEXT_TEST += %D%/context_selftest_registers.c
CONTEXT_TEST += %D%/context_selftest_stack.c
%C%_check_context_SOURCES = $(CONTEXT_TEST)
%C%_check_context_LDADD = $(UNIT_TEST_LIBS) -lm
# The same checks of the portable implementation, which it brings itself.
%C%_check_context_ucontext_SOURCES = $(CONTEXT_TEST) lib/base/context_ucontext.c
%C%_check_context_ucontext_CPPFLAGS = $(AM_CPPFLAGS) -DGRUVI_CONTEXT_UCONTEXT=1
%C%_check_context_ucontext_LDADD = $(UNIT_TEST_LIBS) -lm

UNIT_SHELL_TESTS =
SOURCE_TESTS += %D%/aarch64
EXTRA_DIST += %D%/machine_selftest.c %D%/walk_selftest.c
UNIT_SHELL_TESTS += %D%/exceptions
UNIT_SHELL_TESTS += %D%/gdb
EXTRA_DIST += %D%/exceptions.cc %D%/exceptions_host.c
TEST_PROGS += %D%/gdb_target
%D%/gdb.needs: %D%/gdb_target
%C%_gdb_target_SOURCES = %D%/gdb_target.c

# core: fibers, hub
UNIT_TESTS += %D%/check_group_block
UNIT_TESTS += %D%/check_group_counts
UNIT_TESTS += %D%/check_group_fail_fast
UNIT_TESTS += %D%/check_debug
UNIT_TESTS += %D%/check_error
UNIT_TESTS += %D%/check_group
UNIT_TESTS += %D%/check_sync_initialisers
UNIT_TESTS += %D%/check_local
UNIT_TESTS += %D%/check_log
UNIT_TESTS += %D%/check_stack_burst
UNIT_TESTS += %D%/check_many_fibers
UNIT_TESTS += %D%/check_storm
UNIT_TESTS += %D%/check_no_descriptors
UNIT_TESTS += %D%/check_no_memory
UNIT_TESTS += %D%/check_no_memory_stream
%C%_check_no_memory_stream_LDADD = $(FAILING_TEST_LIBS) $(CERTIFICATE_LIBS)
%C%_check_no_memory_stream_LDFLAGS = $(FAILING_FLAGS)
%C%_check_no_memory_LDADD = $(FAILING_TEST_LIBS)
%C%_check_no_memory_LDFLAGS = $(FAILING_FLAGS)
TEST_ARCHIVES += %D%/libfailing.a
%C%_libfailing_a_SOURCES = %D%/failing.h %D%/failing.c
FAILING_TEST_LIBS = %D%/libfailing.a $(UNIT_TEST_LIBS)
FAILING_FLAGS = $(AM_LDFLAGS)
FAILING_FLAGS += -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc
FAILING_FLAGS += -Wl,--wrap=posix_memalign -Wl,--wrap=free
FAILING_FLAGS += -Wl,--wrap=mmap -Wl,--wrap=munmap -Wl,--wrap=realpath
# Assertions that hold are noted by libcheck, in memory.
FAILING_FLAGS += -Wl,--wrap=_mark_point
# What these share is the table of switchpoints.
TEST_ARCHIVES += %D%/libscenes.a
%C%_libscenes_a_SOURCES = %D%/scenes.h
%C%_libscenes_a_SOURCES += %D%/scenes.c
%C%_libscenes_a_SOURCES += %D%/scenes_core.c
%C%_libscenes_a_SOURCES += %D%/scenes_file.c
%C%_libscenes_a_SOURCES += %D%/scenes_net.c
%C%_libscenes_a_SOURCES += %D%/scenes_os.c
%C%_libscenes_a_SOURCES += %D%/scenes_pool.c
%C%_libscenes_a_SOURCES += %D%/scenes_stream.c
%C%_libscenes_a_SOURCES += %D%/scenes_sync.c
%C%_libscenes_a_SOURCES += %D%/scenes_tls.c
SCENE_TEST_LIBS = %D%/libscenes.a $(TLS_TEST_LIBS)
UNIT_TESTS += %D%/check_switchpoint
%C%_check_switchpoint_LDADD = $(SCENE_TEST_LIBS)
%C%_check_switchpoint_CPPFLAGS = $(AM_CPPFLAGS)
%C%_check_switchpoint_CPPFLAGS += -DTOP_SRCDIR='"$(abs_top_srcdir)"'
UNIT_TESTS += %D%/check_waits
%C%_check_waits_LDADD = $(SCENE_TEST_LIBS)
UNIT_TESTS += %D%/check_waits_interrupted
%C%_check_waits_interrupted_LDADD = $(SCENE_TEST_LIBS)
UNIT_TESTS += %D%/check_no_memory_switchpoint
%C%_check_no_memory_switchpoint_LDADD = %D%/libfailing.a $(SCENE_TEST_LIBS)
%C%_check_no_memory_switchpoint_LDFLAGS = $(FAILING_FLAGS)
UNIT_TESTS += %D%/check_callback
UNIT_TESTS += %D%/check_clock
%C%_check_clock_LDADD = %D%/libnet.a $(UNIT_TEST_LIBS)
UNIT_TESTS += %D%/check_inbox
UNIT_TESTS += %D%/check_hub_data
UNIT_TESTS += %D%/check_hub_view
UNIT_TESTS += %D%/check_fiber
UNIT_TESTS += %D%/check_fiber_list
UNIT_TESTS += %D%/check_fiber_info
%C%_check_fiber_info_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_hub
UNIT_TESTS += %D%/check_shadow_stack
UNIT_TESTS += %D%/check_interrupt
UNIT_TESTS += %D%/check_poll
UNIT_TESTS += %D%/check_poll_set
UNIT_TESTS += %D%/check_uv_close
UNIT_TESTS += %D%/check_switch_back_callbacks
UNIT_TESTS += %D%/check_poll_wait_fd
UNIT_TESTS += %D%/check_wait_shield
UNIT_TESTS += %D%/check_switch_back
UNIT_TESTS += %D%/check_schedule
UNIT_TESTS += %D%/check_trace
UNIT_TESTS += %D%/check_uncaught
UNIT_TESTS += %D%/check_version
UNIT_TESTS += %D%/check_clock_loop
UNIT_TESTS += %D%/check_clock_virtual

# sync: what fibers and threads wait on together
UNIT_TESTS += %D%/check_event
UNIT_TESTS += %D%/check_event_threads
UNIT_TESTS += %D%/check_cond
%C%_check_cond_SOURCES = %D%/check_cond.c %D%/conds.h
UNIT_TESTS += %D%/check_cond_wait_for
%C%_check_cond_wait_for_SOURCES = %D%/check_cond_wait_for.c %D%/conds.h
UNIT_TESTS += %D%/check_items
UNIT_TESTS += %D%/check_lock
UNIT_TESTS += %D%/check_lock_threads
UNIT_TESTS += %D%/check_queue
UNIT_TESTS += %D%/check_queue_threads
UNIT_TESTS += %D%/check_semaphore
UNIT_TESTS += %D%/check_future
UNIT_TESTS += %D%/check_future_threads
UNIT_TESTS += %D%/check_wait
UNIT_TESTS += %D%/check_wait_threads
UNIT_TESTS += %D%/check_wait_readiness
%C%_check_wait_readiness_LDADD = %D%/libnet.a $(UNIT_TEST_LIBS)
UNIT_TESTS += %D%/check_sync_alone
UNIT_TESTS += %D%/check_sync_stale
UNIT_TESTS += %D%/check_sync_stress

# pool
UNIT_TESTS += %D%/check_no_memory_pool
%C%_check_no_memory_pool_LDADD = $(FAILING_TEST_LIBS)
%C%_check_no_memory_pool_LDFLAGS = $(FAILING_FLAGS)
UNIT_TESTS += %D%/check_abandon
UNIT_TESTS += %D%/check_fiber_pool
UNIT_TESTS += %D%/check_map
UNIT_TESTS += %D%/check_pool
UNIT_TESTS += %D%/check_pool_threads
POOL_JOBS = %D%/pool_jobs.h %D%/pool_jobs.c
UNIT_TESTS += %D%/check_workers
%C%_check_workers_SOURCES = %D%/check_workers.c $(POOL_JOBS)
UNIT_TESTS += %D%/check_testing
UNIT_TESTS += %D%/check_thread_pool
%C%_check_thread_pool_SOURCES = %D%/check_thread_pool.c $(POOL_JOBS)
%C%_check_thread_pool_LDFLAGS = $(AM_LDFLAGS)
%C%_check_thread_pool_LDFLAGS += -Wl,--wrap=pthread_create,--wrap=calloc
UNIT_TESTS += %D%/check_shared_pools
%C%_check_shared_pools_SOURCES =
%C%_check_shared_pools_SOURCES += %D%/check_shared_pools.c
%C%_check_shared_pools_SOURCES += %D%/jobs.h
%C%_check_shared_pools_SOURCES += %D%/jobs.c
UNIT_TESTS += %D%/check_shared_pools_interrupted
%C%_check_shared_pools_interrupted_SOURCES =
%C%_check_shared_pools_interrupted_SOURCES += \
    %D%/check_shared_pools_interrupted.c
%C%_check_shared_pools_interrupted_SOURCES += %D%/jobs.h
%C%_check_shared_pools_interrupted_SOURCES += %D%/jobs.c
UNIT_TESTS += %D%/check_shared_pools_process
%C%_check_shared_pools_process_SOURCES =
%C%_check_shared_pools_process_SOURCES += %D%/check_shared_pools_process.c
%C%_check_shared_pools_process_SOURCES += %D%/jobs.h
%C%_check_shared_pools_process_SOURCES += %D%/jobs.c

# io; what these share besides
TEST_ARCHIVES += %D%/libnet.a
%C%_libnet_a_SOURCES =
%C%_libnet_a_SOURCES += %D%/calls.h
%C%_libnet_a_SOURCES += %D%/calls.c
%C%_libnet_a_SOURCES += %D%/datagrams.h
%C%_libnet_a_SOURCES += %D%/datagrams.c
%C%_libnet_a_SOURCES += %D%/net.h
%C%_libnet_a_SOURCES += %D%/net.c
NET_TEST_LIBS = %D%/libnet.a $(UNIT_TEST_LIBS)

UNIT_TESTS += %D%/check_address
UNIT_TESTS += %D%/check_stream_read_text
%C%_check_stream_read_text_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_printf
%C%_check_stream_printf_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_watch
%C%_check_stream_watch_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_socket_shared
%C%_check_socket_shared_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_lookup
%C%_check_lookup_SOURCES = %D%/check_lookup.c %D%/askers.c %D%/askers.h
%C%_check_lookup_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_lookup_hanging
%C%_check_lookup_hanging_SOURCES = %D%/check_lookup_hanging.c
%C%_check_lookup_hanging_SOURCES += %D%/askers.c %D%/askers.h
%C%_check_lookup_hanging_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_file
UNIT_TESTS += %D%/check_file_dir
%C%_check_file_dir_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_file_faults
WRAP_FILES = -Wl,--wrap=open -Wl,--wrap=close -Wl,--wrap=read
WRAP_FILES += -Wl,--wrap=pread -Wl,--wrap=write -Wl,--wrap=pwrite
WRAP_FILES += -Wl,--wrap=fsync -Wl,--wrap=fdatasync -Wl,--wrap=ftruncate
%C%_check_file_faults_LDFLAGS = $(AM_LDFLAGS) $(WRAP_FILES)
# and of processes
TEST_ARCHIVES += %D%/libprocesses.a
%C%_libprocesses_a_SOURCES =
%C%_libprocesses_a_SOURCES += %D%/processes.h
%C%_libprocesses_a_SOURCES += %D%/processes.c
UNIT_TESTS += %D%/check_process
%C%_check_process_LDADD = %D%/libprocesses.a $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_process_communicate
%C%_check_process_communicate_LDADD = %D%/libprocesses.a $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_process_io
%C%_check_process_io_LDADD = %D%/libprocesses.a $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_sendfile
%C%_check_stream_sendfile_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_sendfile_faults
%C%_check_stream_sendfile_faults_LDADD = $(NET_TEST_LIBS)
WRAP_SENDFILE = -Wl,--wrap=sendfile,--wrap=preadv2,--wrap=pread
%C%_check_stream_sendfile_faults_LDFLAGS = $(AM_LDFLAGS) $(WRAP_SENDFILE)
UNIT_TESTS += %D%/check_signal
UNIT_TESTS += %D%/check_descriptor
%C%_check_descriptor_LDADD = %D%/libprocesses.a $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_signals
%C%_check_signals_LDADD = %D%/libprocesses.a $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_no_memory_os
%C%_check_no_memory_os_LDADD = $(FAILING_TEST_LIBS)
%C%_check_no_memory_os_LDFLAGS = $(FAILING_FLAGS)
UNIT_TESTS += %D%/check_accept
%C%_check_accept_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_connect
%C%_check_connect_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_eyeballs
%C%_check_eyeballs_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_options
%C%_check_stream_options_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_datagram
%C%_check_datagram_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_datagram_many
%C%_check_datagram_many_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_datagram_options
%C%_check_datagram_options_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_serve
%C%_check_serve_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_many_connections
%C%_check_many_connections_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_bad_network
%C%_check_bad_network_SOURCES = %D%/check_bad_network.c
%C%_check_bad_network_SOURCES += %D%/bad_network.c %D%/bad_network.h
%C%_check_bad_network_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_listener
%C%_check_listener_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_listener_dup
%C%_check_listener_dup_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_listener_share
%C%_check_listener_share_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_socket_file
%C%_check_socket_file_LDADD = $(NET_TEST_LIBS)
%C%_check_socket_file_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=listen
UNIT_TESTS += %D%/check_stream_memory
%C%_check_stream_memory_LDADD = %D%/libfailing.a $(NET_TEST_LIBS)
%C%_check_stream_memory_LDFLAGS = $(FAILING_FLAGS)
UNIT_TESTS += %D%/check_stream_read
%C%_check_stream_read_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_take
%C%_check_stream_take_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_write
%C%_check_stream_write_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream
%C%_check_stream_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_await
%C%_check_stream_await_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_data
%C%_check_stream_data_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_cost
%C%_check_stream_cost_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_interop_socat
%C%_check_interop_socat_LDADD = %D%/libprocesses.a $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_poll_faults
%C%_check_poll_faults_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_faults
%C%_check_stream_faults_LDADD = $(NET_TEST_LIBS)
UNIT_TESTS += %D%/check_stream_line
%C%_check_stream_line_LDADD = $(NET_TEST_LIBS)

# TLS; what these share besides
TEST_ARCHIVES += %D%/libtls.a %D%/libcertificates.a
CERTIFICATE_SOURCES = %D%/certificates.h %D%/certificates.c
CERTIFICATE_LIBS = %D%/libcertificates.a $(OPENSSL_LIBS)
TLS_TEST_SOURCES = %D%/tls.h %D%/tls.c
TLS_TEST_LIBS = %D%/libtls.a $(NET_TEST_LIBS) $(CERTIFICATE_LIBS)
TLS_TESTS =
TLS_TESTS += %D%/check_tls
TLS_TESTS += %D%/check_tls_data
TLS_TESTS += %D%/check_tls_handshake
TLS_TESTS += %D%/check_tls_interrupted
TLS_TESTS += %D%/check_interop_tls
TLS_TESTS += %D%/check_tls_session
TLS_TESTS += %D%/check_tls_start
TLS_TESTS += %D%/check_tls_start_failed
TLS_TESTS += %D%/check_tls_stream
if HAVE_OPENSSL
%C%_libtls_a_SOURCES = $(TLS_TEST_SOURCES)
%C%_libcertificates_a_SOURCES = $(CERTIFICATE_SOURCES)
UNIT_TESTS += $(TLS_TESTS)
else
%C%_libtls_a_SOURCES =
%C%_libcertificates_a_SOURCES =
EXTRA_DIST += $(TLS_TEST_SOURCES) $(CERTIFICATE_SOURCES)
endif
TEST_PROGS += $(TLS_TESTS)
%C%_check_tls_LDADD = $(TLS_TEST_LIBS)
%C%_check_tls_data_LDADD = $(TLS_TEST_LIBS)
%C%_check_tls_handshake_LDADD = $(TLS_TEST_LIBS)
%C%_check_tls_interrupted_LDADD = $(TLS_TEST_LIBS)
%C%_check_interop_tls_LDADD = $(TLS_TEST_LIBS)
%C%_check_tls_session_LDADD = $(TLS_TEST_LIBS)
%C%_check_tls_start_LDADD = $(TLS_TEST_LIBS)
%C%_check_tls_start_failed_LDADD = $(TLS_TEST_LIBS)
%C%_check_tls_stream_LDADD = $(TLS_TEST_LIBS)

TEST_PROGS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS) $(UNIT_SHELL_TESTS)
UNIT_NEEDS = $(UNIT_TESTS:=.needs)
$(UNIT_NEEDS): %.needs: %
EXTRA_DIST += $(UNIT_SHELL_TESTS)

# CK_FORK=no: one process a program, or Valgrind would count the leaks of each
# test's fork.
VALGRIND_FLAGS = --quiet --error-exitcode=99 --leak-check=full
VALGRIND_FLAGS += --errors-for-leak-kinds=definite --fair-sched=try
check-valgrind:
	CK_FORK=no TEST_TIMEOUT=$${TEST_TIMEOUT:-600} \
	    $(MAKE) $(AM_MAKEFLAGS) check TESTS='$(UNIT_TESTS)' \
	    LOG_COMPILER='$(LIBTOOL) --mode=execute valgrind $(VALGRIND_FLAGS)'
