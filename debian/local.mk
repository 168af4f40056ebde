# Packages for Debian: "make deb" makes them in debs/.  It needs what README.md
# lists, debhelper and dpkg-dev.

DEBIAN_FILES =
DEBIAN_FILES += %D%/changelog
DEBIAN_FILES += %D%/clean
DEBIAN_FILES += %D%/control
DEBIAN_FILES += %D%/copyright
DEBIAN_FILES += %D%/gruvi-doc.docs
DEBIAN_FILES += %D%/gruvi-doc.examples
DEBIAN_FILES += %D%/gruvi-doc.install
DEBIAN_FILES += %D%/gruvi-doc.lintian-overrides
DEBIAN_FILES += %D%/gruvi-tidy.install
DEBIAN_FILES += %D%/gruvi-tools.install
DEBIAN_FILES += %D%/gruvid-plugin-http.examples
DEBIAN_FILES += %D%/gruvid-plugin-http.install
DEBIAN_FILES += %D%/gruvid-plugin-nats.examples
DEBIAN_FILES += %D%/gruvid-plugin-nats.install
DEBIAN_FILES += %D%/gruvid-plugins.examples
DEBIAN_FILES += %D%/gruvid-plugins.install
DEBIAN_FILES += %D%/gruvid-plugins.lintian-overrides
DEBIAN_FILES += %D%/gruvid.README.Debian
DEBIAN_FILES += %D%/gruvid.dirs
DEBIAN_FILES += %D%/gruvid.docs
DEBIAN_FILES += %D%/gruvid.examples
DEBIAN_FILES += %D%/gruvid.install
DEBIAN_FILES += %D%/gruvid.postinst
DEBIAN_FILES += %D%/gruvid.postrm
DEBIAN_FILES += %D%/gruvid.triggers.in
DEBIAN_FILES += %D%/libgruvi-dev.install
DEBIAN_FILES += %D%/libgruvi0.install
DEBIAN_FILES += %D%/libgruvi0.symbols
DEBIAN_FILES += %D%/libgruvid0.install
DEBIAN_FILES += %D%/libgruvid0.symbols
DEBIAN_FILES += %D%/not-installed
DEBIAN_FILES += %D%/rules
DEBIAN_FILES += %D%/source/format
DEBIAN_FILES += %D%/split-conf
EXTRA_DIST += $(DEBIAN_FILES)

# What the tarball would have is built, so nothing is written to the sources.
# The tests are make check's; "make deb DEB_CHECK=yes" runs them, too.
DEB_CHECK = no
DEB_PROFILES_no = nocheck
# gruvi-tidy is made where configure has found what it is built with.
if !HAVE_TIDY
DEB_NO_TIDY = pkg.gruvi.notidy
endif
DEB_BUILD = DEB_BUILD_OPTIONS="$(DEB_PROFILES_$(DEB_CHECK)) \
    parallel=`nproc` $$DEB_BUILD_OPTIONS" \
    DEB_BUILD_PROFILES="$(DEB_PROFILES_$(DEB_CHECK)) $(DEB_NO_TIDY) \
    $$DEB_BUILD_PROFILES" \
    dpkg-buildpackage --no-sign

# Who answers for packages that others get: NAME <ADDRESS>.  The authors have no
# address.
DEB_MAINTAINER =

deb:
	@command -v dpkg-buildpackage > /dev/null && command -v dh > /dev/null || \
	    { echo "make deb needs the packages debhelper and dpkg-dev" >&2; exit 1; }
	@test "`dpkg-parsechangelog -l $(srcdir)/%D%/changelog -S Version`" = \
	    $(PACKAGE_VERSION) || \
	    { echo "%D%/changelog is not of $(PACKAGE_VERSION)" >&2; exit 1; }
	rm -rf debs && $(MKDIR_P) debs
	$(MAKE) $(AM_MAKEFLAGS) distdir distdir=debs/$(distdir)
	@test -z '$(DEB_MAINTAINER)' || \
	    sed -i -E 's,^(Maintainer:| --) [^>]*>,\1 $(DEB_MAINTAINER),' \
	    debs/$(distdir)/%D%/control debs/$(distdir)/%D%/changelog
	cd debs/$(distdir) && unset MAKEFLAGS MFLAGS MAKELEVEL && $(DEB_BUILD)
	@ls debs/*_*

clean-local: clean-debs
clean-debs:
	rm -rf debs

.PHONY: deb clean-debs
