/* SPDX-License-Identifier: MIT */
/* Plugins that a test makes: see make_plugin.h. */
#include "daemon/make_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/suite.h"

static const char *
variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : otherwise;
}

static void
write_all(const char *path, const char *mode, const char *bytes, size_t size)
{
    FILE *file = fopen(path, mode);

    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static char *
read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    struct stat st;
    char *bytes;

    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_int_eq(fstat(fileno(file), &st), 0);
    *size = (size_t)st.st_size;
    bytes = malloc(*size + 1);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

void
make_plugin(const char *file, const char *source, const char *flags)
{
    bool cplusplus = strncmp(source, "//", 2) == 0;
    const char *top = variable("top_srcdir", "../..");
    const char *build = variable("top_builddir", ".");
    char text[300], new[300], command[3000];

    snprintf(text, sizeof text, "%s.%s", file, cplusplus ? "cc" : "c");
    snprintf(new, sizeof new, "%s.new", file);
    write_all(text, "w", source, strlen(source));
    snprintf(command, sizeof command,
             "%s -g -O1 -shared -fPIC -I%s/lib -I%s/daemon %s %s %s -o %s "
             "-Wl,--as-needed %s/daemon/.libs/libgruvid.so "
             "%s/lib/.libs/libgruvi.so %s",
             cplusplus ? variable("CXX", "c++") : variable("CC", "cc"), top,
             top, variable("DEFS_LDFLAGS", ""), variable("SANITIZER_FLAGS", ""),
             text, new, build, build, flags);
    ck_assert_msg(system(command) == 0, "%s", command);
    ck_assert_int_eq(rename(new, file), 0);
    unlink(text);
}

void
install_file(const char *from, const char *to)
{
    char new[300], *bytes;
    size_t size;

    snprintf(new, sizeof new, "%s.new", to);
    bytes = read_all(from, &size);
    write_all(new, "w", bytes, size);
    ck_assert_int_eq(rename(new, to), 0);
    free(bytes);
}

void
overwrite_file(const char *from, const char *to)
{
    size_t size;
    char *bytes = read_all(from, &size);

    write_all(to, "r+", bytes, size);
    free(bytes);
}

void
patch_file(const char *file, const char *old, const char *new)
{
    char path[300], *bytes, *at;
    size_t size;

    ck_assert_uint_eq(strlen(old), strlen(new));
    bytes = read_all(file, &size);
    at = memmem(bytes, size, old, strlen(old));
    ck_assert_msg(at != NULL, "%s has no \"%s\"", file, old);
    memcpy(at, new, strlen(new));
    snprintf(path, sizeof path, "%s.new", file);
    write_all(path, "w", bytes, size);
    ck_assert_int_eq(rename(path, file), 0);
    free(bytes);
}
