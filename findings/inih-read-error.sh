#!/bin/sh
#
# inih 55: a file that cannot be read is an empty file
#
# Expected: ini_parse tells a read error from the end of the file, as it tells
# that a file cannot be opened: -1.
#
# Seen: it reads until there is no more line, and never asks why.  A folder can
# be opened, and each read of it fails with EISDIR: ini_parse returns 0, and the
# handler was not called.  So does ini_parse_file for a stream that fails later,
# here one whose descriptor is gone after the first settings: what was read until
# then counts as the whole file.
#
# Do: open the file, and look at ferror() when ini_parse_file has returned 0.

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
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The descriptor to close at a setting "last"; -1: none. */
static int broken = -1;

static int
say(void *data, const char *section, const char *name, const char *value)
{
    (void)data;
    printf("[%s] %s = %s\n", section, name, value);
    if (strcmp(name, "last") == 0 && broken >= 0)
        close(broken);
    return 1;
}

int
main(void)
{
    static char buffer[64];
    FILE *file;

    printf("missing: %d\n", ini_parse("missing.ini", say, NULL));
    printf("folder: %d\n", ini_parse("folder.ini", say, NULL));
    file = fopen("file.ini", "r");
    setvbuf(file, buffer, _IOFBF, sizeof buffer);
    broken = fileno(file);
    printf("broken: %d\n", ini_parse_file(file, say, NULL));
    printf("ferror: %d, %s\n", ferror(file) != 0, strerror(errno));
    return 0;
}
END
cc -Isys/usr/include -o parse parse.c "$lib/libinih.so.1"

mkdir folder.ini
# The first 64 bytes, which are one read, end behind "last".
{
    printf '[server]\nport = 80\nlast = 1\n;%034d\n' 0
    echo 'limit = 10'
} > file.ini
cat > expected << 'END'
missing: -1
folder: 0
[server] port = 80
[server] last = 1
broken: 0
ferror: 1, Bad file descriptor
END
LD_LIBRARY_PATH=$lib timeout 60 ./parse | tee seen
diff expected seen || exit 1
