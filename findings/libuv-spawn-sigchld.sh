#!/bin/sh
#
# libuv 1.44.2: after uv_spawn the program's own SIGCHLD handler is gone
#
# Expected: a program that handles SIGCHLD itself, for children that it forks
# itself, still hears of them after libuv has run a process of its own.
#
# Seen: with the first uv_spawn libuv puts its handler in the place of the
# program's.  When its last process has ended it sets the default action, not
# what it found.  From then on the program's handler is never called.  The same
# holds for each signal whose last uv_signal_t is stopped.
#
# Do: keep what sigaction() reports before the first uv_spawn or
# uv_signal_start of a signal, and put it back after the last.  Or hear of all
# children through a uv_signal_t for SIGCHLD.

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

cat > child.c << 'END'
#include <signal.h>
#include <stdio.h>
#include <uv.h>

static volatile sig_atomic_t calls;

static void
mine(int signum)
{
    (void)signum;
    calls++;
}

static void
raise_and_say(const char *when)
{
    calls = 0;
    raise(SIGCHLD);
    printf("%s, calls: %d\n", when, (int)calls);
}

int
main(void)
{
    char *args[] = { "true", NULL };
    uv_process_options_t options = { .file = "true", .args = args };
    uv_process_t process;

    printf("libuv %s\n", uv_version_string());
    signal(SIGCHLD, mine);
    raise_and_say("before uv_spawn");
    if (uv_spawn(uv_default_loop(), &process, &options) != 0)
        return 77;
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    raise_and_say("after uv_spawn");
    return 0;
}
END
cc -Isys/usr/include -o child child.c "$lib/libuv.so.1"

cat > expected << 'END'
libuv 1.44.2
before uv_spawn, calls: 1
after uv_spawn, calls: 0
END
LD_LIBRARY_PATH=$lib timeout 60 ./child | tee seen
diff expected seen || exit 1
