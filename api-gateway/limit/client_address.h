#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include "api-gateway/limit/ip_range.h"
#include "common/base/option.h"
#include "common/http/http_request.h"

enum forwarded_by { FORWARDED_X, FORWARDED_RFC7239 };

/* The proxies whose word is taken for whom they speak for. */
struct trusted_proxies {
    struct ip_range ranges[OPTION_LIST_MAX];
    size_t count;
    enum forwarded_by by; /* which field they write; the other one comes from clients */
};

/* The nearest hop that is no proxy of ours: the peer itself, or what trusted proxies, one after the
 * other from the right, say whom they had it from. What stands left of it is the client's own word.
 * A hop that can't be read ("unknown", "_hidden") counts as the proxy that wrote it. No I/O. */
void client_address_find(const struct trusted_proxies *proxies, const struct ip_address *peer,
                         const struct http_request *request, struct ip_address *client);

#endif
