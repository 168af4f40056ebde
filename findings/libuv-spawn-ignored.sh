#!/bin/sh
#
# libuv 1.44.2: a child of uv_spawn no longer ignores what nohup ignored
#
# Expected: an ignored signal stays ignored across fork and exec.  nohup rests
# on that.
#
# Seen: the child of system() lives through a SIGHUP that its parent ignores.
# The child of uv_spawn dies of it: libuv sets signals 1 to 31 to their default
# action in the child.  Real-time signals are left ignored.
#
# Do: start the command with nohup, or with "trap '' HUP; exec ..." in a shell.

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

cat > ignored.c << 'END'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <uv.h>

static void
say(uv_process_t *process, int64_t status, int signum)
{
    printf("uv_spawn, %s: status %d, signal %d\n", (char *)process->data,
           (int)status, signum);
}

static void
spawn(char *name)
{
    char *args[] = { "sh", "-c", "kill -s \"$0\" $$", name, NULL };
    uv_process_options_t options = { .file = "sh", .args = args,
                                     .exit_cb = say };
    uv_process_t process = { .data = name };

    if (uv_spawn(uv_default_loop(), &process, &options) != 0)
        exit(77);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&process, NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

int
main(void)
{
    int status;

    printf("libuv %s\n", uv_version_string());
    signal(SIGHUP, SIG_IGN);
    signal(SIGRTMIN, SIG_IGN);
    status = system("kill -s HUP $$");
    printf("system, HUP: status %d, signal %d\n", WEXITSTATUS(status),
           WTERMSIG(status));
    spawn("HUP");
    spawn("RTMIN");
    return 0;
}
END
cc -Isys/usr/include -o ignored ignored.c "$lib/libuv.so.1"

cat > expected << 'END'
libuv 1.44.2
system, HUP: status 0, signal 0
uv_spawn, HUP: status 0, signal 1
uv_spawn, RTMIN: status 0, signal 0
END
LD_LIBRARY_PATH=$lib timeout 60 ./ignored | tee seen
diff expected seen || exit 1
