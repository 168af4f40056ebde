# Gruvi on other systems: by hand, or as a stage of .ci/run.

EXTRA_DIST += %D%/attempts.c
EXTRA_DIST += %D%/author.sh
EXTRA_DIST += %D%/debian
EXTRA_DIST += %D%/machine.sh
EXTRA_DIST += %D%/packages
EXTRA_DIST += %D%/systemd

# The packages of "make deb", used on these releases of Debian.
SUITES = bookworm trixie
check-packages:
	$(srcdir)/%D%/packages $(SUITES)
.PHONY: check-packages
