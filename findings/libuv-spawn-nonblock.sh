#!/bin/sh
#
# libuv 1.44.2: uv_spawn makes the parent's own socket blocking
#
# Expected: a socket that a child inherits as a standard stream
# (UV_INHERIT_FD) stays as it is in the parent.
#
# Seen: O_NONBLOCK is gone in the parent, and stays gone when the child has
# ended.  The child clears it on descriptors 0 to 2 before it executes, and the
# flag belongs to the open file, which parent and child share.  The parent's
# next read or accept on that socket holds the whole loop.
#
# Do: pass MSG_DONTWAIT to each socket call, or give the child a socket or pipe
# that the parent does not use itself.  Setting the flag again is no remedy:
# the next child clears it.

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

cat > spawn.c << 'END'
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <uv.h>

static void
say(const char *when, int fd)
{
    printf("%s: %s\n", when,
           fcntl(fd, F_GETFL) & O_NONBLOCK ? "non-blocking" : "blocking");
}

int
main(void)
{
    int fds[2];
    char *args[] = { "true", NULL };
    uv_stdio_container_t stdio = { .flags = UV_INHERIT_FD };
    uv_process_options_t options = { .file = "true", .args = args,
                                     .stdio = &stdio, .stdio_count = 1 };
    uv_process_t process;

    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
    stdio.data.fd = fds[0];
    printf("libuv %s\n", uv_version_string());
    say("before the child", fds[0]);
    if (uv_spawn(uv_default_loop(), &process, &options) != 0)
        return 77;
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    say("after the child", fds[0]);
    return 0;
}
END
cc -Isys/usr/include -o spawn spawn.c "$lib/libuv.so.1"

cat > expected << 'END'
libuv 1.44.2
before the child: non-blocking
after the child: blocking
END
LD_LIBRARY_PATH=$lib timeout 60 ./spawn | tee seen
diff expected seen || exit 1
