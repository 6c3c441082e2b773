#include "api-gateway/api_document.h"

#include <stdbool.h>
#include <string.h>

#include "common/http/http_exchange.h"

/* RFC 9512 */
#define YAML "application/yaml"

/* The bytes of a file, between name and name_end; the Makefile says that this object depends on it.
 */
#define EMBED(name, path)                                                                          \
    __asm__(".pushsection .rodata\n" #name ": .incbin \"" path "\"\n" #name "_end:\n"              \
            ".popsection\n");                                                                      \
    extern const char name[] __attribute__((visibility("hidden")));                                \
    extern const char name##_end[] __attribute__((visibility("hidden")))

EMBED(api_document_public, "api-gateway/api/public.yaml");
EMBED(api_document_admin, "api-gateway/api/admin.yaml");

#define ETAG(hash) "\"" hash "\""

/* Does If-None-Match name this tag? A weak tag is as good here (RFC 9110 section 13.1.2). */
static bool is_known(const struct http_request *request, const char *tag)
{
    const struct http_slice *field = http_request_field(request, "if-none-match");

    return field &&
           (http_slice_is(*field, "*") || memmem(field->data, field->len, tag, strlen(tag)));
}

static void answer(struct http_exchange *exchange, const char *tag, const char *fields,
                   const char *start, const char *end)
{
    if (is_known(http_exchange_request(exchange), tag))
        http_exchange_reply(exchange, 304, YAML, fields, NULL, 0);
    else
        http_exchange_reply(exchange, 200, YAML, fields, start, (size_t)(end - start));
}

#define FIELDS(hash) "Cache-Control: public, max-age=300\r\nETag: " ETAG(hash) "\r\n"

void api_document_handle_public(struct http_exchange *exchange)
{
    answer(exchange, ETAG(API_PUBLIC_HASH), FIELDS(API_PUBLIC_HASH), api_document_public,
           api_document_public_end);
}

void api_document_handle_admin(struct http_exchange *exchange)
{
    answer(exchange, ETAG(API_ADMIN_HASH), FIELDS(API_ADMIN_HASH), api_document_admin,
           api_document_admin_end);
}
