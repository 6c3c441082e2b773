/* Whom proxies speak for: X-Forwarded-For gives the address that a second reader finds, who cuts
 * hop after hop off the right end; and whatever either field says, an untrusted peer stays what it
 * is.
 *
 * Input: "T" or "U", a trusted or an untrusted peer; then a field's value a line. */
#include <arpa/inet.h>
#include <string.h>

#include "api-gateway/limit/client_address.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

#define LINES_MAX 20
#define HOPS_MAX 32

static struct ip_address address_of(const char *text)
{
    struct ip_address address;

    EXPECT(ip_address_parse(text, strlen(text), &address), "%s", text);
    return address;
}

/* 10.0.0.0/8 are proxies of ours. */
static bool model_trusts(const struct ip_address *address)
{
    static const unsigned char start[13] = {[10] = 0xff, [11] = 0xff, [12] = 10};

    return memcmp(address->bytes, start, sizeof start) == 0;
}

static bool model_port(const char *text)
{
    size_t len = strspn(text, "0123456789");

    return len >= 1 && len <= 5 && text[len] == '\0';
}

static bool model_address(struct http_slice hop, struct ip_address *address)
{
    char text[64] = "", *host = text, *colon, *close;

    if (hop.len == 0 || hop.len >= sizeof text || memchr(hop.data, '\0', hop.len) != NULL)
        return false;
    memcpy(text, hop.data, hop.len);
    close = text[0] == '[' ? strchr(text, ']') : NULL;
    colon = strchr(text, ':');
    if (close != NULL) {
        if (close[1] != '\0' && (close[1] != ':' || !model_port(close + 2)))
            return false;
        *close = '\0';
        host = text + 1;
        if (strchr(host, ':') == NULL)
            return false;
    } else if (colon != NULL && strrchr(text, ':') == colon) {
        if (!model_port(colon + 1))
            return false;
        *colon = '\0';
    }
    memset(address->bytes, 0, 16);
    address->bytes[10] = address->bytes[11] = 0xff;
    return strlen(host) < INET6_ADDRSTRLEN && (inet_pton(AF_INET, host, address->bytes + 12) == 1 ||
                                               inet_pton(AF_INET6, host, address->bytes) == 1);
}

/* Cut the last hop off. A comma between quotation marks is none. */
static struct http_slice model_cut(struct http_slice *list, bool *more)
{
    size_t start = 0;
    bool quoted = false;
    struct http_slice hop;

    *more = false;
    for (size_t i = 0; i < list->len; i++) {
        if (quoted && list->data[i] == '\\' && i + 1 < list->len)
            i++;
        else if (list->data[i] == '"')
            quoted = !quoted;
        else if (list->data[i] == ',' && !quoted) {
            start = i + 1;
            *more = true;
        }
    }
    hop = (struct http_slice){list->data + start, list->len - start};
    list->len = *more ? start - 1 : 0;
    while (hop.len > 0 && (*hop.data == ' ' || *hop.data == '\t'))
        hop = (struct http_slice){hop.data + 1, hop.len - 1};
    while (hop.len > 0 && (hop.data[hop.len - 1] == ' ' || hop.data[hop.len - 1] == '\t'))
        hop.len--;
    return hop;
}

static struct ip_address model_find(struct ip_address peer, const struct http_request *request)
{
    struct ip_address client = peer, hop;
    size_t hops = 0;

    for (size_t i = request->field_count; i-- > 0;) {
        struct http_slice list = request->fields[i].value;
        bool more = true;

        while (more) {
            struct http_slice text = model_cut(&list, &more);

            if (!model_trusts(&client) || hops++ == HOPS_MAX || !model_address(text, &hop))
                return client;
            client = hop;
        }
    }
    return client;
}

static void look(const struct http_request *request, bool trusted, enum forwarded_by by)
{
    struct trusted_proxies proxies = {.count = 1, .by = by};
    struct ip_address peer = address_of(trusted ? "10.0.0.1" : "192.0.2.1"), client, expected;

    EXPECT(ip_range_parse("10.0.0.0/8", &proxies.ranges[0]), "10.0.0.0/8");
    client_address_find(&proxies, &peer, request, &client);
    expected = trusted ? model_find(peer, request) : peer;
    if (by == FORWARDED_X || !trusted)
        EXPECT(memcmp(&client, &expected, sizeof client) == 0, "another address, of %zu fields",
               request->field_count);
    ip_address_group(&client);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const names[] = {"x-forwarded-for", "forwarded"};
    struct http_request request = {.field_count = 0};
    char *copies[LINES_MAX];
    struct fuzz_text text = {(const char *)bytes + (size > 0), (const char *)bytes + size};

    if (size == 0)
        return 0;
    while (text.at < text.end && request.field_count < LINES_MAX) {
        struct http_slice line = fuzz_line(&text);

        copies[request.field_count] = fuzz_copy(line);
        request.fields[request.field_count].value =
            (struct http_slice){copies[request.field_count], line.len};
        request.field_count++;
    }
    for (int by = FORWARDED_X; by <= FORWARDED_RFC7239; by++) {
        for (size_t i = 0; i < request.field_count; i++)
            request.fields[i].name = (struct http_slice){names[by], strlen(names[by])};
        look(&request, bytes[0] == 'T', (enum forwarded_by)by);
    }
    for (size_t i = 0; i < request.field_count; i++)
        free(copies[i]);
    return 0;
}
