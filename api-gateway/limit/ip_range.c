#include "api-gateway/limit/ip_range.h"

#include <arpa/inet.h>
#include <string.h>

#define MAPPED_BITS 96

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_port(const char *text, size_t len)
{
    bool good = len >= 1 && len <= 5;

    for (size_t i = 0; good && i < len; i++)
        good = text[i] >= '0' && text[i] <= '9';
    return good;
}

/* Take brackets and port off. False: they are not in order. */
static bool strip(const char **text, size_t *len)
{
    const char *colon = memchr(*text, ':', *len);
    const char *close = *len > 0 && **text == '[' ? memchr(*text, ']', *len) : NULL;
    const char *end = *text + *len;

    if (close) {
        if (close + 1 < end && (close[1] != ':' || !is_port(close + 2, (size_t)(end - close - 2))))
            return false;
        *len = (size_t)(close - *text - 1);
        (*text)++;
        return memchr(*text, ':', *len) != NULL;
    }
    if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
        *len = (size_t)(colon - *text);
        return is_port(colon + 1, (size_t)(end - colon - 1));
    }
    return true;
}

bool ip_address_parse(const char *text, size_t len, struct ip_address *address)
{
    char copy[INET6_ADDRSTRLEN];

    if (!strip(&text, &len) || len == 0 || len >= sizeof copy || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    memcpy(address->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, copy, address->bytes + sizeof mapped) == 1 ||
           inet_pton(AF_INET6, copy, address->bytes) == 1;
}

static bool has_zeros_behind(const struct ip_range *range)
{
    for (unsigned bit = range->bits; bit < 128; bit++)
        if (range->base.bytes[bit / 8] & (0x80 >> bit % 8))
            return false;
    return true;
}

static bool read_bits(const char *text, unsigned max, unsigned *bits)
{
    size_t len = strlen(text);

    *bits = 0;
    if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *bits = 10 * *bits + (unsigned)(text[i] - '0');
    }
    return *bits <= max;
}

bool ip_range_parse(const char *text, struct ip_range *range)
{
    size_t len = strcspn(text, "/");
    bool four = !memchr(text, ':', len);
    unsigned max = four ? 32 : 128;

    if (memchr(text, '[', len) || !ip_address_parse(text, len, &range->base))
        return false;
    range->bits = max;
    if (text[len] == '/' && !read_bits(text + len + 1, max, &range->bits))
        return false;
    range->bits += four ? MAPPED_BITS : 0;
    return has_zeros_behind(range);
}

bool ip_range_has(const struct ip_range *range, const struct ip_address *address)
{
    unsigned bytes = range->bits / 8;
    unsigned rest = range->bits % 8;

    if (memcmp(range->base.bytes, address->bytes, bytes) != 0)
        return false;
    return rest == 0 || (range->base.bytes[bytes] ^ address->bytes[bytes]) >> (8 - rest) == 0;
}

void ip_address_group(struct ip_address *address)
{
    if (memcmp(address->bytes, mapped, sizeof mapped) != 0)
        memset(address->bytes + 8, 0, 8);
}
