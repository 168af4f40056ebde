# Programs beside gruvid.  gruvictl links with jansson and, where it is found, with
# libdw; not with libgruvi.

bin_PROGRAMS += %D%/gruvictl/gruvictl
%C%_gruvictl_gruvictl_SOURCES =
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/answer.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/cell.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/cluster.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/cluster.h
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/commands.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/debug.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/debug.h
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/fibers.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/gruvictl.h
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/main.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/names.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/names.h
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/output.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/output.h
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/show.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/show.h
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/stop.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/table.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/table.h
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/text.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/text.h
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/top.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/trace.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/wire.c
%C%_gruvictl_gruvictl_SOURCES += %D%/gruvictl/wire.h
%C%_gruvictl_gruvictl_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tools
%C%_gruvictl_gruvictl_CFLAGS = $(AM_CFLAGS) $(PIE_CFLAGS) $(JANSSON_CFLAGS)
%C%_gruvictl_gruvictl_CFLAGS += $(DW_CFLAGS)
%C%_gruvictl_gruvictl_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
%C%_gruvictl_gruvictl_LDADD = $(JANSSON_LIBS) $(DW_LIBS)

# From an idea to a plugin.  It takes from libgruvid what looks at files.
bin_PROGRAMS += %D%/gruvid-plugin/gruvid-plugin
%C%_gruvid_plugin_gruvid_plugin_SOURCES =
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/check.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/child.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/child.h
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/frames.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/frames.h
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/listen.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/listen.h
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/main.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/new.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/places.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/plugin_tool.h
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/run.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/serve.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/serve.h
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/sources.c
%C%_gruvid_plugin_gruvid_plugin_SOURCES += %D%/gruvid-plugin/sources.h
%C%_gruvid_plugin_gruvid_plugin_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tools
%C%_gruvid_plugin_gruvid_plugin_CPPFLAGS += -DGRUVID_PREFIX='"$(prefix)"'
%C%_gruvid_plugin_gruvid_plugin_CPPFLAGS += -DGRUVID_BINDIR='"$(bindir)"'
%C%_gruvid_plugin_gruvid_plugin_CPPFLAGS += -DGRUVID_SBINDIR='"$(sbindir)"'
%C%_gruvid_plugin_gruvid_plugin_CPPFLAGS += -DGRUVID_DATADIR='"$(gruviddatadir)"'
%C%_gruvid_plugin_gruvid_plugin_CPPFLAGS += -DGRUVID_PLUGINDIR='"$(plugindir)"'
%C%_gruvid_plugin_gruvid_plugin_CFLAGS = $(AM_CFLAGS) $(PIE_CFLAGS)
%C%_gruvid_plugin_gruvid_plugin_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
%C%_gruvid_plugin_gruvid_plugin_LDADD = daemon/libgruvid_private.la
%C%_gruvid_plugin_gruvid_plugin_LDADD += lib/libgruvi_private.la $(UV_LIBS)
EXTRA_%C%_gruvid_plugin_gruvid_plugin_DEPENDENCIES = Makefile

# What a new plugin is made of.
templatesdir = $(gruviddatadir)/templates
dist_templates_DATA =
dist_templates_DATA += %D%/gruvid-plugin/templates/connection.c.in
dist_templates_DATA += %D%/gruvid-plugin/templates/connection.cc.in
dist_templates_DATA += %D%/gruvid-plugin/templates/connection.conf.in
dist_templates_DATA += %D%/gruvid-plugin/templates/connection.test.in
dist_templates_DATA += %D%/gruvid-plugin/templates/ignore.in
dist_templates_DATA += %D%/gruvid-plugin/templates/make.in
dist_templates_DATA += %D%/gruvid-plugin/templates/meson.in
dist_templates_DATA += %D%/gruvid-plugin/templates/readme.in
dist_templates_DATA += %D%/gruvid-plugin/templates/request.c.in
dist_templates_DATA += %D%/gruvid-plugin/templates/request.cc.in
dist_templates_DATA += %D%/gruvid-plugin/templates/request.conf.in
dist_templates_DATA += %D%/gruvid-plugin/templates/request.test.in

# The test host is a gruvid: all of both libraries is in it, and exported, so that
# a plugin finds it here.  Its own functions are hidden from plugins.
noinst_LTLIBRARIES += %D%/gruvid-test/libhost.la
%C%_gruvid_test_libhost_la_SOURCES =
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/blocks.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/blocks.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/calls.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/calls.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/descriptors.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/descriptors.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/drive.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/drive.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/expect.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/expect.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/fence.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/fence.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/host.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/left.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/left.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/life.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/life.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/lines.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/lines.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/memory.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/memory.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/names.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/names.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/opened.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/opened.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/run.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/stacks.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/stacks.h
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/trials.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/words.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvid-test/words.h
# Names come from debug information as they do for gruvictl.
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvictl/debug.c
%C%_gruvid_test_libhost_la_SOURCES += %D%/gruvictl/text.c
%C%_gruvid_test_libhost_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tools
%C%_gruvid_test_libhost_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
# Its variables of a thread are those of malloc(), so nothing may allocate them.
%C%_gruvid_test_libhost_la_CFLAGS += -ftls-model=initial-exec $(DW_CFLAGS)
EXTRA_%C%_gruvid_test_libhost_la_DEPENDENCIES = Makefile
GRUVID_TEST_LIBS = $(INIH_LIBS) $(JANSSON_LIBS) $(SYSTEMD_LIBS) $(UV_LIBS)
GRUVID_TEST_LIBS += $(OPENSSL_LIBS) $(DW_LIBS) -lm
GRUVID_TEST_PARTS = %D%/gruvid-test/libhost.la
GRUVID_TEST_PARTS += daemon/libgruvid_private.la lib/libgruvi_private.la

# With scripts:
bin_PROGRAMS += %D%/gruvid-test/gruvid-test
%C%_gruvid_test_gruvid_test_SOURCES =
%C%_gruvid_test_gruvid_test_SOURCES += %D%/gruvid-test/main.c
%C%_gruvid_test_gruvid_test_SOURCES += %D%/gruvid-test/script.c
%C%_gruvid_test_gruvid_test_SOURCES += %D%/gruvid-test/script.h
%C%_gruvid_test_gruvid_test_SOURCES += %D%/gruvid-test/step_request.c
%C%_gruvid_test_gruvid_test_SOURCES += %D%/gruvid-test/step_stream.c
%C%_gruvid_test_gruvid_test_SOURCES += %D%/gruvid-test/steps.c
%C%_gruvid_test_gruvid_test_SOURCES += %D%/gruvid-test/steps.h
%C%_gruvid_test_gruvid_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tools
%C%_gruvid_test_gruvid_test_CFLAGS = $(AM_CFLAGS) $(PIE_CFLAGS)
%C%_gruvid_test_gruvid_test_CFLAGS += -fvisibility=hidden
%C%_gruvid_test_gruvid_test_LDFLAGS = $(AM_LDFLAGS) $(PIE_LDFLAGS)
%C%_gruvid_test_gruvid_test_LDFLAGS += -export-dynamic $(GRUVID_WHOLE)
%C%_gruvid_test_gruvid_test_LDADD = $(GRUVID_TEST_PARTS) $(GRUVID_TEST_LIBS)
%C%_gruvid_test_gruvid_test_DEPENDENCIES = $(GRUVID_TEST_PARTS)
GRUVID_WHOLE = -Wl,--whole-archive
GRUVID_WHOLE += -Wl,%D%/gruvid-test/.libs/libhost.a
GRUVID_WHOLE += -Wl,daemon/.libs/libgruvid_private.a
GRUVID_WHOLE += -Wl,lib/.libs/libgruvi_private.a -Wl,--no-whole-archive

# For tests in C.  It stands in front of libgruvi and of libc, and is in a folder
# of its own: nothing but tests links with it.
testhostdir = $(libdir)/gruvid
testhost_LTLIBRARIES = %D%/gruvid-test/libgruvid-test.la
%C%_gruvid_test_libgruvid_test_la_SOURCES =
%C%_gruvid_test_libgruvid_test_la_SOURCES += %D%/gruvid-test/test.c
%C%_gruvid_test_libgruvid_test_la_SOURCES += %D%/gruvid-test/test.h
%C%_gruvid_test_libgruvid_test_la_SOURCES += %D%/gruvid-test/test_run.c
%C%_gruvid_test_libgruvid_test_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tools
%C%_gruvid_test_libgruvid_test_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
%C%_gruvid_test_libgruvid_test_la_LDFLAGS = $(AM_LDFLAGS) $(DEFS_LDFLAGS)
%C%_gruvid_test_libgruvid_test_la_LDFLAGS += -shared -avoid-version
%C%_gruvid_test_libgruvid_test_la_LIBADD = $(GRUVID_TEST_PARTS)
%C%_gruvid_test_libgruvid_test_la_LIBADD += $(GRUVID_TEST_LIBS)
INSTALL_DATA_HOOKS += install-testhost-hook
install-testhost-hook:
	@rm -f "$(DESTDIR)$(testhostdir)/libgruvid-test.la"
UNINSTALL_HOOKS += uninstall-testhost-hook
uninstall-testhost-hook:
	@rm -f "$(DESTDIR)$(testhostdir)/libgruvid-test.so"
.PHONY: install-testhost-hook uninstall-testhost-hook

# gdb loads the script with the library, by the library's path below auto-load,
# where that is in gdb's own folders.  A copy: two versions of the library may be
# installed.
gdbdir = $(datadir)/gdb/auto-load
dist_gdb_DATA = %D%/gdb/gruvi-gdb.py
INSTALL_DATA_HOOKS += install-gdb-copy
UNINSTALL_HOOKS += uninstall-gdb-copy
install-gdb-copy:
	@. lib/libgruvi.la; folder="$(DESTDIR)$(gdbdir)$(libdir)"; \
	$(MKDIR_P) "$$folder" && $(INSTALL_DATA) \
	    "$(srcdir)/tools/gdb/gruvi-gdb.py" \
	    "$$folder/$${library_names%% *}-gdb.py"
	@test '$(datadir)' = /usr/share || \
	    echo "for gdb, in ~/.gdbinit: source $(gdbdir)/gruvi-gdb.py"
uninstall-gdb-copy:
	@. lib/libgruvi.la; rm -f \
	    "$(DESTDIR)$(gdbdir)$(libdir)/$${library_names%% *}-gdb.py"
.PHONY: install-gdb-copy uninstall-gdb-copy

# A module for clang-tidy, in C++, for the version of LLVM that configure found.
# Its headers are compiled once, for all files of it.
TIDY_FILES =
TIDY_FILES += %D%/gruvi-tidy/blocking.cc
TIDY_FILES += %D%/gruvi-tidy/catch.cc
TIDY_FILES += %D%/gruvi-tidy/escape.cc
TIDY_FILES += %D%/gruvi-tidy/ignored.cc
TIDY_FILES += %D%/gruvi-tidy/marks.cc
TIDY_FILES += %D%/gruvi-tidy/module.cc
TIDY_FILES += %D%/gruvi-tidy/no_switch.cc
TIDY_FILES += %D%/gruvi-tidy/pointer.cc
TIDY_FILES += %D%/gruvi-tidy/stale.cc
TIDY_FILES += %D%/gruvi-tidy/unit.cc
TIDY_FILES += %D%/gruvi-tidy/unmarked.cc
EXTRA_DIST += $(TIDY_FILES)
EXTRA_DIST += %D%/gruvi-tidy/gruvi-check.in
EXTRA_DIST += %D%/gruvi-tidy/tidy.h
if HAVE_TIDY
tidymoduledir = $(pkglibdir)
tidymodule_DATA = %D%/gruvi-tidy/gruvi-tidy.so
bin_SCRIPTS += %D%/gruvi-tidy/gruvi-check
man1_MANS = man/gruvi-check.1
TIDY_OBJECTS = $(TIDY_FILES:.cc=.o)
TIDY_COMPILE = $(CXX) -std=c++17 -O1 -fPIC -Wall -Wextra -Wno-unused-parameter
TIDY_COMPILE += $(CPPFLAGS) -fno-rtti -fno-exceptions $(TIDY_CXXFLAGS)
TIDY_COMPILE += -I%D%/gruvi-tidy $(CXXFLAGS)
CLEANFILES += $(tidymodule_DATA) $(TIDY_OBJECTS) %D%/gruvi-tidy/tidy.h.gch
CLEANFILES += %D%/gruvi-tidy/gruvi-check
%D%/gruvi-tidy/tidy.h.gch: %D%/gruvi-tidy/tidy.h
	@$(MKDIR_P) %D%/gruvi-tidy
	$(AM_V_GEN)$(TIDY_COMPILE) -x c++-header $(srcdir)/%D%/gruvi-tidy/tidy.h -o $@
$(TIDY_OBJECTS): %.o: %.cc %D%/gruvi-tidy/tidy.h.gch
	$(AM_V_GEN)$(TIDY_COMPILE) -include tidy.h -c $< -o $@
%D%/gruvi-tidy/gruvi-tidy.so: $(TIDY_OBJECTS)
	$(AM_V_GEN)$(CXX) $(CXXFLAGS) $(LDFLAGS) -shared $(TIDY_OBJECTS) -o $@
%D%/gruvi-tidy/gruvi-check: %D%/gruvi-tidy/gruvi-check.in Makefile
	@$(MKDIR_P) %D%/gruvi-tidy
	$(AM_V_GEN)$(SED) -e 's,[@]module[@],$(pkglibdir)/gruvi-tidy.so,' \
	    -e 's,[@]clang_tidy[@],$(CLANG_TIDY),' \
	    -e 's,[@]version[@],$(PACKAGE_VERSION),' \
	    $(srcdir)/%D%/gruvi-tidy/gruvi-check.in > $@
	@chmod +x $@
endif

# Bash looks for the completion of a program under its name, here.
bashcompletiondir = $(datadir)/bash-completion/completions
EXTRA_DIST += %D%/cluster
EXTRA_DIST += %D%/gruvictl/gruvictl.bash
EXTRA_DIST += %D%/gruvid-plugin/gruvid-plugin.bash
INSTALL_DATA_HOOKS += install-bash-completion
UNINSTALL_HOOKS += uninstall-bash-completion
install-bash-completion:
	@$(MKDIR_P) "$(DESTDIR)$(bashcompletiondir)"
	@$(INSTALL_DATA) "$(srcdir)/tools/gruvictl/gruvictl.bash" \
	    "$(DESTDIR)$(bashcompletiondir)/gruvictl"
	@$(INSTALL_DATA) "$(srcdir)/tools/gruvid-plugin/gruvid-plugin.bash" \
	    "$(DESTDIR)$(bashcompletiondir)/gruvid-plugin"
uninstall-bash-completion:
	@rm -f "$(DESTDIR)$(bashcompletiondir)/gruvictl" \
	    "$(DESTDIR)$(bashcompletiondir)/gruvid-plugin"

.PHONY: install-bash-completion uninstall-bash-completion
