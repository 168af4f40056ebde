#!/bin/sh
#
# nginx 1.22: "pid /dev/null;" removes /dev/null
#
# Expected: somebody who has no use for a pid file names /dev/null, as with logs,
# and nothing is left behind.
#
# Seen: nginx writes its pid there, and when it ends it removes what has that
# name, whatever it is.  As root that is the device.  The next redirection makes a
# plain file of the name, which keeps all that is written to it.
#
# Do: give nginx a pid file in a folder of its own, also for tests.  Where it
# happened: mknod -m 666 /dev/null c 1 3.
#
# Here a link to /dev/null takes the place of the device, so that it is safe.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
apt-get -q download nginx=1.22.1-9+deb12u11 > log 2>&1 || { cat log; exit 77; }
dpkg -x nginx_*.deb sys
nginx=$work/sys/usr/sbin/nginx
"$nginx" -v > log 2>&1 || { cat log; exit 77; }

ln -s /dev/null null
mkdir tmp
cat > nginx.conf << END
daemon off; master_process off; pid $work/null; error_log $work/log;
events { }
http {
    access_log off;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
    uwsgi_temp_path tmp; scgi_temp_path tmp;
    server { listen unix:$work/socket; }
}
END
"$nginx" -p "$work" -e "$work/log" -c "$work/nginx.conf" &
pid=$!
until [ -S socket ] || ! kill -0 $pid 2> /dev/null; do
    sleep 0.1
done
kill $pid && wait $pid
if [ -L null ]; then
    echo "the link is still there"
    exit 1
fi
echo "nginx has ended, and the link is gone"
