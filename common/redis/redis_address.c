#include "common/redis/redis_address.h"

#include <string.h>

uint16_t redis_address_parse_port(const char *text, size_t len)
{
    unsigned int number = 0;

    if (len > 5)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        number = 10 * number + (unsigned int)(text[i] - '0');
    }
    return number <= UINT16_MAX ? (uint16_t)number : 0;
}

bool redis_address_make(const char *host, size_t host_len, int64_t port,
                        struct redis_address *address)
{
    if (host_len == 0 || host_len >= sizeof address->host || memchr(host, '\0', host_len) ||
        port <= 0 || port > UINT16_MAX)
        return false;
    memcpy(address->host, host, host_len);
    address->host[host_len] = '\0';
    address->port = (uint16_t)port;
    return true;
}

static bool parse_one(const char *text, size_t len, struct redis_address *address)
{
    const char *colon = memrchr(text, ':', len);
    const char *host = text;
    size_t host_len;

    if (!colon)
        return false;
    host_len = (size_t)(colon - text);
    if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
        host++;
        host_len -= 2;
    } else if (memchr(host, ':', host_len)) {
        return false; /* an IPv6 address without its brackets */
    }
    if (strcspn(host, " \t[]/") < host_len)
        return false;
    return redis_address_make(host, host_len,
                              redis_address_parse_port(colon + 1, len - (size_t)(colon + 1 - text)),
                              address);
}

bool redis_address_list_parse(const char *text, struct redis_address *addresses, size_t *count)
{
    for (*count = 0; *count < REDIS_SENTINELS_MAX; text++) {
        size_t len = strcspn(text, ",");

        if (!parse_one(text, len, &addresses[*count]))
            return false;
        ++*count;
        text += len;
        if (!*text)
            return true;
    }
    return false;
}

bool redis_address_same(const struct redis_address *one, const struct redis_address *other)
{
    return one->port == other->port && strcmp(one->host, other->host) == 0;
}
