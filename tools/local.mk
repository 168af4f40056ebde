# Programs for operators.  gruvictl links with jansson and, where it is found, with
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

# Bash looks for the completion of a program under its name, here.
bashcompletiondir = $(datadir)/bash-completion/completions
EXTRA_DIST += %D%/cluster
EXTRA_DIST += %D%/gruvictl/gruvictl.bash
INSTALL_DATA_HOOKS += install-bash-completion
UNINSTALL_HOOKS += uninstall-bash-completion
install-bash-completion:
	@$(MKDIR_P) "$(DESTDIR)$(bashcompletiondir)"
	@$(INSTALL_DATA) "$(srcdir)/tools/gruvictl/gruvictl.bash" \
	    "$(DESTDIR)$(bashcompletiondir)/gruvictl"
uninstall-bash-completion:
	@rm -f "$(DESTDIR)$(bashcompletiondir)/gruvictl"

.PHONY: install-bash-completion uninstall-bash-completion
