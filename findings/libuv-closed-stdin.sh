#!/bin/sh
#
# libuv 1.44.2: the loop's epoll descriptor becomes a child's standard input
#
# Expected: in a program that was started with its standard input closed, a
# child that inherits standard input (UV_INHERIT_FD, descriptor 0) has none
# either, or uv_spawn answers UV_EBADF.
#
# Seen: uv_spawn succeeds and the child reads from the parent's event loop.
# uv_loop_init takes the lowest free descriptors, 0 to 2 too, and uv_spawn
# clears FD_CLOEXEC on what it is told to hand on.  A connection accepted at
# the right moment takes such a place in the same way.
#
# Do: open /dev/null on each of 0 to 2 that is closed, before the first loop.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download libuv1=1.44.2-1+deb12u1 libuv1-dev=1.44.2-1+deb12u1 \
    > log 2>&1 || { cat log; exit 77; }
for deb in *.deb; do dpkg -x "$deb" sys; done
lib=$(dirname sys/usr/lib/*/libuv.so.1)

cat > closed.c << 'END'
#include <stdio.h>
#include <uv.h>

int
main(void)
{
    char *args[] = { "readlink", "/proc/self/fd/0", NULL };
    uv_stdio_container_t stdio[] = {
        { .flags = UV_INHERIT_FD, .data.fd = 0 },
        { .flags = UV_INHERIT_FD, .data.fd = 1 },
    };
    uv_process_options_t options = { .file = "readlink", .args = args,
                                     .stdio = stdio, .stdio_count = 2 };
    uv_process_t process;

    printf("libuv %s\n", uv_version_string());
    fflush(stdout);
    printf("uv_spawn: %d\n", uv_spawn(uv_default_loop(), &process, &options));
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
END
cc -Isys/usr/include -o closed closed.c "$lib/libuv.so.1"

cat > expected << 'END'
libuv 1.44.2
anon_inode:[eventpoll]
uv_spawn: 0
END
LD_LIBRARY_PATH=$lib timeout 60 ./closed <&- | tee seen
diff expected seen || exit 1
