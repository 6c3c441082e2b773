#include "common/base/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool address_parse(const char *text, struct address *address)
{
    const char *colon = strrchr(text, ':');
    unsigned char binary[sizeof(struct in6_addr)];
    bool bracketed = text[0] == '[';
    const char *host = text + bracketed;
    size_t len;
    char *end;
    long port;

    if (!colon || !isdigit((unsigned char)colon[1]) || strlen(colon) > 6)
        return false;
    port = strtol(colon + 1, &end, 10);
    if (*end || port > UINT16_MAX)
        return false;
    if (bracketed && (colon < text + 2 || colon[-1] != ']'))
        return false;
    len = (size_t)(colon - host) - bracketed;
    if (len >= sizeof address->host)
        return false;
    memcpy(address->host, host, len);
    address->host[len] = '\0';
    address->port = (uint16_t)port;
    return inet_pton(bracketed ? AF_INET6 : AF_INET, address->host, binary) == 1;
}
