#!/bin/sh
#
# nginx 1.22: ten seconds of 502 while one of two servers always lives
#
# Expected: of two servers of an upstream one is restarted, and when it is back
# the other.  Each request finds one that lives, for proxy_next_upstream tries
# the next after a connection that was refused.
#
# Seen: the server that was restarted first is out for fail_timeout (10 seconds)
# since its failure, and nobody looks whether it is back.  When the second one
# goes within that time both are out: each request is answered 502 at once,
# without an attempt at the server that lives, until the ten seconds are over.
#
# Do: max_fails=0 for servers that are restarted in turn, or wait for longer than
# fail_timeout between two restarts.

set -eu
work=$(mktemp -d)
trap 'kill $pids 2> /dev/null || true; rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
pids=
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download nginx=1.22.1-9+deb12u11 > log 2>&1 || { cat log; exit 77; }
dpkg -x nginx_*.deb sys
nginx=$work/sys/usr/sbin/nginx
"$nginx" -v > log 2>&1 || { cat log; exit 77; }

# Each request: the status of its answer.
cat > get.c << 'END'
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char answer[13] = "";

    strncpy(at.sun_path, argv[argc - 1], sizeof at.sun_path - 1);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        return 1;
    write(fd, request, sizeof request - 1);
    recv(fd, answer, 12, MSG_WAITALL);
    printf(" %s", answer + 9);
    return 0;
}
END
cc -o get get.c 2> /dev/null

# configuration NAME TEXT: an nginx of one process, with a server
configuration()
{
    mkdir "$1.tmp"
    echo "daemon off; master_process off; pid $work/$1.pid;
        error_log $work/$1.log;
        events { }
        http {
            access_log off;
            client_body_temp_path $1.tmp; proxy_temp_path $1.tmp;
            fastcgi_temp_path $1.tmp; uwsgi_temp_path $1.tmp;
            scgi_temp_path $1.tmp;
            $2
        }" > "$1.conf"
}
configuration a "server { listen unix:$work/a; return 200; }"
configuration b "server { listen unix:$work/b; return 200; }"
configuration front "upstream both { server unix:$work/a; server unix:$work/b; }
    server { listen unix:$work/front;
             location / { proxy_pass http://both; } }"

start()
{
    "$nginx" -p "$work" -e "$work/$1.log" -c "$work/$1.conf" &
    pids="$pids $!"
    eval "pid_$1=$!"
    until ./get "$1" > first 2>&1; do
        sleep 0.1
    done
}

stop()
{
    eval "kill \$pid_$1; wait \$pid_$1" || true
    rm -f "$1"
}

# ask TEXT PAUSE: the answers to three requests, with seconds between them
ask()
{
    printf '%s:' "$1"
    ./get front
    sleep "$2"
    ./get front
    sleep "$2"
    ./get front
    echo
}

start a
start b
start front
{
    ask 'both live' 0
    stop a
    ask 'a has gone' 0
    start a
    stop b
    ask 'a is back, b has gone' 1
    sleep 10
    ask 'ten seconds later' 0
} > seen
cat > expected << 'END'
both live: 200 200 200
a has gone: 200 200 200
a is back, b has gone: 502 502 502
ten seconds later: 200 200 200
END
cat seen
diff expected seen || exit 1
grep -q 'no live upstreams' front.log
