/* SPDX-License-Identifier: MIT */
/*
 * The output may go to a full disk, or into a pipe that nobody reads.
 *
 * stdout writes by a function of ours, which knows why a write has failed when
 * all is over.  After that nothing more is written: what is there is the
 * beginning of the output, without holes.
 */
#include "gruvictl/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gruvictl/text.h"

static int error; /* of the first write that failed; 0: none has */

/* Returns less than n where that is all that can be written. */
static ssize_t
write_out(void *cookie, const char *bytes, size_t n)
{
    size_t written = 0;

    (void)cookie;
    while (error == 0 && written < n) {
        ssize_t m = write(STDOUT_FILENO, bytes + written, n - written);

        if (m >= 0)
            written += (size_t)m;
        else if (errno != EINTR)
            error = errno;
    }
    return (ssize_t)written;
}

/* A descriptor that is closed would be that of the socket next, and gruvid
 * would be sent the output.  It becomes one that cannot be written to, or for
 * stdin, not read. */
static bool
fill_gap(int fd)
{
    if (fcntl(fd, F_GETFD) >= 0)
        return true;
    return fd == (fd == STDIN_FILENO ? open("/dev/null", O_WRONLY)
                                     : open("/dev/null", O_RDONLY));
}

bool
output_begin(void)
{
    static const cookie_io_functions_t functions = {.write = write_out};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (!fill_gap(fd)) {
            fprintf(stderr, "gruvictl: /dev/null cannot be opened: %s\n",
                    strerror(errno));
            return false;
        }
    stdout = need(fopencookie(NULL, "w", functions));
    setvbuf(stdout, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
    return true;
}

bool
output_end(void)
{
    fflush(stdout);
    if (error != 0)
        fprintf(stderr, "gruvictl: the output cannot be written: %s\n",
                strerror(error));
    return error == 0 && !ferror(stderr);
}
