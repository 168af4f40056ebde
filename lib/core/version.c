/* SPDX-License-Identifier: MIT */
/* The version, composed from the numbers of the header it was built with. */
#include <gruvi/version.h>

#define TEXT(number)    #number
#define DOTTED(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

const char *
gruvi_version(void)
{
    return DOTTED(GRUVI_VERSION_MAJOR, GRUVI_VERSION_MINOR,
                  GRUVI_VERSION_PATCH);
}
