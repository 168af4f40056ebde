# gruvi-tidy: small programs with mistakes, gruvi-check, and three programs.

TIDY_TESTS = %D%/check %D%/corpus %D%/manual %D%/report %D%/serve
TESTS += $(TIDY_TESTS)
EXTRA_DIST += $(TIDY_TESTS) %D%/module.sh
EXTRA_DIST += %D%/cases

# As they were written first, with what was found in them.  They are not compiled.
EXTRA_DIST += %D%/programs/README.md
EXTRA_DIST += %D%/programs/first/irc.c %D%/programs/first/irc.report
EXTRA_DIST += %D%/programs/first/jobs.c %D%/programs/first/jobs.report
EXTRA_DIST += %D%/programs/first/socks.c %D%/programs/first/socks.report

# As they are now: plugins, and what is played with two of them.
EXTRA_DIST += %D%/programs/irc.test %D%/programs/jobs.test
TEST_PLUGINS += %D%/programs/irc.la
%C%_programs_irc_la_SOURCES = %D%/programs/irc.c
%C%_programs_irc_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_programs_irc_la_LIBADD = $(PLUGIN_LIBS)
%C%_programs_irc_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/programs/jobs.la
%C%_programs_jobs_la_SOURCES = %D%/programs/jobs.c
%C%_programs_jobs_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_programs_jobs_la_LIBADD = $(PLUGIN_LIBS)
%C%_programs_jobs_la_DEPENDENCIES = $(PLUGIN_NEEDS)
TEST_PLUGINS += %D%/programs/socks.la
%C%_programs_socks_la_SOURCES = %D%/programs/socks.c
%C%_programs_socks_la_LDFLAGS = $(TEST_PLUGIN_LINKING)
%C%_programs_socks_la_LIBADD = $(PLUGIN_LIBS)
%C%_programs_socks_la_DEPENDENCIES = $(PLUGIN_NEEDS)
%D%/serve.needs: %D%/programs/irc.la %D%/programs/jobs.la %D%/programs/socks.la
%D%/serve.needs: tests/daemon/plugins/http.la tools/gruvid-test/gruvid-test

if HAVE_TIDY
%D%/check.needs: tools/gruvi-tidy/gruvi-tidy.so tools/gruvi-tidy/gruvi-check
%D%/corpus.needs: tools/gruvi-tidy/gruvi-tidy.so
%D%/manual.needs: tools/gruvi-tidy/gruvi-tidy.so tools/gruvi-tidy/gruvi-check
%D%/report.needs: tools/gruvi-tidy/gruvi-tidy.so tools/gruvi-tidy/gruvi-check
endif
