#!/bin/sh
#
# glibc 2.36: dlopen knows a library by the text of its path
#
# Expected: dlopen opens the file that has the name now, or says that it does
# not because the old one is still loaded.
#
# Seen: where a library is open and its file has been replaced by rename, the
# same path gives the old code, and no error.  Another spelling of the path
# ("././x.so") gives the new code beside the old.  dlopen compares the text
# first, and device and inode only where no text matches.
#
# Do: to load a new version, open it by a path that was not used before (a
# number or a hash in its name); to tell which one is loaded, compare the inode
# of the file with /proc/self/maps.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download libc6=2.36-9+deb12u14 > log 2>&1 || { cat log; exit 77; }
dpkg -x ./*.deb sys
lib=$(dirname sys/lib/*/libc.so.6)

cat > host.c << 'END'
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdio.h>

static void
open_and_say(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    printf("%s: version %d\n", path,
           ((int (*)(void))dlsym(library, "version"))());
}

int
main(void)
{
    printf("glibc %s\n", gnu_get_libc_version());
    open_and_say("./x.so");
    rename("new.so", "x.so");
    open_and_say("./x.so");
    open_and_say("././x.so");
    return 0;
}
END
echo 'int version(void) { return NUMBER; }' > version.c
cc -shared -fPIC -DNUMBER=1 -o x.so version.c
cc -shared -fPIC -DNUMBER=2 -o new.so version.c
cc -o host host.c

cat > expected << 'END'
glibc 2.36
./x.so: version 1
./x.so: version 1
././x.so: version 2
END
timeout 60 "$lib"/ld-linux*.so.* --library-path "$lib" ./host | tee seen
diff expected seen || exit 1
