#include "api-gateway/handlers/admin_token.h"

#include <string.h>
#include <sodium.h>

#define SCHEME "bearer "
#define SCHEME_LEN (sizeof SCHEME - 1)

static void hash(unsigned char out[32], const char *bytes, size_t len)
{
    crypto_generichash(out, 32, (const unsigned char *)bytes, len, NULL, 0);
}

bool admin_token_set(struct admin_token *token, const char *text)
{
    struct admin_token fresh = {.count = 0};

    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        size_t len = line - (line > 0 && text[line - 1] == '\r');

        if (len > 0 && fresh.count == ADMIN_TOKENS_MAX)
            return false;
        if (len > 0)
            hash(fresh.hashes[fresh.count++], text, len);
        text += line + (text[line] == '\n');
    }
    if (fresh.count == 0)
        return false;
    *token = fresh;
    return true;
}

enum admin_token_answer admin_token_check(const struct admin_token *token,
                                          const struct http_slice *authorization)
{
    struct http_slice given;
    unsigned char other[32];
    bool right = false;

    if (!authorization || authorization->len < SCHEME_LEN ||
        !http_slice_is_nocase((struct http_slice){authorization->data, SCHEME_LEN}, SCHEME))
        return ADMIN_TOKEN_MISSING;
    given = (struct http_slice){authorization->data + SCHEME_LEN, authorization->len - SCHEME_LEN};
    while (given.len > 0 && given.data[0] == ' ') {
        given.data++;
        given.len--;
    }
    hash(other, given.data, given.len);
    for (size_t i = 0; i < token->count; i++)
        right |= sodium_memcmp(token->hashes[i], other, sizeof other) == 0;
    return right ? ADMIN_TOKEN_RIGHT : ADMIN_TOKEN_WRONG;
}
