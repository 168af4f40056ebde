#!/bin/sh
#
# jansson 2.14: JSON_ENSURE_ASCII leaves a control character as it is
#
# Expected: text that JSON_ENSURE_ASCII has written holds printable ASCII only,
# and may be shown on a terminal.
#
# Seen: U+007F (DEL) comes out as a byte of its own, while U+0001 and U+0080, on
# both sides of what is printable, come out as \u0001 and \u0080.  RFC 8259 lets
# DEL stand in a string, and it is ASCII, so nothing here is wrong JSON.
#
# Do: look for DEL in what json_dumps returns, before it goes to a terminal or
# into a line of a log.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download libjansson4=2.14-2 libjansson-dev=2.14-2 \
    > log 2>&1 || { cat log; exit 77; }
for deb in *.deb; do dpkg -x "$deb" sys; done
lib=$(dirname sys/usr/lib/*/libjansson.so.4)

cat > dump.c << 'END'
#include <jansson.h>
#include <stdio.h>

static void
dump(const char *text)
{
    json_t *string = json_string(text);
    char *line = json_dumps(string, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);

    for (const char *s = line; *s != '\0'; s++)
        printf(*s >= ' ' && *s <= '~' ? "%c" : "<byte %02x>", *s);
    puts("");
}

int
main(void)
{
    printf("jansson %s\n", jansson_version_str());
    dump("\x01");
    dump("\x7f");
    dump("\xc2\x80");
    return 0;
}
END
cc -Isys/usr/include -o dump dump.c "$lib/libjansson.so.4"

cat > expected << 'END'
jansson 2.14
"\u0001"
"<byte 7f>"
"\u0080"
END
LD_LIBRARY_PATH=$lib timeout 60 ./dump | tee seen
diff expected seen || exit 1
