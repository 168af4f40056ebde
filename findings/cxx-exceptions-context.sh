#!/bin/sh
#
# libstdc++ 12 and libc++abi 14: exceptions belong to the thread, not the stack
#
# Expected: "throw;" in a catch block throws the exception that this block has
# caught, also in a program that switches between stacks with swapcontext.
#
# Seen: two contexts switch inside their catch blocks, and the first rethrows
# the exception of the second.  Both runtimes keep the exceptions being handled
# in one list a thread, and swapcontext does not know of it.
# std::current_exception and std::uncaught_exceptions look at the same list.
#
# Do: save and restore what __cxa_get_globals() points to (a pointer and an
# unsigned int, by the ABI) with each switch, or never switch in a catch block.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v g++ > /dev/null || { echo "skipped: no g++"; exit 77; }
apt-get -q download libstdc++6=12.2.0-14+deb12u1 libc++abi1-14=1:14.0.6-12 \
    libunwind-14=1:14.0.6-12 > log 2>&1 || { cat log; exit 77; }
for deb in *.deb; do dpkg -x "$deb" sys; done
lib=$(dirname sys/usr/lib/*/libstdc++.so.6)

cat > contexts.cc << 'END'
#include <stdio.h>
#include <ucontext.h>

static ucontext_t first, second;
static char stack[65536];

static void
throw_two()
{
    try {
        throw 2;
    } catch (int) {
        swapcontext(&second, &first);
    }
}

int
main()
{
    getcontext(&second);
    second.uc_stack.ss_sp = stack;
    second.uc_stack.ss_size = sizeof stack;
    makecontext(&second, throw_two, 0);
    try {
        try {
            throw 1;
        } catch (int number) {
            swapcontext(&first, &second);
            printf("caught %d, ", number);
            throw;
        }
    } catch (int number) {
        printf("rethrown %d\n", number);
    }
}
END
g++ -c contexts.cc
cc -o with_libstdcxx contexts.o "$lib/libstdc++.so.6"
cc -o with_libcxxabi contexts.o "$lib/libc++abi.so.1" "$lib/libunwind.so.1"

cat > expected << 'END'
libstdc++: caught 1, rethrown 2
libc++abi: caught 1, rethrown 2
END
export LD_LIBRARY_PATH="$lib"
{
    echo "libstdc++: $(timeout 60 ./with_libstdcxx)"
    echo "libc++abi: $(timeout 60 ./with_libcxxabi)"
} | tee seen
diff expected seen || exit 1
