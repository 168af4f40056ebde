# shellcheck shell=sh
# What the tests of gruvid-plugin share: the build as if it were installed below
# $tmp, for pkg-config and for gruvid-plugin.  Public headers only.

. "$(dirname "$0")/common.sh"

top_srcdir=$(cd "$top_srcdir" && pwd)
builddir=$(cd "$top_builddir" && pwd)
tool=$builddir/tools/gruvid-plugin/gruvid-plugin
[ -x "$tool" ] || { echo "no $tool"; exit 99; }
unset MAKEFLAGS MFLAGS MAKELEVEL GRUVID_PLUGIN CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
scratch

mkdir -p "$tmp/include" "$tmp/lib/gruvid" "$tmp/share/gruvid" "$tmp/bin" "$tmp/work"
ln -s "$top_srcdir/lib/gruvi.h" "$top_srcdir/lib/gruvi" \
    "$top_srcdir/daemon/gruvid" "$tmp/include"
ln -s "$builddir"/lib/.libs/libgruvi.so* "$builddir"/daemon/.libs/libgruvid.so* \
    "$tmp/lib"
ln -s "$builddir/tools/gruvid-test/.libs/libgruvid-test.so" "$tmp/lib/gruvid"
ln -s "$top_srcdir/conf/plugin.mk" "$tmp/share/gruvid"
ln -s "$top_srcdir/tools/gruvid-plugin/templates" "$tmp/share/gruvid"
ln -s "$tool" "$builddir/tools/gruvid-test/gruvid-test" "$tmp/bin"

PATH=$tmp/bin:$PATH
PKG_CONFIG_PATH=$builddir/conf${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
PKG_CONFIG="$PKG_CONFIG --define-variable=includedir=$tmp/include \
--define-variable=libdir=$tmp/lib --define-variable=datadir=$tmp/share"
GRUVID=$builddir/.libs/gruvid # its wrapper takes half a second
GRUVICTL=$builddir/tools/gruvictl/gruvictl
GRUVID_TEMPLATES=$tmp/share/gruvid/templates
GRUVID_PLUGINDIR=$builddir/plugins/.libs
TMPDIR=$tmp
LD_LIBRARY_PATH=$tmp/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# What is not set is what a shell of an author has.
unset XDG_RUNTIME_DIR
export PATH PKG_CONFIG_PATH PKG_CONFIG GRUVID GRUVICTL GRUVID_TEMPLATES
export GRUVID_PLUGINDIR TMPDIR LD_LIBRARY_PATH CC CXX
cd "$tmp/work" || exit 99

# refused STATUS WORDS COMMAND...: it ends so, and says that
refused()
{
    expected=$1
    words=$2
    shift 2
    "$@" > "$tmp/said" 2>&1
    status=$?
    try "$*: status $status" test "$status" -eq "$expected"
    try "$* says: $(cat "$tmp/said")" grep -qF -e "$words" "$tmp/said"
}
