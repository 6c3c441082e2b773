#include "api-gateway/handlers/admin_token.h"

#include <stdio.h>
#include <string.h>
#include <sodium.h>

#define SCHEME "bearer "
#define SCHEME_LEN (sizeof SCHEME - 1)
#define UNNAMED "admin"

static void hash(unsigned char out[32], const char *bytes, size_t len)
{
    crypto_generichash(out, 32, (const unsigned char *)bytes, len, NULL, 0);
}

/* One line without its end. */
static void add(struct admin_token *token, const char *line, size_t len)
{
    static const char of_names[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";
    size_t name_len = strspn(line, of_names);
    size_t blanks = name_len < len ? strspn(line + name_len, " \t") : 0;
    bool named =
        name_len > 0 && name_len <= COUPON_CHANGED_BY_MAX && blanks > 0 && name_len + blanks < len;
    size_t skipped = named ? name_len + blanks : 0;

    snprintf(token->names[token->count], sizeof token->names[0], "%.*s",
             named ? (int)name_len : (int)sizeof UNNAMED - 1, named ? line : UNNAMED);
    hash(token->hashes[token->count++], line + skipped, len - skipped);
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
            add(&fresh, text, len);
        text += line + (text[line] == '\n');
    }
    if (fresh.count == 0)
        return false;
    *token = fresh;
    return true;
}

enum admin_token_answer admin_token_check(const struct admin_token *token,
                                          const struct http_slice *authorization, const char **name)
{
    struct http_slice given;
    unsigned char other[32];
    const char *found = NULL;

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
        if (sodium_memcmp(token->hashes[i], other, sizeof other) == 0)
            found = token->names[i];
    if (!found)
        return ADMIN_TOKEN_WRONG;
    *name = found;
    return ADMIN_TOKEN_RIGHT;
}
