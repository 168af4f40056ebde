/* Names are looked up for seconds. */
#include <netdb.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
resolve(const char *host, struct addrinfo **result)
{
    return getaddrinfo(host, "80", NULL, result); /* gruvi-blocking: gruvi_getaddrinfo */
}
