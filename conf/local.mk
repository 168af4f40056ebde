# Installed beside the programs: configuration, service, pkg-config.

nodist_pkgconfig_DATA += %D%/gruvi.pc
nodist_pkgconfig_DATA += %D%/gruvid.pc
nodist_pkgconfig_DATA += %D%/gruvid-test.pc
gruviddatadir = $(datadir)/gruvid
dist_gruviddata_DATA = %D%/plugin.mk

# What is installed names the folders of this installation, not those of a
# checkout or of the default prefix.  LC_ALL because [a-z] has other letters in
# other languages.
INSTALLED_PATHS = -e 's|/usr/local/etc/gruvid|$(gruvidconfdir)|g'
INSTALLED_PATHS += -e 's|/usr/local/lib/gruvid/plugins|$(plugindir)|g'
INSTALLED_PATHS += -e 's|`man/\([a-z_.-]*\)\.\([0-9]\)`|`man \2 \1`|g'
INSTALLED_PATHS += -e 's|`conf/gruvid.conf`|`$(docdir)/gruvid.conf`|g'
INSTALLED_PATHS += -e 's|`lib/gruvi/|`$(gruviincludedir)/|g'

# An administrator's configuration is never overwritten.  The configuration of
# this version is always in the folder of documents, to compare with.
dist_doc_DATA = NEWS
doc_DATA = %D%/installed/README.md
doc_DATA += %D%/installed/gruvid.conf
EXTRA_DIST += README.md %D%/gruvid.conf
CLEANFILES += $(doc_DATA)
%D%/installed/README.md: README.md Makefile
	$(AM_V_GEN)$(MKDIR_P) %D%/installed && \
	    LC_ALL=C $(SED) $(INSTALLED_PATHS) $(srcdir)/README.md > $@.tmp && \
	    mv $@.tmp $@
%D%/installed/gruvid.conf: %D%/gruvid.conf Makefile
	$(AM_V_GEN)$(MKDIR_P) %D%/installed && LC_ALL=C $(SED) $(INSTALLED_PATHS) \
	    $(srcdir)/%D%/gruvid.conf > $@.tmp && mv $@.tmp $@

INSTALL_DATA_HOOKS += install-conf-hook
install-conf-hook:
	@$(MKDIR_P) "$(DESTDIR)$(gruvidconfdir)/conf.d"
	@conf="$(DESTDIR)$(gruvidconfdir)/gruvid.conf"; \
	if test -e "$$conf"; then \
	    echo "$$conf exists and is left as it is"; \
	else \
	    $(INSTALL_DATA) conf/installed/gruvid.conf "$$conf"; \
	fi

UNINSTALL_HOOKS += uninstall-conf-hook
uninstall-conf-hook:
	@conf="$(DESTDIR)$(gruvidconfdir)/gruvid.conf"; \
	if cmp -s conf/installed/gruvid.conf "$$conf"; then rm -f "$$conf"; fi

# A fragment of sysusers.d has the name of its package.
sysusersdir = $(prefix)/lib/sysusers.d
install-sysusers-hook:
	@$(MKDIR_P) "$(DESTDIR)$(sysusersdir)"
	$(INSTALL_DATA) $(srcdir)/conf/gruvid.sysusers \
	    "$(DESTDIR)$(sysusersdir)/gruvi.conf"
uninstall-sysusers-hook:
	rm -f "$(DESTDIR)$(sysusersdir)/gruvi.conf"

# Paths in the unit depend on make's variables, so make fills them in.  Without
# libsystemd gruvid cannot notify systemd.
if HAVE_SYSTEMD
service_type = notify
else
service_type = exec
endif
if INSTALL_UNIT
systemdsystemunit_DATA = %D%/gruvid.service
dist_systemdsystemunit_DATA = %D%/gruvid.socket
INSTALL_DATA_HOOKS += install-sysusers-hook
UNINSTALL_HOOKS += uninstall-sysusers-hook
else
EXTRA_DIST += %D%/gruvid.socket
endif
dist_doc_DATA += %D%/gruvid-drop-in.conf
dist_doc_DATA += %D%/haproxy.cfg.example
dist_doc_DATA += %D%/nginx.conf.example
EXTRA_DIST += %D%/gruvid.service.in
EXTRA_DIST += %D%/gruvid.sysusers
CLEANFILES += %D%/gruvid.service
%D%/gruvid.service: %D%/gruvid.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && $(SED) \
	    -e 's|@sbindir[@]|$(sbindir)|g' \
	    -e 's|@bindir[@]|$(bindir)|g' \
	    -e 's|@service_type[@]|$(service_type)|g' \
	    -e 's|@gruvidconfdir[@]|$(gruvidconfdir)|g' \
	    $(srcdir)/%D%/gruvid.service.in > $@.tmp && mv $@.tmp $@

.PHONY: install-conf-hook uninstall-conf-hook
.PHONY: install-sysusers-hook uninstall-sysusers-hook

# Scripts for bpftrace, which name the libraries of this installation.
bpftrace_files = tools/bpftrace/connections.bt
bpftrace_files += tools/bpftrace/fibers.bt
bpftrace_files += tools/bpftrace/pools.bt
dist_doc_DATA += $(bpftrace_files)
INSTALL_DATA_HOOKS += install-bpftrace-hook
install-bpftrace-hook:
	@for file in $(bpftrace_files); do \
	    $(SED) -i 's|/usr/local/lib/|$(libdir)/|g' \
	        "$(DESTDIR)$(docdir)/$${file##*/}" || exit 1; \
	done
.PHONY: install-bpftrace-hook
