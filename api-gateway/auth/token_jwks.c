#include "api-gateway/auth/token_jwks.h"

#include <string.h>

#include "api-gateway/auth/token_json.h"
#include "common/contract/json.h"

static bool is(const struct json_t *jwk, const char *name, const char *value)
{
    const char *text;
    size_t len;

    return json_get_text(jwk, name, &text, &len) == JSON_FIELD_PRESENT && strlen(value) == len &&
           memcmp(text, value, len) == 0;
}

/* What the kind of key leaves as its algorithm. False: a key that is not for us. */
static bool read_algorithm(const struct json_t *jwk, enum token_algorithm *algorithm)
{
    if (is(jwk, "kty", "RSA"))
        *algorithm = TOKEN_RS256;
    else if (is(jwk, "kty", "EC") && is(jwk, "crv", "P-256"))
        *algorithm = TOKEN_ES256;
    else if (is(jwk, "kty", "oct"))
        *algorithm = TOKEN_HS256;
    else
        return false;
    if (token_json_has(jwk, "use") && !is(jwk, "use", "sig"))
        return false;
    if (token_json_has(jwk, "key_ops") && !token_json_names(jwk, "key_ops", "verify"))
        return false;
    return !token_json_has(jwk, "alg") || is(jwk, "alg", token_algorithm_name(*algorithm));
}

/* False: problem says what is wrong. *taken: it was a key for us. */
static bool read_key(const struct json_t *jwk,
                     bool (*take)(void *cookie, struct token_key *key, struct strbuf *problem),
                     void *cookie, bool *taken, struct strbuf *problem)
{
    enum token_algorithm algorithm;
    const char *kid = "";
    struct token_key *key;
    size_t len;

    *taken = false;
    if (!token_json_is_object(jwk)) {
        strbuf_add_text(problem, "it is not an object");
        return false;
    }
    if (!read_algorithm(jwk, &algorithm))
        return true;
    if (json_get_text(jwk, "kid", &kid, &len) == JSON_FIELD_WRONG) {
        strbuf_add_text(problem, "its kid is not a string");
        return false;
    }
    key = token_key_new(algorithm, kid, jwk, problem);
    if (!key)
        return false;
    *taken = take(cookie, key, problem);
    if (!*taken)
        token_key_free(key);
    return *taken;
}

static bool read_all(const struct json_t *set,
                     bool (*take)(void *cookie, struct token_key *key, struct strbuf *problem),
                     void *cookie, struct strbuf *problem)
{
    const struct json_t *jwk;
    struct strbuf why = STRBUF_INIT;
    size_t count = 0;
    bool taken;
    bool good = true;

    for (size_t i = 0; good && (jwk = token_json_element(set, "keys", i)); i++) {
        good = read_key(jwk, take, cookie, &taken, &why);
        if (!good)
            strbuf_addf(problem, "key %zu: %s", i + 1, why.data);
        count += taken;
    }
    strbuf_free(&why);
    if (good && count == 0)
        strbuf_add_text(problem, "no key in it is for HS256, RS256 or ES256");
    return good && count > 0;
}

bool token_jwks_read(const char *text, size_t len,
                     bool (*take)(void *cookie, struct token_key *key, struct strbuf *problem),
                     void *cookie, struct strbuf *problem)
{
    struct json_t *set;
    char what[128];
    bool good;

    if (json_read_object(text, len, &set, what, sizeof what) != JSON_OK) {
        strbuf_addf(problem, "it is not a JWK Set: %s", what);
        return false;
    }
    good = token_json_is_array(set, "keys");
    if (!good)
        strbuf_add_text(problem, "it is not a JWK Set: it has no array \"keys\"");
    else
        good = read_all(set, take, cookie, problem);
    json_free(set);
    return good;
}
