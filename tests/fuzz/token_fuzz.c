/* A Bearer token, from its bytes to its user: taken exactly where a second reading of base64url,
 * header and claims says so and a second HMAC is the same; and never two answers to one token.
 *
 * Input: "S", then a header in the first line and a payload behind it, which are signed here; or
 * anything else behind the first byte, as the token itself. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "api-gateway/auth/token_checker.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_text.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW_MS INT64_C(1700000000500)
#define LEEWAY_S 30
#define PART_MAX 3000

static struct token_checker *checker, *forgetful;

static void open_checkers(void)
{
    static char item[64];
    static struct jwt_options options = {.issuer = "me",
                                         .audience = "shop",
                                         .user_claim = "sub",
                                         .leeway_s = LEEWAY_S,
                                         .cached = 16};
    static struct jwt_options uncached;
    struct token_keyring *ring;
    int file = memfd_create("secret", MFD_CLOEXEC);

    EXPECT(sodium_init() >= 0 && write(file, SECRET, 32) == 32, "no secret");
    snprintf(item, sizeof item, "HS256:k=/proc/self/fd/%d", file);
    options.keys.items[options.keys.count++] = item;
    uncached = options;
    uncached.cached = 0;
    ring = token_keyring_new(&options);
    EXPECT(ring != NULL, "no keys");
    checker = token_checker_new(ring, &options);
    forgetful = token_checker_new(ring, &uncached);
}

/* RFC 4648 section 5, bit by bit. False: another character, a lone one, or bits left over. */
static bool model_decode(const char *text, size_t len, unsigned char *bytes, size_t *bytes_len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, value = 0;

    *bytes_len = 0;
    if (len % 4 == 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *found = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;

        if (found == NULL)
            return false;
        value = (value << 6 | (unsigned)(found - alphabet)) & 0xFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[(*bytes_len)++] = (unsigned char)(value >> bits);
        }
    }
    return (value & ((1u << bits) - 1)) == 0;
}

static json_t *model_json(const unsigned char *bytes, size_t len)
{
    return memchr(bytes, '\0', len) == NULL
               ? json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL)
               : NULL;
}

static bool model_is(const json_t *value, const char *text)
{
    return json_is_string(value) && json_string_length(value) == strlen(text) &&
           strcmp(json_string_value(value), text) == 0;
}

static bool model_header(const unsigned char *bytes, size_t len)
{
    static const char *const types[] = {"jwt", "at+jwt", "application/jwt", "application/at+jwt"};
    json_t *header = len <= 1024 ? model_json(bytes, len) : NULL;
    const json_t *kid = json_object_get(header, "kid"), *type = json_object_get(header, "typ");
    bool good = json_is_object(header) && model_is(json_object_get(header, "alg"), "HS256") &&
                json_object_get(header, "crit") == NULL && json_object_get(header, "b64") == NULL &&
                (kid == NULL || model_is(kid, "k"));
    bool typed = type == NULL;

    for (size_t i = 0; i < 4 && json_is_string(type); i++)
        typed |= json_string_length(type) == strlen(types[i]) &&
                 strcasecmp(json_string_value(type), types[i]) == 0;
    json_decref(header);
    return good && typed;
}

static bool model_claims(const unsigned char *bytes, size_t len, uint64_t *user_id)
{
    json_t *claims = model_json(bytes, len);
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    const json_t *aud = json_object_get(claims, "aud"), *sub = json_object_get(claims, "sub");
    double last = 253402300799.0, now = (double)NOW_MS / 1000;
    bool good = json_is_object(claims) && model_is(json_object_get(claims, "iss"), "me");
    bool for_us = model_is(aud, "shop");

    for (size_t i = 0; json_is_array(aud) && i < json_array_size(aud); i++)
        for_us |= model_is(json_array_get(aud, i), "shop");
    good = good && for_us && json_is_number(exp) && json_number_value(exp) <= last &&
           json_number_value(exp) >= 0 && now < json_number_value(exp) + LEEWAY_S;
    if (nbf != NULL)
        good = good && json_is_number(nbf) && json_number_value(nbf) >= 0 &&
               json_number_value(nbf) <= last && now >= json_number_value(nbf) - LEEWAY_S;
    if (json_is_string(sub)) {
        struct http_slice digits = {json_string_value(sub), json_string_length(sub)};

        good = good && fuzz_decimal(digits, false, 1, INT64_MAX, user_id);
    } else {
        good = good && json_is_integer(sub) && json_integer_value(sub) > 0;
        *user_id = (uint64_t)json_integer_value(sub);
    }
    json_decref(claims);
    return good;
}

static bool model_takes(const char *text, size_t len, uint64_t *user_id)
{
    static unsigned char header[TOKEN_MAX], payload[TOKEN_MAX], signature[TOKEN_MAX];
    unsigned char expected[32];
    size_t dots[2] = {0, 0}, count = 0, header_len, payload_len, signature_len;

    for (size_t i = 0; i < len; i++)
        if (text[i] == '.' && count++ < 2)
            dots[count - 1] = i;
    if (len > TOKEN_MAX || count != 2 || !model_decode(text, dots[0], header, &header_len) ||
        !model_decode(text + dots[0] + 1, dots[1] - dots[0] - 1, payload, &payload_len) ||
        !model_decode(text + dots[1] + 1, len - dots[1] - 1, signature, &signature_len))
        return false;
    crypto_auth_hmacsha256(expected, (const unsigned char *)text, dots[1],
                           (const unsigned char *)SECRET);
    return signature_len == 32 && memcmp(expected, signature, 32) == 0 &&
           model_header(header, header_len) && model_claims(payload, payload_len, user_id);
}

static size_t encode(char *out, const void *bytes, size_t len)
{
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

    sodium_bin2base64(out, sodium_base64_encoded_len(len, variant), bytes, len, variant);
    return strlen(out);
}

static size_t sign(struct http_slice header, struct http_slice payload, char *token)
{
    unsigned char signature[32];
    size_t len = encode(token, header.data, header.len);

    token[len++] = '.';
    len += encode(token + len, payload.data, payload.len);
    crypto_auth_hmacsha256(signature, (const unsigned char *)token, len,
                           (const unsigned char *)SECRET);
    token[len++] = '.';
    return len + encode(token + len, signature, sizeof signature);
}

static void expect_model(struct http_slice token)
{
    char *copy = fuzz_copy(token);
    uint64_t expected_user = 0;
    bool expected = model_takes(token.data, token.len, &expected_user);

    for (int turn = 0; turn < 3; turn++) {
        uint64_t user_id = 0;
        enum token_fault fault =
            token_checker_check(turn == 2 ? forgetful : checker, copy, token.len, NOW_MS, &user_id);

        EXPECT((fault == TOKEN_OK) == expected, "turn %d: %s, expected %s", turn,
               token_fault_name(fault), expected ? "ok" : "a fault");
        EXPECT(user_id == (expected ? expected_user : 0), "another user");
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char token[3 * PART_MAX];
    struct fuzz_text text = {(const char *)bytes + (size > 0), (const char *)bytes + size};
    struct http_slice header;

    if (checker == NULL)
        open_checkers();
    if (size == 0 || size > PART_MAX)
        return 0;
    if (bytes[0] != 'S') {
        expect_model(fuzz_rest(&text));
        return 0;
    }
    header = fuzz_line(&text);
    expect_model((struct http_slice){token, sign(header, fuzz_rest(&text), token)});
    return 0;
}
