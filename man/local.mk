# The manual: mdoc pages, one a header, program and file.  The other names that
# a page has are installed as pages that refer to it (.so).

MAN3_PAGES =
MAN3_PAGES += %D%/gruvi_error.3
MAN3_PAGES += %D%/gruvi_exception.3
MAN3_PAGES += %D%/gruvi_fiber.3
MAN3_PAGES += %D%/gruvi_file.3
MAN3_PAGES += %D%/gruvi_future.3
MAN3_PAGES += %D%/gruvi_group.3
MAN3_PAGES += %D%/gruvi_hub.3
MAN3_PAGES += %D%/gruvi_inspect.3
MAN3_PAGES += %D%/gruvi_local.3
MAN3_PAGES += %D%/gruvi_log.3
MAN3_PAGES += %D%/gruvi_net.3
MAN3_PAGES += %D%/gruvi_poll.3
MAN3_PAGES += %D%/gruvi_pool.3
MAN3_PAGES += %D%/gruvi_process.3
MAN3_PAGES += %D%/gruvi_signal.3
MAN3_PAGES += %D%/gruvi_stream.3
MAN3_PAGES += %D%/gruvi_switch_back.3
MAN3_PAGES += %D%/gruvi_switchpoint.3
MAN3_PAGES += %D%/gruvi_sync.3
MAN3_PAGES += %D%/gruvi_tls.3
MAN3_PAGES += %D%/gruvi_version.3
MAN3_PAGES += %D%/gruvi_wait.3
MAN3_PAGES += %D%/gruvid_bus.3
MAN3_PAGES += %D%/gruvid_inspect.3
MAN3_PAGES += %D%/gruvid_metrics.3
MAN3_PAGES += %D%/gruvid_request.3
MAN3_PAGES += %D%/gruvid_test.3
MAN3_PAGES += %D%/gruvid_transport.3

dist_man_MANS += $(MAN3_PAGES)
dist_man_MANS += %D%/gruvi.7
dist_man_MANS += %D%/gruvi-cookbook.7
dist_man_MANS += %D%/gruvi-faults.7
dist_man_MANS += %D%/gruvi-gdb.7
dist_man_MANS += %D%/gruvi-porting.7
dist_man_MANS += %D%/gruvictl.1
dist_man_MANS += %D%/gruvid-dashboard.7
dist_man_MANS += %D%/gruvid-http.7
dist_man_MANS += %D%/gruvid-nats.7
dist_man_MANS += %D%/gruvid-plugin.1
dist_man_MANS += %D%/gruvid-plugin.7
dist_man_MANS += %D%/gruvid-test.1
dist_man_MANS += %D%/gruvid.8
dist_man_MANS += %D%/gruvid.conf.5

# Installed with its program, which tools/local.mk may build.
EXTRA_DIST += %D%/gruvi-check.1

EXTRA_DIST += %D%/manual.css
EXTRA_DIST += %D%/names
EXTRA_DIST += %D%/render

# make html: all pages for a browser, with an index; make install-html.
HTML_PAGES = $(dist_man_MANS) %D%/gruvi-check.1
html-local:
	@test -n '$(MANDOC)' || { echo "make html needs mandoc: install it" \
	    "(Debian: mandoc) and run configure again" >&2; exit 1; }
	$(AM_V_GEN)cd $(srcdir) && %D%/render $(MANDOC) \
	    $(abs_builddir)/%D%/html $(HTML_PAGES)
install-html-local: html-local
	@$(MKDIR_P) "$(DESTDIR)$(htmldir)"
	$(INSTALL_DATA) %D%/html/* "$(DESTDIR)$(htmldir)"
clean-local: clean-html
clean-html:
	rm -rf %D%/html
.PHONY: clean-html

INSTALL_DATA_HOOKS += install-man-names
UNINSTALL_HOOKS += uninstall-man-names

MAN3_NAMES = cd $(srcdir) && %D%/names $(MAN3_PAGES) %D%/gruvid-plugin.7

install-man-names:
	@$(MAN3_NAMES) | while read -r name page; do \
	    echo ".so $$page" > "$(DESTDIR)$(man3dir)/$$name" || exit 1; \
	done
	@LC_ALL=C $(SED) -i $(INSTALLED_PATHS) "$(DESTDIR)$(man8dir)/gruvid.8"

uninstall-man-names:
	@$(MAN3_NAMES) | while read -r name page; do \
	    rm -f "$(DESTDIR)$(man3dir)/$$name"; \
	done

.PHONY: install-man-names uninstall-man-names
