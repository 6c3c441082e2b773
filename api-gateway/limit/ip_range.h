#ifndef IP_RANGE_H
#define IP_RANGE_H

#include <stdbool.h>
#include <stddef.h>

/* An address of either family in IPv6's form; IPv4 is mapped (::ffff:192.0.2.1, RFC 4291). */
struct ip_address {
    unsigned char bytes[16];
};

/* Addresses that begin with the same bits. */
struct ip_range {
    struct ip_address base;
    unsigned bits;
};

/* "192.0.2.1", "2001:db8::1"; with port, "192.0.2.1:80" and "[2001:db8::1]:80", or brackets alone,
 * as proxies write them. False: anything else. No I/O. */
bool ip_address_parse(const char *text, size_t len, struct ip_address *address);

/* "192.0.2.0/24", "2001:db8::/32", or an address alone. Bits behind the prefix must be zero. */
bool ip_range_parse(const char *text, struct ip_range *range);

bool ip_range_has(const struct ip_range *range, const struct ip_address *address);

/* Leave what one customer of a network is likely to have: IPv6 is cut to its first 64 bits. */
void ip_address_group(struct ip_address *address);

#endif
