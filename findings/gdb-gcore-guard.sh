#!/bin/sh
#
# gdb 13: gcore loses a whole mapping for one page that cannot be read
#
# Expected: the core file that gdb writes of a stopped process holds all memory
# that can be read.
#
# Seen: where MADV_GUARD_INSTALL (Linux 6.13) made a guard inside a mapping, gdb
# warns "Memory read failed for corefile section", leaves out the mapping with
# what lies before and behind the guard, and ends with 0.  A guard made by
# mprotect splits the mapping, and only its own page is missing.  A core file of
# the kernel holds both sides.  Stacks carved out of one mapping are lost so.
#
# Do: let the kernel write the core (kill -ABRT), or look at the living process.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download gdb=13.1-3 > log 2>&1 || { cat log; exit 77; }
dpkg -x ./*.deb sys
gdb="sys/usr/bin/gdb -nx -batch --data-directory=sys/usr/share/gdb"
$gdb --version > log 2>&1 || { cat log; exit 77; }

cat > guard.c << 'END'
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

int
main(int argc, char **argv)
{
    char *pages = mmap(NULL, 5 * 4096, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int error;

    /* The outer pages keep this mapping from being joined to others. */
    mprotect(pages + 4096, 3 * 4096, PROT_READ | PROT_WRITE);
    sprintf(pages + 4096, "%s guard", "before");
    sprintf(pages + 3 * 4096, "%s guard", "behind");
    error = argc > 1 ? mprotect(pages + 2 * 4096, 4096, PROT_NONE)
                     : madvise(pages + 2 * 4096, 4096, 102);
    (void)argv;
    if (error == 0)
        raise(SIGTRAP);
    return 77;
}
END
cc -o guard guard.c

for guard in madvise mprotect; do
    [ "$guard" = madvise ] && how='' || how=mprotect
    status=0
    # shellcheck disable=SC2086 # lists of words
    timeout 60 $gdb -ex run -ex "generate-core-file $guard" -ex kill \
        --args ./guard $how > log 2>&1 || status=$?
    [ -e "$guard" ] || { cat log; exit 77; }
    echo "$guard: gdb ends with $status, the core holds:"
    grep -aoE '(before|behind) guard' "$guard" || echo "nothing"
done > seen

cat > expected << 'END'
madvise: gdb ends with 0, the core holds:
nothing
mprotect: gdb ends with 0, the core holds:
before guard
behind guard
END
cat seen
diff expected seen || exit 1
