#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_HOST_SIZE 64

/* A numeric address to listen on. */
struct address {
    char host[ADDRESS_HOST_SIZE];
    uint16_t port;
};

/* Read "127.0.0.1:8080" or "[::1]:8080". False: it is not an IPv4 or bracketed IPv6 address and a
 * port. */
bool address_parse(const char *text, struct address *address);

#endif
