#include "api-gateway/limit/client_address.h"

#include <string.h>
#include <strings.h>

#define HOPS_MAX 32

/* The last hops that were named, oldest first; more than that many proxies of ours there are not.
 */
struct hops {
    struct http_slice hops[HOPS_MAX];
    size_t count; /* of all */
};

static struct http_slice trim(struct http_slice slice)
{
    while (slice.len > 0 && (slice.data[0] == ' ' || slice.data[0] == '\t')) {
        slice.data++;
        slice.len--;
    }
    while (slice.len > 0 && (slice.data[slice.len - 1] == ' ' || slice.data[slice.len - 1] == '\t'))
        slice.len--;
    return slice;
}

/* Take off the part before the next separator that is in no quoted string. False: none is left. */
static bool next_part(struct http_slice *rest, char separator, struct http_slice *part)
{
    bool quoted = false;
    size_t len = 0;

    if (!rest->data)
        return false;
    for (; len < rest->len && (quoted || rest->data[len] != separator); len++) {
        if (rest->data[len] == '"')
            quoted = !quoted;
        else if (quoted && rest->data[len] == '\\' && len + 1 < rest->len)
            len++;
    }
    *part = trim((struct http_slice){rest->data, len});
    if (len < rest->len)
        *rest = (struct http_slice){rest->data + len + 1, rest->len - len - 1};
    else
        rest->data = NULL;
    return true;
}

/* The for= of one element of Forwarded (RFC 7239 section 4); empty: it has none. */
static struct http_slice read_for(struct http_slice element)
{
    struct http_slice pair;

    while (next_part(&element, ';', &pair)) {
        if (pair.len < 4 || strncasecmp(pair.data, "for=", 4) != 0)
            continue;
        pair = (struct http_slice){pair.data + 4, pair.len - 4};
        if (pair.len >= 2 && pair.data[0] == '"' && pair.data[pair.len - 1] == '"')
            pair = (struct http_slice){pair.data + 1, pair.len - 2};
        return pair;
    }
    return (struct http_slice){"", 0};
}

static void read_hops(const struct http_request *request, enum forwarded_by by, struct hops *hops)
{
    const char *name = by == FORWARDED_X ? "x-forwarded-for" : "forwarded";

    for (size_t i = 0; i < request->field_count; i++) {
        struct http_slice rest = request->fields[i].value;
        struct http_slice part;

        if (!http_slice_is(request->fields[i].name, name))
            continue;
        while (next_part(&rest, ',', &part))
            hops->hops[hops->count++ % HOPS_MAX] = by == FORWARDED_X ? part : read_for(part);
    }
}

static bool is_trusted(const struct trusted_proxies *proxies, const struct ip_address *address)
{
    for (size_t i = 0; i < proxies->count; i++)
        if (ip_range_has(&proxies->ranges[i], address))
            return true;
    return false;
}

void client_address_find(const struct trusted_proxies *proxies, const struct ip_address *peer,
                         const struct http_request *request, struct ip_address *client)
{
    struct hops hops = {.count = 0};
    struct ip_address hop;

    *client = *peer;
    if (!is_trusted(proxies, peer))
        return;
    read_hops(request, proxies->by, &hops);
    for (size_t i = 0; i < hops.count && i < HOPS_MAX && is_trusted(proxies, client); i++) {
        struct http_slice text = hops.hops[(hops.count - 1 - i) % HOPS_MAX];

        if (!ip_address_parse(text.data, text.len, &hop))
            return;
        *client = hop;
    }
}
