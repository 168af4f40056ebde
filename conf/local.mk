# Installed beside the programs: configuration, service, pkg-config.

nodist_pkgconfig_DATA += %D%/gruvi.pc
nodist_pkgconfig_DATA += %D%/gruvid.pc

# An administrator's configuration is never overwritten.  The configuration of
# this version is always in the folder of documents, to compare with.
dist_doc_DATA = README.md NEWS
dist_doc_DATA += %D%/gruvid.conf

INSTALL_DATA_HOOKS += install-conf-hook
install-conf-hook:
	@$(MKDIR_P) "$(DESTDIR)$(gruvidconfdir)/conf.d"
	@conf="$(DESTDIR)$(gruvidconfdir)/gruvid.conf"; \
	if test -e "$$conf"; then \
	    echo "$$conf exists and is left as it is"; \
	else \
	    $(INSTALL_DATA) $(srcdir)/conf/gruvid.conf "$$conf"; \
	fi

UNINSTALL_HOOKS += uninstall-conf-hook
uninstall-conf-hook:
	@conf="$(DESTDIR)$(gruvidconfdir)/gruvid.conf"; \
	if cmp -s $(srcdir)/conf/gruvid.conf "$$conf"; then rm -f "$$conf"; fi

# Paths in the unit depend on make's variables, so make fills them in.  Without
# libsystemd gruvid cannot notify systemd.
if HAVE_SYSTEMD
service_type = notify
else
service_type = exec
endif
if INSTALL_UNIT
systemdsystemunit_DATA = %D%/gruvid.service
endif
EXTRA_DIST += %D%/gruvid.service.in
CLEANFILES += %D%/gruvid.service
%D%/gruvid.service: %D%/gruvid.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D% && $(SED) \
	    -e 's|@sbindir[@]|$(sbindir)|g' \
	    -e 's|@service_type[@]|$(service_type)|g' \
	    -e 's|@gruvidconfdir[@]|$(gruvidconfdir)|g' \
	    $(srcdir)/%D%/gruvid.service.in > $@.tmp && mv $@.tmp $@

.PHONY: install-conf-hook uninstall-conf-hook
