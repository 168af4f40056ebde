# shellcheck shell=sh
# What the tests of gruvi-gdb.py share: gdb, and programs for it to look at.

. "$(dirname "$0")/../policy/common.sh"

script=$top_srcdir/tools/gdb/gruvi-gdb.py
running=
: "${gdb:=gdb}"

command -v "$gdb" > /dev/null || skip 'there is no gdb'
# shellcheck disable=SC2034 # for those who use this
gdb_version=$("$gdb" -nx -batch -ex 'python print(gdb.VERSION)' 2> /dev/null)
case $gdb_version in
[0-9]*) ;;
*) skip 'this gdb has no Python' ;;
esac
[ "${gdb_version%%.*}" -ge 13 ] || skip "gdb is older than 13: $gdb_version"
case $(uname -m) in
x86_64 | aarch64) ;;
*) skip "registers of $(uname -m) are not known here" ;;
esac
scratch
trap 'kill -KILL $running 2> /dev/null; rm -rf "$tmp"' EXIT

# Starts a program and waits until it says a line that has WORD.
#   begin WORD COMMAND...
begin()
{
    word=$1
    shift
    : > "$tmp/said"
    "$@" > "$tmp/said" 2>&1 &
    running=$!
    until grep -q "$word" "$tmp/said"; do
        kill -0 "$running" 2> /dev/null || {
            cat "$tmp/said"
            fail "$1 does not start"
            finish
        }
        sleep 0.05
    done
}

# The plugin "parked", in $plugins, and where gruvid finds its $libraries.
build_parked()
{
    libraries=$(cd "$top_builddir" && pwd)
    plugins=$tmp/plugins
    mkdir "$plugins"
    # shellcheck disable=SC2046,SC2086 # lists of words
    try 'the plugin' $CC -I"$top_srcdir/lib" -I"$top_srcdir/daemon" \
        $($PKG_CONFIG --cflags libuv) -g -O2 -fno-omit-frame-pointer -fPIC -shared \
        -Wl,--build-id $SANITIZER_FLAGS ${DEFS_LDFLAGS-} -o "$plugins/parked.so" \
        "$top_srcdir/tests/daemon/plugins/parked.c" \
        "$libraries/daemon/.libs/libgruvid.so" "$libraries/lib/.libs/libgruvi.so"
    LD_LIBRARY_PATH=$libraries/daemon/.libs:$libraries/lib/.libs
    export LD_LIBRARY_PATH
}

end()
{
    kill -KILL "$running"
    wait "$running" 2> /dev/null
    running=
}

# Commands of gdb, a line each, from stdin; what it says is in $tmp/out.  "== A"
# begins the part A of it.
#   look ARGUMENT...
look()
{
    {
        echo 'set debuginfod enabled off'
        echo 'set print demangle off'
        echo 'set width 0'
        echo "source $script"
        sed 's/^== \(.*\)/echo == \1\\n/'
        echo 'echo == end\n'
    } > "$tmp/all"
    # A command that fails ends a file of commands, and not a list of them.
    sed "s/'/'\\\\''/g; s/.*/-ex '&'/" "$tmp/all" | tr '\n' ' ' > "$tmp/commands"
    # One that waits for ever is stopped: no time is a matter of the test.
    eval "timeout -k 5 180 "$gdb" -nx -batch $(cat "$tmp/commands")" '"$@"' > "$tmp/out" 2>&1 \
        < /dev/null
    case $(cat "$tmp/out") in
    *'not permitted'* | *'ptrace: '*) skip 'gdb may not trace here' ;;
    esac
    grep -q '^== end' "$tmp/out" || { fail 'gdb has ended early'; cat "$tmp/out"; }
}

# What gdb has said in a part.
part()
{
    sed -n "/^== $1\$/,/^== /p" "$tmp/out" | sed 1d
}

#   says PART PATTERN: a line of the part
says()
{
    if part "$1" | grep -qE -e "$2"; then
        pass
    else
        fail "$1: no line is $2"
        part "$1"
    fi
}

#   silent PART PATTERN: no line of the part
silent()
{
    if part "$1" | grep -qE -e "$2"; then
        fail "$1: a line is $2"
        part "$1"
    else
        pass
    fi
}
