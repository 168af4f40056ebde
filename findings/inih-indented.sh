#!/bin/sh
#
# inih 55: indented settings all belong to the first of their section
#
# Expected: settings may be indented under their section, as Git writes its
# configuration.
#
# Seen: the second setting comes as one more value of the first, name and equals
# sign included, and ini_parse returns 0.  inih takes an indented line for the
# continuation of the setting above, also where that is indented just as far,
# and across empty lines and comments.
#
# Do: set ini_allow_multiline to false where the library has this variable
# (Debian's has), or strip leading blanks in a function given to
# ini_parse_stream.

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

static int
say(void *data, const char *section, const char *name, const char *value)
{
    (void)data;
    printf("[%s] %s: %s\n", section, name, value);
    return 1;
}

int
main(void)
{
    for (int multiline = 1; multiline >= 0; multiline--) {
        ini_allow_multiline = multiline;
        printf("ini_allow_multiline = %d\n", multiline);
        printf("mistakes: %d\n", ini_parse("file.ini", say, NULL));
    }
    return 0;
}
END
cc -Isys/usr/include -o parse parse.c "$lib/libinih.so.1"

cat > file.ini << 'END'
[user]
    name = Jane

    ; where answers go
    email = jane@example.org
END
cat > expected << 'END'
ini_allow_multiline = 1
[user] name: Jane
[user] name: email = jane@example.org
mistakes: 0
ini_allow_multiline = 0
[user] name: Jane
[user] email: jane@example.org
mistakes: 0
END
LD_LIBRARY_PATH=$lib timeout 60 ./parse | tee seen
diff expected seen || exit 1
