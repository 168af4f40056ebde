#!/bin/sh
#
# qemu-user 7.2: madvise takes any advice, and does nothing
#
# Expected: madvise answers EINVAL to an advice that does not exist, and that is
# how a program finds out what its kernel can do.
#
# Seen: the emulator answers 0 to advice 12345, and to MADV_GUARD_INSTALL (102),
# after which the page can be read.  It does a few kinds of advice and takes all
# others for hints.  A stack whose guard was asked for like this has none.
#
# Do: after asking for something that has an effect, look for the effect: a
# system call that reads from a guard page has to answer EFAULT.  Use mprotect
# where it does not.

set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 77' HUP INT TERM
cd "$work"
command -v cc > /dev/null || { echo "skipped: no cc"; exit 77; }
apt-get -q download qemu-user=1:7.2+dfsg-7+deb12u18+b3 \
    > log 2>&1 || { cat log; exit 77; }
dpkg -x ./*.deb sys
qemu=sys/usr/bin/qemu-$(uname -m)
"$qemu" --version > log 2>&1 || { cat log; exit 77; }

cat > advise.c << 'END'
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int
advise(int advice)
{
    int fds[2], answer;
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    answer = madvise(page, 4096, advice);
    printf("madvise %d: %s", advice, answer == 0 ? "0" : strerror(errno));
    answer = pipe(fds) == 0 ? write(fds[1], page, 1) : -1;
    printf(", the page can%s be read\n", answer == 1 ? "" : "not");
    return 0;
}

int
main(void)
{
    return advise(12345) + advise(102);
}
END
cc -static -o advise advise.c

cat > expected << 'END'
madvise 12345: 0, the page can be read
madvise 102: 0, the page can be read
END
echo "without an emulator:"
timeout 60 ./advise
head -n 1 log
timeout 60 "$qemu" ./advise | tee seen
diff expected seen || exit 1
