#!/bin/sh
#
# inih 55: the end of a long comment is a setting
#
# Expected: a comment ends where its line ends.  A line that is too long for
# the parser is an error.
#
# Seen: Debian's library reads lines in pieces of 199 bytes and takes each piece
# for a line.  What a comment says behind its byte 199 is parsed: here it sets
# the port, and ini_parse returns 0.  A long value is cut after the same length
# in silence where its rest has an "=", and line numbers of errors count the
# pieces.
#
# Do: read lines in a function given to ini_parse_stream, and refuse those that
# do not fit.  Or, with Debian's library, set ini_use_stack to false,
# ini_allow_realloc to true and ini_max_line to the longest line to be read.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download libinih1=55-1 libinih-dev=55-1 \
    > log 2>&1 || { cat log; exit 77; }
for deb in *.deb; do dpkg -x "$deb" sys; done
lib=$(dirname sys/usr/lib/*/libinih.so.1)

cat > parse.c << 'END'
#include <ini.h>
#include <stdio.h>
#include <string.h>

static int
say(void *data, const char *section, const char *name, const char *value)
{
    (void)data;
    printf("[%s] %s = %.10s (%zu bytes)\n", section, name, value,
           strlen(value));
    return 1;
}

int
main(void)
{
    printf("first bad line: %d\n", ini_parse("file.ini", say, NULL));
    return 0;
}
END
cc -Isys/usr/include -o parse parse.c "$lib/libinih.so.1"

{
    echo '[server]'
    echo 'port = 80'
    printf '%-199s%s\n' '; Why not another port, in many words ...' \
        'port = 8080 needs no root.'
    printf 'token = %0300d\n' 0
} > file.ini
cat > expected << 'END'
[server] port = 80 (2 bytes)
[server] port = 8080 needs (19 bytes)
[server] token = 0000000000 (191 bytes)
first bad line: 6
END
LD_LIBRARY_PATH=$lib timeout 60 ./parse | tee seen
diff expected seen || exit 1
