/* SPDX-License-Identifier: MIT */
/*
 * What a section says about listening, as a whole: no address twice, and no key
 * that fits none of the addresses.
 */
#include "config/internal.h"

#include "os/inherited.h"

static bool
is_tcp(const char *address)
{
    return strncmp(address, "tcp://", 6) == 0 ||
           strncmp(address, "tls://", 6) == 0;
}

static bool
is_ipv6(const char *address)
{
    return is_tcp(address) && address[6] == '[';
}

/* "web" of fd:web and tls+fd:web; NULL: something else. */
static const char *
inherited(const char *address)
{
    if (strncmp(address, "tls+", 4) == 0)
        address += 4;
    return strncmp(address, "fd:", 3) == 0 ? address + 3 : NULL;
}

/* What keepalive is for: an inherited socket may be one of TCP. */
static bool
may_be_tcp(const char *address)
{
    return is_tcp(address) || inherited(address) != NULL;
}

static bool
has_file(const char *address)
{
    return strncmp(address, "unix:/", 6) == 0;
}

/* --- addresses twice ------------------------------------------------------ */

/* Whether both cannot be listened on.  The kernel chooses the port for 0. */
static bool
collide(const char *a, const char *b)
{
    size_t n = strlen(a);

    if (is_tcp(a) && is_tcp(b))
        return strcmp(a + 6, b + 6) == 0 &&
               (n < 2 || strcmp(a + n - 2, ":0") != 0);
    if (inherited(a) != NULL && inherited(b) != NULL)
        return strcmp(inherited(a), inherited(b)) == 0;
    return strcmp(a, b) == 0;
}

/* Whether an entry is one of the addresses that count. */
static bool
is_used(const gruvid__section_t *section, const gruvid__entry_t *entry)
{
    const char *const *addresses =
        gruvid__section_list(section, "listen", NULL);

    while (*addresses != NULL && *addresses != entry->text)
        addresses++;
    return *addresses != NULL;
}

/* The entry before this one with the same address, and its section. */
static const gruvid__entry_t *
find_before(const gruvid__entry_t *entry, const gruvid__section_t *last,
            const gruvid__section_t **section)
{
    for (*section = last->config->sections;; *section = (*section)->next) {
        const gruvid__entry_t *e = (*section)->entries;

        if ((*section)->kind != GRUVID__PLUGIN ||
            (*section)->own.values == NULL)
            e = NULL;
        for (; e != NULL && e != entry; e = e->next)
            if (is_used(*section, e) && collide(e->text, entry->text))
                return e;
        if (*section == last)
            return NULL;
    }
}

static void
check_address(gruvid__section_t *section, const gruvid__entry_t *entry)
{
    const gruvid__section_t *other;
    const gruvid__entry_t *before = find_before(entry, section, &other);

    if (before == NULL)
        return;
    if (other == section && strcmp(before->file, entry->file) == 0)
        gruvid__config_error(
            section->config, entry->file, entry->line, section->name, "listen",
            "%s is there twice; first in line %u", entry->text, before->line);
    else if (other == section)
        gruvid__config_error(section->config, entry->file, entry->line,
                             section->name, "listen",
                             "%s is there twice; first in %s:%u", entry->text,
                             before->file, before->line);
    else if (inherited(entry->text) == NULL) /* two may share a socket */
        gruvid__config_error(section->config, entry->file, entry->line,
                             section->name, "listen",
                             "[%s] listens on %s, too; give one of them "
                             "another address",
                             other->name, before->text);
}

/* --- inherited sockets --------------------------------------------------- */

/* Numbers are looked at when they are used: whoever starts gruvid by hand has
 * given them by hand.  A name that nobody has given is a mistake.  Where gruvid
 * only checks, the sockets are not there. */
static void
check_inherited(gruvid__section_t *section, const gruvid__entry_t *entry)
{
    const char *name = inherited(entry->text);
    const char *names = gruvid__inherited_names();

    if (name == NULL || name[strspn(name, "0123456789")] == '\0' ||
        !gruvid__inherited_known() || gruvid__inherited_find(name, 0) >= 0)
        return;
    if (*names == '\0')
        gruvid__config_error(
            section->config, entry->file, entry->line, section->name, "listen",
            "%s: gruvid has inherited no socket with a name; it has to be "
            "started by its socket unit, with FileDescriptorName=%s",
            entry->text, name);
    else
        gruvid__config_error(section->config, entry->file, entry->line,
                             section->name, "listen",
                             "%s: no inherited socket has that name; there is "
                             "%s (FileDescriptorName= of socket units)",
                             entry->text, names);
}

/* --- keys that fit no address --------------------------------------------- */

static bool
some_address(const gruvid__section_t *section, bool (*fits)(const char *))
{
    const char *const *addresses =
        gruvid__section_list(section, "listen", NULL);

    while (*addresses != NULL && !fits(*addresses))
        addresses++;
    return *addresses != NULL;
}

static void
check_key(gruvid__section_t *section, const char *key,
          bool (*fits)(const char *), const char *what)
{
    const gruvid__value_t *value = gruvid__section_value(section, key);

    if (value->file == NULL || value->text == NULL || *value->text == '\0' ||
        (value->option->type == GRUVID_BOOL && !value->as.boolean) ||
        (value->option->type == GRUVID_DURATION && value->as.number <= 0))
        return;
    if (!some_address(section, fits))
        gruvid__section_error(section, key, "no address of listen is %s", what);
}

/* --- proxies -------------------------------------------------------------- */

/* proxy_protocol needs somebody who is trusted. */
static void
check_proxies(gruvid__section_t *section)
{
    const char *const *listen = gruvid__section_list(section, "listen", NULL);
    const char *const *list;
    bool local = false, trusted = false;

    if (!gruvid__section_bool(section, "proxy_protocol"))
        return;
    if (*listen == NULL) {
        gruvid__section_error(section, "proxy_protocol",
                              "the section has no listen");
        return;
    }
    list = gruvid__section_list(section, "trusted_proxy", NULL);
    for (; *list != NULL; list++) {
        trusted = true;
        local |= strcmp(*list, "unix:") == 0;
    }
    if (!trusted)
        gruvid__section_error(section, "proxy_protocol",
                              "trusted_proxy is empty: every connection would "
                              "be refused");
    for (; trusted && !local && *listen != NULL; listen++)
        if (strncmp(*listen, "unix:", 5) == 0) {
            gruvid__section_error(section, "proxy_protocol",
                                  "trusted_proxy has no unix:, so every "
                                  "connection to %s would be refused",
                                  *listen);
            return;
        }
}

void
gruvid__config_check_listen(gruvid__section_t *section)
{
    for (const gruvid__entry_t *e = section->entries; e != NULL; e = e->next)
        if (strcmp(e->key, "listen") == 0 && is_used(section, e)) {
            check_address(section, e);
            check_inherited(section, e);
        }
    check_key(section, "listen_mode", has_file, "unix:/");
    check_key(section, "listen_owner", has_file, "unix:/");
    check_key(section, "listen_group", has_file, "unix:/");
    check_key(section, "keepalive", may_be_tcp, "tcp:// or tls://");
    check_key(section, "dual_stack", is_ipv6, "an IPv6 address in brackets");
    check_proxies(section);
}

int
gruvid__section_proxies(const gruvid__section_t *section,
                        struct gruvid__proxies **result)
{
    size_t n;
    const char *const *list =
        gruvid__section_list(section, "trusted_proxy", &n);

    *result = gruvid__proxies_new(
        list, n, gruvid__section_bool(section, "proxy_protocol"));
    return *result != NULL ? 0 : UV_ENOMEM;
}
