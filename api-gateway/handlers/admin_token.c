#include "api-gateway/handlers/admin_token.h"

#include <string.h>
#include <sodium.h>

#define SCHEME "bearer "
#define SCHEME_LEN (sizeof SCHEME - 1)

static void hash(struct admin_token *token, const char *bytes, size_t len)
{
    crypto_generichash(token->hash, sizeof token->hash, (const unsigned char *)bytes, len, NULL, 0);
}

void admin_token_set(struct admin_token *token, const char *text)
{
    hash(token, text, strlen(text));
}

enum admin_token_answer admin_token_check(const struct admin_token *token,
                                          const struct http_slice *authorization)
{
    struct http_slice given;
    struct admin_token other;

    if (!authorization || authorization->len < SCHEME_LEN ||
        !http_slice_is_nocase((struct http_slice){authorization->data, SCHEME_LEN}, SCHEME))
        return ADMIN_TOKEN_MISSING;
    given = (struct http_slice){authorization->data + SCHEME_LEN, authorization->len - SCHEME_LEN};
    while (given.len > 0 && given.data[0] == ' ') {
        given.data++;
        given.len--;
    }
    hash(&other, given.data, given.len);
    return sodium_memcmp(token->hash, other.hash, sizeof other.hash) == 0 ? ADMIN_TOKEN_RIGHT
                                                                          : ADMIN_TOKEN_WRONG;
}
