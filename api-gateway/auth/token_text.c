#include "api-gateway/auth/token_text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "api-gateway/auth/token_json.h"
#include "common/base/check.h"
#include "common/contract/json.h"

#define HEADER_MAX 1024 /* decoded */

static const char *const algorithm_names[TOKEN_ALGORITHMS] = {
    [TOKEN_HS256] = "HS256", [TOKEN_RS256] = "RS256", [TOKEN_ES256] = "ES256"};

const char *token_algorithm_name(enum token_algorithm algorithm)
{
    return algorithm_names[algorithm];
}

bool token_algorithm_parse(const char *name, size_t len, enum token_algorithm *algorithm)
{
    for (int i = 0; i < TOKEN_ALGORITHMS; i++) {
        if (strlen(algorithm_names[i]) == len && memcmp(algorithm_names[i], name, len) == 0) {
            *algorithm = (enum token_algorithm)i;
            return true;
        }
    }
    return false;
}

/* libsodium takes the canonical form alone: no padding, no other characters, no bits left over. */
static bool decode(const char *text, size_t len, char *bytes, size_t size, size_t *bytes_len)
{
    return sodium_base642bin((unsigned char *)bytes, size, text, len, NULL, bytes_len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

/* RFC 8725 section 3.11: a token made for something else is not one of ours. */
static bool is_type_of_ours(const char *type, size_t len)
{
    static const char *const types[] = {"jwt", "at+jwt", "application/at+jwt", "application/jwt"};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strlen(types[i]) == len && strncasecmp(types[i], type, len) == 0)
            return true;
    return false;
}

static enum token_fault read_members(const struct json_t *header, struct token_text *token)
{
    static const char *const refused[] = {"crit", "b64"};
    const char *text;
    size_t len;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (token_json_has(header, refused[i]))
            return TOKEN_MALFORMED;
    if (token_json_has(header, "typ") &&
        (json_get_text(header, "typ", &text, &len) != JSON_FIELD_PRESENT ||
         !is_type_of_ours(text, len)))
        return TOKEN_MALFORMED;
    token->has_kid = token_json_has(header, "kid");
    if (token->has_kid) {
        if (json_get_text(header, "kid", &text, &len) != JSON_FIELD_PRESENT || len > TOKEN_KID_MAX)
            return TOKEN_MALFORMED;
        memcpy(token->kid, text, len + 1);
    }
    if (json_get_text(header, "alg", &text, &len) != JSON_FIELD_PRESENT)
        return TOKEN_MALFORMED;
    return token_algorithm_parse(text, len, &token->algorithm) ? TOKEN_OK : TOKEN_ALGORITHM;
}

static enum token_fault read_header(struct token_text *token, size_t len)
{
    char bytes[HEADER_MAX];
    size_t bytes_len;
    struct json_t *header;
    enum token_fault fault;

    if (!decode(token->text, len, bytes, sizeof bytes, &bytes_len) ||
        json_read_object(bytes, bytes_len, &header, NULL, 0) != JSON_OK)
        return TOKEN_MALFORMED;
    fault = read_members(header, token);
    json_free(header);
    return fault;
}

enum token_fault token_text_read(const char *text, size_t len, struct token_text *token)
{
    const char *first = len <= TOKEN_MAX ? memchr(text, '.', len) : NULL;
    const char *second = first ? memchr(first + 1, '.', len - (size_t)(first + 1 - text)) : NULL;
    char bytes[TOKEN_MAX];
    size_t payload_len;

    if (!second)
        return TOKEN_MALFORMED;
    *token = (struct token_text){.text = text, .len = len};
    token->payload_at = (size_t)(first + 1 - text);
    token->payload_len = (size_t)(second - first - 1);
    if (!decode(second + 1, len - (size_t)(second + 1 - text), bytes, sizeof bytes,
                &token->signature_len) ||
        !decode(first + 1, token->payload_len, bytes, sizeof bytes, &payload_len))
        return TOKEN_MALFORMED;
    return read_header(token, (size_t)(first - text));
}

size_t token_text_payload(const struct token_text *token, char payload[TOKEN_MAX])
{
    size_t len = 0;

    CHECK(decode(token->text + token->payload_at, token->payload_len, payload, TOKEN_MAX, &len),
          "a payload that was read before");
    return len;
}
