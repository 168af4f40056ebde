/* SPDX-License-Identifier: MIT */
/*
 * The hosts file, as far as to know whether a name is in it: then getaddrinfo()
 * asks no server.  (Unless /etc/nsswitch.conf has the servers first, and then a
 * look-up is as slow as the operator has made it.)
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/socket/lookup.h"

#define BLANKS " \t\r\n"

/* "127.0.0.1 localhost ip4-loopback  # comment" */
static bool
names(char *line, const char *host)
{
    char *rest, *word;

    line[strcspn(line, "#")] = '\0';
    if (strtok_r(line, BLANKS, &rest) == NULL)
        return false;
    while ((word = strtok_r(NULL, BLANKS, &rest)) != NULL) {
        if (strcasecmp(word, host) == 0)
            return true;
    }
    return false;
}

bool
gruvi__hosts_have(const char *host)
{
    FILE *file = fopen(_PATH_HOSTS, "re");
    char *line = NULL;
    size_t size = 0;
    bool found = false;

    if (file == NULL)
        return false;
    while (!found && getline(&line, &size, file) >= 0)
        found = names(line, host);
    free(line);
    fclose(file);
    return found;
}
