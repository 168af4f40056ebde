# shellcheck shell=sh
# What the scripts here share.  make tells them where things are; run by hand
# they take the tree they are in, built in build/.

set -u
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${top_builddir:=$top_srcdir/build}"
: "${CC:=cc}" "${CXX=$(command -v g++)}" "${MANDOC=$(command -v mandoc)}"
: "${PKG_CONFIG:=pkg-config}" "${SANITIZER_FLAGS:=}"
passed=0
failed=0

pass()
{
    passed=$((passed + 1))
}

# fail WHAT: what is wrong, as "file: what" where there is a file
fail()
{
    failed=$((failed + 1))
    echo "$*"
}

# Runs a command; its output is shown if it fails, after WHAT.
#   try WHAT COMMAND...
try()
{
    what=$1
    shift
    if output=$("$@" 2>&1); then
        pass
    else
        fail "$what"
        printf '%s\n' "$output"
    fi
}

# One check that holds if a file of mistakes is empty; shows them.
#   none FILE
none()
{
    if [ -s "$1" ]; then
        cat "$1"
        failed=$((failed + 1))
    else
        pass
    fi
}

finish()
{
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

skip()
{
    echo "$*"
    exit 77
}

# A folder of our own, gone in the end.
scratch()
{
    tmp=$(mktemp -d) || exit 99
    trap 'rm -rf "$tmp"' EXIT
    trap 'exit 99' HUP INT TERM
}

public_headers()
{
    (cd "$top_srcdir" && ls lib/gruvi.h lib/gruvi/*.h daemon/gruvid/*.h)
}

# As a program names it: gruvi/hub.h
include_name()
{
    name=${1#lib/}
    echo "${name#daemon/}"
}

# Prints "name mark" of all that headers declare for use from outside; mark is
# "switchpoint" or "-".
#   declared HEADER...
declared()
{
    awk '
        /^GRUVI_API|^GRUVID_API/ { text = ""; open = 1 }
        open { text = text " " $0 }
        open && /;/ {
            open = 0
            mark = text ~ /GRUVI_SWITCHPOINT/ ? "switchpoint" : "-"
            sub(/;.*/, "", text)
            if (match(text, /gruvid?_[a-z0-9_]+ *\(/)) {
                name = substr(text, RSTART, RLENGTH)
                sub(/ *\(/, "", name)
            } else {
                name = text
                sub(/ *$/, "", name)
                sub(/.*[ *]/, "", name)
            }
            print name, mark
        }' "$@"
}

# Looks a file up in the table "levels": sets $room, its pattern, and $level.
find_level()
{
    while read -r room level; do
        # shellcheck disable=SC2254 # a pattern
        case $1 in
        $room) return ;;
        esac
    done < "$tmp/levels"
    room=$1
    level=99
}

# True if a file may use another one: see the table.
#   below USER USED
below()
{
    [ -e "$tmp/levels" ] ||
        grep '^[a-z]' "$top_srcdir/tests/policy/levels" > "$tmp/levels"
    find_level "$1"
    my_room=$room
    my_level=$level
    find_level "$2"
    [ "$room" != "$my_room" ] || return 0
    case $room in
    lib/gruvi*) [ "$level" -le "$my_level" ] ;;
    *) [ "$level" -lt "$my_level" ] ;;
    esac
}
