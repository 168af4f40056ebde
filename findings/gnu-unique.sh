#!/bin/sh
#
# g++ and glibc 2.36: an inline function's static is shared across RTLD_LOCAL
#
# Expected: two libraries opened with RTLD_LOCAL do not see each other's
# symbols, and dlclose unloads what nobody uses.
#
# Seen: both count with one counter, that of the library opened first.  dlclose
# returns 0, but that library stays for ever, so opening it again gives the old
# data.  g++ marks statics of inline functions and templates STB_GNU_UNIQUE, and
# glibc keeps such symbols one in a process.  Two plugins built with two
# versions of a header-only library share data of two layouts in this way.
#
# Do: build plugins with -fno-gnu-unique (the second half below) or
# -fvisibility=hidden.  -fvisibility-inlines-hidden alone does not help.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v g++ > /dev/null || { echo "skipped: no g++"; exit 77; }
apt-get -q download libc6=2.36-9+deb12u14 > log 2>&1 || { cat log; exit 77; }
dpkg -x ./*.deb sys
lib=$(dirname sys/lib/*/libc.so.6)

cat > plugin.cc << 'END'
inline int count() { static int number; return ++number; }

extern "C" int plugin() { return count(); }
END
cat > host.c << 'END'
#include <dlfcn.h>
#include <stdio.h>

int
main(void)
{
    const char *names[] = { "./one.so", "./two.so" };
    void *plugins[2];

    for (int i = 0; i < 2; i++) {
        plugins[i] = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        printf("%s counts %d\n", names[i],
               ((int (*)(void))dlsym(plugins[i], "plugin"))());
    }
    for (int i = 0; i < 2; i++) {
        printf("dlclose %d, ", dlclose(plugins[i]));
        plugins[i] = dlopen(names[i], RTLD_NOW | RTLD_NOLOAD);
        printf("%s is %s\n", names[i], plugins[i] ? "loaded" : "gone");
    }
    return 0;
}
END
cc -o host host.c
for flag in -fgnu-unique -fno-gnu-unique; do
    g++ -shared -fPIC "$flag" -o one.so plugin.cc
    g++ -shared -fPIC "$flag" -o two.so plugin.cc
    echo "$flag"
    timeout 60 "$lib"/ld-linux*.so.* --library-path "$lib" ./host
done | tee seen
cat > expected << 'END'
-fgnu-unique
./one.so counts 1
./two.so counts 2
dlclose 0, ./one.so is loaded
dlclose 0, ./two.so is gone
-fno-gnu-unique
./one.so counts 1
./two.so counts 1
dlclose 0, ./one.so is gone
dlclose 0, ./two.so is gone
END
diff expected seen || exit 1
