#!/bin/sh
#
# libuv 1.44.2 drops a signal beyond 4,096 handles
#
# Expected: a signal that comes once reaches each uv_signal_t that was started
# for it.
#
# Seen: 5,000 handles, one signal, 4,096 callbacks.  The last 904 handles hear
# nothing, and no error says so.  libuv's handler writes a note of 16 bytes for
# each handle into a pipe, and a pipe takes 64 KiB; what does not fit is
# dropped.  The pipe is the loop's, for all signals: notes of one signal may
# take the place of another signal's, SIGCHLD and SIGTERM too.
#
# Do: start one handle for each signal, and pass the news on to those that wait
# in the program itself.

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

cat > signals.c << 'END'
#include <signal.h>
#include <stdio.h>
#include <uv.h>

static uv_signal_t handles[5000];
static int calls;

static void
count(uv_signal_t *handle, int signum)
{
    (void)handle, (void)signum;
    calls++;
}

int
main(void)
{
    uv_loop_t *loop = uv_default_loop();
    int before = -1;

    for (int i = 0; i < 5000; i++) {
        uv_signal_init(loop, &handles[i]);
        uv_signal_start(&handles[i], count, SIGUSR1);
    }
    raise(SIGUSR1);
    for (; before != calls; uv_run(loop, UV_RUN_NOWAIT))
        before = calls;
    printf("libuv %s\n5000 handles, %d callbacks\n", uv_version_string(),
           calls);
    return 0;
}
END
cc -Isys/usr/include -o signals signals.c "$lib/libuv.so.1"

cat > expected << 'END'
libuv 1.44.2
5000 handles, 4096 callbacks
END
LD_LIBRARY_PATH=$lib timeout 60 ./signals | tee seen
diff expected seen || exit 1
