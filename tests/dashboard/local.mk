# plugins/dashboard: over sockets, its figures with node, the page in Chromium.

DASHBOARD_TESTS = %D%/check_dashboard
%C%_check_dashboard_LDADD = $(HTTP_CLIENT_LIBS)

TEST_PROGS += $(DASHBOARD_TESTS)
TESTS += $(DASHBOARD_TESTS)
DASHBOARD_NEEDS = $(DASHBOARD_TESTS:=.needs)
$(DASHBOARD_NEEDS): %.needs: %

TESTS += %D%/figures %D%/page
EXTRA_DIST += %D%/figures %D%/figures.js %D%/page %D%/page.py
