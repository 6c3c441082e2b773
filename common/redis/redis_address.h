#ifndef REDIS_ADDRESS_H
#define REDIS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_HOST_SIZE 256
#define REDIS_SENTINELS_MAX 16

/* Where a Redis server or a Sentinel listens; host is a name or a number. */
struct redis_address {
    char host[REDIS_HOST_SIZE];
    uint16_t port;
};

/* Put a host of these bytes and a port together. False: the host is empty or too long, or the port
 * is none. */
bool redis_address_make(const char *host, size_t host_len, int64_t port,
                        struct redis_address *address);

/* Read a port in decimal; 0: it is none. */
uint16_t redis_address_parse_port(const char *text, size_t len);

/* Read "HOST:PORT,[::1]:PORT,…" into up to REDIS_SENTINELS_MAX addresses. False: it is not that. */
bool redis_address_list_parse(const char *text, struct redis_address *addresses, size_t *count);

bool redis_address_same(const struct redis_address *one, const struct redis_address *other);

#endif
