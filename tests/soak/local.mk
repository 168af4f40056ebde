# make soak: mixed load for half an hour, SOAK_SECONDS=300 for less; the report is
# soak/report.html in the build folder.  make check has a short one.

EXTRA_DIST += %D%/clients.py
EXTRA_DIST += %D%/count.py
EXTRA_DIST += %D%/judge.py
EXTRA_DIST += %D%/judged
EXTRA_DIST += %D%/judged.py
EXTRA_DIST += %D%/nats.py
EXTRA_DIST += %D%/node.py
EXTRA_DIST += %D%/report.py
EXTRA_DIST += %D%/run
EXTRA_DIST += %D%/smoke

SOAK_NEEDS = gruvid tools/gruvictl/gruvictl $(plugin_LTLIBRARIES)
SOAK_NEEDS += plugins/examples/nats_jobs.la
SOAK_SECONDS = 1800
.PHONY: soak clean-soak
soak: $(SOAK_NEEDS)
	@PYTHONDONTWRITEBYTECODE=1 $(srcdir)/%D%/run --build . --report soak \
	    --seconds $(SOAK_SECONDS) $(SOAK)

clean-soak:
	rm -rf soak
clean-local: clean-soak

TESTS += %D%/judged

if HAVE_CHECK
TESTS += %D%/smoke
%D%/smoke.needs: $(SOAK_NEEDS)
endif
