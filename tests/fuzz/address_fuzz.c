/* Addresses to listen on: what is taken is an address and a port, and written out it is the same
 * one; the C library's resolver takes it too. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/address.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

static bool is_numeric(const char *host, uint16_t port, int family)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_family = family};
    struct addrinfo *found;
    char service[8];

    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_string((struct http_slice){(const char *)bytes, size});
    struct address address, back;
    char written[ADDRESS_HOST_SIZE + 10];
    const char *colon;
    uint64_t port;
    bool six;

    if (address_parse(text, &address)) {
        six = strchr(address.host, ':') != NULL;
        EXPECT(is_numeric(address.host, address.port, six ? AF_INET6 : AF_INET), "%s is taken",
               text);
        snprintf(written, sizeof written, six ? "[%s]:%u" : "%s:%u", address.host, address.port);
        EXPECT(address_parse(written, &back) && strcmp(back.host, address.host) == 0 &&
                   back.port == address.port,
               "%s is not read back", written);
        colon = strrchr(text, ':');
        EXPECT(strncmp(written, text, (size_t)(colon + 1 - text)) == 0, "%s is taken for %s", text,
               written);
        EXPECT(fuzz_decimal((struct http_slice){colon + 1, strlen(colon + 1)}, true, 0, UINT16_MAX,
                            &port) &&
                   port == address.port,
               "%s is taken for %s", text, written);
    }
    free(text);
    return 0;
}
