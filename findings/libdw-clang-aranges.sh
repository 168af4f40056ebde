#!/bin/sh
#
# libdw 0.188: addresses of code that clang has compiled have no line
#
# Expected: dwfl_module_getsrc() and dwfl_module_addrdie(), and so eu-addr2line,
# find the line of an address in whatever has debug information.
#
# Seen: for a program that clang 14 has compiled with -g there is none, and no
# error.  Both look the unit up in .debug_aranges, which DWARF leaves optional:
# gcc writes it, and clang does so with -gdwarf-aranges only.  addr2line of
# binutils finds the line in both.
#
# Do: where dwfl_module_addrdie() returns NULL, go through the units by
# dwfl_module_nextcu() and ask dwarf_haspc(), then dwarf_getsrc_die().

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download elfutils=0.188-2.1 libdw1=0.188-2.1 libelf1=0.188-2.1 \
    libasm1=0.188-2.1 clang-14=1:14.0.6-12 libclang-cpp14=1:14.0.6-12 \
    libllvm14=1:14.0.6-12 libclang-common-14-dev=1:14.0.6-12 \
    > log 2>&1 || { cat log; exit 77; }
for deb in *.deb; do dpkg -x "$deb" sys; done
lib=$(dirname "$work"/sys/usr/lib/*/libdw.so.1)
clang=$work/sys/usr/lib/llvm-14/bin/clang
LD_LIBRARY_PATH=$lib:$work/sys/usr/lib/llvm-14/lib
export LD_LIBRARY_PATH
"$clang" --version > log 2>&1 || { cat log; exit 77; }

cat > program.c << 'END'
int
main(void)
{
    return 0;
}
END
cc -g -O0 -o by-gcc program.c
"$clang" -g -O0 -o by-clang program.c
"$clang" -g -O0 -gdwarf-aranges -o by-clang-aranges program.c

sys/usr/bin/eu-addr2line --version | head -n 1
for program in by-gcc by-clang by-clang-aranges; do
    sys/usr/bin/eu-addr2line -s -e "$program" main |
        sed "s/^\([^:]*:[0-9]*\).*/$program: \1/" # without the column
done | tee seen
cat > expected << 'END'
by-gcc: program.c:3
by-clang: ??:0
by-clang-aranges: program.c:3
END
diff expected seen || exit 1
